/* Normalize: y = (x − μ)/σ. Source: docs/stages/normalize.md. */
#ifndef L2L_STAGES_NORMALIZE_MATH_H
#define L2L_STAGES_NORMALIZE_MATH_H

#include "stages/real.h"

L2L_FN real l2l_normalize_value(real x, real mean, real inverse_std) {
    return (x - mean) * inverse_std;
}

/* With statistics of the batch the mean of the cotangent and its correlation with y leave the
   gradient; with given ones both are 0. */
L2L_FN real l2l_normalize_grad(real x, real grad, real mean, real inverse_std, real grad_mean,
                               real grad_y_mean) {
    real y = l2l_normalize_value(x, mean, inverse_std);
    return (L2L_FMA(-y, grad_y_mean, grad) - grad_mean) * inverse_std;
}

#endif
