/* Runs of elements as doubles, and the loop over them. */
#include <stdatomic.h>

#include "tape/spans.h"

/* The view of one row, the last dimension, whose index among all rows is given. */
static l2l_tensor row_view(const l2l_tensor *tensor, int64_t row) {
    int last = tensor->ndim - 1;
    int64_t offset = 0;
    for (int k = last - 1; k >= 0; k--) {
        offset += row % tensor->shape[k] * tensor->stride[k];
        row /= tensor->shape[k];
    }
    offset *= (int64_t)l2l_dtype_size(tensor->dtype);
    l2l_tensor view = l2l_vector((char *)tensor->data + offset, tensor->dtype, tensor->shape[last]);
    view.stride[0] = tensor->stride[last];
    return view;
}

static void load_row(const l2l_tensor *row, int64_t first, int64_t count, double *out) {
    int64_t stride = row->stride[0];
    if (row->dtype == L2L_F32) {
        const float *in = (const float *)row->data + first * stride;
        for (int64_t i = 0; i < count; i++) out[i] = (double)in[i * stride];
    } else if (row->dtype == L2L_F64) {
        const double *in = (const double *)row->data + first * stride;
        for (int64_t i = 0; i < count; i++) out[i] = in[i * stride];
    } else {
        for (int64_t i = 0; i < count; i++) out[i] = l2l_vector_get(row, first + i);
    }
}

void l2l_span_load(const l2l_tensor *tensor, int64_t first, int64_t count, double *out) {
    int64_t width = tensor->shape[tensor->ndim - 1];
    int64_t row = first / width, column = first % width;
    while (count > 0) {
        int64_t run = width - column < count ? width - column : count;
        l2l_tensor view = row_view(tensor, row++);
        load_row(&view, column, run, out);
        out += run;
        count -= run;
        column = 0;
    }
}

void l2l_span_store(const l2l_tensor *tensor, int64_t first, int64_t count, const double *in) {
    if (tensor->dtype == L2L_F32) {
        float *out = (float *)tensor->data + first;
        for (int64_t i = 0; i < count; i++) out[i] = (float)in[i];
    } else {
        double *out = (double *)tensor->data + first;
        for (int64_t i = 0; i < count; i++) out[i] = in[i];
    }
}

void l2l_span_add(const l2l_tensor *tensor, int64_t first, int64_t count, const double *in) {
    if (tensor->dtype == L2L_F32) {
        float *out = (float *)tensor->data + first;
        for (int64_t i = 0; i < count; i++) out[i] = (float)((double)out[i] + in[i]);
    } else {
        double *out = (double *)tensor->data + first;
        for (int64_t i = 0; i < count; i++) out[i] += in[i];
    }
}

typedef struct span_loop {
    l2l_span_body *body;
    void *argument;
    int64_t elements, spans;
    atomic_llong next;
} span_loop;

static void take_spans(void *argument, int index) {
    span_loop *loop = argument;
    (void)index;
    for (int64_t span; (span = atomic_fetch_add(&loop->next, 1)) < loop->spans;) {
        int64_t first = span * L2L_SPAN, rest = loop->elements - first;
        loop->body(loop->argument, first, rest < L2L_SPAN ? rest : L2L_SPAN);
    }
}

void l2l_span_each(l2l_context *context, int64_t elements, l2l_span_body *body, void *argument) {
    span_loop loop = { .body = body, .argument = argument, .elements = elements };
    loop.spans = elements / L2L_SPAN + (elements % L2L_SPAN != 0);
    int threads = l2l_context_threads(context);
    if (loop.spans < threads) threads = (int)loop.spans;
    l2l_parallel_run(context, threads, take_spans, &loop);
}
