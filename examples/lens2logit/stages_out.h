/* Every stage of a pipeline as a picture and an array. */
#ifndef STAGES_OUT_H
#define STAGES_OUT_H

#include "pipeline.h"

/* One stage that was written. */
typedef struct stage_file {
    char name[48]; /* "03_color_matrix": the files are this plus .png and .npy */
    double scale;  /* of a gradient's picture: the magnitude that reaches the end of the colours */
} stage_file;

/* Writes what comes out of every stage, or, with grad_image, the gradient there, into `folder`,
   which is made. files: room for L2L_MAX_STAGES, or NULL. Arrays lie as the mosaic, pictures
   upright; stages before gamma are shown through x^(1/2.2). False: told. */
bool stages_write(l2l_context *context, const struct pipeline *pipeline,
                  const struct source *source, const l2l_tensor *grad_image, const char *folder,
                  stage_file *files);

/* Writes folder/name.npy and folder/name.png of a gradient; *scale as in stage_file. */
bool gradient_write(const l2l_tensor *grad, int orientation, const char *folder, const char *name,
                    double *scale);

#endif
