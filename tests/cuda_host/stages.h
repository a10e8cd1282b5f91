/* Gamma and the linear demosaic in CUDA: what stages.cu offers. Pointers are the device's, images
   planar and contiguous; functions queue their work on the stream and return a cudaError_t. */
#ifndef L2L_CUDA_HOST_STAGES_H
#define L2L_CUDA_HOST_STAGES_H

#include "stages/demosaic/sites.h"

/* Parameter sums on the CPU are made tile by tile (lib/plan/job.c). */
typedef struct l2l_tiles {
    int64_t width, height; /* of a tile */
    int64_t across, down;  /* tiles */
} l2l_tiles;

typedef struct l2l_gamma_job {
    const float *coefs; /* those of gamma.c */
    int per_channel, channels;
    int64_t height, width;
    int clipped; /* to [lo, hi], before */
    float lo, hi;
} l2l_gamma_job;

typedef struct l2l_demosaic_job {
    const float *coefs; /* those of taps.c */
    l2l_sites sites;
    l2l_border border;
} l2l_demosaic_job;

#ifdef __cplusplus
extern "C" {
#endif
int l2l_cuda_gamma_forward(l2l_gamma_job job, const float *src, float *dst, void *stream);
/* row_sums: room for tiles.across · height · channels values. sums: for one set of sums a tile; the
   total is the first set. */
int l2l_cuda_gamma_backward(l2l_gamma_job job, l2l_tiles tiles, const float *src,
                            const float *grad_dst, float *grad_src, double *row_sums, double *sums,
                            void *stream);
int l2l_cuda_demosaic_forward(l2l_demosaic_job job, const float *src, float *dst, void *stream);
int l2l_cuda_demosaic_backward(l2l_demosaic_job job, const float *grad_dst, float *grad_src,
                               void *stream);
/* The sums that taps.c unfolds into the gradients of the weights, where the border needs no
   classes. band_sums: room for one set of sums for each 32 rows of each tile. */
int l2l_cuda_demosaic_sums(l2l_demosaic_job job, l2l_tiles tiles, const float *src,
                           const float *grad_dst, double *band_sums, double *sums, void *stream);
#ifdef __cplusplus
}
#endif

#endif
