/* Losses of a sample y of the image and its target t, and their slopes. Source: docs/gradients.md.
 */
#ifndef L2L_STAGES_LOSS_MATH_H
#define L2L_STAGES_LOSS_MATH_H

#include <lens2logit/plan.h>

#include "stages/real.h"

L2L_FN real l2l_loss_value(l2l_loss_kind kind, real y, real t) {
    const real d = y - t;
    return kind == L2L_LOSS_SQUARED ? d * d : kind == L2L_LOSS_ABSOLUTE ? (d < 0 ? -d : d) : y * t;
}

/* By y; where |y − t| has a corner it is 0, which is d − d, and NaN if d is. */
L2L_FN real l2l_loss_slope(l2l_loss_kind kind, real y, real t) {
    const real d = y - t;
    return kind == L2L_LOSS_SQUARED    ? R(2.0) * d
           : kind == L2L_LOSS_ABSOLUTE ? (d > 0   ? R(1.0)
                                          : d < 0 ? R(-1.0)
                                                  : d - d)
                                       : t;
}

#endif
