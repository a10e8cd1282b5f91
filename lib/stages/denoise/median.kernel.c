/* Median over one plane. Forward also leaves, in an aux plane, the raster index of the sample that
   was chosen (ties: the first), by which backward routes the gradient. */
#include "stages/denoise/median.math.h"
#include "stages/kernel.h"

enum { MAX_WINDOW = 25 };

/* Sixteen pixels at a time by counting: no branches, any window, and ties resolved as stated. A
   NaN in the window is the result, as comparisons would hide it. */
static void choose(const void *const *rows, int radius, int i, real *restrict value,
                   real *restrict index) {
    const int side = 2 * radius + 1, window = side * side, m = window / 2;
    real sample[MAX_WINDOW][L2L_LANES];
    int chosen[L2L_LANES];
    for (int k = 0; k < window; k++)
        memcpy(sample[k], (const real *)rows[k / side] + i - radius + k % side, sizeof sample[k]);
    for (int l = 0; l < L2L_LANES; l++) chosen[l] = -1;
    for (int k = window - 1; k >= 0; k--) {
        int smaller[L2L_LANES] = { 0 }, not_greater[L2L_LANES] = { 0 };
        for (int j = 0; j < window; j++)
            for (int l = 0; l < L2L_LANES; l++) {
                smaller[l] += sample[j][l] < sample[k][l];
                not_greater[l] += sample[j][l] <= sample[k][l];
            }
        for (int l = 0; l < L2L_LANES; l++)
            chosen[l] = l2l_is_median(smaller[l], not_greater[l], m) ? k : chosen[l];
    }
    for (int k = window - 1; k >= 0; k--)
        for (int l = 0; l < L2L_LANES; l++)
            chosen[l] = sample[k][l] != sample[k][l] ? k : chosen[l];
    for (int k = 0; k < window; k++)
        for (int l = 0; l < L2L_LANES; l++) {
            value[l] = chosen[l] == k ? sample[k][l] : value[l];
            index[l] = (real)chosen[l];
        }
}

static void forward(const l2l_sweep *sweep) {
    real *value = sweep->out[0], *index = sweep->out[1];
    for (int i = 0; i < sweep->count; i += L2L_LANES)
        choose(sweep->src, sweep->node->radius, i, value + i, index + i);
}

/* A source sample gets the cotangents of the pixels around it that chose it. */
static void backward(const l2l_sweep *sweep) {
    const int radius = sweep->node->radius, side = 2 * radius + 1;
    real *restrict out = sweep->out[0];
    if (!sweep->add)
        for (int i = 0; i < sweep->count; i++) out[i] = R(0.0);
    for (int k = 0; k < side * side; k++) {
        /* the pixel at window position k saw this sample at the opposite one */
        const real *restrict grad = (const real *)sweep->grad[k / side] - radius + k % side;
        const real *restrict index = (const real *)sweep->aux[k / side] - radius + k % side;
        const real opposite = (real)(side * side - 1 - k);
        for (int i = 0; i < sweep->count; i++)
            out[i] += index[i] == opposite ? grad[i] : R(0.0);
    }
}

const l2l_kernel L2L_SYMBOL(l2l_median_kernel);
const l2l_kernel L2L_SYMBOL(l2l_median_kernel) = {
    .forward = forward, .backward = backward,
};
