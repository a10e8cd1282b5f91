/* What a stage is to the rest of the library: one row of the stage table, and the node that a row
   becomes when it is configured with attributes. */
#ifndef L2L_STAGES_STAGE_H
#define L2L_STAGES_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lens2logit/plan.h>

#include "stages/border.h"

/* How a stage walks over the image. */
typedef enum l2l_shape {
    L2L_SHAPE_POINT, /* each pixel by itself, all channels together */
    L2L_SHAPE_PLANE, /* a neighbourhood in one plane: luma, or each channel in turn */
    L2L_SHAPE_CFA    /* a neighbourhood of the mosaic makes all channels of a pixel */
} l2l_shape;

/* What backward to the source reads of the forward pass. */
enum { L2L_NEEDS_SRC = 1, L2L_NEEDS_AUX = 2 };

enum { L2L_MAX_CHANNELS = 4, L2L_MAX_RADIUS = 24, L2L_MAX_SLICES = 2 };

typedef union l2l_attributes {
    size_t struct_size;
    l2l_black_level black_level;
    l2l_demosaic demosaic;
    l2l_white_balance white_balance;
    l2l_color_matrix color_matrix;
    l2l_sharpen sharpen;
    l2l_denoise denoise;
    l2l_clip clip;
    l2l_gamma gamma;
    l2l_additive additive;
    l2l_normalize normalize;
} l2l_attributes;

typedef struct l2l_slice_spec {
    const char *name; /* without the stage's name */
    int count;        /* 0: the slice is absent */
} l2l_slice_spec;

typedef struct l2l_stage_row l2l_stage_row;

/* A configured stage. Filled by l2l_node_configure and its row's `configure`. */
typedef struct l2l_node {
    const l2l_stage_row *row;
    int kernel; /* index of the row, and of its kernels in each kernel table */
    l2l_attributes attributes;
    int in_channels, out_channels;
    int radius;        /* source rows and columns read on each side */
    int scale;         /* source samples a destination sample, each way: 1, or 2 */
    l2l_border border; /* resolved: mirror, symmetric, replicate or zero */
    bool luma;         /* a plane stage that works on luma */
    int aux_planes;    /* planes that forward leaves behind its channels for backward */
    l2l_slice_spec slices[L2L_MAX_SLICES];
    int param_offset, param_count;
    int coef_count; /* what kernels read, made of the parameters by `prepare` */
    int sum_count;  /* what kernels sum up, made into parameter gradients by `unfold` */
    int lane_count; /* partial sums that kernels keep in their own arithmetic */

    /* Set by folding (lib/plan/fold.c). */
    bool luma_enter, luma_leave; /* first, last of adjacent nodes that hand on luma alone */
    bool clipped;                 /* the kernel clips what it loads, to [clip_lo, clip_hi] */
    double clip_lo, clip_hi;
    const struct l2l_node *parts; /* the nodes that this one stands for; NULL: itself */
    int part_count;
} l2l_node;

struct l2l_stage_row {
    const char *stage;  /* "denoise" */
    const char *method; /* "median"; NULL where a stage has one method */
    l2l_stage_kind kind;
    int method_id;
    l2l_shape shape;
    unsigned needs;
    bool in_place; /* one channel, and its forward kernel may write where it reads */
    bool clips;  /* its kernel can clip what it loads, and then needs no clip stage before it */
    /* Checks attributes and in_channels, and sets what differs from l2l_node_configure's defaults. */
    l2l_status (*configure)(l2l_context *, l2l_node *);
    /* Parameters that change the image as little as possible. NULL without parameters. */
    void (*defaults)(const l2l_node *, double *params);
    /* Coefficients for a source of height × width; NULL: the coefficients are the parameters. */
    void (*prepare)(const l2l_node *, int64_t height, int64_t width, const double *params,
                    double *coefs);
    /* What only backward reads of them, made after `prepare`; NULL: nothing. */
    void (*prepare_backward)(const l2l_node *, int64_t height, int64_t width,
                             const double *params, double *coefs);
    /* Gradients of the parameters from the sums; NULL: the sums are the gradients. `sums` may be
       used up; `work` has room for the coefficients. */
    void (*unfold)(const l2l_node *, int64_t height, int64_t width, const double *params,
                   double *sums, double *work, double *grads);
    /* A stage that multiplies each RGB pixel by a matrix says by which, and turns the gradient of
       the matrix into that of its parameters; NULL for the others. Such stages fold. */
    void (*matrix)(const l2l_node *, const double *params, double m[9]);
    void (*matrix_grad)(const l2l_node *, const double *params, const double grad[9],
                        double *grads);
};

/* The stage table: lib/stages/table.c. */
extern const l2l_stage_row *const l2l_stage_rows[];
extern const int l2l_stage_row_count;

/* Makes a node: finds the row of kind and method, copies the attributes, configures. */
l2l_status l2l_node_configure(l2l_context *context, const l2l_stage *stage, int channels,
                              l2l_node *node);

/* Extent of the destination for that of the source. */
static inline int64_t l2l_node_extent(const l2l_node *node, int64_t extent) {
    return extent / node->scale;
}

/* The name of a stage kind, "gamma" for instance; NULL for an unknown kind. */
const char *l2l_stage_kind_name(l2l_stage_kind kind);

/* The attributes that NULL stands for; NULL for an unknown kind. */
const l2l_attributes *l2l_stage_standard(l2l_stage_kind kind);

#endif
