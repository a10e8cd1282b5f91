/* Adam (Kingma and Ba, 2015): gradient descent that gives every parameter a step of its own. */
#ifndef ADAM_H
#define ADAM_H

#include <stdbool.h>
#include <stdint.h>

struct adam {
    int64_t count, step;
    double *mean, *square; /* running, of the gradient and of its square */
};

/* False: told (no memory). */
bool adam_begin(struct adam *state, int64_t count);
/* Moves params[i] against grads[i] by at most about rates[i] · factor; a rate of 0 holds it. */
void adam_step(struct adam *state, double *params, const double *grads, const double *rates,
               double factor);
void adam_end(struct adam *state);

#endif
