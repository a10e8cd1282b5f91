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

/* ---- sums: lane[k] += Σ_i grad[i] row_k[i] ---- */

/* Taps [first, first + n) of one window row of `side`, for the vectors `part`, part + L2L_PARTS … */
L2L_FN void sum_taps(const real *grad, const void *const *rows, real *lane, const int radius,
                     const int first_row, const int row_count, const int part, int count) {
    const int side = 2 * radius + 1, begin = first_row * side, n = row_count * side;
    vreal sum[MAX_FAST_TAPS];
    for (int k = 0; k < n; k++) sum[k] = v_load(lane + (begin + k) * L2L_LANES + part * L2L_WIDTH);
    for (int i = part * L2L_WIDTH; i < count; i += L2L_LANES) {
        vreal g = v_load(grad + i);
#pragma GCC unroll 5
        for (int ky = 0; ky < row_count; ky++) {
            const real *row = (const real *)rows[first_row + ky] - radius + i;
#pragma GCC unroll 5
            for (int kx = 0; kx < side; kx++)
                sum[ky * side + kx] = v_fma(g, v_load(row + kx), sum[ky * side + kx]);
        }
    }
    for (int k = 0; k < n; k++) v_store(lane + (begin + k) * L2L_LANES + part * L2L_WIDTH, sum[k]);
}

/* As many taps at once as there are registers for. */
L2L_FN void sum_groups(const real *grad, const void *const *rows, real *lane, const int radius,
                       int count) {
    const int side = 2 * radius + 1;
    const int at_once = side * side + 2 <= L2L_VECTOR_REGISTERS ? side : 10 / side;
#pragma GCC unroll 4
    for (int part = 0; part < L2L_PARTS; part++)
#pragma GCC unroll 5
        for (int row = 0; row < side; row += at_once)
            sum_taps(grad, rows, lane, radius, row, row + at_once > side ? side - row : at_once, part,
                     count);
}

static void sum_any(const real *grad, const void *const *rows, real *lane, int radius, int count) {
    const int side = 2 * radius + 1;
    for (int k = 0; k < side * side; k++) {
        const real *row = (const real *)rows[k / side] - radius + k % side;
        for (int i = 0; i < count; i += L2L_LANES)
            for (int l = 0; l < L2L_LANES; l++)
                lane[k * L2L_LANES + l] = L2L_FMA(grad[i + l], row[i + l], lane[k * L2L_LANES + l]);
    }
}

static void sum_row(const l2l_sweep *sweep, const real *grad, const void *const *rows, int count) {
    const int radius = sweep->node->radius;
    real *lane = sweep->lanes;
    if (radius == 1)
        sum_groups(grad, rows, lane, 1, count);
    else if (radius == 2)
        sum_groups(grad, rows, lane, 2, count);
    else
        sum_any(grad, rows, lane, radius, count);
}

static void sums(const l2l_sweep *sweep) {
    const int radius = sweep->node->radius, side = 2 * radius + 1;
    const int whole = sweep->count / L2L_LANES * L2L_LANES;
    sum_row(sweep, sweep->grad[0], sweep->src, whole);
    if (whole == sweep->count) return;
    real grad[L2L_LANES], row[2 * L2L_MAX_RADIUS + 1][L2L_LANES + 2 * L2L_MAX_RADIUS];
    const void *rows[2 * L2L_MAX_RADIUS + 1];
    l2l_tail(grad, (const real *)sweep->grad[0] + whole, sweep->count - whole, 0);
    for (int k = 0; k < side; k++) {
        l2l_tail(row[k], (const real *)sweep->src[k] + whole, sweep->count - whole, radius);
        rows[k] = row[k] + radius;
    }
    sum_row(sweep, grad, rows, L2L_LANES);
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
};
