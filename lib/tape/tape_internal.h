/* What a tape is made of: an array of nodes, each a value and the op that made it. */
#ifndef L2L_TAPE_INTERNAL_H
#define L2L_TAPE_INTERNAL_H

#include <lens2logit/tape.h>

#include "tape/arena.h"

typedef struct tape_node tape_node;

/* One row an op. forward fills node->value; backward adds to the gradients of the inputs, which
   l2l_tape_grad_of finds. */
typedef struct tape_op {
    const char *name;
    l2l_status (*forward)(l2l_tape *tape, tape_node *node);
    l2l_status (*backward)(l2l_tape *tape, tape_node *node);
    void (*release)(tape_node *node); /* NULL: nothing to release */
} tape_op;

struct tape_node {
    const tape_op *op; /* NULL: a leaf */
    void *payload;     /* of the op; in the tape's arena, as are the inputs */
    l2l_var *inputs;   /* L2L_NO_VAR where an optional one is absent */
    size_t input_count;
    l2l_tensor value;
    l2l_tensor grad; /* data == NULL: none */
    bool needs_grad;
};

struct l2l_tape {
    l2l_context *context;
    l2l_allocator allocator;
    tape_node *nodes;
    int32_t count, capacity;
    l2l_arena values; /* values, inputs, payloads: until the tape is cleared */
    l2l_arena grads;  /* until the next backward */
    bool busy;        /* inside an op: its callbacks may not change the tape */
};

/* What an op wants recorded; the output is contiguous. */
typedef struct tape_record {
    const tape_op *op;
    const void *payload; /* copied */
    size_t payload_size;
    const l2l_var *inputs; /* copied */
    size_t input_count;
    l2l_dtype dtype;
    int ndim;
    const int64_t *shape;
} tape_record;

/* Computes an op and puts it on the tape, or leaves the tape as it was. */
l2l_status l2l_tape_append(l2l_tape *tape, const tape_record *record, l2l_var *var);

/* Fails unless the tape may be recorded on and `var` is one of its values; `what` names it. */
l2l_status l2l_tape_check_var(l2l_tape *tape, l2l_var var, const char *what);

/* The value of a checked variable, NULL for L2L_NO_VAR; its gradient, NULL if none is wanted. */
const l2l_tensor *l2l_tape_value_of(const l2l_tape *tape, l2l_var var);
const l2l_tensor *l2l_tape_grad_of(const l2l_tape *tape, l2l_var var);

/* f64 if an input is f64, else f32. */
l2l_dtype l2l_tape_result_dtype(const l2l_tape *tape, const l2l_var *inputs, size_t count);

int64_t l2l_tape_elements(const l2l_tensor *tensor);

/* grad += addend; both contiguous, f32 or f64, of one shape. */
void l2l_tape_accumulate(l2l_tape *tape, const l2l_tensor *grad, const l2l_tensor *addend);

l2l_status l2l_tape_no_memory(l2l_tape *tape, const char *what);

#endif
