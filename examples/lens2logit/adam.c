/* Adam (Kingma and Ba, 2015): gradient descent that gives every parameter a step of its own. */
#include "adam.h"

#include <math.h>
#include <stdlib.h>

#include "say.h"

bool adam_begin(struct adam *state, int64_t count) {
    state->count = count;
    state->step = 0;
    state->mean = calloc((size_t)count, sizeof *state->mean);
    state->square = calloc((size_t)count, sizeof *state->square);
    if (state->mean && state->square) return true;
    adam_end(state);
    return fail("out of memory: no room for %lld parameters", (long long)count);
}

void adam_step(struct adam *state, double *params, const double *grads, const double *rates,
               double factor) {
    const double keep_mean = 0.9, keep_square = 0.999, floor = 1e-8;
    state->step++;
    double mean_bias = 1 - pow(keep_mean, (double)state->step);
    double square_bias = 1 - pow(keep_square, (double)state->step);
    for (int64_t i = 0; i < state->count; i++) {
        state->mean[i] = keep_mean * state->mean[i] + (1 - keep_mean) * grads[i];
        state->square[i] = keep_square * state->square[i] + (1 - keep_square) * grads[i] * grads[i];
        params[i] -= rates[i] * factor * (state->mean[i] / mean_bias) /
                     (sqrt(state->square[i] / square_bias) + floor);
    }
}

void adam_end(struct adam *state) {
    free(state->mean);
    free(state->square);
    state->mean = state->square = NULL;
}
