/* A stencil whose taps depend on the site of the mosaic: demosaic.bilinear and demosaic.linear.
   Coefficients are the taps of every class of sites (sites.h). */
#include "stages/demosaic/taps.h"
#include "stages/lanes.h"

enum { MAX_TAPS = (2 * L2L_DEMOSAIC_MAX_RADIUS + 1) * (2 * L2L_DEMOSAIC_MAX_RADIUS + 1) };

/* Columns [begin, end) of the row whose classes repeat with the period; those around them need
   a look of their own. `reach` is how far a pixel's taps see. */
static void periodic_columns(const l2l_sites *s, const l2l_sweep *sweep, int reach, int *begin,
                             int *end) {
    int64_t first = s->uniform ? sweep->x : reach, last = sweep->x + sweep->count;
    if (!s->uniform && last > s->width - reach) last = s->width - reach;
    if (first < sweep->x) first = sweep->x;
    if (last < first) last = first;
    *begin = (int)(first - sweep->x);
    *end = (int)(last - sweep->x);
    if (*begin > sweep->count) *begin = *end = sweep->count;
}

/* ---- forward ---- */

static void forward_at(const l2l_sites *s, const l2l_sweep *sweep, int i) {
    int side = 2 * s->radius + 1;
    const real *tap = (const real *)sweep->coefs +
                      l2l_site_offset(s, l2l_site_row(s, sweep->y), l2l_site_column(s, sweep->x + i));
    for (int o = 0; o < 3; o++, tap += s->taps) {
        real sum = R(0.0);
        for (int t = 0; t < s->taps; t++)
            sum = L2L_FMA(tap[t], ((const real *)sweep->src[t / side])[i + t % side - s->radius],
                          sum);
        ((real *)sweep->out[o])[i] = sum;
    }
}

/* Two columns of different taps at a time; the compiler makes vectors of such pairs. */
L2L_FN void forward_pairs(const void *const *rows, const real *even, const real *odd,
                          real *restrict out, int radius, int begin, int end) {
    const int side = 2 * radius + 1;
    for (int i = begin; i < end; i += 2) {
        real a = R(0.0), b = R(0.0);
#pragma GCC unroll 5
        for (int ky = 0; ky < side; ky++) {
            const real *row = (const real *)rows[ky] - radius;
#pragma GCC unroll 5
            for (int kx = 0; kx < side; kx++) {
                a = L2L_FMA(even[ky * side + kx], row[i + kx], a);
                b = L2L_FMA(odd[ky * side + kx], row[i + 1 + kx], b);
            }
        }
        out[i] = a;
        out[i + 1] = b;
    }
}

static void forward(const l2l_sweep *sweep) {
    const l2l_sites s = l2l_sites_of(sweep->node, sweep->height, sweep->width);
    int begin, end;
    periodic_columns(&s, sweep, s.radius, &begin, &end);
    if (s.period_x > 2 || s.radius > 2 || s.radius < 1) begin = end = 0;
    if (begin < end) {
        int row = l2l_site_row(&s, sweep->y);
        const real *coefs = sweep->coefs;
        const real *even =
            coefs + l2l_site_offset(&s, row, l2l_site_column(&s, sweep->x + begin));
        /* the column after the last periodic one may be a border class: use its period's taps */
        const real *odd = coefs + l2l_site_offset(&s, row, (s.uniform ? 0 : s.radius) +
                                                      l2l_site_mod(sweep->x + begin + 1, s.period_x));
        for (int o = 0; o < 3; o++, even += s.taps, odd += s.taps)
            s.radius == 1 ? forward_pairs(sweep->src, even, odd, sweep->out[o], 1, begin, end)
                          : forward_pairs(sweep->src, even, odd, sweep->out[o], 2, begin, end);
    }
    for (int i = 0; i < begin; i++) forward_at(&s, sweep, i);
    for (int i = end; i < sweep->count; i++) forward_at(&s, sweep, i);
}

/* ---- backward: the taps by which the pixels around a sample saw it ---- */

/* Weight of output o's cotangent at window position k for the sample in column i. */
static real transposed_tap(const l2l_sites *s, const l2l_sweep *sweep, int o, int k, int64_t column) {
    const int side = 2 * s->radius + 1;
    int64_t y = sweep->y - s->radius + k / side, x = column - s->radius + k % side;
    if (!s->uniform && (y < 0 || y >= s->height || x < 0 || x >= s->width)) return R(0.0);
    return ((const real *)sweep->coefs)[l2l_site_offset(s, l2l_site_row(s, y), l2l_site_column(s, x)) +
                                        o * s->taps + s->taps - 1 - k];
}

static void backward_at(const l2l_sites *s, const l2l_sweep *sweep, int i) {
    int side = 2 * s->radius + 1;
    real sum = R(0.0), *out = sweep->out[0];
    for (int o = 0; o < 3; o++)
        for (int k = 0; k < s->taps; k++)
            sum = L2L_FMA(transposed_tap(s, sweep, o, k, sweep->x + i),
                          ((const real *)sweep->grad[o * side + k / side])[i + k % side - s->radius],
                          sum);
    out[i] = sweep->add ? out[i] + sum : sum;
}

