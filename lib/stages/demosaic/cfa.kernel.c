/* A stencil whose taps depend on the site of the mosaic: demosaic.bilinear, .linear and
   .malvar2004. Coefficients are the taps of every class of sites (sites.h). */
#include "stages/demosaic/demosaic.math.h"
#include "stages/lanes.h"
#include "stages/vector.h"

enum { MAX_PAIR_TAPS = 27, ROWS = 4 };

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
    const real *tap =
        (const real *)sweep->coefs +
        l2l_site_offset(s, l2l_site_row(s, sweep->y), l2l_site_column(s, sweep->x + i));
    for (int o = 0; o < 3; o++, tap += s->taps)
        ((real *)sweep->out[o])[i] = l2l_demosaic_value(s, tap, sweep->src, i);
}

/* The pairs of a row that begin in column `column`, as prepared or, if the border has classes, made
   for the row. */
static const real *pairs_of(const l2l_sites *s, const l2l_sweep *sweep, int direction,
                            int64_t column, real local[2 * 3 * 25]) {
    const real *coefs = sweep->coefs;
    const int side = 2 * s->radius + 1;
    if (s->uniform)
        return coefs + l2l_site_coefs_of(s) +
               l2l_pair_offset(s, direction, l2l_site_mod(sweep->y, s->period_y), column & 1);
    for (int k = 0; k < 3 * s->taps; k++)
        for (int p = 0; p < 2; p++) {
            int64_t x = column + p;
            /* the column after the last periodic one may be a class of its own: take the period's
             */
            int phase = s->radius + l2l_site_mod(x, s->period_x);
            int64_t y = sweep->y - s->radius + k % s->taps / side;
            bool outside = direction && (y < 0 || y >= s->height);
            int offset = direction == 0
                             ? l2l_site_offset(s, l2l_site_row(s, sweep->y), phase) + k
                             : l2l_transposed_offset(s, k / s->taps, k % s->taps, outside ? 0 : y,
                                                     x - s->radius + k % side);
            local[2 * k + p] = outside ? R(0.0) : coefs[offset];
        }
    return local;
}

/* `n` outputs at once, whose taps lie one behind the other; as many as there are registers for. */
L2L_FN void forward_pairs(const void *const *rows, const real *pair, void *const *out,
                          const int radius, const bool diamond, const int n, int begin, int end) {
    const int side = 2 * radius + 1, taps = side * side;
    vreal tap[MAX_PAIR_TAPS];
#pragma GCC unroll 27
    for (int k = 0; k < n * taps; k++) tap[k] = v_pair(pair + 2 * k);
    for (int i = begin; i < end; i += L2L_WIDTH) {
        vreal sum[3];
        for (int o = 0; o < n; o++) sum[o] = v_splat(R(0.0));
#pragma GCC unroll 5
        for (int ky = 0; ky < side; ky++) {
            const real *row = (const real *)rows[ky] - radius + i;
#pragma GCC unroll 5
            for (int kx = 0; kx < side; kx++) {
                if (l2l_site_skips(diamond, radius, ky * side + kx)) continue;
                vreal sample = v_load(row + kx);
                L2L_KEEP(sample);
#pragma GCC unroll 3
                for (int o = 0; o < n; o++)
                    sum[o] = v_fma(tap[o * taps + ky * side + kx], sample, sum[o]);
            }
        }
#pragma GCC unroll 3
        for (int o = 0; o < n; o++) v_store((real *)out[o] + i, sum[o]);
    }
}

L2L_FN void forward_row(const l2l_sites *s, const l2l_sweep *sweep) {
    int begin, end;
    periodic_columns(s, sweep, s->radius, &begin, &end);
    if (s->period_x > 2 || s->radius > 2 || s->radius < 1) begin = end = 0;
    if (begin < end) {
        real local[2 * 3 * 25];
        const real *pair = pairs_of(s, sweep, 0, sweep->x + begin, local);
        const int at_once = s->radius == 1 && 27 + 4 <= L2L_VECTOR_REGISTERS ? 3 : 1;
        for (int o = 0; o < 3; o += at_once, pair += 2 * at_once * s->taps)
            if (at_once == 3)
                forward_pairs(sweep->src, pair, sweep->out, 1, false, 3, begin, end);
            else if (s->radius == 1)
                forward_pairs(sweep->src, pair, sweep->out + o, 1, false, 1, begin, end);
            else
                s->diamond
                    ? forward_pairs(sweep->src, pair, sweep->out + o, 2, true, 1, begin, end)
                    : forward_pairs(sweep->src, pair, sweep->out + o, 2, false, 1, begin, end);
    }
    for (int i = 0; i < begin; i++) forward_at(s, sweep, i);
    for (int i = end; i < sweep->count; i++) forward_at(s, sweep, i);
}

