/* The tensors of a call, checked and bound to its job. */
#ifndef L2L_PLAN_BIND_H
#define L2L_PLAN_BIND_H

#include "plan/job.h"

/* job->context and job->chain are set; these fill the extents, views and, for a loss, its kind and
   scale. `place` says where a stage's output is in the chain, which is folded. No tensor that is
   written may overlap another. */
l2l_status l2l_bind_forward(l2l_job *job, const l2l_tensor *params, const l2l_tensor *src,
                            const l2l_tensor *dst, const l2l_plan_extra *extra, const int *place);
l2l_status l2l_bind_backward(l2l_job *job, const l2l_tensor *params, const l2l_tensor *src,
                             const l2l_origin *origin, const l2l_tensor *grad_src,
                             const l2l_tensor *grad_params, const l2l_plan_extra *extra,
                             const int *place);

#endif
