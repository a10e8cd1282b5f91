/* All that a .cu file includes: CUDA under nvcc, the emulator elsewhere. */
#ifndef L2L_CUDA_KERNEL_H
#define L2L_CUDA_KERNEL_H

#if defined(__CUDACC__)
#include <cuda_pipeline_primitives.h>
#include <cuda_runtime.h>
#define L2L_SHARED(T, name, dims) __shared__ T name dims
#define L2L_DYN_SHARED(T, name)                                                                   \
    extern __shared__ __align__(16) unsigned char l2l_dyn_shared_raw[];                           \
    T *name = reinterpret_cast<T *>(l2l_dyn_shared_raw)
#define L2L_LAUNCH(kernel, grid, block, shared, stream, ...)                                      \
    (kernel)<<<(grid), (block), (shared), (stream)>>>(__VA_ARGS__)
#else
#include "cuda_host.h"
#endif

#endif
