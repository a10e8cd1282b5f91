/* The tape itself: making it, leaves, recording an op, and views of what is on it. */
#include <string.h>

#include "tape/tape_internal.h"

l2l_status l2l_tape_create(l2l_context *context, l2l_tape **tape) {
    if (tape) *tape = NULL;
    if (!context || !tape)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "tape: %s is NULL",
                        context ? "the place for the tape" : "context");
    l2l_allocator allocator = l2l_context_allocator(context);
    l2l_tape *made = l2l_allocate(&allocator, sizeof *made);
    if (!made) return l2l_fail(context, L2L_OUT_OF_MEMORY, "tape: no memory for a tape");
    made->context = context;
    made->allocator = made->values.allocator = made->grads.allocator = allocator;
    *tape = made;
    return L2L_OK;
}

void l2l_tape_clear(l2l_tape *tape) {
    if (!tape) return;
    while (tape->count > 0) {
        tape_node *node = &tape->nodes[--tape->count];
        if (node->op && node->op->release) node->op->release(node);
    }
    l2l_arena_reset(&tape->values);
    l2l_arena_reset(&tape->grads);
}

void l2l_tape_destroy(l2l_tape *tape) {
    if (!tape) return;
    l2l_tape_clear(tape);
    l2l_arena_free(&tape->values);
    l2l_arena_free(&tape->grads);
    l2l_release(&tape->allocator, tape->nodes, (size_t)tape->capacity * sizeof *tape->nodes);
    l2l_release(&tape->allocator, tape, sizeof *tape);
}

l2l_status l2l_tape_no_memory(l2l_tape *tape, const char *what) {
    return l2l_fail(tape->context, L2L_OUT_OF_MEMORY, "tape: no memory for %s", what);
}

static l2l_status reserve_node(l2l_tape *tape) {
    if (tape->count < tape->capacity) return L2L_OK;
    int32_t capacity = tape->capacity ? tape->capacity * 2 : 64;
    if (tape->capacity > INT32_MAX / 2)
        return l2l_fail(tape->context, L2L_OUT_OF_MEMORY, "tape: %d values are too many",
                        (int)tape->count);
    tape_node *nodes = l2l_allocate(&tape->allocator, (size_t)capacity * sizeof *nodes);
    if (!nodes) return l2l_tape_no_memory(tape, "another value");
    if (tape->count) memcpy(nodes, tape->nodes, (size_t)tape->count * sizeof *nodes);
    l2l_release(&tape->allocator, tape->nodes, (size_t)tape->capacity * sizeof *nodes);
    tape->nodes = nodes;
    tape->capacity = capacity;
    return L2L_OK;
}

static l2l_status check_usable(l2l_tape *tape) {
    if (!tape) return L2L_INVALID_ARGUMENT;
    if (tape->busy)
        return l2l_fail(tape->context, L2L_STATE, "tape: a callback may not use its own tape");
    return L2L_OK;
}

l2l_status l2l_tape_leaf(l2l_tape *tape, const l2l_tensor *value, int requires_grad, l2l_var *var) {
    L2L_TRY(check_usable(tape));
    L2L_TRY(l2l_tensor_check(tape->context, value, "tape: leaf"));
    if (!var) return l2l_fail(tape->context, L2L_INVALID_ARGUMENT, "tape: leaf: var is NULL");
    if (requires_grad && value->dtype != L2L_F32 && value->dtype != L2L_F64)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: a leaf that requires a gradient is f32 or f64, not %s",
                        l2l_dtype_name(value->dtype));
    L2L_TRY(reserve_node(tape));
    tape->nodes[tape->count] = (tape_node){ .value = *value, .needs_grad = requires_grad != 0 };
    *var = tape->count++;
    return L2L_OK;
}

l2l_status l2l_tape_check_var(l2l_tape *tape, l2l_var var, const char *what) {
    L2L_TRY(check_usable(tape));
    if (var >= 0 && var < tape->count) return L2L_OK;
    return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                    "tape: %s: %d is not a variable of this tape, which has %d", what, (int)var,
                    (int)tape->count);
}

