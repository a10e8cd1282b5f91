/* Tensors that the program owns, and access to their values as doubles. */
#include "tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "say.h"

/* A fresh image is computed in less time than its small pages are got by touching them. */
static void wish_for_huge_pages(void *data, size_t bytes) {
#ifdef MADV_HUGEPAGE
    enum { HUGE_PAGE = 2 << 20 };
    size_t before = HUGE_PAGE - (uintptr_t)data % HUGE_PAGE;
    if (bytes < before + HUGE_PAGE) return;
    /* Systems without huge pages refuse, which does no harm. */
    (void)madvise((char *)data + before, (bytes - before) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#else
    (void)data, (void)bytes;
#endif
}

bool tensor_new(l2l_tensor *tensor, l2l_dtype dtype, int ndim, const int64_t *shape) {
    memset(tensor, 0, sizeof *tensor);
    int64_t bytes = (int64_t)l2l_dtype_size(dtype);
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 1 || __builtin_mul_overflow(bytes, shape[i], &bytes))
            return fail("an image of %lld rows and %lld columns cannot be held in memory",
                        (long long)shape[ndim > 1 ? ndim - 2 : 0], (long long)shape[ndim - 1]);
    }
    void *data = calloc(1, (size_t)bytes);
    if (!data) return fail("out of memory: %lld bytes are not to be had", (long long)bytes);
    wish_for_huge_pages(data, (size_t)bytes);
    *tensor = l2l_tensor_of(data, dtype, ndim, shape);
    return true;
}

bool tensor_new_image(l2l_tensor *tensor, l2l_dtype dtype, int64_t channels, int64_t height,
                      int64_t width) {
    return tensor_new(tensor, dtype, 3, (const int64_t[]){ channels, height, width });
}

void tensor_free(l2l_tensor *tensor) {
    free(tensor->data);
    memset(tensor, 0, sizeof *tensor);
}

int64_t tensor_count(const l2l_tensor *tensor) {
    int64_t count = 1;
    for (int i = 0; i < tensor->ndim; i++) count *= tensor->shape[i];
    return count;
}

l2l_tensor tensor_planes(const l2l_tensor *tensor) {
    l2l_tensor view = *tensor;
    if (tensor->ndim != 2) return view;
    view.ndim = 3;
    view.shape[0] = 1;
    view.stride[0] = 0;
    for (int i = 0; i < 2; i++) {
        view.shape[i + 1] = tensor->shape[i];
        view.stride[i + 1] = tensor->stride[i];
    }
    return view;
}

/* One loop for each type, so that the choice is made once a row. */
#define EACH_DTYPE(LOOP)                                                                           \
    switch (planes->dtype) {                                                                       \
    case L2L_U8:                                                                                   \
        LOOP(uint8_t, 255.0);                                                                      \
        break;                                                                                     \
    case L2L_U16:                                                                                  \
        LOOP(uint16_t, 65535.0);                                                                   \
        break;                                                                                     \
    case L2L_F32:                                                                                  \
        LOOP(float, 0.0);                                                                          \
        break;                                                                                     \
    case L2L_F64:                                                                                  \
        LOOP(double, 0.0);                                                                         \
        break;                                                                                     \
    default:                                                                                       \
        break;                                                                                     \
    }

/* Sample k of a group; bit by bit, for few are looked at. */
static unsigned packed_sample(l2l_dtype dtype, const uint8_t *group, int k) {
    int bits = l2l_dtype_bits(dtype), low = bits - 8, samples = l2l_dtype_group(dtype);
    if (dtype == L2L_RAW10 || dtype == L2L_RAW12)
        return (unsigned)group[k] << low | (group[samples] >> (k * low) & ((1u << low) - 1));
    unsigned sample = 0;
    for (int i = k * bits; i < (k + 1) * bits; i++)
        sample = sample << 1 | (group[i / 8] >> (7 - i % 8) & 1u);
    return sample;
}

static void load_packed_row(const l2l_tensor *planes, int64_t start, double *row) {
    int samples = l2l_dtype_group(planes->dtype);
    int64_t bytes = (int64_t)l2l_row_size(planes->dtype, samples);
    const uint8_t *from = (const uint8_t *)planes->data + start / samples * bytes;
    for (int64_t x = 0; x < planes->shape[2]; x++)
        row[x] = packed_sample(planes->dtype, from + x / samples * bytes, (int)(x % samples));
}

void tensor_load_row(const l2l_tensor *planes, int64_t c, int64_t y, double *row) {
    int64_t width = planes->shape[2], step = planes->stride[2];
    int64_t start = c * planes->stride[0] + y * planes->stride[1];
    if (l2l_dtype_group(planes->dtype) > 1) {
        load_packed_row(planes, start, row);
        return;
    }
#define LOOP(type, most)                                                                           \
    for (int64_t x = 0; x < width; x++)                                                            \
    row[x] = (double)((const type *)planes->data)[start + x * step]
    EACH_DTYPE(LOOP)
#undef LOOP
}

