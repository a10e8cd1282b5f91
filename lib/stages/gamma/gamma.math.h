/* Gamma: y = x^(1/γ). Source: docs/stages/gamma.md. */
#ifndef L2L_STAGES_GAMMA_MATH_H
#define L2L_STAGES_GAMMA_MATH_H

#include <stdbool.h>

#include "stages/clip/clip.math.h"
#include "stages/gamma/power.h"
#include "stages/gamma/table.h"

/* Made of γ by gamma.c: 1/γ and 1/γ − 1 in two parts each, and the slope at the floor 1e-5. */
typedef struct l2l_gamma_coefs {
    l2l_exponent power, slope_power;
    real inverse;     /* 1/γ */
    real floor_slope; /* (1/γ) floor^(1/γ − 1) */
} l2l_gamma_coefs;

/* y. Nothing below 0 has a power: it counts as 0; NaN and infinity stay. */
L2L_FN real l2l_gamma_value(real x, l2l_exponent p) {
    real log2_x, inside = x > 0 && x <= L2L_REAL_MAX ? x : R(1.0);
    real y = l2l_power(inside, p, &log2_x);
    y = x > 0 ? y : R(0.0);
    return x != x || x > L2L_REAL_MAX ? x : y;
}

/* dy/dx; at x ≤ 0 that at the floor. */
L2L_FN real l2l_gamma_slope(real x, const l2l_gamma_coefs *k) {
    real log2_x, inside = x > 0 && x <= L2L_REAL_MAX ? x : R(1.0);
    real slope = k->inverse * l2l_power(inside, k->slope_power, &log2_x);
    slope = x > 0 ? slope : k->floor_slope;
    return x != x ? x : slope;
}

/* y log2 x, of which dy/dγ is −ln 2/γ² times. */
L2L_FN real l2l_gamma_log_term(real x, l2l_exponent p) {
    real log2_x, inside = x > 0 && x <= L2L_REAL_MAX ? x : R(1.0);
    real y = l2l_power(inside, p, &log2_x);
    real term = x > 0 ? y * log2_x : R(0.0);
    return x != x ? x : term;
}

/* ---- what a kernel computes of a sample ---- */

/* The coefficients of a channel (table.h), and the clip that the stage may have taken over. */
typedef struct l2l_gamma_channel {
    const real *coefs;
    l2l_gamma_coefs scalars;
    bool tables, slope_tables, clipped;
    real lo, hi;
} l2l_gamma_channel;

L2L_FN l2l_gamma_channel l2l_gamma_channel_of(const real *k, bool clipped, real lo, real hi) {
    l2l_gamma_channel p = { k,
                            { { k[L2L_GAMMA_POWER], k[L2L_GAMMA_POWER + 1] },
                              { k[L2L_GAMMA_SLOPE_POWER], k[L2L_GAMMA_SLOPE_POWER + 1] },
                              k[L2L_GAMMA_INVERSE],
                              k[L2L_GAMMA_FLOOR_SLOPE] },
                            k[L2L_GAMMA_TABLES] != 0,
                            k[L2L_GAMMA_SLOPE_TABLES] != 0,
                            clipped,
                            clipped ? lo : -(real)INFINITY,
                            clipped ? hi : (real)INFINITY };
    return p;
}

/* Whether x was within the clip; without one also NaN is. */
L2L_FN bool l2l_gamma_passes(const l2l_gamma_channel *p, real x) {
    return !p->clipped || (x >= p->lo && x <= p->hi);
}

#if !defined(L2L_REAL_IS_f64)

/* x^p by a table (table.h); `outside` is nonzero if x is not in [2⁻³¹, 2). */
L2L_FN float l2l_table_power(float x, const float *table, int32_t *outside) {
    int32_t bits = l2l_bits(x), index = (bits >> 23) - 96;
    *outside = index & ~31;
    float f = l2l_from_bits((bits & 0x7fffff) | 0x3f800000) - 1.5f;
    const float *q = table + L2L_POWER_EXPONENTS;
    float y = q[L2L_POWER_TERMS - 1];
    for (int k = L2L_POWER_TERMS - 2; k >= 0; k--) y = L2L_FMA(y, f, q[k]);
    return y * table[index & 31];
}

/* log2 x for normal x > 0. */
L2L_FN float l2l_table_log2(float x) {
    int32_t bits = l2l_bits(x), above = bits - 0x3f3504f3;
    float f = l2l_from_bits(bits - (above & (int32_t)0xff800000)) - 1.0f;
    const float c[9] = L2L_LOG2_TERMS;
    float q = c[0];
    for (int k = 1; k < 9; k++) q = L2L_FMA(q, f, c[k]);
    return L2L_FMA(q, f, (float)(above >> 23));
}

#endif

/* y: by table where it serves. */
L2L_FN real l2l_gamma_forward_at(const l2l_gamma_channel *p, real given) {
    real x = l2l_clip_value(given, p->lo, p->hi);
#if !defined(L2L_REAL_IS_f64)
    int32_t outside = 1;
    float y = p->tables ? l2l_table_power(x, p->coefs + L2L_GAMMA_VALUE_TABLE, &outside) : 0.0f;
    if (!outside) return y;
#endif
    return l2l_gamma_value(x, p->scalars.power);
}

/* Returns the gradient of x; `term` becomes what the sum for γ multiplies grad by. */
L2L_FN real l2l_gamma_backward_at(const l2l_gamma_channel *p, real given, real grad, real *term) {
    real x = l2l_clip_value(given, p->lo, p->hi), slope;
#if !defined(L2L_REAL_IS_f64)
    int32_t outside = 1;
    float base = p->slope_tables ? l2l_table_power(x, p->coefs + L2L_GAMMA_SLOPE_TABLE, &outside) : 0.0f;
    if (!outside) {
        slope = p->scalars.inverse * base;
        *term = x * base * l2l_table_log2(x);
    } else
#endif
    {
        slope = l2l_gamma_slope(x, &p->scalars);
        *term = l2l_gamma_log_term(x, p->scalars.power);
    }
    return l2l_gamma_passes(p, given) ? grad * slope : R(0.0);
}

#endif
