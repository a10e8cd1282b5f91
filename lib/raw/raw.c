/* Opening raw files: limits, the table of readers, and the checks on what a reader returns. */
#include <math.h>
#include <string.h>

#include "core/packed.h"
#include "mosaic/mosaic.h"
#include "raw/raw.h"

enum { DEFAULT_PIXELS = 1 << 30 };
static const int64_t default_bytes = (int64_t)8 << 30;

/* Asked in this order. Plain TIFF mosaics go before LibRaw, which would refuse them or guess; any
   TIFF that LibRaw declines is then tried as a mosaic. */
static const l2l_raw_reader *const readers[] = {
    &l2l_raw_dump,       &l2l_raw_png,    &l2l_raw_npy,
    &l2l_raw_plain_tiff, &l2l_raw_libraw, &l2l_raw_any_tiff,
};
enum { READERS = sizeof readers / sizeof readers[0] };

int l2l_raw_bits(double white) {
    int bits = 1;
    while (bits < 32 && ldexp(1.0, bits) - 1.0 < white) bits++;
    return bits;
}

void l2l_raw_copy_text(char *dst, size_t size, const char *src, size_t length) {
    size_t end = 0;
    for (size_t i = 0; i + 1 < size && i < length && src[i]; i++) {
        dst[i] = src[i] >= ' ' && src[i] <= '~' ? src[i] : '?';
        if (src[i] != ' ') end = i + 1;
    }
    dst[end] = 0;
}

l2l_status l2l_raw_check_size(l2l_context *context, const l2l_raw_source *source, int64_t width,
                              int64_t height, l2l_dtype dtype) {
    int64_t pixels;
    size_t bytes;
    if (width < 1 || height < 1)
        return l2l_fail(context, L2L_BAD_DATA, "%s: a mosaic of %lld×%lld samples", source->name,
                        (long long)width, (long long)height);
    if (!l2l_mul_extent(width, height, &pixels) || pixels > source->options.max_pixels)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: %lld×%lld samples are over the limit of %lld pixels", source->name,
                        (long long)width, (long long)height, (long long)source->options.max_pixels);
    const bool expanded = l2l_is_packed(dtype) && !source->options.packed;
    const l2l_tensor row = l2l_tensor_of(NULL, dtype, 2, (int64_t[]){ height, width });
    const size_t row_size =
        expanded ? l2l_row_size(L2L_U16, width) : l2l_row_size(dtype, row.stride[0]);
    if (!row_size || !l2l_mul_size(row_size, (size_t)height, &bytes) ||
        bytes > (uint64_t)source->options.max_bytes)
        return l2l_fail(context, L2L_UNSUPPORTED,
                        "%s: %lld×%lld samples of %s are over the limit of %lld bytes",
                        source->name, (long long)width, (long long)height,
                        l2l_dtype_name(expanded ? L2L_U16 : dtype),
                        (long long)source->options.max_bytes);
    return L2L_OK;
}

l2l_status l2l_raw_check_area(l2l_context *context, const l2l_raw_source *source,
                              const l2l_raw_info *info) {
    if (info->width >= 1 && info->height >= 1 && info->top >= 0 && info->left >= 0 &&
        info->top <= info->raw_height - info->height && info->left <= info->raw_width - info->width)
        return L2L_OK;
    return l2l_fail(context, L2L_BAD_DATA,
                    "%s: the visible area %lld×%lld at row %lld, column %lld is not within the "
                    "sensor's %lld×%lld",
                    source->name, (long long)info->width, (long long)info->height,
                    (long long)info->top, (long long)info->left, (long long)info->raw_width,
                    (long long)info->raw_height);
}

static double finite_or_zero(double value) {
    return isfinite(value) && value > 0 ? value : 0.0;
}

/* The file's own values, and LibRaw's idea of them, are not to be trusted: useless levels are an
   error; colour and exposure data that make no sense count as absent. */
static l2l_status check_info(l2l_context *context, const char *name, l2l_raw_info *info) {
    double black = -HUGE_VAL;
    bool finite = isfinite(info->white), sound = true;
    for (int i = 0; i < 4; i++) {
        finite = finite && isfinite(info->black[i]);
        black = fmax(black, info->black[i]);
    }
    if (!finite || !(info->white > black))
        return l2l_fail(context, L2L_BAD_DATA,
                        "%s: the white level %g is not above the black levels %g %g %g %g", name,
                        info->white, info->black[0], info->black[1], info->black[2],
                        info->black[3]);
    if (!l2l_cfa_valid(&info->cfa))
        return l2l_fail(context, L2L_BAD_DATA, "%s: a colour-filter array of %d×%d", name,
                        info->cfa.width, info->cfa.height);
    for (int i = 0; i < 3; i++) sound = sound && isfinite(info->gain[i]) && info->gain[i] > 0;
    if (!sound) {
        info->has_gain = 0;
        for (int i = 0; i < 3; i++) info->gain[i] = 1.0;
    }
    sound = true;
    for (int i = 0; i < 9; i++) sound = sound && isfinite(info->matrix[i]);
    if (!sound) {
        info->has_matrix = 0;
        for (int i = 0; i < 9; i++) info->matrix[i] = i % 4 == 0;
    }
    if (info->orientation < 1 || info->orientation > 8) info->orientation = 1;
    info->iso = finite_or_zero(info->iso);
    info->shutter_s = finite_or_zero(info->shutter_s);
    info->aperture = finite_or_zero(info->aperture);
    info->focal_mm = finite_or_zero(info->focal_mm);
    return L2L_OK;
}

