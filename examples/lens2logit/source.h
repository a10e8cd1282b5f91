/* The input: an opened raw file, the part of its mosaic that is used, and how its samples count. */
#ifndef SOURCE_H
#define SOURCE_H

#include "options.h"
#include "tensor.h"

struct source {
    const char *path;
    l2l_raw *raw;
    const l2l_raw_info *info;
    l2l_tensor mosaic; /* (H,W), cropped; a view, or `converted` */
    l2l_tensor converted;
    l2l_cfa cfa;         /* of the mosaic's top-left sample */
    int orientation;     /* EXIF, of pictures made from it */
    double sample_scale; /* takes samples to [0, 1] */
    /* Black level and white from the file: the black level stage then stretches [black, 1] to
       [0, 1]. Otherwise samples are only scaled, and black is 0. */
    bool has_levels;
    double black[4]; /* scaled, by position in the mosaic's first 2×2 */
    bool has_gain, has_matrix;
    double gain[3], matrix[9];
};

/* Opens it. With a camera given, the file's own constants do not count. False: told. */
bool source_open(l2l_context *context, const char *path, const struct options *options,
                 struct source *source);
/* By how many stops a photograph may be brightened until half a percent of its samples, times the
   gains R, G, B, are white; not negative. False: told. */
bool source_exposure(const struct source *source, const double gain[3], double *stops);

void source_close(struct source *source);

#endif
