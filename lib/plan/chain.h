/* A chain of configured stages: what a plan holds and what a single stage call makes for itself.
   Boundary b lies before node b: boundary 0 is the input, boundary `count` the output. */
#ifndef L2L_PLAN_CHAIN_H
#define L2L_PLAN_CHAIN_H

#include "stages/stage.h"

enum { L2L_MAX_BOUNDARIES = L2L_MAX_STAGES + 1 };

typedef struct l2l_chain {
    int count;
    int channels[L2L_MAX_BOUNDARIES];
    l2l_node nodes[L2L_MAX_STAGES];
    int param_count, coef_count, sum_count, lane_count; /* of all nodes together */
    int coef_offset[L2L_MAX_STAGES], sum_offset[L2L_MAX_STAGES], lane_offset[L2L_MAX_STAGES];
    int batch_node, additive_node; /* −1: none */
    double sample_scale;
} l2l_chain;

/* An empty chain for an input of `channels`. */
void l2l_chain_init(l2l_chain *chain, int channels, double sample_scale);

/* Configures a stage and appends it. */
l2l_status l2l_chain_append(l2l_context *context, l2l_chain *chain, const l2l_stage *stage);

/* Appends a configured node. */
void l2l_chain_add(l2l_chain *chain, const l2l_node *node);

void l2l_chain_defaults(const l2l_chain *chain, double *params);

/* Extents at boundary `boundary` for an input of height × width; fails if one becomes 0. */
l2l_status l2l_chain_extent(l2l_context *context, const l2l_chain *chain, int boundary,
                            int64_t *height, int64_t *width);

l2l_status l2l_chain_forward(l2l_context *context, const l2l_chain *chain, const l2l_tensor *params,
                             const l2l_tensor *src, const l2l_tensor *dst,
                             const l2l_plan_extra *extra);

/* What backward starts from: the gradient of the output, or a loss of the output. */
typedef struct l2l_origin {
    const l2l_tensor *grad_dst; /* NULL: a loss */
    const l2l_loss *loss;
    double *value;         /* of the loss; NULL: not wanted */
    const l2l_tensor *dst; /* the output; NULL: not wanted */
} l2l_origin;

l2l_status l2l_chain_backward(l2l_context *context, const l2l_chain *chain,
                              const l2l_tensor *params, const l2l_tensor *src,
                              const l2l_origin *origin, l2l_grad_mode mode,
                              const l2l_tensor *grad_src, const l2l_tensor *grad_params,
                              const l2l_plan_extra *extra);

#endif
