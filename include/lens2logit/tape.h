/* A small reverse-mode tape: record stage calls, plans, arithmetic and your own ops, then call
   backward from a scalar. */
#ifndef LENS2LOGIT_TAPE_H
#define LENS2LOGIT_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include <lens2logit/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Ops are computed when they are recorded. The tape owns every value and gradient that it made;
   leaves are borrowed and must live as long as the tape or until l2l_tape_clear. One thread at a
   time; it uses the context that it was made with. */
typedef struct l2l_tape l2l_tape;

/* A value on a tape. L2L_NO_VAR stands for "none" where an op allows it. */
typedef int32_t l2l_var;
#define L2L_NO_VAR (-1)

L2L_API l2l_status l2l_tape_create(l2l_context *context, l2l_tape **tape);
L2L_API void l2l_tape_destroy(l2l_tape *tape);
/* Forgets all values, keeps the memory for the next recording. Variables become invalid. */
L2L_API void l2l_tape_clear(l2l_tape *tape);

/* The result of an op is f64 if an input is f64, else f32, whatever the other inputs are. A gradient
   has the shape and the dtype of its value. */

/* Puts a tensor of the caller's on the tape. With requires_grad its gradient is computed (and the
   dtype must be f32 or f64). */
L2L_API l2l_status l2l_tape_leaf(l2l_tape *tape, const l2l_tensor *value, int requires_grad,
                                 l2l_var *var);

/* One stage. `params` may be L2L_NO_VAR where the stage has none, or for its default values. The
   result has as many dimensions as `src`, and one for the channels besides if `src` has none and
   there are several: (N,H,W) demosaiced is (N,C,H,W), (H,W) is (C,H,W). */
L2L_API l2l_status l2l_tape_stage(l2l_tape *tape, const l2l_stage *stage, l2l_var params,
                                  l2l_var src, l2l_var *dst);
/* A whole plan, fused; shapes as above. The plan is borrowed: it must outlive the tape or its next
   clear. additive: L2L_NO_VAR if the plan has none. */
L2L_API l2l_status l2l_tape_plan(l2l_tape *tape, const l2l_plan *plan, l2l_var params,
                                 l2l_var mosaic, l2l_var additive, l2l_var *image);

/* Elementwise, of equal shapes; and with a constant. */
L2L_API l2l_status l2l_tape_add(l2l_tape *tape, l2l_var a, l2l_var b, l2l_var *sum);
L2L_API l2l_status l2l_tape_sub(l2l_tape *tape, l2l_var a, l2l_var b, l2l_var *difference);
L2L_API l2l_status l2l_tape_mul(l2l_tape *tape, l2l_var a, l2l_var b, l2l_var *product);
L2L_API l2l_status l2l_tape_scale(l2l_tape *tape, l2l_var a, double factor, double offset,
                                  l2l_var *result); /* factor · a + offset */
L2L_API l2l_status l2l_tape_square(l2l_tape *tape, l2l_var a, l2l_var *square);
/* Reductions to a scalar, shape (1), summed in double in a fixed order. */
L2L_API l2l_status l2l_tape_sum(l2l_tape *tape, l2l_var a, l2l_var *sum);
L2L_API l2l_status l2l_tape_mean(l2l_tape *tape, l2l_var a, l2l_var *mean);

/* An op of the user's. forward fills `output`; backward adds to or writes the gradients it is given:
   grad_inputs[i] is NULL where none is wanted and is otherwise zeroed and private to this call.
   A status other than L2L_OK ends the recording or the backward pass and is returned. An op with
   backward == NULL is refused with L2L_UNSUPPORTED when an input requires a gradient. */
typedef struct l2l_custom_op {
    size_t struct_size;
    const char *name;
    l2l_status (*forward)(void *user, size_t count, const l2l_tensor *inputs,
                          const l2l_tensor *output);
    l2l_status (*backward)(void *user, size_t count, const l2l_tensor *inputs,
                           const l2l_tensor *output, const l2l_tensor *grad_output,
                           const l2l_tensor *const *grad_inputs);
    void (*release)(void *user); /* NULL, or called once when the op leaves the tape: when it is
                                    cleared or destroyed. `user` must live until then */
    void *user;
} l2l_custom_op;

/* Records it; the output is new, of the given dtype (f32 or f64) and shape. On failure `release`
   has not been called. */
L2L_API l2l_status l2l_tape_custom(l2l_tape *tape, const l2l_custom_op *op, const l2l_var *inputs,
                                   size_t count, l2l_dtype dtype, int ndim, const int64_t *shape,
                                   l2l_var *output);

/* Back-propagates from a scalar (one element). Gradients of an earlier call are forgotten; where a
   value is used twice its gradients add up. */
L2L_API l2l_status l2l_tape_backward(l2l_tape *tape, l2l_var loss);

/* Views of a value, and of its gradient after backward (L2L_STATE if it has none). They last until
   the tape is cleared or destroyed, gradients until the next backward. */
L2L_API l2l_status l2l_tape_value(l2l_tape *tape, l2l_var var, l2l_tensor *value);
L2L_API l2l_status l2l_tape_grad(l2l_tape *tape, l2l_var var, l2l_tensor *grad);

#ifdef __cplusplus
}
#endif
#endif
