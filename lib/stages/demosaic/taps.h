/* Taps of the linear demosaics (bilinear, linear), made by taps.c for the kernel cfa.kernel.c. */
#ifndef L2L_STAGES_DEMOSAIC_TAPS_H
#define L2L_STAGES_DEMOSAIC_TAPS_H

#include "stages/demosaic/sites.h"

enum { L2L_DEMOSAIC_MAX_RADIUS = 6 };

bool l2l_cfa_is_bayer(const l2l_cfa *cfa);

/* The smallest radius at which every site sees every colour of the array in each of its four
   quadrants: the surroundings of an image's corner are reflections of one. */
int l2l_bilinear_radius(const l2l_cfa *cfa);

void l2l_bilinear_prepare(const l2l_node *, int64_t height, int64_t width, const double *params,
                          double *coefs);
void l2l_linear_prepare(const l2l_node *, int64_t height, int64_t width, const double *params,
                        double *coefs);
void l2l_linear_unfold(const l2l_node *, int64_t height, int64_t width, const double *params,
                       double *sums, double *work, double *grads);

#endif
