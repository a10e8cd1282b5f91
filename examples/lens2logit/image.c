/* Image files: what is common to all kinds, and which kind a file is. */
#include "image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

bool picture_new(l2l_tensor *picture, l2l_dtype dtype, int64_t channels, int64_t height,
                 int64_t width) {
    if (!tensor_new_image(picture, dtype, channels, height, width)) return false;
    picture->stride[0] = 1;
    picture->stride[1] = width * channels;
    picture->stride[2] = channels;
    return true;
}

static double largest(l2l_dtype dtype) {
    return dtype == L2L_U8 ? 255 : dtype == L2L_U16 ? 65535 : 1;
}

bool picture_of_image(const l2l_tensor *image, int orientation, l2l_dtype dtype, double exponent,
                      l2l_tensor *picture) {
    l2l_tensor planes = tensor_planes(image);
    planes = tensor_oriented(&planes, orientation);
    int64_t channels = planes.shape[0] == 3 ? 3 : 1; /* of four (R, G1, G2, B) the first is shown */
    if (!picture_new(picture, dtype, channels, planes.shape[1], planes.shape[2])) return false;
    double *row = malloc((size_t)planes.shape[2] * sizeof *row);
    if (!row) {
        tensor_free(picture);
        return fail("out of memory: no room for a row of pixels");
    }
    double most = largest(dtype);
    for (int64_t c = 0; c < channels; c++) {
        for (int64_t y = 0; y < planes.shape[1]; y++) {
            tensor_load_row(&planes, c, y, row);
            for (int64_t x = 0; x < planes.shape[2]; x++) {
                if (exponent != 1) row[x] = row[x] > 0 ? pow(row[x], exponent) : 0;
                row[x] *= most;
            }
            tensor_store_row(picture, c, y, row);
        }
    }
    free(row);
    return true;
}

double gradient_scale(const l2l_tensor *grad) {
    enum {
        MOST = 1 << 18
    }; /* values looked at: a percentile of a sample is good enough to see by */
    l2l_tensor planes = tensor_planes(grad);
    int64_t width = planes.shape[2], rows = planes.shape[0] * planes.shape[1];
    int64_t step = rows * width / MOST + 1;
    double *row = malloc((size_t)width * sizeof *row);
    double *sample = malloc((size_t)(rows * width / step + 1) * sizeof *sample);
    double scale = 1;
    if (row && sample) {
        int64_t count = 0, next = 0;
        for (int64_t r = 0; r < rows; r++) {
            if (next >= (r + 1) * width) continue;
            tensor_load_row(&planes, r / planes.shape[1], r % planes.shape[1], row);
            for (; next < (r + 1) * width; next += step)
                sample[count++] = fabs(row[next - r * width]);
        }
        double end = percentile(sample, count, 0.995);
        if (!(end > 0)) end = sample[count - 1]; /* nearly all zero: the largest */
        if (end > 0 && isfinite(end)) scale = end;
    }
    free(row);
    free(sample);
    return scale;
}

/* From blue over white to red: what is far from zero is dark and has the sign's colour. */
static void signed_color(double value, uint8_t rgb[3]) {
    static const double ends[2][3] = { { 0.13, 0.27, 0.65 }, { 0.70, 0.09, 0.13 } };
    const double *end = ends[value > 0];
    double amount = fmin(fabs(value), 1);
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)lround(255 * (1 - amount * (1 - end[c])));
}

/* Gradients span decades: the root lets the small ones be seen beside the large. */
static double shown(double value) {
    return isnan(value) ? 0 : copysign(sqrt(fmin(fabs(value), 1)), value);
}

bool picture_of_gradient(const l2l_tensor *grad, int orientation, double scale,
                         l2l_tensor *picture) {
    l2l_tensor planes = tensor_planes(grad);
    planes = tensor_oriented(&planes, orientation);
    int64_t height = planes.shape[1], width = planes.shape[2];
    bool color = planes.shape[0] == 3;
    if (!picture_new(picture, L2L_U8, 3, height, width)) return false;
    double *row = malloc((size_t)width * sizeof *row);
    if (!row) {
        tensor_free(picture);
        return fail("out of memory: no room for a row of pixels");
    }
    for (int64_t c = 0; c < (color ? 3 : 1); c++) {
        for (int64_t y = 0; y < height; y++) {
            tensor_load_row(&planes, c, y, row);
            uint8_t *out = (uint8_t *)picture->data + y * picture->stride[1];
            for (int64_t x = 0; x < width; x++) {
                double value = shown(row[x] / scale);
                if (color)
                    out[3 * x + c] = (uint8_t)lround(127.5 + 127.5 * value);
                else
                    signed_color(value, out + 3 * x);
            }
        }
    }
    free(row);
    return true;
}

typedef bool read_function(const char *path, const void *bytes, size_t size, l2l_tensor *tensor);

static const struct {
    const char *magic;
    size_t length;
    read_function *read;
    bool picture;
} kinds[] = {
    { "\x89PNG\r\n\x1a\n", 8, png_read, true },
    { "\xff\xd8\xff", 3, jpeg_read, true },
    { "II*\0", 4, tiff_read, true },
    { "MM\0*", 4, tiff_read, true },
    { "II+\0", 4, tiff_read, true },
    { "MM\0+", 4, tiff_read, true },
    { "\x93NUMPY", 6, npy_read, false },
};

/* Reads any kind; *picture says whether it has an upright. */
static bool read_any(const char *path, l2l_tensor *tensor, bool *picture) {
    size_t size;
    char *bytes = file_read(path, &size);
    if (!bytes) return false;
    bool done = false, known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !known; i++) {
        if (size < kinds[i].length || memcmp(bytes, kinds[i].magic, kinds[i].length)) continue;
        known = true;
        *picture = kinds[i].picture;
        done = kinds[i].read(path, bytes, size, tensor);
    }
    if (!known) fail("'%s' is no PNG, TIFF, JPEG or NPY file", path);
    free(bytes);
    return done;
}

bool image_read(const char *path, int orientation, l2l_tensor *image) {
    l2l_tensor file;
    bool picture;
    if (!read_any(path, &file, &picture)) return false;
    bool done = false;
    if (file.ndim != 3 || file.shape[0] != 3) {
        fail("'%s' has %d dimensions, the first of %lld: an image (3,H,W) is expected", path,
             file.ndim, (long long)file.shape[0]);
    } else {
        l2l_tensor view = picture ? tensor_oriented(&file, orientation_inverse(orientation)) : file;
        double scale = picture ? 1 / largest(file.dtype) : 1;
        done = tensor_new_image(image, L2L_F64, 3, view.shape[1], view.shape[2]) &&
               (tensor_convert(&view, scale, image) || (tensor_free(image), false));
        if (done && !tensor_finite(image, path)) {
            tensor_free(image);
            done = false;
        }
    }
    tensor_free(&file);
    return done;
}

bool array_read(const char *path, l2l_tensor *array) {
    size_t size;
    char *bytes = file_read(path, &size);
    if (!bytes) return false;
    bool done = npy_read(path, bytes, size, array);
    free(bytes);
    if (done &&
        (!tensor_finite(array, path) ||
         (array->dtype != L2L_F32 && array->dtype != L2L_F64 &&
          !fail("'%s' holds %s: f32 or f64 is expected", path, l2l_dtype_name(array->dtype))))) {
        tensor_free(array);
        return false;
    }
    return done;
}
