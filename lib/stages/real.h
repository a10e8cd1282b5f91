/* The arithmetic that pixel math is written in: `real`, fused multiply-add, constants. Included by
   kernels and by <stage>.math.h only. */
#ifndef L2L_STAGES_REAL_H
#define L2L_STAGES_REAL_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "stages/function.h"

#if defined(L2L_REAL_IS_f64)
typedef double real;
#define R(constant) constant
#define L2L_REAL_MAX DBL_MAX
#else
typedef float real;
#define R(constant) constant##f
#define L2L_REAL_MAX FLT_MAX
#endif

/* a b + c in one rounding where the instruction set has it. Baseline x86-64 has not: there it is
   two roundings, for libm's fma in a loop is a hundred times slower. */
#if defined(__CUDACC__) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#if defined(L2L_REAL_IS_f64)
#define L2L_FMA(a, b, c) fma(a, b, c)
#else
#define L2L_FMA(a, b, c) fmaf(a, b, c)
#endif
#else
#define L2L_FMA(a, b, c) ((a) * (b) + (c))
#endif

#define L2L_JOIN3_(a, b, c) a##_##b##_##c
#define L2L_JOIN3(a, b, c) L2L_JOIN3_(a, b, c)
/* The name of a symbol of this compilation: l2l_gamma_kernel_f32_avx2. */
#define L2L_SYMBOL(name) L2L_JOIN3(name, L2L_REAL, L2L_ISA)

/* Y = 0.299 R + 0.587 G + 0.114 B (BT.601). */
#define L2L_LUMA_R R(0.299)
#define L2L_LUMA_G R(0.587)
#define L2L_LUMA_B R(0.114)

#endif
