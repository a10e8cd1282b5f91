/* The input: an opened raw file, the part of its mosaic that is used, and how its samples count. */
#include "source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

/* Camera files and dumps state black and white; other files hold plain numbers. */
static bool states_levels(const l2l_raw_info *info) {
    return strcmp(info->reader, "libraw") == 0 || strcmp(info->reader, "dump") == 0;
}

/* 2^bits − 1 for integers, 1 for floats. */
static double type_white(const struct source *source, const struct options *options) {
    int type_bits = l2l_dtype_bits(source->mosaic.dtype);
    if (!type_bits) return 1;
    return ldexp(1, options->bits ? (int)options->bits : type_bits) - 1;
}

static void take_levels(struct source *source, const struct options *options,
                        const crop_option *crop) {
    const l2l_raw_info *info = source->info;
    source->has_levels = !options->camera && states_levels(info);
    if (!source->has_levels) {
        source->sample_scale = 1 / type_white(source, options);
        return;
    }
    source->sample_scale = 1 / info->white;
    for (int i = 0; i < 4; i++) {
        /* Cropping an odd number of rows or columns moves the positions. */
        int64_t row = (i / 2 + crop->top) % 2, column = (i % 2 + crop->left) % 2;
        source->black[i] = info->black[2 * row + column] / info->white;
    }
    source->has_gain = info->has_gain;
    source->has_matrix = info->has_matrix;
    memcpy(source->gain, info->gain, sizeof source->gain);
    memcpy(source->matrix, info->matrix, sizeof source->matrix);
}

enum { PERIODS = 12 }; /* a multiple of the period of every array */

/* Where a crop from the middle lies: on whole periods, with what there is. */
static crop_option place_crop(const struct source *source, crop_option crop) {
    if (!crop.middle) return crop;
    int64_t width = source->info->width, height = source->info->height;
    if (crop.width > width) crop.width = width;
    if (crop.height > height) crop.height = height;
    crop.left = (width - crop.width) / 2 / PERIODS * PERIODS;
    crop.top = (height - crop.height) / 2 / PERIODS * PERIODS;
    return crop;
}

static bool take_crop(struct source *source, const crop_option *crop) {
    if (!crop->width) return true;
    int64_t width = source->info->width, height = source->info->height;
    if (crop->width > width - crop->left || crop->height > height - crop->top)
        return fail(
            "'%s': the crop of %lldx%lld at (%lld, %lld) is not inside the mosaic of %lldx%lld",
            source->path, (long long)crop->width, (long long)crop->height, (long long)crop->left,
            (long long)crop->top, (long long)width, (long long)height);
    source->mosaic = tensor_crop(&source->mosaic, crop->left, crop->top, crop->width, crop->height);
    source->cfa = l2l_cfa_crop(&source->cfa, crop->top, crop->left);
    return true;
}

/* A packed mosaic is read as it lies, unless it is to be cut where no group begins. */
static int may_be_packed(const crop_option *crop) {
    enum { GROUP = 4 }; /* or 2 */
    return crop->middle || !crop->width || crop->left % GROUP == 0;
}

/* Doubles would make all arithmetic double. */
static bool take_single(struct source *source, const struct options *options) {
    bool wanted = options->dtype && strcmp(options->dtype, "f64") == 0;
    if (source->mosaic.dtype != L2L_F64 || wanted) return true;
    if (!tensor_new(&source->converted, L2L_F32, 2, source->mosaic.shape) ||
        !tensor_convert(&source->mosaic, 1, &source->converted))
        return false;
    source->mosaic = source->converted;
    return true;
}

bool source_open(l2l_context *context, const char *path, const struct options *options,
                 struct source *source) {
    memset(source, 0, sizeof *source);
    l2l_raw_options raw_options = L2L_RAW_OPTIONS_INIT;
    raw_options.geometry = options->geometry;
    raw_options.cfa = options->cfa;
    raw_options.bits = (int)options->bits;
    raw_options.packed = may_be_packed(&options->crop);
    if (l2l_raw_open_file(context, path, &raw_options, &source->raw) != L2L_OK)
        return fail("%s", l2l_context_error(context)); /* it names the file */
    source->path = path;
    source->info = l2l_raw_get_info(source->raw);
    source->mosaic = l2l_raw_mosaic(source->raw);
    source->cfa = source->info->cfa;
    source->orientation = source->info->orientation;
    const crop_option crop = place_crop(source, options->crop);
    take_levels(source, options, &crop);
    if (take_crop(source, &crop) && tensor_finite(&source->mosaic, path) &&
        take_single(source, options))
        return true;
    source_close(source);
    return false;
}

bool source_exposure(const struct source *source, const double gain[3], double *stops) {
    enum { MOST = 1 << 18 }; /* samples looked at */
    l2l_tensor planes = tensor_planes(&source->mosaic);
    int64_t height = planes.shape[1], width = planes.shape[2];
    int64_t skip = height * width / MOST + 1; /* take one row in so many */
    int64_t rows = (height - 1) / skip + 1, count = rows * width;
    double *values = malloc((size_t)count * sizeof *values);
    if (!values) return fail("out of memory while looking for the exposure of '%s'", source->path);
    for (int64_t r = 0; r < rows; r++) {
        /* Odd and even rows by turns, so that all colours are seen. */
        int64_t y = r * skip + (skip % 2 == 0 && r % 2 ? 1 : 0);
        double *row = values + r * width;
        tensor_load_row(&planes, 0, y, row);
        for (int64_t x = 0; x < width; x++) {
            double black = source->black[2 * (y % 2) + x % 2];
            row[x] = gain[l2l_cfa_color(&source->cfa, y, x)] *
                     (row[x] * source->sample_scale - black) / (1 - black);
        }
    }
    double bright = percentile(values, count, 0.995);
    free(values);
    *stops = bright > 0 && bright < 1 ? fmin(-log2(bright), 8) : 0;
    return true;
}

void source_close(struct source *source) {
    tensor_free(&source->converted);
    l2l_raw_close(source->raw);
    memset(source, 0, sizeof *source);
}
