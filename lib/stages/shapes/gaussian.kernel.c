/* y = α x + β G_σ x over one plane, G_σ separable: denoise.gaussian (0, 1) and sharpen.unsharp
   (1 + amount, −amount). Coefficients: α, β, the taps of G, and their derivatives in σ. */
#include "stages/lanes.h"
#include "stages/vector.h"

enum {
    ROWS = 4,
    SUM_ROWS = 2,
    BLOCK = 256, /* columns between the two directions: they stay in the nearest cache */
    MAX_SIDE = 2 * L2L_MAX_RADIUS + 1,
    BLOCK_ROOM = BLOCK + 2 * L2L_MAX_RADIUS + L2L_LANES
};

static const real *taps(const l2l_sweep *sweep) {
    return (const real *)sweep->coefs + 2;
}

static const real *slopes(const l2l_sweep *sweep) {
    return taps(sweep) + 2 * sweep->node->radius + 1;
}

L2L_FN int block_of(const l2l_sweep *sweep, int begin) {
    return sweep->count - begin < BLOCK ? sweep->count - begin : BLOCK;
}

/* out[j][i] = Σ_k tap[k] rows[j + k][begin + i] for n rows at once: a loaded sample serves all.
   Called with constants; with a radius that is not for one row only. */
L2L_FN void vertical(const void *const *rows, int begin, const real *tap, real (*out)[BLOCK_ROOM],
                     const int radius, const int n, int count) {
    const int side = 2 * radius + 1;
    vreal t[MAX_SIDE];
#pragma GCC unroll 9
    for (int k = 0; k < side; k++) t[k] = v_splat(tap[k]);
    for (int i = 0; i < count; i += L2L_WIDTH) {
        vreal sum[ROWS];
#pragma GCC unroll 4
        for (int j = 0; j < n; j++) sum[j] = v_splat(R(0.0));
#pragma GCC unroll 12
        for (int y = 0; y < n + 2 * radius; y++) {
            vreal sample = v_load((const real *)rows[y] + begin + i);
            L2L_KEEP(sample);
#pragma GCC unroll 4
            for (int j = 0; j < n; j++)
                if (y - j >= 0 && y - j < side) sum[j] = v_fma(t[y - j], sample, sum[j]);
        }
#pragma GCC unroll 4
        for (int j = 0; j < n; j++) v_store(out[j] + i, sum[j]);
    }
}

/* sum + Σ_k t[k] row[k] */
L2L_FN vreal horizontal(const real *row, const vreal *t, const int radius, vreal sum) {
#pragma GCC unroll 9
    for (int k = 0; k < 2 * radius + 1; k++) sum = v_fma(t[k], v_load(row + k), sum);
    return sum;
}

/* ---- forward and backward ---- */

/* G is symmetric, so forward and transpose differ in what surrounds the rows alone. */
L2L_FN void blur(const l2l_sweep *sweep, const void *const *rows, void *const *out,
                 const int radius, const int n, const bool add) {
    const vreal alpha = v_splat(((const real *)sweep->coefs)[0]);
    const vreal beta = v_splat(((const real *)sweep->coefs)[1]);
    real column[ROWS][BLOCK_ROOM];
    for (int begin = 0; begin < sweep->count; begin += BLOCK) {
        const int count = block_of(sweep, begin);
        vreal t[MAX_SIDE];
        vertical(rows, begin - radius, taps(sweep), column, radius, n, count + 2 * radius);
#pragma GCC unroll 9
        for (int k = 0; k < 2 * radius + 1; k++) t[k] = v_splat(taps(sweep)[k]);
        for (int j = 0; j < n; j++) {
            const real *middle = (const real *)rows[j + radius] + begin;
            real *to = (real *)out[j] + begin;
            for (int i = 0; i < count; i += L2L_WIDTH) {
                vreal blurred = horizontal(column[j] + i, t, radius, v_splat(R(0.0)));
                vreal y = v_fma(beta, blurred, alpha * v_load(middle + i));
                v_store(to + i, add ? v_load(to + i) + y : y);
            }
        }
    }
}

static void apply(const l2l_sweep *sweep, const void *const *rows, bool add) {
    void *const *out = sweep->out;
    const int radius = sweep->node->radius, n = sweep->rows;
    const bool fast = radius == 1 || radius == 2 || radius == 4; /* those of the defaults */
    int j = 0;
#define BLUR(r, n, a) blur(sweep, rows + j, out + j, r, n, a)
    if (fast && n == ROWS && !add) {
        radius == 1   ? BLUR(1, ROWS, false)
        : radius == 2 ? BLUR(2, ROWS, false)
                      : BLUR(4, ROWS, false);
        return;
    }
    for (; j < n; j++)
        radius == 1   ? BLUR(1, 1, add)
        : radius == 2 ? BLUR(2, 1, add)
        : radius == 4 ? BLUR(4, 1, add)
                      : BLUR(radius, 1, add);
#undef BLUR
}

