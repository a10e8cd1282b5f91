/* The mosaic of an opened file: its memory and its levels, and packed samples made into u16. */
#include <math.h>
#include <string.h>

#include "core/packed.h"
#include "raw/raw.h"

/* White and significant bits of samples whose file does not state them. */
static l2l_status default_levels(l2l_context *context, const l2l_raw_source *source,
                                 l2l_dtype dtype, l2l_raw_info *info) {
    int type_bits = l2l_dtype_bits(dtype);
    int bits = source->options.bits ? source->options.bits : type_bits;
    if (type_bits && bits > type_bits)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s: bits is %d and its samples have %d",
                        source->name, bits, type_bits);
    info->bits = type_bits ? bits : 0;
    info->white = type_bits ? ldexp(1.0, bits) - 1.0 : 1.0;
    return L2L_OK;
}

static l2l_status no_memory(l2l_context *context, const l2l_raw_source *source, size_t bytes) {
    return l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for %zu bytes", source->name, bytes);
}

/* All but the pixels themselves. */
static l2l_status describe(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw,
                           l2l_dtype dtype, int64_t width, int64_t height) {
    L2L_TRY(l2l_raw_check_size(context, source, width, height, dtype));
    L2L_TRY(default_levels(context, source, dtype, &raw->info));
    raw->info.width = raw->info.raw_width = width;
    raw->info.height = raw->info.raw_height = height;
    raw->mosaic = l2l_tensor_of(NULL, dtype, 2, (int64_t[]){ height, width });
    raw->pixels_size = l2l_row_size(dtype, raw->mosaic.stride[0]) * (size_t)height;
    return L2L_OK;
}

static l2l_status take_pixels(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    raw->mosaic.data = raw->pixels = l2l_allocate(&raw->allocator, raw->pixels_size);
    return raw->pixels ? L2L_OK : no_memory(context, source, raw->pixels_size);
}

l2l_status l2l_raw_new_mosaic(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw,
                              l2l_dtype dtype, int64_t width, int64_t height) {
    L2L_TRY(describe(context, source, raw, dtype, width, height));
    return take_pixels(context, source, raw);
}

l2l_status l2l_raw_keep_bytes(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw,
                              l2l_dtype dtype, int64_t width, int64_t height) {
    L2L_TRY(describe(context, source, raw, dtype, width, height));
    if (raw->pixels_size != source->size)
        return l2l_fail(context, L2L_BAD_DATA, "%s: %zu bytes for a mosaic of %zu", source->name,
                        source->size, raw->pixels_size);
    if (source->given) {
        *source->given = true;
        raw->mosaic.data = raw->pixels = (void *)(uintptr_t)source->bytes;
        return L2L_OK;
    }
    L2L_TRY(take_pixels(context, source, raw));
    memcpy(raw->pixels, source->bytes, source->size);
    return L2L_OK;
}

#define EXPAND(get, how)                                                                           \
    for (int64_t x = 0; x < packed->shape[1]; x++) to[x] = get(row, x, how)

static void expand_row(const l2l_tensor *packed, int64_t y, uint16_t *to) {
    const size_t size = l2l_row_size(packed->dtype, packed->stride[0]);
    const uint8_t *row = (const uint8_t *)packed->data + (size_t)y * size;
    switch (packed->dtype) {
    case L2L_RAW10:
        EXPAND(l2l_packed_raw, 2);
        break;
    case L2L_RAW12:
        EXPAND(l2l_packed_raw, 4);
        break;
    case L2L_BITS10:
        EXPAND(l2l_packed_bits, 10);
        break;
    case L2L_BITS12:
        EXPAND(l2l_packed_bits, 12);
        break;
    default:
        EXPAND(l2l_packed_bits, 14);
        break;
    }
}
#undef EXPAND

l2l_status l2l_raw_expand(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    const l2l_tensor packed = raw->mosaic;
    const int64_t height = packed.shape[0], width = packed.shape[1];
    const size_t size = sizeof(uint16_t) * (size_t)width * (size_t)height;
    uint16_t *samples = l2l_allocate(&raw->allocator, size);
    if (!samples) return no_memory(context, source, size);
    for (int64_t y = 0; y < height; y++) expand_row(&packed, y, samples + y * width);
    l2l_release(&raw->allocator, raw->pixels, raw->pixels_size);
    raw->pixels = samples;
    raw->pixels_size = size;
    raw->mosaic = l2l_tensor_of(samples, L2L_U16, 2, packed.shape);
    return L2L_OK;
}
