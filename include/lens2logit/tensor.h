/* Tensor views: how pixels and parameters that the caller owns are handed over. */
#ifndef LENS2LOGIT_TENSOR_H
#define LENS2LOGIT_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include <lens2logit/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum l2l_dtype {
    L2L_U8 = 0,
    L2L_U16 = 1,
    L2L_F16 = 2,  /* IEEE binary16 */
    L2L_BF16 = 3, /* the upper half of a binary32 */
    L2L_F32 = 4,
    L2L_F64 = 5
} l2l_dtype;

typedef enum l2l_device { L2L_CPU = 0, L2L_CUDA = 1 } l2l_device;

/* A borrowed view of up to four dimensions; it owns nothing. Strides count elements, not bytes,
   and may be negative; data points at the element with all indices 0. Images are (N,C,H,W),
   (C,H,W) or, with one channel, (H,W); mosaics are (N,1,H,W), (N,H,W) or (H,W); a vector of
   parameters is (P). Data is aligned to its element. */
typedef struct l2l_tensor {
    void *data;
    l2l_dtype dtype;
    l2l_device device;
    int32_t ndim;
    int64_t shape[4], stride[4];
} l2l_tensor;

/* A contiguous view on the CPU, last index fastest. ndim is clamped to 1..4. */
L2L_API l2l_tensor l2l_tensor_of(void *data, l2l_dtype dtype, int ndim, const int64_t *shape);

/* Shorthands for l2l_tensor_of. */
L2L_API l2l_tensor l2l_vector(void *data, l2l_dtype dtype, int64_t count);
L2L_API l2l_tensor l2l_image(void *data, l2l_dtype dtype, int64_t channels, int64_t height,
                             int64_t width);

/* Bytes of one element; 0 for an unknown dtype. */
L2L_API size_t l2l_dtype_size(l2l_dtype dtype);

/* "u8", "u16", "f16", "bf16", "f32" or "f64"; static storage. */
L2L_API const char *l2l_dtype_name(l2l_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