static void forward(const l2l_sweep *sweep) {
    const l2l_sites s = l2l_sites_of(sweep->node, sweep->height, sweep->width);
    for (int j = 0; j < sweep->rows; j++) {
        l2l_sweep row = *sweep;
        row.y += j;
        row.src += j;
        row.out += 3 * j;
        forward_row(&s, &row);
    }
}

/* ---- backward: the taps by which the pixels around a sample saw it ---- */

static void backward_at(const l2l_sites *s, const l2l_sweep *sweep, int i) {
    real *out = sweep->out[0];
    real sum = l2l_demosaic_grad(s, sweep->coefs, sweep->grad, sweep->y, sweep->x + i, i);
    out[i] = sweep->add ? out[i] + sum : sum;
}

L2L_FN void backward_pairs(const void *const *rows, const real *pair, real *out, const int radius,
                           const bool diamond, const bool add, int begin, int end) {
    const int side = 2 * radius + 1, taps = side * side;
    vreal tap[3 * 25];
    for (int k = 0; k < 3 * taps; k++) tap[k] = v_pair(pair + 2 * k);
    for (int i = begin; i < end; i += L2L_WIDTH) {
        vreal sum = v_splat(R(0.0));
#pragma GCC unroll 3
        for (int o = 0; o < 3; o++)
#pragma GCC unroll 5
            for (int ky = 0; ky < side; ky++) {
                const real *row = (const real *)rows[o * side + ky] - radius + i;
#pragma GCC unroll 5
                for (int kx = 0; kx < side; kx++)
                    if (!l2l_site_skips(diamond, radius, ky * side + kx))
                        sum = v_fma(tap[(o * side + ky) * side + kx], v_load(row + kx), sum);
            }
        v_store(out + i, add ? v_load(out + i) + sum : sum);
    }
}

static void backward_row(const l2l_sites *s, const l2l_sweep *sweep) {
    int begin, end;
    periodic_columns(s, sweep, 2 * s->radius, &begin, &end);
    /* columns beyond the periodic ones would be added to twice */
    if (!s->uniform) end = begin + (end - begin) / L2L_WIDTH * L2L_WIDTH;
    if (s->period_x > 2 || s->radius > 2 || s->radius < 1) begin = end = 0;
    if (begin < end) {
        real local[2 * 3 * 25], *out = sweep->out[0];
        const real *pair = pairs_of(s, sweep, 1, sweep->x + begin, local);
#define BACKWARD(r, diamond)                                                                       \
    (sweep->add ? backward_pairs(sweep->grad, pair, out, r, diamond, true, begin, end)             \
                : backward_pairs(sweep->grad, pair, out, r, diamond, false, begin, end))
        if (s->radius == 1)
            BACKWARD(1, false);
        else if (s->diamond)
            BACKWARD(2, true);
        else
            BACKWARD(2, false);
#undef BACKWARD
    }
    for (int i = 0; i < begin; i++) backward_at(s, sweep, i);
    for (int i = end; i < sweep->count; i++) backward_at(s, sweep, i);
}

/* What one output adds to ROWS rows, of which even and odd ones have taps of their own. A loaded
   vector serves all rows that it is near to: loads, most of which cross cache lines, would
   otherwise take longer than the multiply-adds. */
