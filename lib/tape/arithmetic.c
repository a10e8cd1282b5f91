/* Elementwise ops and reductions. Three formulas make them all: p·a + q·b + r (add, sub, scale),
   a·b (mul, square) and k·Σa (sum, mean). */
#include <inttypes.h>

#include "tape/spans.h"
#include "tape/tape_internal.h"

/* p·a + q·b + r; without b, q is not read. For a reduction p is k. */
typedef struct constants {
    double p, q, r;
} constants;

/* One formula on one node, for the loop over spans. */
typedef struct span_job {
    constants k;
    const l2l_tensor *a, *b;   /* values; b may be absent */
    const l2l_tensor *y;       /* value of the node */
    const l2l_tensor *gy;      /* its gradient */
    const l2l_tensor *ga, *gb; /* gradients wanted, or NULL */
    double *partial;           /* of a reduction, one a span */
} span_job;

static span_job job_of(const l2l_tape *tape, const tape_node *node) {
    l2l_var a = node->inputs[0], b = node->input_count > 1 ? node->inputs[1] : L2L_NO_VAR;
    return (span_job){ .k = *(const constants *)node->payload,
                       .a = l2l_tape_value_of(tape, a),
                       .b = l2l_tape_value_of(tape, b),
                       .y = &node->value,
                       .gy = &node->grad,
                       .ga = l2l_tape_grad_of(tape, a),
                       .gb = l2l_tape_grad_of(tape, b) };
}

static l2l_status each_span(l2l_tape *tape, span_job *job, const l2l_tensor *over,
                            l2l_span_body *body) {
    l2l_span_each(tape->context, l2l_tape_elements(over), body, job);
    return L2L_OK;
}

/* ---- p·a + q·b + r ---- */

static void linear_span(void *argument, int64_t first, int64_t count) {
    const span_job *job = argument;
    constants k = job->k;
    double a[L2L_SPAN], b[L2L_SPAN];
    l2l_span_load(job->a, first, count, a);
    if (job->b) {
        l2l_span_load(job->b, first, count, b);
        for (int64_t i = 0; i < count; i++) a[i] = k.p * a[i] + k.q * b[i];
    } else {
        for (int64_t i = 0; i < count; i++) a[i] = k.p * a[i] + k.r;
    }
    l2l_span_store(job->y, first, count, a);
}

static void add_scaled(const l2l_tensor *grad, int64_t first, int64_t count, double factor,
                       const double *g) {
    double scaled[L2L_SPAN];
    if (!grad) return;
    for (int64_t i = 0; i < count; i++) scaled[i] = factor * g[i];
    l2l_span_add(grad, first, count, scaled);
}

static void linear_back_span(void *argument, int64_t first, int64_t count) {
    const span_job *job = argument;
    double g[L2L_SPAN];
    l2l_span_load(job->gy, first, count, g);
    add_scaled(job->ga, first, count, job->k.p, g);
    add_scaled(job->gb, first, count, job->k.q, g);
}

static l2l_status linear_forward(l2l_tape *tape, tape_node *node) {
    span_job job = job_of(tape, node);
    return each_span(tape, &job, job.y, linear_span);
}

static l2l_status linear_backward(l2l_tape *tape, tape_node *node) {
    span_job job = job_of(tape, node);
    return each_span(tape, &job, job.y, linear_back_span);
}

/* ---- a·b ---- */

static void product_span(void *argument, int64_t first, int64_t count) {
    const span_job *job = argument;
    double a[L2L_SPAN], b[L2L_SPAN];
    l2l_span_load(job->a, first, count, a);
    l2l_span_load(job->b, first, count, b);
    for (int64_t i = 0; i < count; i++) a[i] *= b[i];
    l2l_span_store(job->y, first, count, a);
}

/* grad += g · other */
static void add_product(const l2l_tensor *grad, const l2l_tensor *other, int64_t first,
                        int64_t count, const double *g) {
    double product[L2L_SPAN];
    if (!grad) return;
    l2l_span_load(other, first, count, product);
    for (int64_t i = 0; i < count; i++) product[i] *= g[i];
    l2l_span_add(grad, first, count, product);
}

static void product_back_span(void *argument, int64_t first, int64_t count) {
    const span_job *job = argument;
    double g[L2L_SPAN];
    l2l_span_load(job->gy, first, count, g);
    add_product(job->ga, job->b, first, count, g);
    add_product(job->gb, job->a, first, count, g);
}

static l2l_status product_forward(l2l_tape *tape, tape_node *node) {
    span_job job = job_of(tape, node);
    return each_span(tape, &job, job.y, product_span);
}

static l2l_status product_backward(l2l_tape *tape, tape_node *node) {
    span_job job = job_of(tape, node);
    return each_span(tape, &job, job.y, product_back_span);
}

/* ---- k·Σa ---- */

static void partial_sum_span(void *argument, int64_t first, int64_t count) {
    const span_job *job = argument;
    double a[L2L_SPAN], sum = 0.0;
    l2l_span_load(job->a, first, count, a);
    for (int64_t i = 0; i < count; i++) sum += a[i];
    job->partial[first / L2L_SPAN] = sum;
}

static void total_back_span(void *argument, int64_t first, int64_t count) {
    const span_job *job = argument;
    double g[L2L_SPAN];
    for (int64_t i = 0; i < count; i++) g[i] = job->k.r;
    l2l_span_add(job->ga, first, count, g);
}

