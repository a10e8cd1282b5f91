/* How functions are marked that C and CUDA share: inline on the host, for both sides under nvcc. */
#ifndef L2L_STAGES_FUNCTION_H
#define L2L_STAGES_FUNCTION_H

#if defined(__CUDACC__)
#define L2L_FN static __host__ __device__ inline
#else
#define L2L_FN static inline __attribute__((always_inline))
#endif

#endif
