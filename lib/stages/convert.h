/* Conversions between `real` and the sample types that have no arithmetic of their own. */
#ifndef L2L_STAGES_CONVERT_H
#define L2L_STAGES_CONVERT_H

#include "stages/real.h"

L2L_FN float l2l_f32_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

L2L_FN uint32_t l2l_bits_of_f32(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* IEEE binary16. Subnormals come out right by a multiplication, infinity and NaN by the exponent. */
L2L_FN real l2l_from_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = (uint32_t)(h & 0x7fffu) << 13;
    float x = l2l_f32_of_bits(rest) * 5.192296858534828e+33f; /* 2^112 */
    if ((h & 0x7c00u) == 0x7c00u) x = l2l_f32_of_bits(rest | 0x7f800000u);
    return (real)l2l_f32_of_bits(l2l_bits_of_f32(x) | sign);
}

L2L_FN uint16_t l2l_to_f16(real value) {
    uint32_t bits = l2l_bits_of_f32((float)value), sign = (bits >> 16) & 0x8000u;
    uint32_t rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);  /* NaN */
    if (rest >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds to infinity */
    if (rest < 0x38800000u) /* subnormal: adding 1/2 leaves the rounded mantissa at the bottom */
        return (uint16_t)(sign | (l2l_bits_of_f32(l2l_f32_of_bits(rest) + 0.5f) - 0x3f000000u));
    rest += 0xfffu + ((rest >> 13) & 1u); /* to nearest, ties to even */
    return (uint16_t)(sign | ((rest - 0x38000000u) >> 13));
}

/* The upper half of a binary32. */
L2L_FN real l2l_from_bf16(uint16_t b) { return (real)l2l_f32_of_bits((uint32_t)b << 16); }

L2L_FN uint16_t l2l_to_bf16(real value) {
    uint32_t bits = l2l_bits_of_f32((float)value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40u);
    return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/* Rounded to nearest, halves up, and clamped to [0, most]; NaN becomes 0. Adding a half and cutting
   would take the number next below 0.5 to 1. */
L2L_FN real l2l_to_integer(real value, real most) {
    real x = value > 0 ? value : R(0.0);
    x = x < most ? x : most;
    real whole = (real)(int)x;
    return x - whole < R(0.5) ? whole : whole + R(1.0);
}

#endif
