/* From the options to a plan with its parameters. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "options.h"
#include "source.h"

/* What the options ask for, checked before any file is opened. */
struct recipe {
    const char *preset;             /* NULL: not a preset as it stands, but the parts below */
    int demosaic, sharpen, denoise; /* methods of the stages; NO_STAGE: left out */
    bool
        highlights; /* clip at white before the colour matrix, so that burnt-out areas stay white */
    bool zero_sharpen; /* the border of the sharpening kernel in preset lens2logit */
    double clip_lo;
    bool fixed_exposure; /* as told, by so many stops */
    double exposure;
    bool offset; /* a colour matrix with an offset (fit) */
    l2l_border border;
    const char *plan_text; /* a plan file's text; then the rest does not count */
    size_t plan_size;
};
enum { NO_STAGE = -1 };

/* `fallback` is the preset where none is given. EXIT_OK, EXIT_FAILED or EXIT_USAGE, told. */
int recipe_from_options(const struct options *options, const char *fallback, struct recipe *recipe);
void recipe_free(struct recipe *recipe);

struct pipeline {
    l2l_plan *plan;
    l2l_tensor params; /* (P), f64; never empty */
    l2l_dtype dtype;   /* of images and gradients */
};

/* The plan for one input, with its default parameters; then the input's, the camera's and the
   parameter file's. False: told. */
bool pipeline_open(l2l_context *context, const struct recipe *recipe, const struct options *options,
                   const struct source *source, struct pipeline *pipeline);
void pipeline_close(struct pipeline *pipeline);

/* Sets a slice if the plan has it. False: told. */
bool pipeline_set(l2l_context *context, struct pipeline *pipeline, const char *slice,
                  const double *values, int64_t count);
/* Where a slice begins in params, and its length; NULL if the plan has none of that name. */
double *pipeline_slice(l2l_context *context, const struct pipeline *pipeline, const char *slice,
                       int64_t *count);

/* A new image of the shape that comes out of a stage. False: told. */
bool pipeline_image(l2l_context *context, const struct pipeline *pipeline,
                    const struct source *source, size_t stage, l2l_tensor *image);

/* The context that the options ask for. NULL: told. */
l2l_context *context_from_options(const struct options *options);

/* Tells the context's last failure as being about `path`. Returns false. */
bool fail_about(l2l_context *context, const char *path);

#endif