static l2l_raw *new_raw(const l2l_allocator *allocator) {
    l2l_raw *raw = l2l_allocate(allocator, sizeof *raw);
    if (!raw) return NULL;
    raw->allocator = *allocator;
    raw->info.cfa = l2l_cfa_or_default(&raw->info.cfa);
    raw->info.orientation = 1;
    for (int i = 0; i < 3; i++) raw->info.gain[i] = raw->info.matrix[4 * i] = 1.0;
    return raw;
}

/* Asks the readers in turn. The sentence of the last one that declined stays if none accepts. */
static l2l_status read_source(l2l_context *context, const l2l_raw_source *source, l2l_raw *raw) {
    for (int i = 0; i < READERS; i++) {
        if (!readers[i]->probe(source)) continue;
        l2l_status status = readers[i]->open(context, source, raw);
        if (status == L2L_RAW_DECLINED) continue;
        if (status == L2L_OK && l2l_is_packed(raw->mosaic.dtype) && !source->options.packed)
            status = l2l_raw_expand(context, source, raw);
        if (status == L2L_OK)
            l2l_raw_copy_text(raw->info.reader, sizeof raw->info.reader, readers[i]->name,
                              strlen(readers[i]->name));
        return status;
    }
    return L2L_BAD_DATA;
}

static l2l_status open_source(l2l_context *context, l2l_raw_source *source, l2l_raw **result) {
    l2l_allocator allocator = l2l_context_allocator(context);
    l2l_raw *raw = new_raw(&allocator);
    if (!raw)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for a handle", source->name);
    l2l_status status = L2L_OK;
    l2l_cfa cfa = { 0 };
    if (source->options.cfa) status = l2l_cfa_parse(context, source->options.cfa, &cfa);
    if (status == L2L_OK) status = read_source(context, source, raw);
    if (status == L2L_OK && cfa.width) raw->info.cfa = cfa;
    if (status == L2L_OK) status = check_info(context, source->name, &raw->info);
    if (status == L2L_OK)
        *result = raw;
    else
        l2l_raw_close(raw);
    return status;
}

static l2l_status check_options(l2l_context *context, const l2l_raw_options *options,
                                l2l_raw_options *checked) {
    *checked = (l2l_raw_options)L2L_RAW_OPTIONS_INIT;
    if (!l2l_options_copy(checked, sizeof *checked, options))
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_raw_options: struct_size is %zu",
                        options->struct_size);
    if (checked->max_pixels < 0 || checked->max_bytes < 0)
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "l2l_raw_options: max_pixels %lld, max_bytes %lld; neither may be negative",
                        (long long)checked->max_pixels, (long long)checked->max_bytes);
    if (checked->bits < 0 || checked->bits > 16)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_raw_options: bits %d is not in 0..16",
                        checked->bits);
    if (checked->packed != 0 && checked->packed != 1)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_raw_options: packed %d is not 0 or 1",
                        checked->packed);
    if (!checked->max_pixels) checked->max_pixels = DEFAULT_PIXELS;
    if (!checked->max_bytes) checked->max_bytes = default_bytes;
    return L2L_OK;
}

l2l_status l2l_raw_open_memory(l2l_context *context, const void *bytes, size_t size,
                               const l2l_raw_options *options, l2l_raw **raw) {
    if (raw) *raw = NULL;
    if (!context || !raw || !bytes || !size)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_raw_open_memory: %s",
                        !context ? "context is NULL"
                        : !raw   ? "raw is NULL"
                        : !bytes ? "bytes is NULL"
                                 : "size is 0");
    l2l_raw_source source = { bytes, size, "memory", L2L_RAW_OPTIONS_INIT, NULL };
    L2L_TRY(check_options(context, options, &source.options));
    if ((uint64_t)size > (uint64_t)source.options.max_bytes)
        return l2l_fail(context, L2L_UNSUPPORTED, "memory: %zu bytes are over the limit of %lld",
                        size, (long long)source.options.max_bytes);
    return open_source(context, &source, raw);
}

l2l_status l2l_raw_open_file(l2l_context *context, const char *path, const l2l_raw_options *options,
                             l2l_raw **raw) {
    if (raw) *raw = NULL;
    if (!context || !raw || !path)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "l2l_raw_open_file: %s is NULL",
                        !context ? "context"
                        : !raw   ? "raw"
                                 : "path");
    bool given = false;
    l2l_raw_source source = { NULL, 0, path, L2L_RAW_OPTIONS_INIT, &given };
    L2L_TRY(check_options(context, options, &source.options));
    unsigned char *bytes;
    L2L_TRY(l2l_raw_read_file(context, path, source.options.max_bytes, &bytes, &source.size));
    source.bytes = bytes;
    l2l_status status = open_source(context, &source, raw);
    l2l_allocator allocator = l2l_context_allocator(context);
    if (!given) l2l_release(&allocator, bytes, source.size);
    return status;
}

void l2l_raw_close(l2l_raw *raw) {
    if (!raw) return;
    l2l_allocator allocator = raw->allocator;
    l2l_raw_libraw_close(raw->camera);
    l2l_release(&allocator, raw->pixels, raw->pixels_size);
    l2l_release(&allocator, raw->preview, raw->preview_size);
    l2l_release(&allocator, raw, sizeof *raw);
}

const l2l_raw_info *l2l_raw_get_info(const l2l_raw *raw) {
    return raw ? &raw->info : NULL;
}

l2l_tensor l2l_raw_mosaic(const l2l_raw *raw) {
    return raw ? raw->mosaic : (l2l_tensor){ 0 };
}