L2L_FN void backward_share(const void *const *rows, const real *const pair[2], void *const *out,
                           const bool first, int count) {
    vreal tap[2][9];
#pragma GCC unroll 9
    for (int k = 0; k < 9; k++) {
        tap[0][k] = v_pair(pair[0] + 2 * k);
        tap[1][k] = v_pair(pair[1] + 2 * k);
    }
    for (int i = 0; i < count; i += L2L_WIDTH) {
        vreal sum[ROWS];
#pragma GCC unroll 4
        for (int j = 0; j < ROWS; j++)
            sum[j] = first ? v_splat(R(0.0)) : v_load((const real *)out[j] + i);
#pragma GCC unroll 6
        for (int y = 0; y < ROWS + 2; y++) {
            const real *row = (const real *)rows[y] - 1 + i;
#pragma GCC unroll 3
            for (int kx = 0; kx < 3; kx++) {
                vreal sample = v_load(row + kx);
                L2L_KEEP(sample);
#pragma GCC unroll 4
                for (int j = 0; j < ROWS; j++)
                    if (y - j >= 0 && y - j < 3)
                        sum[j] = v_fma(tap[j & 1][3 * (y - j) + kx], sample, sum[j]);
            }
        }
#pragma GCC unroll 4
        for (int j = 0; j < ROWS; j++) v_store((real *)out[j] + i, sum[j]);
    }
}

static void backward_rows(const l2l_sites *s, const l2l_sweep *sweep) {
    l2l_sweep next = *sweep;
    next.y++;
    const real *pair[2] = { pairs_of(s, sweep, 1, sweep->x, NULL),
                            pairs_of(s, &next, 1, sweep->x, NULL) };
    for (int o = 0; o < 3; o++) {
        const void *const *rows = sweep->grad + o * (ROWS + 2);
        o == 0 ? backward_share(rows, pair, sweep->out, true, sweep->count)
               : backward_share(rows, pair, sweep->out, false, sweep->count);
        pair[0] += 2 * 9;
        pair[1] += 2 * 9;
    }
}

static void backward(const l2l_sweep *sweep) {
    const l2l_sites s = l2l_sites_of(sweep->node, sweep->height, sweep->width);
    const int side = 2 * s.radius + 1;
    if (sweep->rows == ROWS && s.uniform && s.radius == 1 && !sweep->add) {
        backward_rows(&s, sweep);
        return;
    }
    for (int j = 0; j < sweep->rows; j++) {
        const void *window[3 * (2 * L2L_DEMOSAIC_MAX_RADIUS + 1)];
        l2l_sweep row = *sweep;
        for (int k = 0; k < 3 * side; k++)
            window[k] = sweep->grad[k / side * (side + sweep->rows - 1) + j + k % side];
        row.y += j;
        row.grad = window;
        row.out += j;
        backward_row(&s, &row);
    }
}

/* ---- sums: cotangent times sample, for every tap of every class ---- */

static void sums_at(const l2l_sites *s, const l2l_sweep *sweep, int i) {
    int side = 2 * s->radius + 1;
    double *sum = sweep->sums +
                  l2l_site_offset(s, l2l_site_row(s, sweep->y), l2l_site_column(s, sweep->x + i));
    for (int o = 0; o < 3; o++, sum += s->taps)
        for (int t = 0; t < s->taps; t++)
            if (!l2l_site_skips(s->diamond, s->radius, t))
                sum[t] += (double)((const real *)sweep->grad[o])[i] *
                          ((const real *)sweep->src[t / side])[i + t % side - s->radius];
}

/* lane[o][t] += grad[o][i] sample[t][i] for `n` outputs. */
L2L_FN void sum_pairs(const void *const *grad, const void *const *rows, real *lane,
                      const int radius, const bool diamond, const int n, const int part, int begin,
                      int end) {
    const int side = 2 * radius + 1, taps = side * side;
    vreal sum[MAX_PAIR_TAPS];
#pragma GCC unroll 27
    for (int k = 0; k < n * taps; k++) sum[k] = v_load(lane + k * L2L_LANES + part * L2L_WIDTH);
    for (int i = begin + part * L2L_WIDTH; i < end; i += L2L_LANES) {
        vreal g[3];
        for (int o = 0; o < n; o++) g[o] = v_load((const real *)grad[o] + i);
#pragma GCC unroll 5
        for (int ky = 0; ky < side; ky++) {
            const real *row = (const real *)rows[ky] - radius + i;
#pragma GCC unroll 5
            for (int kx = 0; kx < side; kx++) {
                if (l2l_site_skips(diamond, radius, ky * side + kx)) continue;
                vreal sample = v_load(row + kx);
                L2L_KEEP(sample);
#pragma GCC unroll 3
                for (int o = 0; o < n; o++) {
                    const int k = o * taps + ky * side + kx;
                    sum[k] = v_fma(g[o], sample, sum[k]);
                }
            }
        }
    }
#pragma GCC unroll 27
    for (int k = 0; k < n * taps; k++) v_store(lane + k * L2L_LANES + part * L2L_WIDTH, sum[k]);
}

