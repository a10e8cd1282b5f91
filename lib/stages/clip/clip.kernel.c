/* Clip over rows; coefficients are lo and hi. */
#include "stages/clip/clip.math.h"
#include "stages/kernel.h"

static void forward(const l2l_sweep *sweep) {
    const real lo = ((const real *)sweep->coefs)[0], hi = ((const real *)sweep->coefs)[1];
    for (int c = 0; c < sweep->node->in_channels; c++) {
        const real *restrict src = sweep->src[c];
        real *restrict dst = sweep->out[c];
        for (int i = 0; i < sweep->count; i++) dst[i] = l2l_clip_value(src[i], lo, hi);
    }
}

static void backward(const l2l_sweep *sweep) {
    const real lo = ((const real *)sweep->coefs)[0], hi = ((const real *)sweep->coefs)[1];
    for (int c = 0; c < sweep->node->in_channels; c++) {
        const real *restrict src = sweep->src[c], *restrict grad = sweep->grad[c];
        real *restrict grad_src = sweep->out[c];
        for (int i = 0; i < sweep->count; i++)
            grad_src[i] = l2l_clip_grad(src[i], grad[i], lo, hi);
    }
}

const l2l_kernel L2L_SYMBOL(l2l_clip_kernel);
const l2l_kernel L2L_SYMBOL(l2l_clip_kernel) = {
    .forward = forward, .backward = backward,
};
