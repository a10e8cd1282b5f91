/* Gamma over rows. Backward and the sum for γ share the power that costs both most of their time.
 */
#include "stages/gamma/gamma.math.h"
#include "stages/lanes.h"
#include "stages/vector.h"

static const real *coefs_of(const l2l_sweep *sweep, int channel) {
    const real *k = sweep->coefs;
    return sweep->node->attributes.gamma.per_channel ? k + channel * L2L_GAMMA_COEFS : k;
}

typedef l2l_gamma_channel power;

/* Rows of the channels that share a γ. */
typedef struct channels {
    const void *const *x, *const *grad;
    void *const *grad_x; /* NULL: not wanted */
    int count;
} channels;

static power power_of(const l2l_sweep *sweep, int channel) {
    const l2l_node *node = sweep->node;
    return l2l_gamma_channel_of(coefs_of(sweep, channel), node->clipped, (real)node->clip_lo,
                                (real)node->clip_hi);
}

static real one_value(const power *p, real x) {
    return l2l_gamma_value(l2l_clip_value(x, p->lo, p->hi), p->scalars.power);
}

static real one_slope(const power *p, real x) {
    return l2l_gamma_slope(l2l_clip_value(x, p->lo, p->hi), &p->scalars);
}

static real one_log_term(const power *p, real x) {
    return l2l_gamma_log_term(l2l_clip_value(x, p->lo, p->hi), p->scalars.power);
}

static void plain_values(const power *p, const real *restrict x, real *restrict y, int count) {
    for (int i = 0; i < count; i++) y[i] = one_value(p, x[i]);
}

/* In columns from `begin` to `end`: grad_x = grad · slope (unless NULL), and lane += grad · y log2
   x (unless NULL; whole groups then). */
static void plain_backward(const power *p, const channels *rows, int begin, int end, real *lane) {
    for (int c = 0; c < rows->count; c++) {
        const real *x = rows->x[c], *grad = rows->grad[c];
        real *grad_x = rows->grad_x ? rows->grad_x[c] : NULL;
        for (int i = begin; grad_x && i < end; i++)
            grad_x[i] = l2l_gamma_passes(p, x[i]) ? grad[i] * one_slope(p, x[i]) : R(0.0);
        for (int i = begin; lane && i < end; i += L2L_LANES)
            for (int l = 0; l < L2L_LANES; l++)
                lane[l] = L2L_FMA(grad[i + l], one_log_term(p, x[i + l]), lane[l]);
    }
}

#if defined(L2L_REAL_IS_f64)

static void values(const power *p, const void *const *x, void *const *y, int rows, int count) {
    for (int c = 0; c < rows; c++) plain_values(p, x[c], y[c], count);
}

static void gradients(const power *p, const channels *rows, int begin, int end, real *lane) {
    plain_backward(p, rows, begin, end, lane);
}

#else

typedef int32_t vint __attribute__((vector_size(L2L_VECTOR_BYTES)));
typedef uint32_t vuint __attribute__((vector_size(L2L_VECTOR_BYTES)));

L2L_FN int v_any(vint v) {
#if defined(__AVX512F__)
    return _mm512_test_epi32_mask((__m512i)v, (__m512i)v) != 0;
#elif defined(__AVX2__)
    return !_mm256_testz_si256((__m256i)v, (__m256i)v);
#else
    int32_t any = 0;
    for (int l = 0; l < L2L_WIDTH; l++) any |= v[l];
    return any != 0;
#endif
}

/* table[index], 0 ≤ index < 32. */
L2L_FN vreal v_lookup(const float *table, vint index) {
#if defined(__AVX512F__)
    return (vreal)_mm512_permutex2var_ps(_mm512_loadu_ps(table), (__m512i)index,
                                         _mm512_loadu_ps(table + 16));
#elif defined(__AVX2__)
    __m256 part[4];
    for (int k = 0; k < 4; k++)
        part[k] = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8 * k), (__m256i)index);
    __m256 bit3 = _mm256_castsi256_ps(_mm256_slli_epi32((__m256i)index, 28));
    __m256 bit4 = _mm256_castsi256_ps(_mm256_slli_epi32((__m256i)index, 27));
    return (vreal)_mm256_blendv_ps(_mm256_blendv_ps(part[0], part[1], bit3),
                                   _mm256_blendv_ps(part[2], part[3], bit3), bit4);
#else
    vreal value;
    for (int l = 0; l < L2L_WIDTH; l++) value[l] = table[index[l]];
    return value;
#endif
}

/* As l2l_clip_value: the bounds come first, for these instructions return the second operand if
   one is NaN. */
