/* Rows: reading and writing samples, luma, borders and their transpose, statistics. */
#include "stages/rows.h"

#include "stages/convert.h"
#include "stages/vector.h"
#include "stages/lanes.h"

/* ---- samples ---- */

#define LOAD(type, convert)                                                          \
    do {                                                                             \
        const type *restrict from = (const type *)tensor->data + offset;             \
        if (next && stride == 1) l2l_prefetch(from + next, (size_t)count * sizeof(type)); \
        if (stride == 1)                                                             \
            for (int i = 0; i < count; i++) to[i] = convert(from[i]) * factor;       \
        else                                                                         \
            for (int i = 0; i < count; i++) to[i] = convert(from[i * stride]) * factor; \
    } while (0)

void L2L_SYMBOL(l2l_row_load)(void *row, const l2l_tensor *tensor, int64_t offset, int64_t stride,
                              int count, double scale, int64_t next) {
    real *restrict to = row;
    const real factor = (real)scale;
    switch (tensor->dtype) {
    case L2L_U8: LOAD(uint8_t, (real)); break;
    case L2L_U16: LOAD(uint16_t, (real)); break;
    case L2L_F16: LOAD(uint16_t, l2l_from_f16); break;
    case L2L_BF16: LOAD(uint16_t, l2l_from_bf16); break;
    case L2L_F32: LOAD(float, (real)); break;
    case L2L_F64: LOAD(double, (real)); break;
    default: L2L_SYMBOL(l2l_row_load_packed)(row, tensor, offset, count, scale, next); break;
    }
}
#undef LOAD

#define STORE(type, convert, previous)                                               \
    do {                                                                             \
        type *restrict to = (type *)tensor->data + offset;                           \
        if (add)                                                                     \
            for (int i = 0; i < count; i++)                                          \
                to[i * stride] = (type)convert(previous(to[i * stride]) + from[i]);  \
        else if (stride == 1)                                                        \
            for (int i = 0; i < count; i++) to[i] = (type)convert(from[i]);          \
        else                                                                         \
            for (int i = 0; i < count; i++) to[i * stride] = (type)convert(from[i]); \
    } while (0)
/* Whole vectors past the caches, what lies around them as usual. */
static void stream(const real *restrict from, real *restrict to, int count) {
    int i = 0;
#if defined(__AVX512F__) || defined(__AVX2__)
    for (; i < count && ((uintptr_t)(to + i) & (L2L_VECTOR_BYTES - 1)); i++) to[i] = from[i];
    for (; i + L2L_WIDTH <= count; i += L2L_WIDTH) {
#if defined(__AVX512F__)
        _mm512_stream_si512((__m512i *)(to + i), (__m512i)v_load(from + i));
#else
        _mm256_stream_si256((__m256i *)(to + i), (__m256i)v_load(from + i));
#endif
    }
#endif
    for (; i < count; i++) to[i] = from[i];
}

void L2L_SYMBOL(l2l_row_store_done)(void) {
#if defined(__AVX512F__) || defined(__AVX2__)
    _mm_sfence();
#endif
}

#define TO_U8(x) l2l_to_integer(x, R(255.0))
#define TO_U16(x) l2l_to_integer(x, R(65535.0))

void L2L_SYMBOL(l2l_row_store)(const void *row, const l2l_tensor *tensor, int64_t offset,
                               int64_t stride, int count, l2l_store_mode mode) {
    const real *restrict from = row;
    const bool add = mode == L2L_STORE_ADD;
    if (mode == L2L_STORE_STREAM && stride == 1 && l2l_dtype_size(tensor->dtype) == sizeof(real) &&
        tensor->dtype >= L2L_F32) {
        stream(from, (real *)tensor->data + offset, count);
        return;
    }
    switch (tensor->dtype) {
    case L2L_U8: STORE(uint8_t, TO_U8, (real)); break;
    case L2L_U16: STORE(uint16_t, TO_U16, (real)); break;
    case L2L_F16: STORE(uint16_t, l2l_to_f16, l2l_from_f16); break;
    case L2L_BF16: STORE(uint16_t, l2l_to_bf16, l2l_from_bf16); break;
    case L2L_F32: STORE(float, (float), (real)); break;
    default: STORE(double, (double), (real)); break;
    }
}
#undef STORE
#undef TO_U8
#undef TO_U16

void L2L_SYMBOL(l2l_row_coefs)(void *dst, const double *src, int count) {
    real *to = dst;
    for (int i = 0; i < count; i++) to[i] = (real)src[i];
}

/* ---- luma ---- */

void L2L_SYMBOL(l2l_row_luma)(void *y, const void *const *rgb, int count) {
    const real *r = rgb[0], *g = rgb[1], *b = rgb[2];
    const vreal wr = v_splat(L2L_LUMA_R), wg = v_splat(L2L_LUMA_G), wb = v_splat(L2L_LUMA_B);
    for (int i = 0; i < count; i += L2L_WIDTH)
        v_store((real *)y + i,
                v_fma(wr, v_load(r + i), v_fma(wg, v_load(g + i), wb * v_load(b + i))));
}