static void sum_columns(const l2l_sites *s, const void *const *grad, const void *const *rows,
                        real *lane, int begin, int end) {
#pragma GCC unroll 4
    for (int part = 0; part < L2L_PARTS; part++) {
        if (s->radius == 1 && 27 + 4 <= L2L_VECTOR_REGISTERS) {
            sum_pairs(grad, rows, lane, 1, false, 3, part, begin, end);
            continue;
        }
        for (int o = 0; o < 3; o++) {
            real *own = lane + o * s->taps * L2L_LANES;
            if (s->radius == 1)
                sum_pairs(grad + o, rows, own, 1, false, 1, part, begin, end);
            else if (s->diamond)
                sum_pairs(grad + o, rows, own, 2, true, 1, part, begin, end);
            else
                sum_pairs(grad + o, rows, own, 2, false, 1, part, begin, end);
        }
    }
}

/* Whole groups of lanes as they lie, the last one out of copies that zeros complete. */
static void sums_periodic(const l2l_sites *s, const l2l_sweep *sweep, int begin, int end) {
    enum { REACH = 2, SIDE = 2 * REACH + 1 };
    const int radius = s->radius, side = 2 * radius + 1;
    const int whole = begin + (end - begin) / L2L_LANES * L2L_LANES, rest = end - whole;
    real *lane = (real *)sweep->lanes + l2l_site_row(s, sweep->y) * 3 * s->taps * L2L_LANES;
    sum_columns(s, sweep->grad, sweep->src, lane, begin, whole);
    if (rest == 0) return;
    real grad[3][L2L_LANES], row[SIDE][L2L_LANES + 2 * REACH];
    const void *grads[3], *rows[SIDE];
    for (int o = 0; o < 3; o++) {
        l2l_tail(grad[o], (const real *)sweep->grad[o] + whole, rest, 0);
        grads[o] = grad[o];
    }
    for (int k = 0; k < side; k++) {
        l2l_tail(row[k], (const real *)sweep->src[k] + whole, rest, radius);
        rows[k] = row[k] + radius;
    }
    sum_columns(s, grads, rows, lane, 0, L2L_LANES);
}

/* The columns that sums_periodic serves; the same for all rows of a tile. */
static void sum_range(const l2l_sites *s, const l2l_sweep *sweep, int *begin, int *end) {
    periodic_columns(s, sweep, s->radius, begin, end);
    if (s->period_x > 2 || s->radius > 2 || s->radius < 1) *begin = *end = 0;
}

static void sums(const l2l_sweep *sweep) {
    const l2l_sites s = l2l_sites_of(sweep->node, sweep->height, sweep->width);
    int begin, end;
    sum_range(&s, sweep, &begin, &end);
    if (begin < end) sums_periodic(&s, sweep, begin, end);
    for (int i = 0; i < begin; i++) sums_at(&s, sweep, i);
    for (int i = end; i < sweep->count; i++) sums_at(&s, sweep, i);
}

/* Lanes of even columns belong to one class of sites, those of odd ones to the other. */
static void flush(const l2l_sweep *sweep) {
    const l2l_sites s = l2l_sites_of(sweep->node, sweep->height, sweep->width);
    int begin, end;
    sum_range(&s, sweep, &begin, &end);
    if (begin >= end) return;
    real *lane = sweep->lanes;
    for (int row = 0; row < s.rows; row++) {
        double *sum[2];
        for (int p = 0; p < 2; p++) {
            int column = l2l_site_mod(sweep->x + begin + p, s.period_x);
            sum[p] = sweep->sums + l2l_site_offset(&s, row, (s.uniform ? 0 : s.radius) + column);
        }
        for (int k = 0; k < 3 * s.taps; k++, lane += L2L_LANES) {
            double total[2];
            l2l_lanes_by_parity(lane, total);
            for (int p = 0; p < 2; p++) sum[p][k] += total[p];
        }
    }
    memset(sweep->lanes, 0, (size_t)sweep->node->lane_count * sizeof(real));
}

const l2l_kernel L2L_SYMBOL(l2l_cfa_kernel);
const l2l_kernel L2L_SYMBOL(l2l_cfa_kernel) = {
    .forward = forward,
    .backward = backward,
    .sums = sums,
    .flush = flush,
    .rows = ROWS,
};
