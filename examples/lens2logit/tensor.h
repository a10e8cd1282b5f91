/* Tensors that the program owns, and access to their values as doubles. */
#ifndef TENSOR_H
#define TENSOR_H

#include <stdbool.h>

#include <lens2logit/lens2logit.h>

/* A new contiguous tensor of zeros, to be freed with tensor_free. False: told. */
bool tensor_new(l2l_tensor *tensor, l2l_dtype dtype, int ndim, const int64_t *shape);
bool tensor_new_image(l2l_tensor *tensor, l2l_dtype dtype, int64_t channels, int64_t height,
                      int64_t width);
/* Also for one that was never made ({0}). */
void tensor_free(l2l_tensor *tensor);

int64_t tensor_count(const l2l_tensor *tensor);

/* Any tensor of u8, u16, f32 or f64, (H,W) or (C,H,W), seen as (C,H,W). */
l2l_tensor tensor_planes(const l2l_tensor *tensor);
/* One row of such a view to doubles, and back (u8 and u16 are rounded and clamped). */
void tensor_load_row(const l2l_tensor *planes, int64_t c, int64_t y, double *row);
void tensor_store_row(const l2l_tensor *planes, int64_t c, int64_t y, const double *row);
/* dst = scale · src, for (C,H,W) views of one shape. False: told (no memory). */
bool tensor_convert(const l2l_tensor *src, double scale, const l2l_tensor *dst);

/* The view of an image (C,H,W) that shows it upright, by EXIF orientation 1..8; and the
   orientation that undoes one. */
l2l_tensor tensor_oriented(const l2l_tensor *planes, int orientation);
int orientation_inverse(int orientation);

/* A rectangle of an image (C,H,W) or a mosaic (H,W). */
l2l_tensor tensor_crop(const l2l_tensor *tensor, int64_t left, int64_t top, int64_t width,
                       int64_t height);

/* The value below which `fraction` of the values lie; sorts them. */
double percentile(double *values, int64_t count, double fraction);

/* Whether all values are finite; if not, tells where, with `what` as the subject. */
bool tensor_finite(const l2l_tensor *tensor, const char *what);

#endif
