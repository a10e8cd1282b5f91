/* Black level: y = (x − b) k. Source: docs/stages/black_level.md. */
#ifndef L2L_STAGES_BLACK_LEVEL_MATH_H
#define L2L_STAGES_BLACK_LEVEL_MATH_H

#include "stages/real.h"

L2L_FN real l2l_black_level_value(real x, real level, real gain) { return (x - level) * gain; }

L2L_FN real l2l_black_level_slope(real gain) { return gain; }

#endif
