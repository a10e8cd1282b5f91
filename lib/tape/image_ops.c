/* Stages and whole plans on the tape. Neither remembers anything between forward and backward. */
#include <string.h>

#include "plan/plan.h"
#include "plan/stage_call.h"
#include "stages/stage.h"
#include "tape/tape_internal.h"

/* The inputs of an image op, by position. Parameters and the additive image may be absent. */
enum { SRC, PARAMS, ADDITIVE, INPUTS };

typedef struct stage_payload {
    l2l_stage_kind kind;
    bool has_attributes;
    l2l_attributes attributes; /* as the caller gave them */
} stage_payload;

typedef struct plan_payload {
    const l2l_plan *plan;
} plan_payload;

static const l2l_tensor *value_at(const l2l_tape *tape, const tape_node *node, int input) {
    return l2l_tape_value_of(tape, node->inputs[input]);
}

static const l2l_tensor *grad_at(const l2l_tape *tape, const tape_node *node, int input) {
    return l2l_tape_grad_of(tape, node->inputs[input]);
}

/* Computes the gradients that are not NULL, in the order of the inputs. */
typedef l2l_status backward_call(l2l_tape *tape, const tape_node *node,
                                 const l2l_tensor *const grads[INPUTS]);

/* All gradients in one call, unless two inputs are the same variable: outputs may not overlap, so
   those are computed one by one and add up. */
static l2l_status backward_of(l2l_tape *tape, const tape_node *node, backward_call *call) {
    const l2l_tensor *grads[INPUTS];
    bool shared = false;
    for (int i = 0; i < INPUTS; i++) {
        grads[i] = grad_at(tape, node, i);
        for (int j = 0; j < i; j++) shared |= grads[i] && grads[i] == grads[j];
    }
    if (!shared) return call(tape, node, grads);
    for (int i = 0; i < INPUTS; i++) {
        const l2l_tensor *one[INPUTS] = { NULL };
        one[i] = grads[i];
        if (one[i]) L2L_TRY(call(tape, node, one));
    }
    return L2L_OK;
}

/* ---- stages ---- */

static l2l_stage stage_of(const tape_node *node) {
    const stage_payload *payload = node->payload;
    return (l2l_stage){ payload->kind, payload->has_attributes ? &payload->attributes : NULL };
}

static l2l_status stage_forward(l2l_tape *tape, tape_node *node) {
    l2l_stage stage = stage_of(node);
    return l2l_stage_forward(tape->context, &stage, value_at(tape, node, PARAMS),
                             value_at(tape, node, SRC), &node->value);
}

static l2l_status stage_backward_call(l2l_tape *tape, const tape_node *node,
                                      const l2l_tensor *const grads[INPUTS]) {
    l2l_stage stage = stage_of(node);
    return l2l_stage_backward(tape->context, &stage, value_at(tape, node, PARAMS),
                              value_at(tape, node, SRC), &node->grad, L2L_GRAD_ADD, grads[SRC],
                              grads[PARAMS]);
}

static l2l_status stage_backward(l2l_tape *tape, tape_node *node) {
    return backward_of(tape, node, stage_backward_call);
}

/* ---- plans ---- */

static l2l_status plan_forward(l2l_tape *tape, tape_node *node) {
    const plan_payload *payload = node->payload;
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    extra.additive = value_at(tape, node, ADDITIVE);
    return l2l_plan_forward(tape->context, payload->plan, value_at(tape, node, PARAMS),
                            value_at(tape, node, SRC), &node->value, &extra);
}

static l2l_status plan_backward_call(l2l_tape *tape, const tape_node *node,
                                     const l2l_tensor *const grads[INPUTS]) {
    const plan_payload *payload = node->payload;
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    extra.additive = value_at(tape, node, ADDITIVE);
    extra.grad_additive = grads[ADDITIVE];
    return l2l_plan_backward(tape->context, payload->plan, value_at(tape, node, PARAMS),
                             value_at(tape, node, SRC), &node->grad, L2L_GRAD_ADD, grads[SRC],
                             grads[PARAMS], &extra);
}

static l2l_status plan_backward(l2l_tape *tape, tape_node *node) {
    return backward_of(tape, node, plan_backward_call);
}

static const tape_op stage_op = { "stage", stage_forward, stage_backward, NULL };
static const tape_op plan_op = { "plan", plan_forward, plan_backward, NULL };

/* ---- recording ---- */

