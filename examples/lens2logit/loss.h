/* Losses of an image, and their cotangents: what grad and fit differentiate. */
#ifndef LOSS_H
#define LOSS_H

#include "tensor.h"

/* Each fills grad (shape of image) with the derivative of the loss by the image, and says the loss.
   Sums are doubles. False: told. */

/* The mean over all elements of (image − target)². target: f64, same shape. */
bool loss_mean_square(const l2l_tensor *image, const l2l_tensor *target, const l2l_tensor *grad,
                      double *loss);

/* RMS contrast: the standard deviation of Y = 0.299 R + 0.587 G + 0.114 B over the image. (Of an
   image that has not three channels, of the mean of its channels.) Its cotangent is 0 where it is
   0 itself. */
bool loss_contrast(const l2l_tensor *image, const l2l_tensor *grad, double *loss);

/* The given loss in decibels, for images whose white is 1: −10 log10. */
double psnr(double mean_square);

#endif
