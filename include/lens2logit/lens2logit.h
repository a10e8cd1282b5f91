/* liblens2logit: differentiable raw-image processing. This header brings all the others; the whole
   flow, from a camera's file to an image and to gradients, is

       l2l_context *context;
       l2l_raw *raw;
       l2l_plan *plan;
       l2l_context_create(NULL, &context);
       l2l_raw_open_file(context, "photo.cr2", NULL, &raw);
       l2l_tensor mosaic = l2l_raw_mosaic(raw);                          // (H,W), sensor counts

       l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
       options.cfa = l2l_raw_get_info(raw)->cfa;
       options.sample_scale = 1.0 / l2l_raw_get_info(raw)->white;
       l2l_plan_preset(context, "lens2logit", &options, &plan);          // 132 parameters
       l2l_plan_default_params(context, plan, &params);                  // a vector of yours

       l2l_plan_forward (context, plan, &params, &mosaic, &image, NULL); // (3,H,W)
       l2l_plan_backward(context, plan, &params, &mosaic, &grad_image, L2L_GRAD_WRITE,
                         &grad_mosaic, &grad_params, NULL);

   Every call returns a status, and l2l_context_error says what went wrong. Nothing is remembered
   between forward and backward, and no image between stages is ever stored. */
#ifndef LENS2LOGIT_H
#define LENS2LOGIT_H

#include <lens2logit/status.h>
#include <lens2logit/context.h>
#include <lens2logit/tensor.h>
#include <lens2logit/mosaic.h>
#include <lens2logit/raw.h>
#include <lens2logit/stages.h>
#include <lens2logit/plan.h>
#include <lens2logit/tape.h>

#endif