/* The shape of the result for a source of `channels` that becomes chw: a batch stays a batch, and
   what had no dimension of channels gets one if there are several. */
static int result_shape(const l2l_tensor *src, int64_t channels, const int64_t chw[3],
                        int64_t shape[4]) {
    bool batch = src->ndim == 4 || (src->ndim == 3 && channels == 1);
    bool planes = src->ndim == 4 || (src->ndim == 3 && channels != 1) || chw[0] != 1;
    int ndim = 0;
    if (batch) shape[ndim++] = src->shape[0];
    if (planes) shape[ndim++] = chw[0];
    shape[ndim++] = chw[1];
    shape[ndim++] = chw[2];
    return ndim;
}

static l2l_status check_image(l2l_tape *tape, l2l_var var, const char *what) {
    L2L_TRY(l2l_tape_check_var(tape, var, what));
    int ndim = l2l_tape_value_of(tape, var)->ndim;
    if (ndim >= 2) return L2L_OK;
    return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                    "tape: %s: the source has %d dimensions; an image has 2 to 4", what, ndim);
}

static l2l_status check_optional(l2l_tape *tape, l2l_var var, const char *what) {
    return var == L2L_NO_VAR ? L2L_OK : l2l_tape_check_var(tape, var, what);
}

/* `record` has the op and the payload. */
static l2l_status append_image(l2l_tape *tape, tape_record *record, const l2l_var inputs[INPUTS],
                               int64_t channels, const int64_t chw[3], l2l_var *var) {
    int64_t shape[4];
    record->inputs = inputs;
    record->input_count = INPUTS;
    record->dtype = l2l_tape_result_dtype(tape, inputs, INPUTS);
    record->ndim = result_shape(l2l_tape_value_of(tape, inputs[SRC]), channels, chw, shape);
    record->shape = shape;
    return l2l_tape_append(tape, record, var);
}

l2l_status l2l_tape_stage(l2l_tape *tape, const l2l_stage *stage, l2l_var params, l2l_var src,
                          l2l_var *dst) {
    L2L_TRY(check_image(tape, src, "stage"));
    L2L_TRY(check_optional(tape, params, "stage: params"));
    if (!stage) return l2l_fail(tape->context, L2L_INVALID_ARGUMENT, "tape: stage is NULL");
    const l2l_tensor *value = l2l_tape_value_of(tape, src);
    int64_t channels = l2l_stage_channels(value, stage->kind), chw[3];
    L2L_TRY(l2l_stage_output_shape(tape->context, stage, channels, value->shape[value->ndim - 2],
                                   value->shape[value->ndim - 1], chw));
    stage_payload payload = { .kind = stage->kind, .has_attributes = stage->attributes != NULL };
    if (stage->attributes) {
        /* Only as much as the caller has; output_shape has made sure that the size is no lie. */
        size_t size;
        memcpy(&size, stage->attributes, sizeof size);
        memcpy(&payload.attributes, stage->attributes,
               size < sizeof payload.attributes ? size : sizeof payload.attributes);
    }
    const l2l_var inputs[INPUTS] = { src, params, L2L_NO_VAR };
    tape_record record = { &stage_op, &payload, sizeof payload, NULL, 0, L2L_F32, 0, NULL };
    return append_image(tape, &record, inputs, channels, chw, dst);
}

l2l_status l2l_tape_plan(l2l_tape *tape, const l2l_plan *plan, l2l_var params, l2l_var mosaic,
                         l2l_var additive, l2l_var *image) {
    L2L_TRY(check_image(tape, mosaic, "plan"));
    L2L_TRY(check_optional(tape, params, "plan: params"));
    L2L_TRY(check_optional(tape, additive, "plan: additive"));
    if (!plan) return l2l_fail(tape->context, L2L_INVALID_ARGUMENT, "tape: plan is NULL");
    const l2l_tensor *value = l2l_tape_value_of(tape, mosaic);
    int64_t chw[3];
    L2L_TRY(l2l_plan_output_shape(tape->context, plan, l2l_plan_stage_count(plan) - 1,
                                  value->shape[value->ndim - 2], value->shape[value->ndim - 1],
                                  chw));
    plan_payload payload = { plan };
    const l2l_var inputs[INPUTS] = { mosaic, params, additive };
    tape_record record = { &plan_op, &payload, sizeof payload, NULL, 0, L2L_F32, 0, NULL };
    return append_image(tape, &record, inputs, plan->chain.channels[0], chw, image);
}
