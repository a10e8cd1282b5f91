/* Median of a window, for one pixel or for a vector of them. Source: docs/stages/denoise.md. */
#ifndef L2L_STAGES_DENOISE_MEDIAN_MATH_H
#define L2L_STAGES_DENOISE_MEDIAN_MATH_H

#include "stages/single.h"

enum { L2L_MEDIAN_MAX_WINDOW = 25, L2L_MEDIAN_KEPT = L2L_MEDIAN_MAX_WINDOW / 2 + 2 };

/* Sample k of the window around column i, in raster order. */
L2L_FN vreal l2l_median_sample(const void *const *rows, const int radius, int i, const int k) {
    const int side = 2 * radius + 1;
    return v_load((const real *)rows[k / side] + i - radius + k % side);
}

L2L_FN int l2l_median_window(int radius) {
    return (2 * radius + 1) * (2 * radius + 1);
}

L2L_FN void l2l_median_sort(vreal *a, vreal *b) {
    vreal smaller = v_min(*a, *b);
    *b = v_max(*a, *b);
    *a = smaller;
}

/* The smallest of n samples goes to the front, the largest to the end. */
L2L_FN void l2l_median_extremes(vreal *kept, const int n) {
#pragma GCC unroll 8
    for (int k = 0; k < n / 2; k++) l2l_median_sort(&kept[k], &kept[n - 1 - k]);
#pragma GCC unroll 8
    for (int k = 1; k < n - n / 2; k++) l2l_median_sort(&kept[0], &kept[k]);
#pragma GCC unroll 8
    for (int k = n / 2; k < n - 1; k++) l2l_median_sort(&kept[k], &kept[n - 1]);
}

/* Of m + 2 out of 2m + 1 samples neither the smallest nor the largest is the median: both are
   forgotten and one more sample is taken in, until the median of three is that of all. */
L2L_FN vreal l2l_median_of(const void *const *rows, const int radius, int i) {
    const int window = l2l_median_window(radius), first = window / 2 + 2;
    vreal kept[L2L_MEDIAN_KEPT];
#pragma GCC unroll 14
    for (int k = 0; k < first; k++) kept[k] = l2l_median_sample(rows, radius, i, k);
#pragma GCC unroll 14
    for (int n = first; n > 3; n--) {
        l2l_median_extremes(kept, n);
        kept[0] = l2l_median_sample(rows, radius, i, window + 3 - n);
    }
    l2l_median_extremes(kept, 3);
    return kept[1];
}

/* The median, and the index of the sample that is it: of several the first. Zeros compare equal, so
   which of them comes out of the comparisons is up to the instruction set: 0 is +0. */
L2L_FN void l2l_median_choose(const void *const *rows, const int radius, int i, vreal *value,
                              vreal *index) {
    *value = l2l_median_of(rows, radius, i) + v_splat(R(0.0));
    *index = v_splat(R(0.0));
#pragma GCC unroll 25
    for (int k = l2l_median_window(radius) - 1; k >= 0; k--)
        *index =
            v_if_equal(l2l_median_sample(rows, radius, i, k), *value, v_splat((real)k), *index);
}

/* A NaN in the window, which comparisons hide, is the median; of several the first. */
L2L_FN void l2l_median_choose_nan(const void *const *rows, const int radius, int i, vreal *value,
                                  vreal *index) {
#pragma GCC unroll 25
    for (int k = l2l_median_window(radius) - 1; k >= 0; k--) {
        const vreal sample = l2l_median_sample(rows, radius, i, k);
        *value = v_if_equal(sample, sample, *value, sample);
        *index = v_if_equal(sample, sample, *index, v_splat((real)k));
    }
}

/* The gradient of the sample in column i, added to `sum`: the cotangents of the pixels around it
   that chose it. Who has it at position k of his window is found at the opposite one here. */
L2L_FN vreal l2l_median_grad(const void *const *grads, const void *const *indices, const int radius,
                             int i, vreal sum) {
    const int last = l2l_median_window(radius) - 1;
#pragma GCC unroll 25
    for (int k = 0; k <= last; k++)
        sum += v_if_equal(l2l_median_sample(indices, radius, i, k), v_splat((real)(last - k)),
                          l2l_median_sample(grads, radius, i, k), v_splat(R(0.0)));
    return sum;
}

#endif