static void forward(const l2l_sweep *sweep) {
    apply(sweep, sweep->src, false);
}

static void backward(const l2l_sweep *sweep) {
    apply(sweep, sweep->grad, sweep->add);
}

/* ---- sums: Σ g (dG/dσ) x and, if asked for, Σ g (x − G x) ---- */

enum { TERMS = 2 };

static void add_products(real *restrict lane, const real *restrict grad, const real *restrict term,
                         int count) {
#define BODY(i, lanes)                                                                             \
    for (int l = 0; l < (lanes); l++) lane[l] = L2L_FMA(grad[(i) + l], term[(i) + l], lane[l])
    L2L_FOR_LANES(count, BODY);
#undef BODY
}

/* What the cotangent is multiplied by, n terms, for columns of one row, from both vertical passes
   of it. */
L2L_FN void terms_of(const l2l_sweep *sweep, const real *middle, const real *column,
                     const real *steep, real (*term)[BLOCK_ROOM], const int n, const int radius,
                     int count) {
    vreal t[MAX_SIDE], s[MAX_SIDE];
#pragma GCC unroll 9
    for (int k = 0; k < 2 * radius + 1; k++)
        t[k] = v_splat(taps(sweep)[k]), s[k] = v_splat(slopes(sweep)[k]);
    for (int i = 0; i < count; i += L2L_WIDTH) {
        const vreal none = v_splat(R(0.0));
        vreal slope = horizontal(column + i, s, radius, none);
        vreal blurred = n > 1 ? horizontal(column + i, t, radius, none) : none;
        v_store(term[0] + i, horizontal(steep + i, t, radius, slope));
        if (n > 1) v_store(term[1] + i, v_load(middle + i) - blurred);
    }
}

L2L_FN void sum_rows(const l2l_sweep *sweep, const void *const *rows, const void *const *grads,
                     const int radius, const int n) {
    real lane[SUM_ROWS][TERMS][L2L_LANES] = { { { 0 } } };
    real column[SUM_ROWS][BLOCK_ROOM], steep[SUM_ROWS][BLOCK_ROOM], term[TERMS][BLOCK_ROOM];
    for (int begin = 0; begin < sweep->count; begin += BLOCK) {
        const int count = block_of(sweep, begin), wide = count + 2 * radius;
        vertical(rows, begin - radius, taps(sweep), column, radius, n, wide);
        vertical(rows, begin - radius, slopes(sweep), steep, radius, n, wide);
        for (int j = 0; j < n; j++) {
            const real *middle = (const real *)rows[j + radius] + begin;
            const real *grad = (const real *)grads[j] + begin;
            terms_of(sweep, middle, column[j], steep[j], term, sweep->node->sum_count, radius,
                     count);
            for (int k = 0; k < sweep->node->sum_count; k++)
                add_products(lane[j][k], grad, term[k], count);
        }
    }
    for (int j = 0; j < n; j++)
        for (int k = 0; k < sweep->node->sum_count; k++)
            sweep->sums[k] += l2l_lanes_total(lane[j][k]);
}

static void sums(const l2l_sweep *sweep) {
    const int radius = sweep->node->radius, n = sweep->rows;
    int j = 0;
#define SUM(r, n) sum_rows(sweep, sweep->src + j, sweep->grad + j, r, n)
    if (n == SUM_ROWS && radius <= 2)
        radius == 1 ? SUM(1, SUM_ROWS) : SUM(2, SUM_ROWS);
    else if (n == SUM_ROWS && radius == 4)
        SUM(4, SUM_ROWS);
    else
        for (; j < n; j++)
            radius == 1   ? SUM(1, 1)
            : radius == 2 ? SUM(2, 1)
            : radius == 4 ? SUM(4, 1)
                          : SUM(radius, 1);
#undef SUM
}

const l2l_kernel L2L_SYMBOL(l2l_gaussian_kernel);
const l2l_kernel L2L_SYMBOL(l2l_gaussian_kernel) = {
    .forward = forward,
    .backward = backward,
    .sums = sums,
    .rows = ROWS,
    .sum_rows = SUM_ROWS,
};
