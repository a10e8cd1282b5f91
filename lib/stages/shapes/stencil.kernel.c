/* A dense stencil of trainable taps over one plane: sharpen.kernel and denoise.kernel. */
#include "stages/lanes.h"

/* out[i] = Σ_k tap[k] row[k / side][i + k % side − radius], in raster order of k. The radius is a
   constant in the two calls that matter, so that the taps stay in registers. */
L2L_FN void correlate(const void *const *rows, const real *tap, real *restrict out, int radius,
                      int count, bool flipped, bool add) {
    const int side = 2 * radius + 1, last = side * side - 1;
    for (int i = 0; i < count; i++) {
        real sum = R(0.0);
#pragma GCC unroll 5
        for (int ky = 0; ky < side; ky++) {
            const real *row = (const real *)rows[ky] - radius;
#pragma GCC unroll 5
            for (int kx = 0; kx < side; kx++) {
                int k = ky * side + kx;
                sum = L2L_FMA(tap[flipped ? last - k : k], row[i + kx], sum);
            }
        }
        out[i] = add ? out[i] + sum : sum;
    }
}

/* The same sums in the same order for any radius, a tap at a time. */
static void correlate_any(const void *const *rows, const real *tap, real *restrict out,
                          real *restrict sum, int radius, int count, bool flipped, bool add) {
    const int side = 2 * radius + 1, last = side * side - 1;
    for (int i = 0; i < count; i++) sum[i] = R(0.0);
    for (int k = 0; k <= last; k++) {
        const real *restrict row = (const real *)rows[k / side] - radius + k % side;
        const real w = tap[flipped ? last - k : k];
        for (int i = 0; i < count; i++) sum[i] = L2L_FMA(w, row[i], sum[i]);
    }
    for (int i = 0; i < count; i++) out[i] = add ? out[i] + sum[i] : sum[i];
}

static void convolve(const l2l_sweep *sweep, const void *const *rows, bool flipped) {
    const real *tap = sweep->coefs;
    real *out = sweep->out[0];
    const int radius = sweep->node->radius, count = sweep->count;
    const bool add = flipped && sweep->add;
    if (radius == 1)
        add ? correlate(rows, tap, out, 1, count, flipped, true)
            : correlate(rows, tap, out, 1, count, flipped, false);
    else if (radius == 2)
        add ? correlate(rows, tap, out, 2, count, flipped, true)
            : correlate(rows, tap, out, 2, count, flipped, false);
    else
        correlate_any(rows, tap, out, sweep->scratch[0], radius, count, flipped, add);
}

static void forward(const l2l_sweep *sweep) { convolve(sweep, sweep->src, false); }

static void backward(const l2l_sweep *sweep) { convolve(sweep, sweep->grad, true); }

static void sums(const l2l_sweep *sweep) {
    const int radius = sweep->node->radius, side = 2 * radius + 1;
    const real *restrict grad = sweep->grad[0];
    for (int k = 0; k < side * side; k++) {
        const real *restrict row = (const real *)sweep->src[k / side] - radius + k % side;
        real lane[L2L_LANES] = { 0 };
#define BODY(i, lanes) \
    for (int l = 0; l < (lanes); l++) lane[l] = L2L_FMA(grad[(i) + l], row[(i) + l], lane[l])
        L2L_FOR_LANES(sweep->count, BODY);
#undef BODY
        sweep->sums[k] += l2l_lanes_total(lane);
    }
}

const l2l_kernel L2L_SYMBOL(l2l_stencil_kernel);
const l2l_kernel L2L_SYMBOL(l2l_stencil_kernel) = { forward, backward, sums };
