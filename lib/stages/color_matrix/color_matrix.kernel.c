/* Colour matrix over rows; coefficients are the matrix (9) and, if there is one, the offset (3). */
#include "stages/color_matrix/color_matrix.math.h"
#include "stages/lanes.h"

static void forward(const l2l_sweep *sweep) {
    const real *restrict r = sweep->src[0], *restrict g = sweep->src[1], *restrict b = sweep->src[2];
    const real *coefs = sweep->coefs;
    for (int k = 0; k < 3; k++) {
        real offset = sweep->node->attributes.color_matrix.offset ? coefs[9 + k] : R(0.0);
        real m[3] = { coefs[3 * k], coefs[3 * k + 1], coefs[3 * k + 2] };
        real *restrict dst = sweep->out[k];
        for (int i = 0; i < sweep->count; i++)
            dst[i] = l2l_color_matrix_value(m, offset, r[i], g[i], b[i]);
    }
}

static void backward(const l2l_sweep *sweep) {
    const real *restrict r = sweep->grad[0], *restrict g = sweep->grad[1],
                         *restrict b = sweep->grad[2];
    for (int c = 0; c < 3; c++) {
        const real *m = (const real *)sweep->coefs + c;
        real *restrict dst = sweep->out[c];
        for (int i = 0; i < sweep->count; i++) dst[i] = l2l_color_matrix_grad(m, r[i], g[i], b[i]);
    }
}

static void sums(const l2l_sweep *sweep) {
    for (int k = 0; k < 3; k++) {
        const real *restrict grad = sweep->grad[k];
        for (int c = 0; c < 3; c++) {
            const real *restrict src = sweep->src[c];
            real lane[L2L_LANES] = { 0 };
#define BODY(i, lanes) \
    for (int l = 0; l < (lanes); l++) lane[l] = L2L_FMA(grad[(i) + l], src[(i) + l], lane[l])
            L2L_FOR_LANES(sweep->count, BODY);
#undef BODY
            sweep->sums[3 * k + c] += l2l_lanes_total(lane);
        }
        if (!sweep->node->attributes.color_matrix.offset) continue;
        real lane[L2L_LANES] = { 0 };
#define BODY(i, lanes) \
    for (int l = 0; l < (lanes); l++) lane[l] += grad[(i) + l]
        L2L_FOR_LANES(sweep->count, BODY);
#undef BODY
        sweep->sums[9 + k] += l2l_lanes_total(lane);
    }
}

const l2l_kernel L2L_SYMBOL(l2l_color_matrix_kernel);
const l2l_kernel L2L_SYMBOL(l2l_color_matrix_kernel) = {
    .forward = forward, .backward = backward, .sums = sums,
};
