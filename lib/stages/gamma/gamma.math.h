/* Gamma: y = x^(1/γ). Source: docs/stages/gamma.md. */
#ifndef L2L_STAGES_GAMMA_MATH_H
#define L2L_STAGES_GAMMA_MATH_H

#include "stages/gamma/power.h"

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

#endif
