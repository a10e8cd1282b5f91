/* Vectors of `real` as wide as the instruction set's registers, for the kernels that measurably need
   more than the compiler makes of plain loops. */
#ifndef L2L_STAGES_VECTOR_H
#define L2L_STAGES_VECTOR_H

#include "stages/kernel.h"
#include "stages/real.h"

#if defined(__AVX512F__)
#include <immintrin.h>
enum { L2L_VECTOR_BYTES = 64, L2L_VECTOR_REGISTERS = 32 };
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
enum { L2L_VECTOR_BYTES = 32, L2L_VECTOR_REGISTERS = 16 };
#elif defined(__ARM_NEON)
#include <arm_neon.h>
enum { L2L_VECTOR_BYTES = 16, L2L_VECTOR_REGISTERS = 32 };
#else
enum { L2L_VECTOR_BYTES = 16, L2L_VECTOR_REGISTERS = 16 };
#endif

typedef real vreal __attribute__((vector_size(L2L_VECTOR_BYTES)));
typedef real vreal_unaligned
    __attribute__((vector_size(L2L_VECTOR_BYTES), aligned(sizeof(real)), may_alias));

enum {
    L2L_WIDTH = L2L_VECTOR_BYTES / (int)sizeof(real),
    L2L_PARTS = L2L_LANES / L2L_WIDTH /* vectors that hold the 16 lanes of a sum */
};

L2L_FN vreal v_load(const real *p) { return *(const vreal_unaligned *)p; }

L2L_FN void v_store(real *p, vreal v) { *(vreal_unaligned *)p = v; }

L2L_FN vreal v_splat(real x) { return x - (vreal){ 0 }; }

/* a b + c, rounded once where the instruction set can: as L2L_FMA. */
L2L_FN vreal v_fma(vreal a, vreal b, vreal c) {
#if defined(__AVX512F__) && defined(L2L_REAL_IS_f64)
    return (vreal)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX512F__)
    return (vreal)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__) && defined(__FMA__) && defined(L2L_REAL_IS_f64)
    return (vreal)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#elif defined(__AVX2__) && defined(__FMA__)
    return (vreal)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON) && defined(L2L_REAL_IS_f64)
    return (vreal)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#elif defined(__ARM_NEON)
    return (vreal)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

/* Keeps a loaded vector in its register: the compiler would rather load it again for every use. */
#if defined(__x86_64__)
#define L2L_KEEP(v) __asm__("" : "+v"(v))
#elif defined(__aarch64__)
#define L2L_KEEP(v) __asm__("" : "+w"(v))
#else
#define L2L_KEEP(v) ((void)0)
#endif

#endif