/* Integers are rounded and clamped; NaN becomes 0. */
static double to_integer(double value, double most) {
    return value > 0 ? (value < most ? floor(value + 0.5) : most) : 0;
}

void tensor_store_row(const l2l_tensor *planes, int64_t c, int64_t y, const double *row) {
    int64_t width = planes->shape[2], step = planes->stride[2];
    int64_t start = c * planes->stride[0] + y * planes->stride[1];
#define LOOP(type, most)                                                                           \
    for (int64_t x = 0; x < width; x++)                                                            \
    ((type *)planes->data)[start + x * step] =                                                     \
        (type)((most) > 0 ? to_integer(row[x], most) : row[x])
    EACH_DTYPE(LOOP)
#undef LOOP
}
#undef EACH_DTYPE

bool tensor_convert(const l2l_tensor *src, double scale, const l2l_tensor *dst) {
    l2l_tensor from = tensor_planes(src), to = tensor_planes(dst);
    double *row = malloc((size_t)from.shape[2] * sizeof *row);
    if (!row) return fail("out of memory: no room for a row of pixels");
    for (int64_t c = 0; c < from.shape[0]; c++) {
        for (int64_t y = 0; y < from.shape[1]; y++) {
            tensor_load_row(&from, c, y, row);
            for (int64_t x = 0; x < from.shape[2] && scale != 1; x++) row[x] *= scale;
            tensor_store_row(&to, c, y, row);
        }
    }
    free(row);
    return true;
}

static void flip(l2l_tensor *view, int axis) {
    size_t size = l2l_dtype_size(view->dtype);
    ptrdiff_t last = (ptrdiff_t)((view->shape[axis] - 1) * view->stride[axis]);
    view->data = (char *)view->data + last * (ptrdiff_t)size;
    view->stride[axis] = -view->stride[axis];
}

l2l_tensor tensor_oriented(const l2l_tensor *planes, int orientation) {
    static const struct {
        bool flip_rows, flip_columns, transpose;
    } moves[9] = {
        [2] = { false, true, false }, [3] = { true, true, false }, [4] = { true, false, false },
        [5] = { false, false, true }, [6] = { true, false, true }, [7] = { true, true, true },
        [8] = { false, true, true },
    };
    l2l_tensor view = *planes;
    if (orientation < 1 || orientation > 8) return view;
    if (moves[orientation].flip_rows) flip(&view, 1);
    if (moves[orientation].flip_columns) flip(&view, 2);
    if (moves[orientation].transpose) {
        l2l_tensor turned = view;
        for (int i = 1; i < 3; i++) {
            turned.shape[i] = view.shape[3 - i];
            turned.stride[i] = view.stride[3 - i];
        }
        return turned;
    }
    return view;
}

int orientation_inverse(int orientation) {
    return orientation == 6 ? 8 : orientation == 8 ? 6 : orientation;
}

l2l_tensor tensor_crop(const l2l_tensor *tensor, int64_t left, int64_t top, int64_t width,
                       int64_t height) {
    l2l_tensor view = *tensor;
    int rows = view.ndim - 2, columns = view.ndim - 1;
    int64_t start = top * view.stride[rows] + left * view.stride[columns];
    int64_t group = l2l_dtype_group(view.dtype); /* in which `left` begins */
    view.data = (char *)view.data + start / group * (int64_t)l2l_row_size(view.dtype, group);
    view.shape[rows] = height;
    view.shape[columns] = width;
    return view;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double percentile(double *values, int64_t count, double fraction) {
    qsort(values, (size_t)count, sizeof *values, ascending);
    return values[(int64_t)(fraction * (double)(count - 1))];
}

bool tensor_finite(const l2l_tensor *tensor, const char *what) {
    if (tensor->dtype != L2L_F32 && tensor->dtype != L2L_F64) return true;
    l2l_tensor planes = tensor_planes(tensor);
    double *row = malloc((size_t)planes.shape[2] * sizeof *row);
    if (!row) return fail("out of memory: no room for a row of pixels");
    bool finite = true;
    for (int64_t c = 0; c < planes.shape[0] && finite; c++) {
        for (int64_t y = 0; y < planes.shape[1] && finite; y++) {
            tensor_load_row(&planes, c, y, row);
            int64_t x = 0;
            while (x < planes.shape[2] && isfinite(row[x])) x++;
            if (x == planes.shape[2]) continue;
            finite = fail("%s holds %g at channel %lld, row %lld, column %lld", what, row[x],
                          (long long)c, (long long)y, (long long)x);
        }
    }
    free(row);
    return finite;
}
