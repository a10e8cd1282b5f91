/* Ops of the user's: two callbacks and what they are called with. */
#include <stdio.h>
#include <string.h>

#include "tape/tape_internal.h"

/* The name is copied, since the caller's string need not last. */
typedef struct custom_payload {
    l2l_custom_op op;
    char name[64];
} custom_payload;

/* The arrays that callbacks read are made anew for each call: the nodes may move. */
static l2l_tensor *input_views(const l2l_tape *tape, l2l_arena *arena, const tape_node *node) {
    l2l_tensor *views = l2l_arena_take(arena, node->input_count * sizeof *views);
    for (size_t i = 0; views && i < node->input_count; i++)
        views[i] = *l2l_tape_value_of(tape, node->inputs[i]);
    return views;
}

static l2l_status failed(l2l_tape *tape, const char *name, const char *where, l2l_status status) {
    if (status == L2L_OK) return status;
    return l2l_fail(tape->context, status, "tape: %s of the custom op '%s' said: %s", where, name,
                    l2l_status_name(status));
}

static l2l_status custom_forward(l2l_tape *tape, tape_node *node) {
    const custom_payload *payload = node->payload;
    const l2l_custom_op *op = &payload->op;
    if (node->needs_grad && !op->backward)
        return l2l_fail(tape->context, L2L_UNSUPPORTED,
                        "tape: the custom op '%s' has no backward, and an input requires a "
                        "gradient",
                        payload->name);
    l2l_arena_mark mark = l2l_arena_get_mark(&tape->values);
    l2l_tensor *inputs = input_views(tape, &tape->values, node);
    if (!inputs) return l2l_tape_no_memory(tape, payload->name);
    l2l_tensor output = node->value;
    l2l_status status = op->forward(op->user, node->input_count, inputs, &output);
    l2l_arena_rewind(&tape->values, mark);
    return failed(tape, payload->name, "forward", status);
}

/* Zeroed gradients for the callback alone, NULL where none is wanted. */
static const l2l_tensor **private_grads(l2l_tape *tape, const tape_node *node) {
    const l2l_tensor **grads =
        l2l_arena_take(&tape->grads, node->input_count * sizeof(l2l_tensor *));
    l2l_tensor *views = l2l_arena_take(&tape->grads, node->input_count * sizeof *views);
    if (!grads || !views) return NULL;
    for (size_t i = 0; i < node->input_count; i++) {
        const l2l_tensor *grad = l2l_tape_grad_of(tape, node->inputs[i]);
        grads[i] = NULL;
        if (!grad) continue;
        size_t bytes = (size_t)l2l_tape_elements(grad) * l2l_dtype_size(grad->dtype);
        views[i] = *grad;
        views[i].data = l2l_arena_take(&tape->grads, bytes);
        if (!views[i].data) return NULL;
        memset(views[i].data, 0, bytes);
        grads[i] = &views[i];
    }
    return grads;
}

static l2l_status custom_backward(l2l_tape *tape, tape_node *node) {
    const custom_payload *payload = node->payload;
    const l2l_custom_op *op = &payload->op;
    l2l_arena_mark mark = l2l_arena_get_mark(&tape->grads);
    l2l_tensor *inputs = input_views(tape, &tape->grads, node);
    const l2l_tensor **grads = private_grads(tape, node);
    if (!inputs || !grads) return l2l_tape_no_memory(tape, payload->name);
    l2l_tensor output = node->value, grad = node->grad;
    l2l_status status = op->backward(op->user, node->input_count, inputs, &output, &grad, grads);
    L2L_TRY(failed(tape, payload->name, "backward", status));
    for (size_t i = 0; i < node->input_count; i++)
        if (grads[i]) l2l_tape_accumulate(tape, l2l_tape_grad_of(tape, node->inputs[i]), grads[i]);
    l2l_arena_rewind(&tape->grads, mark);
    return L2L_OK;
}

static void custom_release(tape_node *node) {
    const l2l_custom_op *op = &((const custom_payload *)node->payload)->op;
    if (op->release) op->release(op->user);
}

static const tape_op custom_op = { "custom op", custom_forward, custom_backward, custom_release };

static l2l_status check_output(l2l_tape *tape, const char *name, l2l_dtype dtype, int ndim,
                               const int64_t *shape) {
    if (dtype != L2L_F32 && dtype != L2L_F64)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: the output of the custom op '%s' is f32 or f64, not %s", name,
                        l2l_dtype_name(dtype));
    if (ndim < 1 || ndim > 4 || !shape)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: the output of the custom op '%s' has %d dimensions, not 1 to 4",
                        name, shape ? ndim : 0);
    for (int k = 0; k < ndim; k++)
        if (shape[k] < 1)
            return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                            "tape: the output of the custom op '%s' has the extent %lld in "
                            "dimension %d",
                            name, (long long)shape[k], k);
    return L2L_OK;
}

l2l_status l2l_tape_custom(l2l_tape *tape, const l2l_custom_op *op, const l2l_var *inputs,
                           size_t count, l2l_dtype dtype, int ndim, const int64_t *shape,
                           l2l_var *output) {
    if (!tape) return L2L_INVALID_ARGUMENT;
    custom_payload payload = { .op = { .struct_size = sizeof payload.op } };
    if (!op || !l2l_options_copy(&payload.op, sizeof payload.op, op) || !payload.op.forward)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: a custom op needs its struct_size and a forward function");
    snprintf(payload.name, sizeof payload.name, "%s", payload.op.name ? payload.op.name : "");
    if (!inputs && count)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: the custom op '%s' has %zu inputs, and inputs is NULL", payload.name,
                        count);
    for (size_t i = 0; i < count; i++)
        L2L_TRY(l2l_tape_check_var(tape, inputs[i], "input of a custom op"));
    L2L_TRY(check_output(tape, payload.name, dtype, ndim, shape));
    tape_record record = {
        &custom_op, &payload, sizeof payload, inputs, count, dtype, ndim, shape
    };
    return l2l_tape_append(tape, &record, output);
}
