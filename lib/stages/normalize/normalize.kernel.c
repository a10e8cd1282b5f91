/* Normalize over rows; coefficients a channel are mean, 1/std, mean of ȳ, mean of ȳ y. */
#include "stages/lanes.h"
#include "stages/normalize/normalize.math.h"

enum { COEFS = 4 };

static void forward(const l2l_sweep *sweep) {
    for (int c = 0; c < sweep->node->in_channels; c++) {
        const real *k = (const real *)sweep->coefs + COEFS * c;
        const real mean = k[0], inverse_std = k[1];
        const real *restrict src = sweep->src[c];
        real *restrict dst = sweep->out[c];
        for (int i = 0; i < sweep->count; i++)
            dst[i] = l2l_normalize_value(src[i], mean, inverse_std);
    }
}

static void scale(const real *restrict grad, real *restrict grad_src, real inverse_std, int count) {
    for (int i = 0; i < count; i++) grad_src[i] = grad[i] * inverse_std;
}

static void backward(const l2l_sweep *sweep) {
    for (int c = 0; c < sweep->node->in_channels; c++) {
        const real *coefs = (const real *)sweep->coefs + COEFS * c;
        if (sweep->node->attributes.normalize.mode == L2L_NORMALIZE_GIVEN) {
            scale(sweep->grad[c], sweep->out[c], coefs[1], sweep->count);
            continue;
        }
        const real k[COEFS] = { coefs[0], coefs[1], coefs[2], coefs[3] };
        const real *restrict src = sweep->src[c], *restrict grad = sweep->grad[c];
        real *restrict grad_src = sweep->out[c];
        for (int i = 0; i < sweep->count; i++)
            grad_src[i] = l2l_normalize_grad(src[i], grad[i], k[0], k[1], k[2], k[3]);
    }
}

/* Σ g and Σ g (x − mean), a channel each. */
static void sums(const l2l_sweep *sweep) {
    int channels = sweep->node->in_channels;
    for (int c = 0; c < channels; c++) {
        const real mean = ((const real *)sweep->coefs)[COEFS * c];
        const real *restrict src = sweep->src[c], *restrict grad = sweep->grad[c];
        real plain[L2L_LANES] = { 0 }, cross[L2L_LANES] = { 0 };
#define BODY(i, lanes)                                                        \
    for (int l = 0; l < (lanes); l++) {                                       \
        plain[l] += grad[(i) + l];                                            \
        cross[l] = L2L_FMA(grad[(i) + l], src[(i) + l] - mean, cross[l]);     \
    }
        L2L_FOR_LANES(sweep->count, BODY);
#undef BODY
        sweep->sums[c] += l2l_lanes_total(plain);
        sweep->sums[channels + c] += l2l_lanes_total(cross);
    }
}

const l2l_kernel L2L_SYMBOL(l2l_normalize_kernel);
const l2l_kernel L2L_SYMBOL(l2l_normalize_kernel) = {
    .forward = forward, .backward = backward, .sums = sums,
};
