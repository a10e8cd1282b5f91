/* Guarded tensors: layouts, canaries, and conversion of every data type to and from double. */
#include "guarded.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const layout_names[LAYOUTS] = { "plain", "offset", "strided", "reversed", "packed" };

enum { MARGIN = 256, PATTERN = 0xff };

/* Of a 16-bit float with `fraction` fraction bits and the exponents' bias. */
static double from_bits16(uint16_t bits, int fraction, int bias) {
    int exponent = (bits & 0x7fff) >> fraction, top = 0x7fff >> fraction;
    double mantissa = bits & ((1 << fraction) - 1), sign = bits & 0x8000 ? -1 : 1;
    if (exponent == top) return mantissa != 0 ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0) return sign * ldexp(mantissa, 1 - bias - fraction);
    return sign * ldexp(mantissa + (1 << fraction), exponent - bias - fraction);
}

static uint16_t to_bits16(double value, int fraction, int bias) {
    unsigned sign = signbit(value) ? 0x8000 : 0, infinite = 0x7fffU >> fraction << fraction;
    double size = fabs(value);
    if (isnan(value)) return (uint16_t)(sign | infinite | 1);
    int exponent;
    frexp(size, &exponent);
    if (exponent < 2 - bias) exponent = 2 - bias; /* subnormal */
    double steps = nearbyint(ldexp(size, fraction + 1 - exponent));
    /* Steps carry into the exponent by themselves. */
    double bits = steps + ldexp(exponent - 2 + bias, fraction);
    return (uint16_t)(sign | (bits > infinite ? infinite : (unsigned)bits));
}

static void store(l2l_dtype dtype, void *at, double value) {
    switch (dtype) {
    case L2L_U8:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case L2L_U16:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case L2L_F16:
        *(uint16_t *)at = to_bits16(value, 10, 15);
        break;
    case L2L_BF16:
        *(uint16_t *)at = to_bits16(value, 7, 127);
        break;
    case L2L_F32:
        *(float *)at = (float)value;
        break;
    default:
        *(double *)at = value;
        break;
    }
}

static double load(l2l_dtype dtype, const void *at) {
    switch (dtype) {
    case L2L_U8:
        return *(const uint8_t *)at;
    case L2L_U16:
        return *(const uint16_t *)at;
    case L2L_F16:
        return from_bits16(*(const uint16_t *)at, 10, 15);
    case L2L_BF16:
        return from_bits16(*(const uint16_t *)at, 7, 127);
    case L2L_F32:
        return (double)*(const float *)at;
    default:
        return *(const double *)at;
    }
}

double dtype_round(l2l_dtype dtype, double value) {
    double place = 0;
    store(dtype, &place, value);
    return load(dtype, &place);
}

double dtype_epsilon(l2l_dtype dtype) {
    static const int bits[] = { [L2L_F16] = 11, [L2L_BF16] = 8, [L2L_F32] = 24, [L2L_F64] = 53 };
    return ldexp(1.0, -bits[dtype]);
}

/* Where every element lies, in the order of the indices. */
static void place_elements(guarded *g) {
    const l2l_tensor *view = &g->view;
    int64_t index[4] = { 0 };
    g->count = 1;
    for (int i = 0; i < view->ndim; i++) g->count *= (size_t)view->shape[i];
    g->place = malloc(g->count * sizeof *g->place);
    int64_t size = (int64_t)l2l_dtype_size(view->dtype), last = view->ndim - 1;
    for (size_t k = 0; g->place && k < g->count;) {
        int64_t offset = (unsigned char *)view->data - g->memory;
        for (int i = 0; i < last; i++) offset += index[i] * view->stride[i] * size;
        for (int64_t x = 0; x < view->shape[last]; x++, offset += view->stride[last] * size)
            g->place[k++] = (size_t)offset;
        for (int64_t i = last - 1; i >= 0 && ++index[i] == view->shape[i]; i--) index[i] = 0;
    }
}

/* Chooses the strides; returns the number of elements from the first to the last. */
static int64_t lay_out(l2l_tensor *view, layout kind) {
    int last = view->ndim - 1;
    int64_t step = kind == LAYOUT_STRIDED ? 2 : 1;
    int64_t pad = kind == LAYOUT_OFFSET || kind == LAYOUT_PACKED ? 3 : 0;
    for (int i = last; i >= 0; i--) {
        view->stride[i] = step;
        step = step * view->shape[i] + (i == last ? pad : 0);
    }
    if (kind == LAYOUT_PACKED && view->ndim >= 3) {
        int64_t channels = view->shape[last - 2], width = view->shape[last];
        view->stride[last - 2] = 1;
        view->stride[last] = channels;
        view->stride[last - 1] = width * channels + pad;
        step = view->stride[last - 1] * view->shape[last - 1];
        if (view->ndim == 4) view->stride[0] = step;
        if (view->ndim == 4) step *= view->shape[0];
    }
    return step;
}

guarded guarded_new(l2l_dtype dtype, int ndim, const int64_t *shape, layout kind) {
    guarded g;
    memset(&g, 0, sizeof g);
    g.view.dtype = dtype;
    g.view.device = L2L_CPU;
    g.view.ndim = ndim;
    memcpy(g.view.shape, shape, (size_t)ndim * sizeof *shape);
    int64_t span = lay_out(&g.view, kind), first = 0;
    for (int i = ndim - 1; kind == LAYOUT_REVERSED && i >= 0 && i >= ndim - 2; i--) {
        first += (shape[i] - 1) * g.view.stride[i];
        g.view.stride[i] = -g.view.stride[i];
    }
    if (kind != LAYOUT_PLAIN) first += 1;
    size_t size = l2l_dtype_size(dtype);
    g.bytes = ((size_t)span + 2) * size + 2 * MARGIN;
    g.bytes = (g.bytes + 63) / 64 * 64;
    g.memory = aligned_alloc(64, g.bytes);
    g.before = malloc(g.bytes);
    g.owned = calloc(g.bytes, 1);
    g.view.data = g.memory + MARGIN + (size_t)first * size;
    place_elements(&g);
    if (!g.memory || !g.before || !g.owned || !g.place) {
        fprintf(stderr, "opcheck: out of memory\n");
        exit(2);
    }
    memset(g.memory, PATTERN, g.bytes);
    for (size_t i = 0; i < g.count; i++) memset(g.owned + g.place[i], 1, size);
    guarded_keep(&g);
    return g;
}

void guarded_free(guarded *g) {
    free(g->memory);
    free(g->before);
    free(g->owned);
    free(g->place);
    memset(g, 0, sizeof *g);
}

void guarded_write(guarded *g, const double *values) {
    for (size_t i = 0; i < g->count; i++) store(g->view.dtype, g->memory + g->place[i], values[i]);
    guarded_keep(g);
}

void guarded_read(const guarded *g, double *values) {
    for (size_t i = 0; i < g->count; i++) values[i] = load(g->view.dtype, g->memory + g->place[i]);
}

void guarded_keep(guarded *g) {
    memcpy(g->before, g->memory, g->bytes);
}

int guarded_broken(const guarded *g, int output) {
    if (!output) return memcmp(g->memory, g->before, g->bytes) != 0;
    for (size_t i = 0; i < g->bytes; i++)
        if (g->memory[i] != g->before[i] && !g->owned[i]) return 1;
    return 0;
}
