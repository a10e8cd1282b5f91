/* Runs of elements, in index order whatever the strides: how the tape's arithmetic reads values
   of any type and writes contiguous results, in double. */
#ifndef L2L_TAPE_SPANS_H
#define L2L_TAPE_SPANS_H

#include "core/core.h"

enum { L2L_SPAN = 1024 };

/* out[i] = element first + i, for 0 ≤ i < count. */
void l2l_span_load(const l2l_tensor *tensor, int64_t first, int64_t count, double *out);

/* Elements of a contiguous f32 or f64 tensor: set to `in`, or increased by it. */
void l2l_span_store(const l2l_tensor *tensor, int64_t first, int64_t count, const double *in);
void l2l_span_add(const l2l_tensor *tensor, int64_t first, int64_t count, const double *in);

/* Calls body(argument, first, count) for spans of L2L_SPAN elements that make up [0, elements), in
   any order, on the context's threads. */
typedef void l2l_span_body(void *argument, int64_t first, int64_t count);
void l2l_span_each(l2l_context *context, int64_t elements, l2l_span_body *body, void *argument);

#endif
