/* Tensor views: making them, and checking those that a caller hands in. */
#include <inttypes.h>
#include <string.h>

#include "core/core.h"
#include "core/packed.h"

enum { MAX_DIMS = 4 };

/* `group` samples lie in `bytes` bytes; of an incomplete group all bytes are there, or those that
   its bits reach into. */
static const struct {
    const char *name;
    int bits, group, bytes;
    bool whole;
} dtypes[] = {
    [L2L_U8] = { "u8", 8, 1, 1, true },        [L2L_U16] = { "u16", 16, 1, 2, true },
    [L2L_F16] = { "f16", 0, 1, 2, true },      [L2L_BF16] = { "bf16", 0, 1, 2, true },
    [L2L_F32] = { "f32", 0, 1, 4, true },      [L2L_F64] = { "f64", 0, 1, 8, true },
    [L2L_RAW10] = { "raw10", 10, 4, 5, true }, [L2L_RAW12] = { "raw12", 12, 2, 3, true },
    [L2L_BITS10] = { "bits10", 10, 4, 5 },     [L2L_BITS12] = { "bits12", 12, 2, 3 },
    [L2L_BITS14] = { "bits14", 14, 4, 7 },
};

static bool dtype_known(l2l_dtype dtype) {
    return (size_t)dtype < sizeof dtypes / sizeof *dtypes;
}

size_t l2l_dtype_size(l2l_dtype dtype) {
    return l2l_dtype_group(dtype) == 1 ? (size_t)dtypes[dtype].bytes : 0;
}

const char *l2l_dtype_name(l2l_dtype dtype) {
    return dtype_known(dtype) ? dtypes[dtype].name : "unknown";
}

int l2l_dtype_bits(l2l_dtype dtype) {
    return dtype_known(dtype) ? dtypes[dtype].bits : 0;
}

int l2l_dtype_group(l2l_dtype dtype) {
    return dtype_known(dtype) ? dtypes[dtype].group : 0;
}

size_t l2l_row_size(l2l_dtype dtype, int64_t count) {
    if (!dtype_known(dtype) || count < 1) return 0;
    const size_t group = (size_t)dtypes[dtype].group, bytes = (size_t)dtypes[dtype].bytes;
    const size_t rest_bits = (size_t)count % group * (size_t)dtypes[dtype].bits;
    const size_t part = rest_bits && dtypes[dtype].whole ? bytes : (rest_bits + 7) / 8;
    size_t size;
    return l2l_mul_size((size_t)count / group, bytes, &size) &&
                   !__builtin_add_overflow(size, part, &size)
               ? size
               : 0;
}

/* The extent of a row with its padding; 0 if there is none. */
static int64_t padded(l2l_dtype dtype, int64_t extent) {
    int64_t group = l2l_is_packed(dtype) ? l2l_dtype_group(dtype) : 1;
    int64_t more = extent % group ? group - extent % group : 0;
    return __builtin_add_overflow(extent, more, &extent) ? 0 : extent;
}

l2l_tensor l2l_tensor_of(void *data, l2l_dtype dtype, int ndim, const int64_t *shape) {
    l2l_tensor tensor = { .data = data, .dtype = dtype, .device = L2L_CPU };
    tensor.ndim = ndim < 1 ? 1 : ndim > MAX_DIMS ? MAX_DIMS : ndim;
    int64_t stride = 1;
    for (int k = MAX_DIMS - 1; k >= 0; k--) {
        tensor.shape[k] = k < tensor.ndim ? shape[k] : 1;
        tensor.stride[k] = stride;
        int64_t extent = k == tensor.ndim - 1 ? padded(dtype, shape[k]) : tensor.shape[k];
        /* Such a shape does not pass l2l_tensor_check, whatever its strides. */
        if (!l2l_mul_extent(stride, extent, &stride)) stride = 0;
    }
    return tensor;
}

l2l_tensor l2l_vector(void *data, l2l_dtype dtype, int64_t count) {
    return l2l_tensor_of(data, dtype, 1, &count);
}

l2l_tensor l2l_image(void *data, l2l_dtype dtype, int64_t channels, int64_t height, int64_t width) {
    int64_t shape[3] = { channels, height, width };
    return l2l_tensor_of(data, dtype, 3, shape);
}

/* The bytes that a view may touch, [first, end). False if they do not fit the address space. */
typedef struct byte_range {
    uintptr_t first, end;
} byte_range;

static bool spanned(const l2l_tensor *tensor, byte_range *range) {
    const int last = tensor->ndim - 1, packed = l2l_is_packed(tensor->dtype);
    const size_t group = (size_t)l2l_dtype_group(tensor->dtype);
    const size_t bytes = l2l_row_size(tensor->dtype, (int64_t)group);
    size_t below = 0, above = packed ? l2l_row_size(tensor->dtype, tensor->shape[last]) : bytes;
    size_t elements = above;
    if (!above) return false;
    for (int k = 0; k < tensor->ndim - packed; k++) {
        int64_t stride = tensor->stride[k];
        /* Not −stride, which INT64_MIN does not have. */
        size_t step = (stride < 0 ? 0 - (size_t)stride : (size_t)stride) / group;
        size_t reach, *side = stride < 0 ? &below : &above;
        if (!l2l_mul_size(elements, (size_t)tensor->shape[k], &elements) ||
            !l2l_mul_size((size_t)tensor->shape[k] - 1, step, &reach) ||
            !l2l_mul_size(reach, bytes, &reach) || __builtin_add_overflow(*side, reach, side)) {
            return false;
        }
    }
    uintptr_t data = (uintptr_t)tensor->data;
    range->first = data - below;
    return below <= data && elements <= PTRDIFF_MAX && below <= PTRDIFF_MAX &&
           above <= PTRDIFF_MAX && !__builtin_add_overflow(data, above, &range->end);
}

