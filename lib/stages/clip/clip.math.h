/* Clip: y = min(max(x, lo), hi). Source: docs/stages/clip.md. */
#ifndef L2L_STAGES_CLIP_MATH_H
#define L2L_STAGES_CLIP_MATH_H

#include "stages/real.h"

/* Comparisons with NaN are false, so NaN stays. */
L2L_FN real l2l_clip_value(real x, real lo, real hi) {
    real y = x < lo ? lo : x;
    return y > hi ? hi : y;
}

/* The gradient passes at both ends, as torch.clip's does. */
L2L_FN real l2l_clip_grad(real x, real grad, real lo, real hi) {
    return x >= lo && x <= hi ? grad : R(0.0);
}

#endif
