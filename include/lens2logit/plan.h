/* Plans: a list of stages, compiled into one pass over tiles, forward and backward. */
#ifndef LENS2LOGIT_PLAN_H
#define LENS2LOGIT_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include <lens2logit/stages.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { L2L_MAX_STAGES = 24 };

/* An immutable list of stages with one flat vector of parameters. Any number of threads may use
   one plan at once, each with a context of its own. */
typedef struct l2l_plan l2l_plan;

typedef enum l2l_stage_kind {
    L2L_BLACK_LEVEL = 0,
    L2L_DEMOSAIC = 1,
    L2L_WHITE_BALANCE = 2,
    L2L_COLOR_MATRIX = 3,
    L2L_SHARPEN = 4,
    L2L_DENOISE = 5,
    L2L_CLIP = 6,
    L2L_GAMMA = 7,
    L2L_ADDITIVE = 8,
    L2L_NORMALIZE = 9
} l2l_stage_kind;

/* One entry of a pipeline: the kind and its attribute struct (l2l_gamma for L2L_GAMMA and so on);
   NULL for the struct's _INIT values. */
typedef struct l2l_stage {
    l2l_stage_kind kind;
    const void *attributes;
} l2l_stage;

typedef struct l2l_plan_options {
    size_t struct_size;
    int channels;        /* of the input: 1 for a mosaic, 3 for an image */
    double sample_scale; /* input samples are multiplied by it as they are read: 1/65535 turns u16
                            into [0, 1]. Gradients of the mosaic are those of the scaled samples */
} l2l_plan_options;

#define L2L_PLAN_OPTIONS_INIT { sizeof(l2l_plan_options), 1, 1.0 }

/* Makes a plan; stages and attributes are copied. `options` may be NULL. At most one normalize in
   batch mode and one additive. On failure *plan is NULL. */
L2L_API l2l_status l2l_plan_create(l2l_context *context, const l2l_plan_options *options,
                                   const l2l_stage *stages, size_t count, l2l_plan **plan);
L2L_API void l2l_plan_destroy(l2l_plan *plan);

typedef struct l2l_preset_options {
    size_t struct_size;
    l2l_cfa cfa;         /* all zero: RGGB */
    l2l_border border;   /* DEFAULT: each stage as the preset has it; otherwise of all stages */
    double sample_scale; /* 0: 1 */
    int rescale;         /* black level also divides by white − level */
    double white;
    int additive;        /* lens2logit: append the additive stage */
    int batch_normalize; /* lens2logit: append batch normalisation */
} l2l_preset_options;

#define L2L_PRESET_OPTIONS_INIT \
    { sizeof(l2l_preset_options), { 0, 0, { 0 } }, L2L_BORDER_DEFAULT, 0.0, 0, 1.0, 0, 0 }

/* Presets:
   "lens2logit": black level, linear demosaic, white balance, colour matrix, sharpen.kernel (zero
       border), denoise.kernel, clip [1e-5, 1], gamma; 132 parameters.
   "static/<demosaic>/<sharpen>/<denoise>": black level, demosaic (bilinear, malvar2004), white
       balance, colour matrix, sharpen (sharpening_filter, unsharp_masking), denoise
       (gaussian_denoising, median_denoising), clip [0, 1], gamma. */
L2L_API l2l_status l2l_plan_preset(l2l_context *context, const char *name,
                                   const l2l_preset_options *options, l2l_plan **plan);

/* A named part of the parameter vector, "white_balance.gain" for instance. A second stage of one
   kind is called "gamma2" and so on. Names last as long as the plan. */
typedef struct l2l_slice {
    const char *name;
    int64_t offset, count;
} l2l_slice;

L2L_API int64_t l2l_plan_param_count(const l2l_plan *plan);
L2L_API size_t l2l_plan_slice_count(const l2l_plan *plan);
L2L_API l2l_status l2l_plan_slice_at(l2l_context *context, const l2l_plan *plan, size_t index,
                                     l2l_slice *slice);
L2L_API l2l_status l2l_plan_find_slice(l2l_context *context, const l2l_plan *plan,
                                       const char *name, l2l_slice *slice);

L2L_API size_t l2l_plan_stage_count(const l2l_plan *plan);
/* "demosaic", "gamma2", ...; NULL beyond the last. Lasts as long as the plan. */
L2L_API const char *l2l_plan_stage_name(const l2l_plan *plan, size_t stage);
/* The stage of that name; the names of Lens2Logit's stages (color_correct, sharpening, gaussian,
   clipped, gamma_correct, noise) are understood too. */
L2L_API l2l_status l2l_plan_find_stage(l2l_context *context, const l2l_plan *plan,
                                       const char *name, size_t *stage);

/* Writes the parameters with which the plan changes as little as possible (unit gains, identity,
   Lens2Logit's kernels, γ 2.2) into `params`, (P), f32 or f64. */
L2L_API l2l_status l2l_plan_default_params(l2l_context *context, const l2l_plan *plan,
                                           const l2l_tensor *params);
/* Sets one slice of `params` by name; `count` must be the slice's. */
L2L_API l2l_status l2l_plan_set_slice(l2l_context *context, const l2l_plan *plan,
                                      const l2l_tensor *params, const char *name,
                                      const double *values, int64_t count);

/* The size of what comes out of stage `stage` for an input of height × width (stage count − 1: the
   image). */