/* Rows of packed samples have no gaps and begin with a group; a stride along an extent of 1 is
   never used. */
static l2l_status check_groups(l2l_context *context, const l2l_tensor *tensor, const char *what) {
    const char *name = l2l_dtype_name(tensor->dtype);
    const int group = l2l_dtype_group(tensor->dtype), last = tensor->ndim - 1;
    for (int k = 0; k < tensor->ndim; k++) {
        int64_t stride = tensor->stride[k];
        if (tensor->shape[k] > 1 && (k == last ? stride != 1 : stride % group != 0))
            return l2l_fail(context, L2L_INVALID_ARGUMENT,
                            "%s is %s and has the stride %" PRId64 " in dimension %d, not %s%d",
                            what, name, stride, k, k == last ? "" : "a multiple of ",
                            k == last ? 1 : group);
    }
    return L2L_OK;
}

l2l_status l2l_tensor_check(l2l_context *context, const l2l_tensor *tensor, const char *what) {
    if (tensor && tensor->data && l2l_is_packed(tensor->dtype))
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "%s is %s: packed samples are the mosaic that a plan, black_level or "
                        "demosaic reads, and nothing else",
                        what, l2l_dtype_name(tensor->dtype));
    return l2l_tensor_check_mosaic(context, tensor, what);
}

l2l_status l2l_tensor_check_mosaic(l2l_context *context, const l2l_tensor *tensor,
                                   const char *what) {
    if (!tensor) return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s is NULL", what);
    if (!tensor->data) return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s has no data", what);
    if (!dtype_known(tensor->dtype)) {
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s has the unknown data type %d", what,
                        (int)tensor->dtype);
    }
    if (tensor->device != L2L_CPU) {
        return l2l_fail(
            context, tensor->device == L2L_CUDA ? L2L_UNSUPPORTED : L2L_INVALID_ARGUMENT,
            "%s is on device %d, and this call works on the CPU (0)", what, (int)tensor->device);
    }
    if (tensor->ndim < 1 || tensor->ndim > MAX_DIMS) {
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s has %d dimensions, not 1 to 4", what,
                        (int)tensor->ndim);
    }
    for (int k = 0; k < tensor->ndim; k++) {
        if (tensor->shape[k] < 1) {
            return l2l_fail(context, L2L_INVALID_ARGUMENT,
                            "%s has the extent %" PRId64 " in dimension %d, less than 1", what,
                            tensor->shape[k], k);
        }
    }
    const bool packed = l2l_is_packed(tensor->dtype);
    size_t size = packed ? 1 : l2l_dtype_size(tensor->dtype);
    if ((uintptr_t)tensor->data % size) {
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "%s at address %p is not aligned to its %zu-byte elements", what,
                        tensor->data, size);
    }
    if (packed) L2L_TRY(check_groups(context, tensor, what));
    byte_range range;
    if (!spanned(tensor, &range)) {
        const int64_t *n = tensor->shape, *s = tensor->stride;
        int d = tensor->ndim;
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "%s does not fit the address space: shape (%" PRId64 ",%" PRId64 ",%" PRId64
                        ",%" PRId64 "), strides (%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ")",
                        what, n[0], d > 1 ? n[1] : 1, d > 2 ? n[2] : 1, d > 3 ? n[3] : 1, s[0],
                        d > 1 ? s[1] : 0, d > 2 ? s[2] : 0, d > 3 ? s[3] : 0);
    }
    return L2L_OK;
}

l2l_status l2l_tensor_disjoint(l2l_context *context, const l2l_tensor *a, const char *a_name,
                               const l2l_tensor *b, const char *b_name) {
    byte_range in_a, in_b;
    if (spanned(a, &in_a) && spanned(b, &in_b) &&
        (in_a.end <= in_b.first || in_b.end <= in_a.first)) {
        return L2L_OK;
    }
    return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s (%p) and %s (%p) overlap in memory", a_name,
                    a->data, b_name, b->data);
}

/* The double nearest to an IEEE binary16, which every one of them is. */
static double half_value(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = half & 0x7fffu, bits;
    float value;
    if (rest >= 0x7c00u) {
        bits = 0x7f800000u | (rest & 0x3ffu) << 13;
    } else if (rest >= 0x400u) {
        bits = (rest << 13) + ((127u - 15u) << 23);
    } else {
        double small = (double)rest * 0x1p-24;
        return sign ? -small : small;
    }
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double bfloat_value(uint16_t bfloat) {
    uint32_t bits = (uint32_t)bfloat << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

double l2l_vector_get(const l2l_tensor *vector, int64_t index) {
    int64_t at = index * vector->stride[0];
    switch (vector->dtype) {
    case L2L_U8:
        return ((const uint8_t *)vector->data)[at];
    case L2L_U16:
        return ((const uint16_t *)vector->data)[at];
    case L2L_F16:
        return half_value(((const uint16_t *)vector->data)[at]);
    case L2L_BF16:
        return bfloat_value(((const uint16_t *)vector->data)[at]);
    case L2L_F32:
        return (double)((const float *)vector->data)[at];
    default:
        return ((const double *)vector->data)[at];
    }
}

void l2l_vector_set(const l2l_tensor *vector, int64_t index, double value) {
    int64_t at = index * vector->stride[0];
    if (vector->dtype == L2L_F32) {
        ((float *)vector->data)[at] = (float)value;
    } else {
        ((double *)vector->data)[at] = value;
    }
}
