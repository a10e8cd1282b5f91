/* One stage, run by itself: what the public stage calls and the tape are made of. */
#ifndef L2L_PLAN_STAGE_CALL_H
#define L2L_PLAN_STAGE_CALL_H

#include <lens2logit/plan.h>

/* As l2l_<stage>_forward and _backward, for any kind of stage. */
l2l_status l2l_stage_forward(l2l_context *context, const l2l_stage *stage,
                             const l2l_tensor *params, const l2l_tensor *src,
                             const l2l_tensor *dst);
l2l_status l2l_stage_backward(l2l_context *context, const l2l_stage *stage,
                              const l2l_tensor *params, const l2l_tensor *src,
                              const l2l_tensor *grad_dst, l2l_grad_mode mode,
                              const l2l_tensor *grad_src, const l2l_tensor *grad_params);

/* The channels that a stage of `kind` sees in a source of 2 to 4 dimensions: (N,H,W) is a batch to
   stages of the mosaic, (C,H,W) an image to all others. */
int64_t l2l_stage_channels(const l2l_tensor *src, l2l_stage_kind kind);

/* Validates the stage for an input of `channels` × height × width and says what comes out. */
l2l_status l2l_stage_output_shape(l2l_context *context, const l2l_stage *stage, int64_t channels,
                                  int64_t height, int64_t width, int64_t shape[3]);

/* Number of parameters (0 for additive, whose params are an image). */
l2l_status l2l_stage_param_count(l2l_context *context, const l2l_stage *stage, int64_t channels,
                                 int64_t *count);

#endif