L2L_API l2l_status l2l_plan_output_shape(l2l_context *context, const l2l_plan *plan, size_t stage,
                                         int64_t height, int64_t width, int64_t shape[3]);

/* What is wanted of one stage beside the image: its output, and the gradient at its output (read by
   backward only). Either may be NULL. Shapes as l2l_plan_output_shape says, (N,C,H,W). */
typedef struct l2l_tap {
    size_t stage;
    const l2l_tensor *image;
    const l2l_tensor *grad;
} l2l_tap;

typedef struct l2l_plan_extra {
    size_t struct_size;
    const l2l_tap *taps;
    size_t tap_count;
    const l2l_tensor *additive;      /* (C,H,W): the image that the additive stage adds */
    const l2l_tensor *grad_additive; /* its gradient, summed over the batch; NULL: not computed */
    const l2l_tensor *state;         /* (2C), f32 or f64: running mean and variance of the batch
                                        normalisation. Updated by forward if training; NULL: none */
    int evaluation;                  /* batch normalisation uses `state`, not the batch */
} l2l_plan_extra;

#define L2L_PLAN_EXTRA_INIT { sizeof(l2l_plan_extra), NULL, 0, NULL, NULL, NULL, 0 }

/* mosaic (N,1,H,W), (N,H,W) or (H,W), any dtype → image (N,C,H',W') or (C,H',W'), any dtype.
   `params` is (P), f32 or f64; NULL for the default values. `extra` may be NULL. Data types and
   errors as for the stage calls. After the first call with a shape nothing is allocated.
   The image is the same to the bit for any number of threads and any tile size. */
L2L_API l2l_status l2l_plan_forward(l2l_context *context, const l2l_plan *plan,
                                    const l2l_tensor *params, const l2l_tensor *mosaic,
                                    const l2l_tensor *image, const l2l_plan_extra *extra);

/* grad_image (shape of image) → grad_mosaic (shape of mosaic), grad_params (P; f32 or f64). Each
   output may be NULL. A pure function of its arguments: what is needed of forward is computed
   again, tile by tile. Parameter gradients are the same to the bit for any number of threads. */
L2L_API l2l_status l2l_plan_backward(l2l_context *context, const l2l_plan *plan,
                                     const l2l_tensor *params, const l2l_tensor *mosaic,
                                     const l2l_tensor *grad_image, l2l_grad_mode mode,
                                     const l2l_tensor *grad_mosaic, const l2l_tensor *grad_params,
                                     const l2l_plan_extra *extra);

/* A number made of the image y and a target t of its shape: scale · Σ of this. y is the image before
   it is rounded to the type that it may be written in. */
typedef enum l2l_loss_kind {
    L2L_LOSS_SQUARED = 0,  /* (y − t)² */
    L2L_LOSS_ABSOLUTE = 1, /* |y − t|; its slope is 0 where they are equal */
    L2L_LOSS_PRODUCT = 2   /* y t: t is a cotangent that is known beforehand */
} l2l_loss_kind;

typedef struct l2l_loss {
    size_t struct_size;
    l2l_loss_kind kind;
    const l2l_tensor *target; /* shape of the image, any dtype, read as numbers */
    double scale;             /* 0: 1/(N C H' W'), which makes it a mean */
} l2l_loss;

#define L2L_LOSS_INIT { sizeof(l2l_loss), L2L_LOSS_SQUARED, NULL, 0.0 }

/* Forward, a loss, and backward from its gradient, in one pass over the mosaic: less work than the
   two calls, and the cotangent is never stored. *value (NULL: not wanted) becomes the loss, which is
   summed as gradients of parameters are: the same to the bit for any number of threads. The image
   (NULL: not wanted), grad_mosaic and grad_params have the bits that l2l_plan_forward and
   l2l_plan_backward give in the same arithmetic, which is double if one of mosaic, target, image and
   grad_mosaic is f64, where the cotangent is scale · slope in that arithmetic. State is not updated.
   After the first call with a shape nothing is allocated. */
L2L_API l2l_status l2l_plan_loss(l2l_context *context, const l2l_plan *plan,
                                 const l2l_tensor *params, const l2l_tensor *mosaic,
                                 const l2l_loss *loss, double *value, const l2l_tensor *image,
                                 l2l_grad_mode mode, const l2l_tensor *grad_mosaic,
                                 const l2l_tensor *grad_params, const l2l_plan_extra *extra);

/* A plan and, where `params` is not NULL, its parameters as JSON text with "lens2logit": 1. Free
   the text with l2l_text_free. */
L2L_API l2l_status l2l_plan_to_json(l2l_context *context, const l2l_plan *plan,
                                    const l2l_tensor *params, char **text);
/* Reads it. Unknown stages, keys, methods or slices are L2L_BAD_DATA and named. */
L2L_API l2l_status l2l_plan_from_json(l2l_context *context, const char *text, size_t size,
                                      l2l_plan **plan);
/* Reads the "params" object of such a text, or a camera's ({"lens2logit": 1, "params": {...}}),
   into `params`: slices that the text does not name keep their values. */
L2L_API l2l_status l2l_params_from_json(l2l_context *context, const l2l_plan *plan,
                                        const char *text, size_t size, const l2l_tensor *params);
L2L_API void l2l_text_free(l2l_context *context, char *text);

#ifdef __cplusplus
}
#endif
#endif
