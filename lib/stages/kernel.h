/* What kernels are: functions over rows, compiled once for each instruction set and for float and
   double. This header is all that a .kernel.c file includes, and all that the executor knows of
   them: pixels are `void *` to the executor and `real *` to kernels. */
#ifndef L2L_STAGES_KERNEL_H
#define L2L_STAGES_KERNEL_H

#include "stages/stage.h"

/* Sums over pixels run in this many lanes (lane = column modulo 16), whatever the instruction set,
   so that they have the same bits on all of them. Rows have room for a last incomplete group:
   forward and backward kernels may compute columns up to the next multiple of 16 beyond `count`;
   nobody reads them. */
enum { L2L_LANES = 16 };

/* One row of work, or a few. Row pointers address column `x`; windows are listed channel by channel,
   and in a channel from the topmost row down; rows have valid samples `radius` columns beyond both
   ends. */
typedef struct l2l_sweep {
    const l2l_node *node;
    const void *coefs;
    int64_t height, width; /* of the stage's source image */
    int64_t y, x;          /* of the first pixel of the row that is made (of `grad` for sums) */
    int count;             /* columns */
    int rows;              /* rows y … y + rows − 1 at once; more than 1 only for kernels that take
                              them: windows and `out` are longer by rows − 1, `out` row by row */
    const void *const *src;  /* forward, sums: window of scale + 2·radius rows a channel;
                                backward: the row y a channel, if the stage NEEDS_SRC */
    const void *const *grad; /* backward: window of the cotangent's rows y − radius … y + radius a
                                channel, zero beyond the image; sums: the rows y … a
                                channel */
    const void *const *aux;  /* backward: like grad, one a channel of aux planes */
    const void *const *extra; /* the row y of the image-shaped parameter, a channel each */
    void *const *out;        /* forward: rows of dst, then of aux planes; backward: of grad_src */
    bool add;                /* backward: add to `out` instead of replacing it */
    double *sums;            /* sums: added to */
    void *lanes;             /* sums, flush: node->lane_count values that `sums` may add to in
                                their own arithmetic; flush, called every few rows, adds them to
                                `sums` and clears them */
    int own_begin, own_count; /* backward of a kernel that `sums_in_backward`: columns to sum;
                                 own_count 0: none */
    void *scratch[3];        /* rows of the same length and padding as the others */
} l2l_sweep;

typedef struct l2l_kernel {
    void (*forward)(const l2l_sweep *);
    void (*backward)(const l2l_sweep *); /* the transpose: cotangent of dst → cotangent of src */
    void (*sums)(const l2l_sweep *);     /* NULL: nothing to sum */
    void (*flush)(const l2l_sweep *);    /* NULL: sums needs none */
    int rows;     /* rows that forward and backward take at most; 0: 1 */
    int sum_rows; /* rows that sums takes at most; 0: 1 */
    bool sums_in_backward; /* backward can sum on its way; `sums` is for when it is not called */
} l2l_kernel;

typedef enum l2l_store_mode {
    L2L_STORE_WRITE,
    L2L_STORE_STREAM, /* past the caches: for outputs that are larger than they are */
    L2L_STORE_ADD
} l2l_store_mode;

/* What the executor does to rows between kernels. Columns are counted from the row pointer. */
typedef struct l2l_kernels {
    l2l_dtype real; /* of samples in rows */
    size_t size;    /* of one */
    const l2l_kernel *const *stages; /* by row of the stage table */
    /* Strided samples of any dtype, times `scale` → a row; and a row → strided samples (not packed).
       `next` is how far on the samples lie that will be loaded next (0: unknown). */
    void (*load)(void *row, const l2l_tensor *tensor, int64_t offset, int64_t stride, int count,
                 double scale, int64_t next);
    void (*store)(const void *row, const l2l_tensor *tensor, int64_t offset, int64_t stride,
                  int count, l2l_store_mode mode);
    void (*store_done)(void); /* streamed samples are visible to other threads after this */
    /* Y of three rows; the sum of all channels' rows. */
    void (*luma)(void *y, const void *const *rgb, int count);
    void (*total)(void *sum, const void *const *rows, int channels, int count);
    /* dst_c = src_c + w_c (a − b), with w = 1, or the luma weights: forward and backward of luma
       stages. */
    void (*luma_apply)(void *const *dst, const void *const *src, const void *a, const void *b,
                       int weighted, int count);
    /* Fills `radius` samples beyond the ends (those asked for) by a border rule for a row that is
       `extent` wide and begins at column `x` of it; and the transpose: adds them to where they
       came from. */
    void (*extend)(void *row, int64_t x, int count, int64_t extent, int radius, l2l_border border);
    void (*fold)(void *row, int64_t x, int count, int64_t extent, int radius, l2l_border border);
    /* sums[0] += Σ (x − pivot), sums[1] += Σ (x − pivot)², in double. */
    void (*moments)(const void *row, double pivot, int count, double *sums);
    /* sums[0] += Σ g, sums[1] += Σ g (x − mean), in double. */
    void (*cross_moments)(const void *grad, const void *row, double mean, int count, double *sums);
    /* grad = scale · slope of the loss of a row with its target; `grad` may be `target`. Returns the
       sum of the loss over own_count columns from own_begin on. */
    double (*loss)(l2l_loss_kind kind, const void *row, const void *target, void *grad,
                   double scale, int count, int own_begin, int own_count);
    void (*coefs)(void *dst, const double *src, int count); /* double → real */
} l2l_kernels;

/* The table for an instruction set (one that is available) and dtype (f32 or f64). */
const l2l_kernels *l2l_kernels_for(l2l_isa isa, l2l_dtype real);

#endif