const l2l_tensor *l2l_tape_value_of(const l2l_tape *tape, l2l_var var) {
    return var == L2L_NO_VAR ? NULL : &tape->nodes[var].value;
}

const l2l_tensor *l2l_tape_grad_of(const l2l_tape *tape, l2l_var var) {
    return var == L2L_NO_VAR || !tape->nodes[var].grad.data ? NULL : &tape->nodes[var].grad;
}

l2l_dtype l2l_tape_result_dtype(const l2l_tape *tape, const l2l_var *inputs, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (inputs[i] != L2L_NO_VAR && tape->nodes[inputs[i]].value.dtype == L2L_F64)
            return L2L_F64;
    return L2L_F32;
}

int64_t l2l_tape_elements(const l2l_tensor *tensor) {
    int64_t elements = 1;
    for (int k = 0; k < tensor->ndim; k++) elements *= tensor->shape[k];
    return elements;
}

/* Takes from the arena what the node needs. */
static l2l_status build_node(l2l_tape *tape, const tape_record *record, tape_node *node) {
    size_t bytes = l2l_dtype_size(record->dtype), input_bytes;
    for (int k = 0; k < record->ndim; k++)
        if (!l2l_mul_size(bytes, (size_t)record->shape[k], &bytes) || bytes > PTRDIFF_MAX)
            return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                            "tape: %s: the output does not fit the address space",
                            record->op->name);
    void *data = l2l_arena_take(&tape->values, bytes);
    node->payload = l2l_arena_take(&tape->values, record->payload_size);
    if (!l2l_mul_size(record->input_count, sizeof *node->inputs, &input_bytes))
        return l2l_tape_no_memory(tape, "inputs");
    node->inputs = l2l_arena_take(&tape->values, input_bytes);
    if (!data || !node->payload || !node->inputs) return l2l_tape_no_memory(tape, record->op->name);

    node->op = record->op;
    node->input_count = record->input_count;
    if (record->payload_size) memcpy(node->payload, record->payload, record->payload_size);
    if (input_bytes) memcpy(node->inputs, record->inputs, input_bytes);
    node->value = l2l_tensor_of(data, record->dtype, record->ndim, record->shape);
    for (size_t i = 0; i < node->input_count; i++)
        if (node->inputs[i] != L2L_NO_VAR)
            node->needs_grad |= tape->nodes[node->inputs[i]].needs_grad;
    return L2L_OK;
}

l2l_status l2l_tape_append(l2l_tape *tape, const tape_record *record, l2l_var *var) {
    L2L_TRY(check_usable(tape));
    if (!var)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: %s: the place for the result is NULL", record->op->name);
    L2L_TRY(reserve_node(tape));
    l2l_arena_mark mark = l2l_arena_get_mark(&tape->values);
    tape_node node = { .op = NULL };
    l2l_status status = build_node(tape, record, &node);
    if (status == L2L_OK) {
        tape->busy = true;
        status = record->op->forward(tape, &node);
        tape->busy = false;
    }
    if (status != L2L_OK) {
        l2l_arena_rewind(&tape->values, mark);
        return status;
    }
    tape->nodes[tape->count] = node;
    *var = tape->count++;
    return L2L_OK;
}

l2l_status l2l_tape_value(l2l_tape *tape, l2l_var var, l2l_tensor *value) {
    L2L_TRY(l2l_tape_check_var(tape, var, "value"));
    if (!value) return l2l_fail(tape->context, L2L_INVALID_ARGUMENT, "tape: value is NULL");
    *value = tape->nodes[var].value;
    return L2L_OK;
}

l2l_status l2l_tape_grad(l2l_tape *tape, l2l_var var, l2l_tensor *grad) {
    L2L_TRY(l2l_tape_check_var(tape, var, "grad"));
    if (!grad) return l2l_fail(tape->context, L2L_INVALID_ARGUMENT, "tape: grad is NULL");
    if (!tape->nodes[var].grad.data)
        return l2l_fail(tape->context, L2L_STATE, "tape: variable %d has no gradient: %s", (int)var,
                        tape->nodes[var].needs_grad ? "no backward has reached it"
                                                    : "nothing in it requires one");
    *grad = tape->nodes[var].grad;
    return L2L_OK;
}
