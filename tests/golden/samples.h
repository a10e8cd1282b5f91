/* Arrays of the goldens as tensors of either precision, and how two of them are compared. */
#ifndef TESTS_GOLDEN_SAMPLES_H
#define TESTS_GOLDEN_SAMPLES_H

#include <math.h>

#include <lens2logit/tensor.h>

#include "npy.h"

/* A tensor of our own with the values of an array (or zeros), in either precision. */
typedef struct samples {
    l2l_tensor tensor;
    int64_t count;
    void *data;
} samples;

static double get(const samples *array, int64_t i) {
    return array->tensor.dtype == L2L_F64 ? ((double *)array->data)[i]
                                          : (double)((float *)array->data)[i];
}

static void put(const samples *array, int64_t i, double value) {
    if (array->tensor.dtype == L2L_F64) {
        ((double *)array->data)[i] = value;
    } else {
        ((float *)array->data)[i] = (float)value;
    }
}

static samples samples_like(const npy *like, l2l_dtype dtype) {
    int64_t shape[4] = { 1, 1, 1, 1 };
    samples made = { l2l_vector(NULL, dtype, 1), like->count, NULL };
    memcpy(shape, like->shape, sizeof shape);
    made.data = calloc((size_t)like->count, l2l_dtype_size(dtype));
    if (!made.data) exit(2);
    made.tensor = l2l_tensor_of(made.data, dtype, like->ndim, shape);
    return made;
}

static samples samples_of(const npy *array, l2l_dtype dtype) {
    samples made = samples_like(array, dtype);
    for (int64_t i = 0; i < array->count; i++) put(&made, i, array->values[i]);
    return made;
}

/* NULL for an array that was never made. */
static const l2l_tensor *tensor_of(const samples *array) {
    return array->data ? &array->tensor : NULL;
}

/* An image of one channel, (H,W) in the file, as (1,H,W). */
static void with_channel(npy *array) {
    if (array->ndim != 2) return;
    array->shape[2] = array->shape[1];
    array->shape[1] = array->shape[0];
    array->shape[0] = 1;
    array->ndim = 3;
}

/* max|got − want| / max|want| over what lies `inset` inside the edges; not-a-number counts as
   infinitely wrong. */
static double relative_error(const samples *got, int64_t offset, const npy *want, int inset) {
    int64_t width = want->shape[want->ndim - 1];
    int64_t height = want->ndim > 1 ? want->shape[want->ndim - 2] : 1;
    double difference = 0, largest = 0;
    for (int64_t i = 0; i < want->count; i++) {
        int64_t x = i % width, y = i / width % height;
        if (inset && (x < inset || y < inset || x >= width - inset || y >= height - inset))
            continue;
        double delta = fabs(get(got, offset + i) - want->values[i]);
        if (!(delta <= difference)) difference = isnan(delta) ? HUGE_VAL : delta;
        largest = fmax(largest, fabs(want->values[i]));
    }
    return largest > 0 ? difference / largest : difference;
}

#endif