L2L_FN void backward_pairs(const void *const *rows, const real *even, const real *odd,
                           real *restrict out, int radius, bool add, int begin, int end) {
    const int side = 2 * radius + 1;
    for (int i = begin; i < end; i += 2) {
        real a = R(0.0), b = R(0.0);
#pragma GCC unroll 3
        for (int o = 0; o < 3; o++)
#pragma GCC unroll 5
            for (int ky = 0; ky < side; ky++) {
                const real *row = (const real *)rows[o * side + ky] - radius;
#pragma GCC unroll 5
                for (int kx = 0; kx < side; kx++) {
                    int k = (o * side + ky) * side + kx;
                    a = L2L_FMA(even[k], row[i + kx], a);
                    b = L2L_FMA(odd[k], row[i + 1 + kx], b);
                }
            }
        out[i] = add ? out[i] + a : a;
        out[i + 1] = add ? out[i + 1] + b : b;
    }
}

static void backward(const l2l_sweep *sweep) {
    const l2l_sites s = l2l_sites_of(sweep->node, sweep->height, sweep->width);
    int begin, end;
    periodic_columns(&s, sweep, 2 * s.radius, &begin, &end);
    /* a pair beyond the periodic columns would be added to twice */
    if (!s.uniform && (end - begin) % 2) end--;
    if (s.period_x > 2 || s.radius > 2 || s.radius < 1) begin = end = 0;
    if (begin < end) {
        real even[3 * 25], odd[3 * 25], *out = sweep->out[0];
        for (int k = 0; k < 3 * s.taps; k++) {
            int64_t column = sweep->x + begin;
            even[k] = transposed_tap(&s, sweep, k / s.taps, k % s.taps, column);
            odd[k] = transposed_tap(&s, sweep, k / s.taps, k % s.taps, column + 1);
        }
        if (s.radius == 1)
            sweep->add ? backward_pairs(sweep->grad, even, odd, out, 1, true, begin, end)
                       : backward_pairs(sweep->grad, even, odd, out, 1, false, begin, end);
        else
            sweep->add ? backward_pairs(sweep->grad, even, odd, out, 2, true, begin, end)
                       : backward_pairs(sweep->grad, even, odd, out, 2, false, begin, end);
    }
    for (int i = 0; i < begin; i++) backward_at(&s, sweep, i);
    for (int i = end; i < sweep->count; i++) backward_at(&s, sweep, i);
}

/* ---- sums: cotangent times sample, for every tap of every class ---- */

static void sums_at(const l2l_sites *s, const l2l_sweep *sweep, int i) {
    int side = 2 * s->radius + 1;
    double *sum = sweep->sums +
                  l2l_site_offset(s, l2l_site_row(s, sweep->y), l2l_site_column(s, sweep->x + i));
    for (int o = 0; o < 3; o++, sum += s->taps)
        for (int t = 0; t < s->taps; t++)
            sum[t] += (double)((const real *)sweep->grad[o])[i] *
                      ((const real *)sweep->src[t / side])[i + t % side - s->radius];
}

static void sums_periodic(const l2l_sites *s, const l2l_sweep *sweep, int begin, int end) {
    int side = 2 * s->radius + 1, row = l2l_site_row(s, sweep->y);
    double *sum[2];
    for (int p = 0; p < 2; p++)
        sum[p] = sweep->sums +
                 l2l_site_offset(s, row, (s->uniform ? 0 : s->radius) +
                                             l2l_site_mod(sweep->x + begin + p, s->period_x));
    for (int o = 0; o < 3; o++) {
        const real *restrict grad = (const real *)sweep->grad[o] + begin;
        for (int t = 0; t < s->taps; t++) {
            const real *restrict src =
                (const real *)sweep->src[t / side] + begin + t % side - s->radius;
            real lane[L2L_LANES] = { 0 };
#define BODY(i, lanes) \
    for (int l = 0; l < (lanes); l++) lane[l] = L2L_FMA(grad[(i) + l], src[(i) + l], lane[l])
            L2L_FOR_LANES(end - begin, BODY);
#undef BODY
            double total[2];
            l2l_lanes_by_parity(lane, total);
            for (int p = 0; p < 2; p++) sum[p][o * s->taps + t] += total[p];
        }
    }
}

static void sums(const l2l_sweep *sweep) {
    const l2l_sites s = l2l_sites_of(sweep->node, sweep->height, sweep->width);
    int begin, end;
    periodic_columns(&s, sweep, s.radius, &begin, &end);
    if (s.period_x > 2) begin = end = 0;
    if (begin < end) sums_periodic(&s, sweep, begin, end);
    for (int i = 0; i < begin; i++) sums_at(&s, sweep, i);
    for (int i = end; i < sweep->count; i++) sums_at(&s, sweep, i);
}

const l2l_kernel L2L_SYMBOL(l2l_cfa_kernel);
const l2l_kernel L2L_SYMBOL(l2l_cfa_kernel) = { forward, backward, sums };
