/* What fit works on: a small mosaic made from the raw file, and a target of half its size that
   shows the same part of the scene. */
#ifndef FIT_PROBLEM_H
#define FIT_PROBLEM_H

#include "source.h"

/* A rectangle of the visible mosaic, in samples; edges may lie between them. */
struct area {
    double left, top, width, height;
};

typedef struct fit_problem {
    l2l_tensor target;  /* (3,h,w) f64, lying as the mosaic does */
    l2l_tensor mosaic;  /* (2h,2w) f32: linear, black 0 and white 1, with the file's CFA */
    struct area area;   /* what target and mosaic show */
    double correlation; /* of the brightness of both, after alignment */
} fit_problem;

/* Makes both. `picture` is the target as it came, (3,H,W) f64. False: told. */
bool fit_problem_make(const struct source *source, const l2l_tensor *picture, fit_problem *problem);
void fit_problem_free(fit_problem *problem);

/* Averages `src` (C,H,W), or an area of it, down to the size of dst (f64). Each sample counts by
   the part of it that is covered. False: told. */
bool box_resample(const l2l_tensor *src, const struct area *area, const l2l_tensor *dst);

#endif
