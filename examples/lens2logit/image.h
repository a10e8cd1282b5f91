/* Image files: pictures (PNG, TIFF, JPEG) and arrays (NPY), read and written. */
#ifndef IMAGE_H
#define IMAGE_H

#include "output.h"
#include "tensor.h"

/* A picture is a tensor (C,H,W) of u8, u16 or f32 whose samples lie interleaved in memory, rows
   from top to bottom without gaps, as picture files have them. */
bool picture_new(l2l_tensor *picture, l2l_dtype dtype, int64_t channels, int64_t height,
                 int64_t width);

/* The upright picture of an image whose values lie in [0, 1] (integers: rounded and clamped), with
   every value raised to `exponent` first. To be freed. False: told. */
bool picture_of_image(const l2l_tensor *image, int orientation, l2l_dtype dtype, double exponent,
                      l2l_tensor *picture);
/* The upright picture of a gradient, 8 bits: one channel from blue over white (zero) to red, three
   channels each around middle grey; how far from there is the square root of the magnitude.
   `scale` is the magnitude that reaches the end. */
bool picture_of_gradient(const l2l_tensor *grad, int orientation, double scale,
                         l2l_tensor *picture);
/* The magnitude below which all but 0.5 % of a gradient's values lie (1 if all are zero). */
double gradient_scale(const l2l_tensor *grad);

/* Writers: false is told, and nothing is left behind. */
bool png_write(const char *path, const l2l_tensor *picture);  /* u8 or u16; 1 or 3 channels */
bool tiff_write(const char *path, const l2l_tensor *picture); /* u8, u16 or f32 */
bool npy_write(const char *path, const l2l_tensor *tensor);   /* any strides; C order */

/* Readers make a new tensor of the file's own type, to be freed. Pictures come with three
   channels. `bytes` are the whole file. */
bool png_read(const char *path, const void *bytes, size_t size, l2l_tensor *picture);
bool tiff_read(const char *path, const void *bytes, size_t size, l2l_tensor *picture);
bool jpeg_read(const char *path, const void *bytes, size_t size, l2l_tensor *picture);
bool npy_read(const char *path, const void *bytes, size_t size, l2l_tensor *array);

/* Reads an image (3,H,W) as f64, planar; the kind is told by the content. Pictures' integers are
   divided by their type's largest value, and a picture is taken to be upright and is turned to lie
   as a mosaic of that orientation does; arrays are taken as they are. False: told. */
bool image_read(const char *path, int orientation, l2l_tensor *image);
/* Reads an NPY array of f32 or f64 as it is. */
bool array_read(const char *path, l2l_tensor *array);

enum { IMAGE_MAX_SIDE = 1 << 20 };

#endif
