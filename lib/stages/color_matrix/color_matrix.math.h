/* Colour matrix: y_k = Σ_c M[k][c] x_c + o_k. Source: docs/stages/color_matrix.md. */
#ifndef L2L_STAGES_COLOR_MATRIX_MATH_H
#define L2L_STAGES_COLOR_MATRIX_MATH_H

#include "stages/real.h"

/* Row k of M: forward. */
L2L_FN real l2l_color_matrix_value(const real *m, real offset, real r, real g, real b) {
    return L2L_FMA(m[0], r, L2L_FMA(m[1], g, L2L_FMA(m[2], b, offset)));
}

/* Column c of M, whose elements are 3 apart: backward. */
L2L_FN real l2l_color_matrix_grad(const real *m, real r, real g, real b) {
    return L2L_FMA(m[0], r, L2L_FMA(m[3], g, m[6] * b));
}

#endif