L2L_FN vreal v_clip(vreal x, vreal lo, vreal hi) {
#if defined(__AVX512F__)
    return (vreal)_mm512_min_ps((__m512)hi, _mm512_max_ps((__m512)lo, (__m512)x));
#elif defined(__AVX2__)
    return (vreal)_mm256_min_ps((__m256)hi, _mm256_max_ps((__m256)lo, (__m256)x));
#else
    for (int l = 0; l < L2L_WIDTH; l++) x[l] = l2l_clip_value(x[l], lo[l], hi[l]);
    return x;
#endif
}

/* l2l_table_power in all lanes. */
L2L_FN vreal v_power(vreal x, const float *table, vint *outside) {
    vint bits = (vint)x, index = (bits >> 23) - 96;
    *outside = index & ~31;
    vreal f = (vreal)((bits & 0x7fffff) | 0x3f800000) - 1.5f;
    const float *q = table + L2L_POWER_EXPONENTS;
    vreal y = v_splat(q[L2L_POWER_TERMS - 1]);
#pragma GCC unroll 8
    for (int k = L2L_POWER_TERMS - 2; k >= 0; k--) y = v_fma(y, f, v_splat(q[k]));
    return y * v_lookup(table, index & 31);
}

/* l2l_table_log2 in all lanes; unsigned, since lanes of other x wrap around. */
L2L_FN vreal v_log2(vreal x) {
    vuint bits = (vuint)x, above = bits - 0x3f3504f3u;
    vint e = (vint)above >> 23;
    vreal f = (vreal)(bits - (above & 0xff800000u)) - 1.0f;
    static const float c[9] = L2L_LOG2_TERMS;
    vreal q = v_splat(c[0]);
#pragma GCC unroll 8
    for (int k = 1; k < 9; k++) q = v_fma(q, f, v_splat(c[k]));
    return v_fma(q, f, __builtin_convertvector(e, vreal));
}

/* Zeros, of which pictures that are clipped at 0 have many, are not outside: their power counts as
 * 0. */
L2L_FN vreal without_zeros(vreal y, vreal sample, vint *outside) {
    const vint zero = sample == v_splat(0.0f);
    *outside &= ~zero;
    return (vreal)((vint)y & ~zero);
}

/* All channels that share a γ at once: the table stays in registers. */
static void values(const power *p, const void *const *x, void *const *y, int rows, int count) {
    float table[L2L_POWER_TABLE];
    memcpy(table, p->coefs + L2L_GAMMA_VALUE_TABLE, sizeof table);
    const vreal lo = v_splat(p->lo), hi = v_splat(p->hi);
    for (int c = 0; c < rows; c++) {
        const real *from = x[c];
        real *to = y[c];
        if (!p->tables) {
            plain_values(p, from, to, count);
            continue;
        }
        for (int i = 0; i < count; i += L2L_WIDTH) {
            vint outside;
            const vreal sample = v_clip(v_load(from + i), lo, hi);
            vreal value = v_power(sample, table, &outside);
            if (__builtin_expect(v_any(outside), 0)) value = without_zeros(value, sample, &outside);
            v_store(to + i, value);
            if (__builtin_expect(!v_any(outside), 1)) continue;
            for (int l = 0; l < L2L_WIDTH && i + l < count; l++)
                if (outside[l]) to[i + l] = one_value(p, from[i + l]);
        }
    }
}

L2L_FN void table_gradients(const power *p, const channels *rows, int begin, int end, bool slopes,
                            real *lane) {
    const vreal inverse = v_splat(p->scalars.inverse), lo = v_splat(p->lo), hi = v_splat(p->hi);
    const vint all = (vint){ 0 } - !p->clipped; /* all bits if nothing is clipped */
    const vreal floor_slope = v_splat(p->scalars.floor_slope);
    float table[L2L_POWER_TABLE];
    memcpy(table, p->coefs + L2L_GAMMA_SLOPE_TABLE, sizeof table);
    vreal sum[L2L_PARTS];
    for (int k = 0; lane && k < L2L_PARTS; k++) sum[k] = v_load(lane + k * L2L_WIDTH);
    for (int c = 0; c < rows->count; c++) {
        const real *x = rows->x[c], *grad = rows->grad[c];
        for (int i = begin; i < end; i += L2L_LANES)
#pragma GCC unroll 4
            for (int k = 0; k < L2L_PARTS; k++) {
                const int at = i + k * L2L_WIDTH;
                vint outside;
                vreal given = v_load(x + at), sample = v_clip(given, lo, hi), g = v_load(grad + at);
                vreal base = v_power(sample, table, &outside), slope = inverse * base, term;
                if (lane) term = sample * base * v_log2(sample);
                if (__builtin_expect(v_any(outside), 0)) {
                    if (lane) term = without_zeros(term, sample, &outside);
                    slope = v_if_equal(sample, v_splat(0.0f), floor_slope, slope);
                    outside &= ~(sample == v_splat(0.0f));
                }
                if (__builtin_expect(v_any(outside), 0))
                    for (int l = 0; l < L2L_WIDTH && at + l < end; l++) {
                        if (!outside[l]) continue;
                        slope[l] = one_slope(p, given[l]);
                        if (lane) term[l] = one_log_term(p, given[l]);
                    }
                vint inside = ((given >= lo) & (given <= hi)) | all;
                if (slopes)
                    v_store((real *)rows->grad_x[c] + at, (vreal)((vint)(g * slope) & inside));
                if (lane) sum[k] = v_fma(g, term, sum[k]);
            }
    }
    for (int k = 0; lane && k < L2L_PARTS; k++) v_store(lane + k * L2L_WIDTH, sum[k]);
}

