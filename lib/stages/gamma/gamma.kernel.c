/* Gamma over rows. */
#include "stages/gamma/gamma.math.h"
#include "stages/lanes.h"

static l2l_gamma_coefs coefs_of(const l2l_sweep *sweep, int channel) {
    const real *k = sweep->coefs;
    if (sweep->node->attributes.gamma.per_channel) k += channel * L2L_GAMMA_COEFS;
    return (l2l_gamma_coefs){ { k[0], k[1] }, { k[2], k[3] }, k[4], k[5] };
}

static void forward(const l2l_sweep *sweep) {
    for (int c = 0; c < sweep->node->in_channels; c++) {
        l2l_gamma_coefs k = coefs_of(sweep, c);
        const real *restrict src = sweep->src[c];
        real *restrict dst = sweep->out[c];
        for (int i = 0; i < sweep->count; i++) dst[i] = l2l_gamma_value(src[i], k.power);
    }
}

static void backward(const l2l_sweep *sweep) {
    for (int c = 0; c < sweep->node->in_channels; c++) {
        l2l_gamma_coefs k = coefs_of(sweep, c);
        const real *restrict src = sweep->src[c];
        const real *restrict grad = sweep->grad[c];
        real *restrict grad_src = sweep->out[c];
        for (int i = 0; i < sweep->count; i++) grad_src[i] = grad[i] * l2l_gamma_slope(src[i], &k);
    }
}

static void sums(const l2l_sweep *sweep) {
    bool per_channel = sweep->node->attributes.gamma.per_channel;
    for (int c = 0; c < sweep->node->in_channels; c++) {
        l2l_gamma_coefs k = coefs_of(sweep, c);
        const real *restrict src = sweep->src[c];
        const real *restrict grad = sweep->grad[c];
        real lane[L2L_LANES] = { 0 };
#define BODY(i, lanes)                                                                      \
    for (int l = 0; l < (lanes); l++)                                                       \
        lane[l] = L2L_FMA(grad[(i) + l], l2l_gamma_log_term(src[(i) + l], k.power), lane[l])
        L2L_FOR_LANES(sweep->count, BODY);
#undef BODY
        sweep->sums[per_channel ? c : 0] += l2l_lanes_total(lane);
    }
}

const l2l_kernel L2L_SYMBOL(l2l_gamma_kernel);
const l2l_kernel L2L_SYMBOL(l2l_gamma_kernel) = { forward, backward, sums };
