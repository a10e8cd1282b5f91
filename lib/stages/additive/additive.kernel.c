/* Additive over rows: y = x + a, with a an image. Its gradients are the cotangent itself. */
#include "stages/kernel.h"
#include "stages/real.h"

static void forward(const l2l_sweep *sweep) {
    for (int c = 0; c < sweep->node->in_channels; c++) {
        const real *restrict src = sweep->src[c], *restrict a = sweep->extra[c];
        real *restrict dst = sweep->out[c];
        for (int i = 0; i < sweep->count; i++) dst[i] = src[i] + a[i];
    }
}

static void backward(const l2l_sweep *sweep) {
    for (int c = 0; c < sweep->node->in_channels; c++)
        memcpy(sweep->out[c], sweep->grad[c], (size_t)sweep->count * sizeof(real));
}

const l2l_kernel L2L_SYMBOL(l2l_additive_kernel);
const l2l_kernel L2L_SYMBOL(l2l_additive_kernel) = {
    .forward = forward, .backward = backward,
};
