/* Tensors in guarded memory: any data type and layout, and nothing outside of them may change. */
#ifndef OPCHECK_GUARDED_H
#define OPCHECK_GUARDED_H

#include <lens2logit/tensor.h>

typedef enum layout {
    LAYOUT_PLAIN,    /* contiguous, 64-byte aligned */
    LAYOUT_OFFSET,   /* begins at an odd element, rows three elements apart */
    LAYOUT_STRIDED,  /* every other sample */
    LAYOUT_REVERSED, /* negative strides of rows and columns */
    LAYOUT_PACKED,   /* channels interleaved, rows padded */
    LAYOUTS
} layout;

extern const char *const layout_names[LAYOUTS];

typedef struct guarded {
    l2l_tensor view;
    unsigned char *memory, *before, *owned; /* owned: 1 where a byte belongs to the view */
    size_t bytes;
    size_t count, *place; /* elements, and at which byte each begins */
} guarded;

/* Memory full of a pattern that is a NaN in every floating-point type. */
guarded guarded_new(l2l_dtype dtype, int ndim, const int64_t *shape, layout kind);
void guarded_free(guarded *g);

/* The elements as double, in the order of their indices. */
void guarded_write(guarded *g, const double *values);
void guarded_read(const guarded *g, double *values);

/* Remembers all bytes; then says whether any has changed that may not: those outside of the view,
   or, unless `output`, any. */
void guarded_keep(guarded *g);
int guarded_broken(const guarded *g, int output);

/* What a value becomes when it is stored as `dtype`. */
double dtype_round(l2l_dtype dtype, double value);
/* Half the distance of neighbouring values at 1, relative: what rounding to `dtype` may cost. */
double dtype_epsilon(l2l_dtype dtype);

#endif
