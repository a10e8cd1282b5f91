/* White balance over rows; the coefficients are the gains. */
#include "stages/lanes.h"
#include "stages/white_balance/white_balance.math.h"

static void scale(const l2l_sweep *sweep, const void *const *rows) {
    for (int c = 0; c < sweep->node->in_channels; c++) {
        const real *restrict src = rows[c];
        real *restrict dst = sweep->out[c], gain = ((const real *)sweep->coefs)[c];
        for (int i = 0; i < sweep->count; i++) dst[i] = l2l_white_balance_value(src[i], gain);
    }
}

static void forward(const l2l_sweep *sweep) { scale(sweep, sweep->src); }

static void backward(const l2l_sweep *sweep) { scale(sweep, sweep->grad); }

static void sums(const l2l_sweep *sweep) {
    for (int c = 0; c < sweep->node->in_channels; c++) {
        const real *restrict src = sweep->src[c], *restrict grad = sweep->grad[c];
        real lane[L2L_LANES] = { 0 };
#define BODY(i, lanes) \
    for (int l = 0; l < (lanes); l++) lane[l] = L2L_FMA(grad[(i) + l], src[(i) + l], lane[l])
        L2L_FOR_LANES(sweep->count, BODY);
#undef BODY
        sweep->sums[c] += l2l_lanes_total(lane);
    }
}

const l2l_kernel L2L_SYMBOL(l2l_white_balance_kernel);
const l2l_kernel L2L_SYMBOL(l2l_white_balance_kernel) = {
    .forward = forward, .backward = backward, .sums = sums,
};
