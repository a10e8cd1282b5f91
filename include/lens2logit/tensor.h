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
    L2L_F64 = 5,
    L2L_RAW10 = 6,  /* packed; see below */
    L2L_RAW12 = 7,
    L2L_BITS10 = 8,
    L2L_BITS12 = 9,
    L2L_BITS14 = 10
} l2l_dtype;

typedef enum l2l_device { L2L_CPU = 0, L2L_CUDA = 1 } l2l_device;

/* A borrowed view of up to four dimensions; it owns nothing. Strides count elements, not bytes,
   and may be negative; data points at the element with all indices 0. Images are (N,C,H,W),
   (C,H,W) or, with one channel, (H,W); mosaics are (N,1,H,W), (N,H,W) or (H,W); a vector of
   parameters is (P). Data is aligned to its element.

   Packed samples, as sensors and raw files have them, are unsigned integers in groups:

     dtype    samples in bytes                                      of
     raw10    4 in 5   the upper 8 bits of each sample, then the    MIPI CSI-2 RAW10
                       lower 2 of all, the first lowest
     raw12    2 in 3   the same with the lower 4 bits               MIPI CSI-2 RAW12
     bits10   4 in 5   one sample after the other, most             TIFF and DNG
     bits12   2 in 3   significant bit first
     bits14   4 in 7

   They are a mosaic, the input of a plan with one channel, of black_level and of demosaic; any
   other use is L2L_INVALID_ARGUMENT. Shape and strides count samples as everywhere. `data` points
   at the byte where a group begins, and has no other alignment. The last stride is 1, the others
   are multiples of the group, so that every row begins with one too; between rows there may be
   bytes of any kind. Of a row no byte is read beyond those that l2l_row_size counts. */
typedef struct l2l_tensor {
    void *data;
    l2l_dtype dtype;
    l2l_device device;
    int32_t ndim;
    int64_t shape[4], stride[4];
} l2l_tensor;

/* A contiguous view on the CPU, last index fastest; rows of packed samples are padded to whole
   groups. ndim is clamped to 1..4. */
L2L_API l2l_tensor l2l_tensor_of(void *data, l2l_dtype dtype, int ndim, const int64_t *shape);

/* Shorthands for l2l_tensor_of. */
L2L_API l2l_tensor l2l_vector(void *data, l2l_dtype dtype, int64_t count);
L2L_API l2l_tensor l2l_image(void *data, l2l_dtype dtype, int64_t channels, int64_t height,
                             int64_t width);

/* Bytes of one element; 0 for packed samples and an unknown dtype. */
L2L_API size_t l2l_dtype_size(l2l_dtype dtype);

/* Bits of an unsigned integer or packed sample, whose largest value is 2^bits − 1; 0 for others. */
L2L_API int l2l_dtype_bits(l2l_dtype dtype);

/* Samples in a group of packed ones, 2 or 4; 1 for all others; 0 for an unknown dtype. */
L2L_API int l2l_dtype_group(l2l_dtype dtype);

/* Bytes of `count` samples that lie one behind the other from the beginning of a group on: those
   up to the last one's last bit (raw10 and raw12: whole groups). 0 for an unknown dtype, a count
   below 1 and what no size_t holds. */
L2L_API size_t l2l_row_size(l2l_dtype dtype, int64_t count);

/* "u8", "u16", "f16", "bf16", "f32", "f64", "raw10", "raw12", "bits10", "bits12" or "bits14";
   static storage. */
L2L_API const char *l2l_dtype_name(l2l_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
