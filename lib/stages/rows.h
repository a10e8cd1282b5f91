/* What is done to rows between the kernels of stages; kernel.h describes each function. */
#ifndef L2L_STAGES_ROWS_H
#define L2L_STAGES_ROWS_H

#include "stages/kernel.h"
#include "stages/real.h"

void L2L_SYMBOL(l2l_row_load)(void *row, const l2l_tensor *tensor, int64_t offset, int64_t stride,
                              int count, double scale, int64_t next);
void L2L_SYMBOL(l2l_row_load_packed)(void *row, const l2l_tensor *tensor, int64_t offset, int count,
                                     double scale, int64_t next);
void L2L_SYMBOL(l2l_row_store)(const void *row, const l2l_tensor *tensor, int64_t offset,
                               int64_t stride, int count, l2l_store_mode mode);
void L2L_SYMBOL(l2l_row_store_done)(void);
void L2L_SYMBOL(l2l_row_luma)(void *y, const void *const *rgb, int count);
void L2L_SYMBOL(l2l_row_total)(void *sum, const void *const *rows, int channels, int count);
void L2L_SYMBOL(l2l_row_luma_apply)(void *const *dst, const void *const *src, const void *a,
                                    const void *b, int weighted, int count);
void L2L_SYMBOL(l2l_row_extend)(void *row, int64_t x, int count, int64_t extent, int radius,
                                l2l_border border);
void L2L_SYMBOL(l2l_row_fold)(void *row, int64_t x, int count, int64_t extent, int radius,
                              l2l_border border);
void L2L_SYMBOL(l2l_row_moments)(const void *row, double pivot, int count, double *sums);
void L2L_SYMBOL(l2l_row_cross_moments)(const void *grad, const void *row, double mean, int count,
                                       double *sums);
double L2L_SYMBOL(l2l_row_loss)(l2l_loss_kind kind, const void *row, const void *target, void *grad,
                                double scale, int count, int own_begin, int own_count);
void L2L_SYMBOL(l2l_row_coefs)(void *dst, const double *src, int count);

/* The next row begins on other pages, where the hardware does not look ahead. */
static inline void l2l_prefetch(const void *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)from + i, 0, 2);
}

#endif
