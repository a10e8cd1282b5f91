/* x^p and log2 x for gamma: the library's own in single precision, so that every instruction set
   gives the same bits; libm's in double. */
#ifndef L2L_STAGES_GAMMA_POWER_H
#define L2L_STAGES_GAMMA_POWER_H

#include "stages/real.h"

/* An exponent in two parts. The high one has 12 bits, so that its product with the exponent of x is
   exact with and without a fused multiply-add. */
typedef struct l2l_exponent {
    real high, low;
} l2l_exponent;

#if defined(L2L_REAL_IS_f64)

L2L_FN real l2l_power(real x, l2l_exponent p, real *log2_x) {
    *log2_x = log2(x);
    return pow(x, p.high + p.low);
}

#else

L2L_FN int32_t l2l_bits(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

L2L_FN float l2l_from_bits(int32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* log2(1 + f) / f on [√½ − 1, √2 − 1], highest term first. */
#define L2L_LOG2_TERMS                                                                     \
    { 0.12926264f, -0.208933059f, 0.215212516f, -0.238675804f, 0.287939081f, -0.360716258f, \
      0.48091028f, -0.721347199f, 1.442695f }

/* x^p for finite x > 0, a few ulp from the correctly rounded power. x = m 2^e
   with m in [√½, √2); log2 m and 2^r by polynomials (minimax fits of degree 8 and 6); the rounding
   of p (e + log2 m) to an integer is that of the whole sum, so r stays in ±0.5. */
L2L_FN float l2l_power(float x, l2l_exponent p, float *log2_x) {
    int subnormal = x < 1.17549435e-38f;
    float scaled = subnormal ? x * 8388608.0f : x;
    int32_t bits = l2l_bits(scaled);
    int32_t above = bits - 0x3f3504f3; /* the bits of √½ */
    float e = (float)(above >> 23) - (subnormal ? 23.0f : 0.0f);
    float f = l2l_from_bits(bits - (above & (int32_t)0xff800000)) - 1.0f;
    const float c[9] = L2L_LOG2_TERMS;
    float q = c[0];
#pragma GCC unroll 8
    for (int k = 1; k < 9; k++) q = L2L_FMA(q, f, c[k]);
    float log2_m = q * f;
    *log2_x = e + log2_m;

    float low = p.low * *log2_x, product = p.high * *log2_x;
    product = product < -160.0f ? -160.0f : product;
    product = product > 160.0f ? 160.0f : product;
    float n = (product + 12582912.0f) - 12582912.0f; /* rounds to the nearest integer */
    float r = L2L_FMA(p.high, log2_m, p.high * e - n) + low;
    r = r < -1.0f ? -1.0f : r;
    r = r > 1.0f ? 1.0f : r;
    float t = 1.53112344e-05f;
    t = L2L_FMA(t, r, 0.000154626133f);
    t = L2L_FMA(t, r, 0.00133334503f);
    t = L2L_FMA(t, r, 0.00961805373f);
    t = L2L_FMA(t, r, 0.0555041093f);
    t = L2L_FMA(t, r, 0.240226509f);
    t = L2L_FMA(t, r, 0.693147181f);
    t = L2L_FMA(t, r, 1.0f);
    /* 2^n in two factors: the result may be subnormal or infinite where 2^n is not a float. */
    int32_t whole = (int32_t)n, half = whole >> 1;
    return t * l2l_from_bits((half + 127) << 23) * l2l_from_bits((whole - half + 127) << 23);
}

#endif
#endif
