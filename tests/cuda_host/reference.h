/* What the library computes of a case on the CPU, and what it hands to its kernels for it. */
#ifndef L2L_CUDA_HOST_REFERENCE_H
#define L2L_CUDA_HOST_REFERENCE_H

#include "stages.h"

enum { L2L_REFERENCE_PARAMS = 225 };

typedef struct l2l_reference {
    /* given */
    l2l_stage_kind kind; /* gamma or demosaic */
    const void *attributes;
    int clipped; /* a clip stage to [lo, hi] before gamma */
    double lo, hi;
    int channels;
    int64_t height, width;
    int tile_width, tile_height; /* 0: the library's choice */
    double params[L2L_REFERENCE_PARAMS];
    const float *src, *grad_dst;
    /* filled in; buffers are the caller's */
    float *dst, *grad_src;
    double grad_params[L2L_REFERENCE_PARAMS];
    /* filled in by l2l_reference_prepare; `coefs` is to be freed */
    l2l_node node;
    float *coefs;
    l2l_tiles tiles;
} l2l_reference;

#ifdef __cplusplus
extern "C" {
#endif
/* NULL, or what went wrong. */
const char *l2l_reference_prepare(l2l_reference *r);
const char *l2l_reference_run(l2l_reference *r, l2l_isa isa);
/* The gradients of the parameters from the sums, which may be used up. */
void l2l_reference_unfold(const l2l_reference *r, double *sums, double *grad_params);
#ifdef __cplusplus
}
#endif

#endif