void L2L_SYMBOL(l2l_row_total)(void *sum, const void *const *rows, int channels, int count) {
    for (int i = 0; i < count; i += L2L_WIDTH) {
        vreal total = v_load((const real *)rows[0] + i);
        for (int c = 1; c < channels; c++) total += v_load((const real *)rows[c] + i);
        v_store((real *)sum + i, total);
    }
}

void L2L_SYMBOL(l2l_row_luma_apply)(void *const *dst, const void *const *src, const void *a,
                                    const void *b, int weighted, int count) {
    const real *plus = a, *minus = b, *from[3] = { src[0], src[1], src[2] };
    real *to[3] = { dst[0], dst[1], dst[2] };
    vreal weight[3];
    for (int c = 0; c < 3; c++) {
        static const real luma[3] = { L2L_LUMA_R, L2L_LUMA_G, L2L_LUMA_B };
        weight[c] = v_splat(weighted ? luma[c] : R(1.0));
    }
    for (int i = 0; i < count; i += L2L_WIDTH) {
        vreal change = v_load(plus + i) - v_load(minus + i);
        for (int c = 0; c < 3; c++)
            v_store(to[c] + i, v_fma(weight[c], change, v_load(from[c] + i)));
    }
}

/* ---- borders ---- */

/* Where the k-th sample beyond an end comes from: that many columns inwards from the last one, or
   NOWHERE. An image that is smaller than the distance reflects more than once. */
enum { NOWHERE = -1 };

static inline int64_t inwards(l2l_border border, int k, int64_t extent) {
    if (k >= extent) {
        int64_t column = l2l_extend(border, -k, extent);
        return column < 0 ? NOWHERE : column;
    }
    return border == L2L_BORDER_MIRROR      ? k
           : border == L2L_BORDER_SYMMETRIC ? k - 1
           : border == L2L_BORDER_REPLICATE ? 0
                                            : NOWHERE;
}

void L2L_SYMBOL(l2l_row_extend)(void *row, int64_t x, int count, int64_t extent, int radius,
                                l2l_border border) {
    real *first = row, *last = first + count - 1;
    const bool left = x == 0, right = x + count == extent;
    for (int k = 1; (left || right) && k <= radius; k++) {
        int64_t source = inwards(border, k, extent);
        if (left) first[-k] = source < 0 ? R(0.0) : first[source];
        if (right) last[k] = source < 0 ? R(0.0) : last[-source];
    }
}

void L2L_SYMBOL(l2l_row_fold)(void *row, int64_t x, int count, int64_t extent, int radius,
                              l2l_border border) {
    real *first = row, *last = first + count - 1;
    for (int side = 0; side < 2; side++) {
        if (side == 0 ? x > 0 : x + count < extent) continue;
        for (int k = 1; k <= radius; k++) {
            int64_t source = inwards(border, k, extent);
            if (source < 0 || source >= count) continue;
            if (side == 0)
                first[source] += first[-k];
            else
                last[-source] += last[k];
        }
    }
}

/* ---- statistics ---- */

/* sums[k] += the lanes of lane[k]. */
static void add_lanes(double lane[2][L2L_LANES], double *sums) {
    for (int k = 0; k < 2; k++) {
        for (int n = L2L_LANES / 2; n > 0; n /= 2)
            for (int i = 0; i < n; i++) lane[k][i] += lane[k][i + n];
        sums[k] += lane[k][0];
    }
}

void L2L_SYMBOL(l2l_row_moments)(const void *row, double pivot, int count, double *sums) {
    const real *x = row;
    double lane[2][L2L_LANES] = { { 0 } };
#define BODY(i, lanes)                                \
    for (int l = 0; l < (lanes); l++) {               \
        const double d = (double)x[(i) + l] - pivot;  \
        lane[0][l] += d;                              \
        lane[1][l] += d * d;                          \
    }
    L2L_FOR_LANES(count, BODY);
#undef BODY
    add_lanes(lane, sums);
}

void L2L_SYMBOL(l2l_row_cross_moments)(const void *grad, const void *row, double mean, int count,
                                       double *sums) {
    const real *g = grad, *x = row;
    double lane[2][L2L_LANES] = { { 0 } };
#define BODY(i, lanes)                                                       \
    for (int l = 0; l < (lanes); l++) {                                      \
        lane[0][l] += (double)g[(i) + l];                                    \
        lane[1][l] += (double)g[(i) + l] * ((double)x[(i) + l] - mean);      \
    }
    L2L_FOR_LANES(count, BODY);
#undef BODY
    add_lanes(lane, sums);
}
