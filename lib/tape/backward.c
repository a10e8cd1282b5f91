/* Backward: seed the loss, then walk the array of nodes from its end. A node stands behind its
   inputs, so that its own gradient is complete when the walk gets there. */
#include <string.h>

#include "tape/tape_internal.h"

static void forget_gradients(l2l_tape *tape) {
    for (int32_t i = 0; i < tape->count; i++) tape->nodes[i].grad.data = NULL;
    l2l_arena_reset(&tape->grads);
}

/* Gives the node a gradient of zeros if it wants one and has none yet. */
static l2l_status open_gradient(l2l_tape *tape, tape_node *node) {
    if (!node->needs_grad || node->grad.data) return L2L_OK;
    const l2l_tensor *value = &node->value;
    size_t bytes = (size_t)l2l_tape_elements(value) * l2l_dtype_size(value->dtype);
    void *data = l2l_arena_take(&tape->grads, bytes);
    if (!data) return l2l_tape_no_memory(tape, "a gradient");
    memset(data, 0, bytes);
    node->grad = l2l_tensor_of(data, value->dtype, value->ndim, value->shape);
    return L2L_OK;
}

static l2l_status walk(l2l_tape *tape, l2l_var loss) {
    L2L_TRY(open_gradient(tape, &tape->nodes[loss]));
    l2l_tensor seed = l2l_vector(tape->nodes[loss].grad.data, tape->nodes[loss].grad.dtype, 1);
    l2l_vector_set(&seed, 0, 1.0);
    for (l2l_var i = loss; i >= 0; i--) {
        tape_node *node = &tape->nodes[i];
        if (!node->op || !node->grad.data) continue;
        for (size_t k = 0; k < node->input_count; k++)
            if (node->inputs[k] != L2L_NO_VAR)
                L2L_TRY(open_gradient(tape, &tape->nodes[node->inputs[k]]));
        L2L_TRY(node->op->backward(tape, node));
    }
    return L2L_OK;
}

l2l_status l2l_tape_backward(l2l_tape *tape, l2l_var loss) {
    L2L_TRY(l2l_tape_check_var(tape, loss, "backward"));
    const tape_node *node = &tape->nodes[loss];
    int64_t elements = l2l_tape_elements(&node->value);
    if (elements != 1)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: backward starts from a scalar, and variable %d has %lld elements",
                        (int)loss, (long long)elements);
    if (!node->needs_grad)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: backward from variable %d, which depends on nothing that requires "
                        "a gradient",
                        (int)loss);
    forget_gradients(tape);
    tape->busy = true;
    l2l_status status = walk(tape, loss);
    tape->busy = false;
    if (status != L2L_OK) forget_gradients(tape);
    return status;
}