static void gradients(const power *p, const channels *rows, int begin, int end, real *lane) {
    if (!p->slope_tables)
        plain_backward(p, rows, begin, end, lane);
    else if (!lane)
        table_gradients(p, rows, begin, end, true, NULL);
    else if (!rows->grad_x)
        table_gradients(p, rows, begin, end, false, lane);
    else
        table_gradients(p, rows, begin, end, true, lane);
}

#endif

/* How many channels share a γ. */
static int shared(const l2l_sweep *sweep) {
    return sweep->node->attributes.gamma.per_channel ? 1 : sweep->node->in_channels;
}

static void forward(const l2l_sweep *sweep) {
    const int at_once = shared(sweep);
    for (int c = 0; c < sweep->node->in_channels; c += at_once) {
        power p = power_of(sweep, c);
        values(&p, sweep->src + c, sweep->out + c, at_once, sweep->count);
    }
}

/* As gradients, and what they sum up is added to `total`. The last columns, which do not fill a
   group of lanes, come from copies that zeros complete. */
static void gradients_and_sum(const power *p, const channels *rows, int begin, int end,
                              double *total) {
    const int whole = begin + (end - begin) / L2L_LANES * L2L_LANES, rest = end - whole;
    real lane[L2L_LANES] = { 0 };
    gradients(p, rows, begin, whole, lane);
    for (int c = 0; rest && c < rows->count; c++) {
        real x[L2L_LANES], grad[L2L_LANES], grad_x[L2L_LANES];
        const void *last_x = x, *last_grad = grad;
        void *last_grad_x = grad_x;
        const channels last = { &last_x, &last_grad, rows->grad_x ? &last_grad_x : NULL, 1 };
        l2l_tail(x, (const real *)rows->x[c] + whole, rest, 0);
        l2l_tail(grad, (const real *)rows->grad[c] + whole, rest, 0);
        gradients(p, &last, 0, L2L_LANES, lane);
        if (rows->grad_x)
            memcpy((real *)rows->grad_x[c] + whole, grad_x, (size_t)rest * sizeof(real));
    }
    *total += l2l_lanes_total(lane);
}

/* Left of what is to be summed, right of it, and that. Groups of lanes begin at multiples of 16
   also on the right, or the last one would end beyond the row: that computes some columns twice. */
static void backward(const l2l_sweep *sweep) {
    const int begin = sweep->own_begin, end = begin + sweep->own_count, at_once = shared(sweep);
    for (int c = 0; c < sweep->node->in_channels; c += at_once) {
        power p = power_of(sweep, c);
        const channels rows = { sweep->src + c, sweep->grad + c, sweep->out + c, at_once };
        if (sweep->own_count == 0) {
            gradients(&p, &rows, 0, sweep->count, NULL);
            continue;
        }
        if (begin > 0) gradients(&p, &rows, 0, begin, NULL);
        if (end < sweep->count) gradients(&p, &rows, end / L2L_LANES * L2L_LANES, sweep->count, NULL);
        gradients_and_sum(&p, &rows, begin, end, sweep->sums + c);
    }
}

static void sums(const l2l_sweep *sweep) {
    const int at_once = shared(sweep);
    for (int c = 0; c < sweep->node->in_channels; c += at_once) {
        power p = power_of(sweep, c);
        const channels rows = { sweep->src + c, sweep->grad + c, NULL, at_once };
        gradients_and_sum(&p, &rows, 0, sweep->count, sweep->sums + c);
    }
}

const l2l_kernel L2L_SYMBOL(l2l_gamma_kernel);
const l2l_kernel L2L_SYMBOL(l2l_gamma_kernel) = {
    .forward = forward,
    .backward = backward,
    .sums = sums,
    .sums_in_backward = true,
};
