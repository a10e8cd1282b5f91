/* y = α x + β G_σ x over one plane, G_σ separable: denoise.gaussian (0, 1) and sharpen.unsharp
   (1 + amount, −amount). Coefficients: α, β, the taps of G, and their derivatives in σ. */
#include "stages/lanes.h"

static const real *taps(const l2l_sweep *sweep) { return (const real *)sweep->coefs + 2; }

/* out = Σ_k tap[k] rows[k], `reach` columns beyond both ends of the row. */
static void vertical(const void *const *rows, const real *tap, real *restrict out, int radius,
                     int reach, int count) {
    for (int k = 0; k < 2 * radius + 1; k++) {
        const real *restrict row = rows[k];
        const real w = tap[k];
        if (k == 0)
            for (int i = -reach; i < count + reach; i++) out[i] = w * row[i];
        else
            for (int i = -reach; i < count + reach; i++) out[i] = L2L_FMA(w, row[i], out[i]);
    }
}

/* out = Σ_k tap[k] row[i + k − radius]; added to out if `add`. */
static void horizontal(const real *restrict row, const real *tap, real *restrict out, int radius,
                       bool add, int count) {
    for (int k = 0; k < 2 * radius + 1; k++) {
        const real *restrict at = row - radius + k;
        const real w = tap[k];
        if (k == 0 && !add)
            for (int i = 0; i < count; i++) out[i] = w * at[i];
        else
            for (int i = 0; i < count; i++) out[i] = L2L_FMA(w, at[i], out[i]);
    }
}

/* G is symmetric, so forward and transpose differ in what surrounds the rows alone. */
static void apply(const l2l_sweep *sweep, const void *const *rows, bool add) {
    const int radius = sweep->node->radius, count = sweep->count;
    const real alpha = ((const real *)sweep->coefs)[0], beta = ((const real *)sweep->coefs)[1];
    const real *restrict middle = rows[radius];
    real *column = sweep->scratch[0], *restrict blurred = sweep->scratch[1];
    real *restrict out = sweep->out[0];
    vertical(rows, taps(sweep), column, radius, radius, count);
    horizontal(column, taps(sweep), blurred, radius, false, count);
    if (add)
        for (int i = 0; i < count; i++)
            out[i] += L2L_FMA(beta, blurred[i], alpha * middle[i]);
    else
        for (int i = 0; i < count; i++) out[i] = L2L_FMA(beta, blurred[i], alpha * middle[i]);
}

static void forward(const l2l_sweep *sweep) { apply(sweep, sweep->src, false); }

static void backward(const l2l_sweep *sweep) { apply(sweep, sweep->grad, sweep->add); }

static double dot(const real *restrict grad, const real *restrict row, int count) {
    real lane[L2L_LANES] = { 0 };
#define BODY(i, lanes) \
    for (int l = 0; l < (lanes); l++) lane[l] = L2L_FMA(grad[(i) + l], row[(i) + l], lane[l])
    L2L_FOR_LANES(count, BODY);
#undef BODY
    return l2l_lanes_total(lane);
}

/* Σ g x, Σ g G x, Σ g (dG/dσ) x. */
static void sums(const l2l_sweep *sweep) {
    const int radius = sweep->node->radius, count = sweep->count;
    const real *tap = taps(sweep), *slope = tap + 2 * radius + 1;
    const real *grad = sweep->grad[0];
    real *column = sweep->scratch[0], *row = sweep->scratch[1], *steep = sweep->scratch[2];
    sweep->sums[0] += dot(grad, sweep->src[radius], count);
    vertical(sweep->src, tap, column, radius, radius, count);
    horizontal(column, tap, row, radius, false, count);
    sweep->sums[1] += dot(grad, row, count);
    horizontal(column, slope, row, radius, false, count);
    vertical(sweep->src, slope, steep, radius, radius, count);
    horizontal(steep, tap, row, radius, true, count);
    sweep->sums[2] += dot(grad, row, count);
}

const l2l_kernel L2L_SYMBOL(l2l_gaussian_kernel);
const l2l_kernel L2L_SYMBOL(l2l_gaussian_kernel) = {
    .forward = forward, .backward = backward, .sums = sums,
};
