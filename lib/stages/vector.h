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
#if defined(L2L_REAL_IS_f64)
typedef int64_t vmask __attribute__((vector_size(L2L_VECTOR_BYTES)));
#else
typedef int32_t vmask __attribute__((vector_size(L2L_VECTOR_BYTES)));
#endif

enum {
    L2L_WIDTH = L2L_VECTOR_BYTES / (int)sizeof(real),
    L2L_PARTS = L2L_LANES / L2L_WIDTH /* vectors that hold the 16 lanes of a sum */
};

L2L_FN vreal v_load(const real *p) { return *(const vreal_unaligned *)p; }

L2L_FN void v_store(real *p, vreal v) { *(vreal_unaligned *)p = v; }

L2L_FN vreal v_splat(real x) { return x - (vreal){ 0 }; }

/* An operation of the instruction set by its name: V_OP(min) is _mm512_min_ps, vminq_f32, ... */
#if defined(L2L_REAL_IS_f64)
#define V_OF_X86 _pd
#define V_OF_NEON q_f64
#else
#define V_OF_X86 _ps
#define V_OF_NEON q_f32
#endif
#define V_JOIN_(a, b, c) a##b##c
#define V_JOIN(a, b, c) V_JOIN_(a, b, c)
#if defined(__AVX512F__)
#define V_OP(name) V_JOIN(_mm512_, name, V_OF_X86)
#elif defined(__AVX2__) && defined(__FMA__)
#define V_OP(name) V_JOIN(_mm256_, name, V_OF_X86)
#elif defined(__ARM_NEON)
#define V_OP(name) V_JOIN(v, name, V_OF_NEON)
#elif defined(__SSE2__)
#include <emmintrin.h>
#define V_OP(name) V_JOIN(_mm_, name, V_OF_X86)
#endif

typedef int64_t l2l_pair_bits __attribute__((aligned(4), may_alias)); /* two floats */

/* pair[0] and pair[1] in turn: what belongs to even columns and to odd ones. */
L2L_FN vreal v_pair(const real *pair) {
    vreal v;
#if defined(__AVX512F__) && !defined(L2L_REAL_IS_f64)
    v = (vreal)_mm512_castsi512_ps(_mm512_set1_epi64(*(const l2l_pair_bits *)pair));
#elif defined(__AVX2__) && !defined(L2L_REAL_IS_f64)
    v = (vreal)_mm256_castsi256_ps(_mm256_set1_epi64x(*(const l2l_pair_bits *)pair));
#else
    for (int l = 0; l < L2L_WIDTH; l++) v[l] = pair[l & 1];
#endif
    return v;
}

/* a b + c, rounded once where the instruction set can: as L2L_FMA. */
L2L_FN vreal v_fma(vreal a, vreal b, vreal c) {
#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__))
    return V_OP(fmadd)(a, b, c);
#elif defined(__ARM_NEON)
    return V_OP(fma)(c, a, b);
#else
    return a * b + c;
#endif
}

/* yes where a == b, no elsewhere. */
L2L_FN vreal v_if_equal(vreal a, vreal b, vreal yes, vreal no) {
#if defined(__AVX512F__)
    return V_OP(mask_blend)(V_JOIN(_mm512_cmp, V_OF_X86, _mask)(a, b, _CMP_EQ_OQ), no, yes);
#elif defined(__AVX2__) && defined(__FMA__)
    return V_OP(blendv)(no, yes, V_OP(cmp)(a, b, _CMP_EQ_OQ));
#else
    const vmask equal = a == b;
    return (vreal)((equal & (vmask)yes) | (~equal & (vmask)no));
#endif
}

/* The smaller and the larger one. Of NaN, and of zeros of either sign, any of the two. */
L2L_FN vreal v_min(vreal a, vreal b) {
#if defined(V_OP)
    return V_OP(min)(a, b);
#else
    const vmask first = a < b;
    return (vreal)((first & (vmask)a) | (~first & (vmask)b));
#endif
}

L2L_FN vreal v_max(vreal a, vreal b) {
#if defined(V_OP)
    return V_OP(max)(a, b);
#else
    const vmask first = a > b;
    return (vreal)((first & (vmask)a) | (~first & (vmask)b));
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
