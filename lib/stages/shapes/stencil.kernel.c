/* A dense stencil of trainable taps over one plane: sharpen.kernel and denoise.kernel. */
#include "stages/lanes.h"
#include "stages/vector.h"

enum { ROWS = 4, MAX_FAST_TAPS = 25 };

/* out[j][i] = Σ_k tap[k] rows[j + k / side][i + k % side − radius], in raster order of k, for n rows
   at once: a loaded sample serves every row that it is near to. Called with constants. */
L2L_FN void correlate(const void *const *rows, const real *tap, void *const *out, const int radius,
                      const int n, int count, const bool flipped, const bool add) {
    const int side = 2 * radius + 1, last = side * side - 1;
    vreal t[MAX_FAST_TAPS];
#pragma GCC unroll 25
    for (int k = 0; k <= last; k++) t[k] = v_splat(tap[flipped ? last - k : k]);
    for (int i = 0; i < count; i += L2L_WIDTH) {
        vreal sum[ROWS];
        for (int j = 0; j < n; j++) sum[j] = v_splat(R(0.0));
#pragma GCC unroll 8
        for (int y = 0; y < n + 2 * radius; y++) {
            const real *row = (const real *)rows[y] - radius + i;
#pragma GCC unroll 5
            for (int kx = 0; kx < side; kx++) {
                vreal sample = v_load(row + kx);
                L2L_KEEP(sample);
#pragma GCC unroll 4
                for (int j = 0; j < n; j++) {
                    const int ky = y - j;
                    if (ky >= 0 && ky < side) sum[j] = v_fma(t[ky * side + kx], sample, sum[j]);
                }
            }
        }
#pragma GCC unroll 4
        for (int j = 0; j < n; j++) {
            real *to = (real *)out[j] + i;
            v_store(to, add ? v_load(to) + sum[j] : sum[j]);
        }
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
    void *const *out = sweep->out;
    const int radius = sweep->node->radius, count = sweep->count;
    const bool add = flipped && sweep->add;
#define CORRELATE(r, n, a)                                               \
    (flipped ? correlate(rows + j, tap, out + j, r, n, count, true, a)   \
             : correlate(rows + j, tap, out + j, r, n, count, false, a))
    int j = 0;
    if (sweep->rows == ROWS && !add && radius <= 2) {
        radius == 1 ? CORRELATE(1, ROWS, false) : CORRELATE(2, ROWS, false);
        return;
    }
    for (; j < sweep->rows; j++)
        if (radius == 1)
            add ? CORRELATE(1, 1, true) : CORRELATE(1, 1, false);
        else if (radius == 2)
            add ? CORRELATE(2, 1, true) : CORRELATE(2, 1, false);
        else
            correlate_any(rows + j, tap, out[j], sweep->scratch[0], radius, count, flipped, add);
#undef CORRELATE
}

static void forward(const l2l_sweep *sweep) { convolve(sweep, sweep->src, false); }

static void backward(const l2l_sweep *sweep) { convolve(sweep, sweep->grad, true); }

/* ---- sums: lane[k] += Σ_i grad[i] row_k[i], for one row of the cotangent or two ---- */

enum { SUM_ROWS = 2, MAX_SIDE = 2 * L2L_MAX_RADIUS + 1 };

/* The taps of `n` window rows from `first` on, in every L2L_PARTS-th vector from `part` on. A loaded
   sample serves both rows of the cotangent: row y of the window is tap row y − j of row j. */
L2L_FN void sum_taps(const void *const *grads, const int grad_rows, const void *const *rows,
                     real *lane, const int radius, const int first, const int n, const int part,
                     int count) {
    const int side = 2 * radius + 1;
    real *own = lane + first * side * L2L_LANES + part * L2L_WIDTH;
    vreal sum[MAX_FAST_TAPS];
#pragma GCC unroll 25
    for (int k = 0; k < n * side; k++) sum[k] = v_load(own + k * L2L_LANES);
    for (int i = part * L2L_WIDTH; i < count; i += L2L_LANES) {
        vreal grad[SUM_ROWS];
        for (int j = 0; j < grad_rows; j++) grad[j] = v_load((const real *)grads[j] + i);
#pragma GCC unroll 6
        for (int y = first; y < first + n + grad_rows - 1; y++) {
            const real *row = (const real *)rows[y] - radius + i;
#pragma GCC unroll 5
            for (int kx = 0; kx < side; kx++) {
                vreal sample = v_load(row + kx);
                L2L_KEEP(sample);
#pragma GCC unroll 2
                for (int j = 0; j < grad_rows; j++) {
                    const int ky = y - j - first;
                    if (ky >= 0 && ky < n)
                        sum[ky * side + kx] = v_fma(grad[j], sample, sum[ky * side + kx]);
                }
            }
        }
    }
#pragma GCC unroll 25
    for (int k = 0; k < n * side; k++) v_store(own + k * L2L_LANES, sum[k]);
}

/* As many taps at once as there are registers for. */
L2L_FN void sum_groups(const void *const *grads, const int grad_rows, const void *const *rows,
                       real *lane, const int radius, int count) {
    const int side = 2 * radius + 1;
    const int at_once = side * side + 3 <= L2L_VECTOR_REGISTERS ? side : 10 / side;
#pragma GCC unroll 4
    for (int part = 0; part < L2L_PARTS; part++)
#pragma GCC unroll 5
        for (int row = 0; row < side; row += at_once)
            sum_taps(grads, grad_rows, rows, lane, radius, row,
                     row + at_once > side ? side - row : at_once, part, count);
}

static void sum_any(const void *const *grads, int grad_rows, const void *const *rows, real *lane,
                    int radius, int count) {
    const int side = 2 * radius + 1;
    for (int k = 0; k < side * side; k++, lane += L2L_LANES)
        for (int i = 0; i < count; i += L2L_LANES)
            for (int j = 0; j < grad_rows; j++) {
                const real *grad = (const real *)grads[j] + i;
                const real *row = (const real *)rows[k / side + j] - radius + k % side + i;
                for (int l = 0; l < L2L_LANES; l++) lane[l] = L2L_FMA(grad[l], row[l], lane[l]);
            }
}

static void sum_rows(const l2l_sweep *sweep, const void *const *grads, const void *const *rows,
                     int count) {
    const int radius = sweep->node->radius, n = sweep->rows;
    real *lane = sweep->lanes;
    if (radius == 1)
        n == 2 ? sum_groups(grads, 2, rows, lane, 1, count)
               : sum_groups(grads, 1, rows, lane, 1, count);
    else if (radius == 2)
        n == 2 ? sum_groups(grads, 2, rows, lane, 2, count)
               : sum_groups(grads, 1, rows, lane, 2, count);
    else
        sum_any(grads, n, rows, lane, radius, count);
}

static void sums(const l2l_sweep *sweep) {
    const int radius = sweep->node->radius, side = 2 * radius + 1;
    const int whole = sweep->count / L2L_LANES * L2L_LANES, rest = sweep->count - whole;
    sum_rows(sweep, sweep->grad, sweep->src, whole);
    if (rest == 0) return;
    real grad[SUM_ROWS][L2L_LANES], row[MAX_SIDE + 1][L2L_LANES + 2 * L2L_MAX_RADIUS];
    const void *grads[SUM_ROWS], *rows[MAX_SIDE + 1];
    for (int j = 0; j < sweep->rows; j++) {
        l2l_tail(grad[j], (const real *)sweep->grad[j] + whole, rest, 0);
        grads[j] = grad[j];
    }
    for (int k = 0; k < side + sweep->rows - 1; k++) {
        l2l_tail(row[k], (const real *)sweep->src[k] + whole, rest, radius);
        rows[k] = row[k] + radius;
    }
    sum_rows(sweep, grads, rows, L2L_LANES);
}

static void flush(const l2l_sweep *sweep) {
    real *lane = sweep->lanes;
    for (int k = 0; k < sweep->node->sum_count; k++, lane += L2L_LANES)
        sweep->sums[k] += l2l_lanes_total(lane);
    memset(sweep->lanes, 0, (size_t)sweep->node->lane_count * sizeof(real));
}

const l2l_kernel L2L_SYMBOL(l2l_stencil_kernel);
const l2l_kernel L2L_SYMBOL(l2l_stencil_kernel) = {
    .forward = forward, .backward = backward, .sums = sums, .flush = flush, .rows = ROWS,
    .sum_rows = SUM_ROWS,
};
