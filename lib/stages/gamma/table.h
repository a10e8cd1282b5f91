/* Powers by table: x^p = T[exponent of x] · q(mantissa), with T and the polynomial q made for p when
   the parameters are prepared. Half the work of log2 and exp2, for the exponents that pictures
   have: x in [2⁻³¹, 2). */
#ifndef L2L_STAGES_GAMMA_TABLE_H
#define L2L_STAGES_GAMMA_TABLE_H

enum {
    L2L_POWER_EXPONENTS = 32, /* T[k] is 2^(p (k − 31)) */
    L2L_POWER_TERMS = 8,      /* q of degree 7 in mantissa − 1.5 */
    L2L_POWER_TABLE = L2L_POWER_EXPONENTS + L2L_POWER_TERMS
};

/* Coefficients of the gamma kernel. */
enum {
    L2L_GAMMA_POWER = 0,       /* 1/γ in two parts */
    L2L_GAMMA_SLOPE_POWER = 2, /* 1/γ − 1 likewise */
    L2L_GAMMA_INVERSE = 4,     /* 1/γ */
    L2L_GAMMA_FLOOR_SLOPE = 5, /* (1/γ) floor^(1/γ − 1) */
    L2L_GAMMA_TABLES = 6,      /* 1 if the table of values is as exact as it must be */
    L2L_GAMMA_SLOPE_TABLES = 7, /* 1 if both are; backward only */
    L2L_GAMMA_VALUE_TABLE = 8, /* for 1/γ */
    L2L_GAMMA_SLOPE_TABLE = L2L_GAMMA_VALUE_TABLE + L2L_POWER_TABLE, /* for 1/γ − 1; backward only */
    L2L_GAMMA_COEFS = L2L_GAMMA_SLOPE_TABLE + L2L_POWER_TABLE
};

#endif
