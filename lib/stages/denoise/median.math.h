/* Median of a window: which sample is chosen. Source: docs/stages/denoise.md. */
#ifndef L2L_STAGES_DENOISE_MEDIAN_MATH_H
#define L2L_STAGES_DENOISE_MEDIAN_MATH_H

#include "stages/real.h"

/* A sample is the median of 2m + 1 if at most m are smaller and more than m are not greater. */
L2L_FN int l2l_is_median(int smaller, int not_greater, int m) {
    return smaller <= m && not_greater > m;
}

#endif
