/* Black level over rows; coefficients are levels (4), gains (4) and white. */
#include "stages/black_level/black_level.math.h"
#include "stages/lanes.h"

/* Two coefficients of a row, repeated over the lanes: the columns of a 2×2 period. */
static void lanes_of(const l2l_sweep *sweep, int first, real lane[L2L_LANES]) {
    const real *pair = (const real *)sweep->coefs + first + 2 * (sweep->y & 1);
    for (int l = 0; l < L2L_LANES; l++) lane[l] = pair[(sweep->x + l) & 1];
}

static void forward(const l2l_sweep *sweep) {
    const real *restrict src = sweep->src[0];
    real *restrict dst = sweep->out[0];
    real level[L2L_LANES], gain[L2L_LANES];
    lanes_of(sweep, 0, level);
    lanes_of(sweep, 4, gain);
    for (int i = 0; i < sweep->count; i += L2L_LANES)
        for (int l = 0; l < L2L_LANES; l++)
            dst[i + l] = l2l_black_level_value(src[i + l], level[l], gain[l]);
}

static void backward(const l2l_sweep *sweep) {
    const real *restrict grad = sweep->grad[0];
    real *restrict grad_src = sweep->out[0];
    real gain[L2L_LANES];
    lanes_of(sweep, 4, gain);
    for (int i = 0; i < sweep->count; i += L2L_LANES)
        for (int l = 0; l < L2L_LANES; l++)
            grad_src[i + l] = grad[i + l] * l2l_black_level_slope(gain[l]);
}

/* Σ g and Σ g (x − white) for each of the four sites. */
static void sums(const l2l_sweep *sweep) {
    const real *restrict src = sweep->src[0], *restrict grad = sweep->grad[0];
    const real white = ((const real *)sweep->coefs)[8];
    real plain[L2L_LANES] = { 0 }, rescaled[L2L_LANES] = { 0 };
#define BODY(i, lanes)                                                                   \
    for (int l = 0; l < (lanes); l++) {                                                  \
        plain[l] += grad[(i) + l];                                                       \
        rescaled[l] = L2L_FMA(grad[(i) + l], src[(i) + l] - white, rescaled[l]);         \
    }
    L2L_FOR_LANES(sweep->count, BODY);
#undef BODY
    double total[2], rescaled_total[2];
    l2l_lanes_by_parity(plain, total);
    l2l_lanes_by_parity(rescaled, rescaled_total);
    for (int p = 0; p < 2; p++) {
        int site = (int)(2 * (sweep->y & 1) + ((sweep->x + p) & 1));
        sweep->sums[site] += total[p];
        sweep->sums[4 + site] += rescaled_total[p];
    }
}

const l2l_kernel L2L_SYMBOL(l2l_black_level_kernel);
const l2l_kernel L2L_SYMBOL(l2l_black_level_kernel) = {
    .forward = forward, .backward = backward, .sums = sums,
};