static l2l_status total_forward(l2l_tape *tape, tape_node *node) {
    span_job job = job_of(tape, node);
    int64_t spans = (l2l_tape_elements(job.a) - 1) / L2L_SPAN + 1;
    job.partial = l2l_scratch(tape->context, L2L_SCRATCH_CALL, (size_t)spans * sizeof *job.partial);
    if (!job.partial) return l2l_tape_no_memory(tape, "partial sums");
    each_span(tape, &job, job.a, partial_sum_span);
    double sum = 0.0;
    for (int64_t i = 0; i < spans; i++) sum += job.partial[i];
    sum *= job.k.p;
    l2l_span_store(job.y, 0, 1, &sum);
    return L2L_OK;
}

static l2l_status total_backward(l2l_tape *tape, tape_node *node) {
    span_job job = job_of(tape, node);
    job.k.r = job.k.p * l2l_vector_get(job.gy, 0);
    return each_span(tape, &job, job.a, total_back_span);
}

static const tape_op linear_op = { "linear", linear_forward, linear_backward, NULL };
static const tape_op product_op = { "product", product_forward, product_backward, NULL };
static const tape_op total_op = { "reduction", total_forward, total_backward, NULL };

/* ---- recording ---- */

static l2l_status same_shape(l2l_tape *tape, const char *what, l2l_var a, l2l_var b) {
    const l2l_tensor *x = l2l_tape_value_of(tape, a), *y = l2l_tape_value_of(tape, b);
    if (x->ndim != y->ndim)
        return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                        "tape: %s: the values have %d and %d dimensions", what, (int)x->ndim,
                        (int)y->ndim);
    for (int k = 0; k < x->ndim; k++)
        if (x->shape[k] != y->shape[k])
            return l2l_fail(tape->context, L2L_INVALID_ARGUMENT,
                            "tape: %s: the values have the extents %" PRId64 " and %" PRId64
                            " in dimension %d",
                            what, x->shape[k], y->shape[k], k);
    return L2L_OK;
}

/* b may be L2L_NO_VAR. */
static l2l_status elementwise(l2l_tape *tape, const char *what, const tape_op *op, l2l_var a,
                              bool has_b, l2l_var b, constants k, l2l_var *result) {
    L2L_TRY(l2l_tape_check_var(tape, a, what));
    if (has_b) {
        L2L_TRY(l2l_tape_check_var(tape, b, what));
        L2L_TRY(same_shape(tape, what, a, b));
    }
    l2l_var inputs[2] = { a, b };
    size_t count = has_b ? 2 : 1;
    const l2l_tensor *value = l2l_tape_value_of(tape, a);
    int64_t shape[4];
    for (int d = 0; d < value->ndim; d++) shape[d] = value->shape[d];
    tape_record record = { op,          &k,    sizeof k,
                           inputs,      count, l2l_tape_result_dtype(tape, inputs, count),
                           value->ndim, shape };
    return l2l_tape_append(tape, &record, result);
}

l2l_status l2l_tape_add(l2l_tape *tape, l2l_var a, l2l_var b, l2l_var *sum) {
    return elementwise(tape, "add", &linear_op, a, true, b, (constants){ 1, 1, 0 }, sum);
}

l2l_status l2l_tape_sub(l2l_tape *tape, l2l_var a, l2l_var b, l2l_var *difference) {
    return elementwise(tape, "sub", &linear_op, a, true, b, (constants){ 1, -1, 0 }, difference);
}

l2l_status l2l_tape_mul(l2l_tape *tape, l2l_var a, l2l_var b, l2l_var *product) {
    return elementwise(tape, "mul", &product_op, a, true, b, (constants){ 0, 0, 0 }, product);
}

l2l_status l2l_tape_scale(l2l_tape *tape, l2l_var a, double factor, double offset,
                          l2l_var *result) {
    constants k = { factor, 0, offset };
    return elementwise(tape, "scale", &linear_op, a, false, L2L_NO_VAR, k, result);
}

l2l_status l2l_tape_square(l2l_tape *tape, l2l_var a, l2l_var *square) {
    return elementwise(tape, "square", &product_op, a, true, a, (constants){ 0, 0, 0 }, square);
}

static l2l_status reduction(l2l_tape *tape, const char *what, l2l_var a, bool mean,
                            l2l_var *result) {
    L2L_TRY(l2l_tape_check_var(tape, a, what));
    constants k = { 1, 0, 0 };
    if (mean) k.p = 1.0 / (double)l2l_tape_elements(l2l_tape_value_of(tape, a));
    const int64_t one = 1;
    tape_record record = { &total_op, &k,  sizeof k, &a, 1, l2l_tape_result_dtype(tape, &a, 1),
                           1,         &one };
    return l2l_tape_append(tape, &record, result);
}

l2l_status l2l_tape_sum(l2l_tape *tape, l2l_var a, l2l_var *sum) {
    return reduction(tape, "sum", a, false, sum);
}

l2l_status l2l_tape_mean(l2l_tape *tape, l2l_var a, l2l_var *mean) {
    return reduction(tape, "mean", a, true, mean);
}

/* ---- gradients of custom ops ---- */

typedef struct accumulation {
    const l2l_tensor *grad, *addend;
} accumulation;

static void accumulate_span(void *argument, int64_t first, int64_t count) {
    const accumulation *job = argument;
    double buffer[L2L_SPAN];
    l2l_span_load(job->addend, first, count, buffer);
    l2l_span_add(job->grad, first, count, buffer);
}

void l2l_tape_accumulate(l2l_tape *tape, const l2l_tensor *grad, const l2l_tensor *addend) {
    accumulation job = { grad, addend };
    l2l_span_each(tape->context, l2l_tape_elements(grad), accumulate_span, &job);
}
