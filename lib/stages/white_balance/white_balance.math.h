/* White balance: y = w x. Source: docs/stages/white_balance.md. */
#ifndef L2L_STAGES_WHITE_BALANCE_MATH_H
#define L2L_STAGES_WHITE_BALANCE_MATH_H

#include "stages/real.h"

L2L_FN real l2l_white_balance_value(real x, real gain) { return gain * x; }

#endif
