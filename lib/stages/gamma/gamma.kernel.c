/* Gamma over rows. Backward and the sum for γ share the power that costs both most of their time. */
#include "stages/gamma/gamma.math.h"
#include "stages/lanes.h"
#include "stages/vector.h"

static const real *coefs_of(const l2l_sweep *sweep, int channel) {
    const real *k = sweep->coefs;
    return sweep->node->attributes.gamma.per_channel ? k + channel * L2L_GAMMA_COEFS : k;
}

typedef l2l_gamma_channel power;

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

/* grad_x = grad · slope (unless NULL), and lane += grad · y log2 x (unless NULL), whole groups. */
static void plain_backward(const power *p, const real *restrict x, const real *restrict grad,
                           real *restrict grad_x, real *restrict lane, int count) {
    for (int i = 0; grad_x && i < count; i++)
        grad_x[i] = l2l_gamma_passes(p, x[i]) ? grad[i] * one_slope(p, x[i]) : R(0.0);
    for (int i = 0; lane && i < count; i += L2L_LANES)
        for (int l = 0; l < L2L_LANES; l++)
            lane[l] = L2L_FMA(grad[i + l], one_log_term(p, x[i + l]), lane[l]);
}

#if defined(L2L_REAL_IS_f64)

static void values(const power *p, const void *const *x, void *const *y, int rows, int count) {
    for (int c = 0; c < rows; c++) plain_values(p, x[c], y[c], count);
}

static void gradients(const power *p, const real *x, const real *grad, real *grad_x, real *lane,
                      int count) {
    plain_backward(p, x, grad, grad_x, lane, count);
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
            v_store(to + i, v_power(v_clip(v_load(from + i), lo, hi), table, &outside));
            if (__builtin_expect(!v_any(outside), 1)) continue;
            for (int l = 0; l < L2L_WIDTH && i + l < count; l++)
                if (outside[l]) to[i + l] = one_value(p, from[i + l]);
        }
    }
}

L2L_FN void table_gradients(const power *p, const real *x, const real *grad, real *grad_x, real *lane,
                            int count) {
    const vreal inverse = v_splat(p->scalars.inverse), lo = v_splat(p->lo), hi = v_splat(p->hi);
    const vint all = (vint){ 0 } - !p->clipped; /* all bits if nothing is clipped */
    float table[L2L_POWER_TABLE];
    memcpy(table, p->coefs + L2L_GAMMA_SLOPE_TABLE, sizeof table);
    vreal sum[L2L_PARTS];
    for (int k = 0; lane && k < L2L_PARTS; k++) sum[k] = v_load(lane + k * L2L_WIDTH);
    for (int i = 0; i < count; i += L2L_LANES)
#pragma GCC unroll 4
        for (int k = 0; k < L2L_PARTS; k++) {
            const int at = i + k * L2L_WIDTH;
            vint outside;
            vreal given = v_load(x + at), sample = v_clip(given, lo, hi), g = v_load(grad + at);
            vreal base = v_power(sample, table, &outside), slope = inverse * base, term;
            if (lane) term = sample * base * v_log2(sample);
            if (__builtin_expect(v_any(outside), 0))
                for (int l = 0; l < L2L_WIDTH && at + l < count; l++) {
                    if (!outside[l]) continue;
                    slope[l] = one_slope(p, given[l]);
                    if (lane) term[l] = one_log_term(p, given[l]);
                }
            vint inside = ((given >= lo) & (given <= hi)) | all;
            if (grad_x) v_store(grad_x + at, (vreal)((vint)(g * slope) & inside));
            if (lane) sum[k] = v_fma(g, term, sum[k]);
        }
    for (int k = 0; lane && k < L2L_PARTS; k++) v_store(lane + k * L2L_WIDTH, sum[k]);
}

static void gradients(const power *p, const real *x, const real *grad, real *grad_x, real *lane,
                      int count) {
    if (!p->slope_tables)
        plain_backward(p, x, grad, grad_x, lane, count);
    else if (!lane)
        table_gradients(p, x, grad, grad_x, NULL, count);
    else if (!grad_x)
        table_gradients(p, x, grad, NULL, lane, count);
    else
        table_gradients(p, x, grad, grad_x, lane, count);
}

#endif

static void forward(const l2l_sweep *sweep) {
    const int channels = sweep->node->in_channels;
    const int shared = sweep->node->attributes.gamma.per_channel ? 1 : channels;
    for (int c = 0; c < channels; c += shared) {
        power p = power_of(sweep, c);
        values(&p, sweep->src + c, sweep->out + c, shared, sweep->count);
    }
}

/* Sums over `count` columns, writing the gradient of x to `grad_x` unless that is NULL. */
static void sum_columns(const l2l_sweep *sweep, int c, const real *x, const real *grad, real *grad_x,
                        int count) {
    power p = power_of(sweep, c);
    const int whole = count / L2L_LANES * L2L_LANES, rest = count - whole;
    real lane[L2L_LANES] = { 0 };
    gradients(&p, x, grad, grad_x, lane, whole);
    if (rest) {
        real last_x[L2L_LANES], last_grad[L2L_LANES], last_grad_x[L2L_LANES];
        l2l_tail(last_x, x + whole, rest, 0);
        l2l_tail(last_grad, grad + whole, rest, 0);
        gradients(&p, last_x, last_grad, last_grad_x, lane, L2L_LANES);
        if (grad_x) memcpy(grad_x + whole, last_grad_x, (size_t)rest * sizeof(real));
    }
    sweep->sums[sweep->node->attributes.gamma.per_channel ? c : 0] += l2l_lanes_total(lane);
}

/* Left of what is to be summed, that, and right of it. */
static void backward(const l2l_sweep *sweep) {
    const int begin = sweep->own_begin, end = begin + sweep->own_count;
    for (int c = 0; c < sweep->node->in_channels; c++) {
        power p = power_of(sweep, c);
        const real *x = sweep->src[c], *grad = sweep->grad[c];
        real *grad_x = sweep->out[c];
        if (sweep->own_count == 0) {
            gradients(&p, x, grad, grad_x, NULL, sweep->count);
            continue;
        }
        gradients(&p, x, grad, grad_x, NULL, begin);
        gradients(&p, x + end, grad + end, grad_x + end, NULL, sweep->count - end);
        sum_columns(sweep, c, x + begin, grad + begin, grad_x + begin, sweep->own_count);
    }
}

static void sums(const l2l_sweep *sweep) {
    for (int c = 0; c < sweep->node->in_channels; c++)
        sum_columns(sweep, c, sweep->src[c], sweep->grad[c], NULL, sweep->count);
}

const l2l_kernel L2L_SYMBOL(l2l_gamma_kernel);
const l2l_kernel L2L_SYMBOL(l2l_gamma_kernel) = {
    .forward = forward, .backward = backward, .sums = sums, .sums_in_backward = true,
};
