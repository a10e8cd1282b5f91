/* What every room of the library shares: errors, memory, checked sizes, threads, scratch. */
#ifndef L2L_CORE_H
#define L2L_CORE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lens2logit/context.h>
#include <lens2logit/tensor.h>

/* ---- errors ---- */

/* Keeps a sentence about the failure in the context (NULL allowed) and returns `status`. The
   sentence names the offending values and does not end in a full stop. To be called from the
   thread that called the library, not from workers: these leave a status for it to report. */
l2l_status l2l_fail(l2l_context *context, l2l_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define L2L_TRY(expression)                                   \
    do {                                                      \
        l2l_status l2l_try_ = (expression);                   \
        if (l2l_try_ != L2L_OK) return l2l_try_;              \
    } while (0)

/* Copies an options or attribute struct that a caller compiled against another version may have
   filled. Both begin with a size_t struct_size. `dst` holds the defaults: what `src` is too short
   to have keeps them, what `dst` does not know is ignored, and dst->struct_size is dst_size. src
   NULL changes nothing. False, with dst untouched, if src->struct_size is too small to be true (0
   for instance), which is L2L_INVALID_ARGUMENT. */
bool l2l_options_copy(void *dst, size_t dst_size, const void *src);

/* ---- memory ---- */

/* An allocator copied by value, so that handles outlive the context that made them. */
l2l_allocator l2l_context_allocator(const l2l_context *context);
void *l2l_allocate(const l2l_allocator *allocator, size_t size); /* zeroed, 64-byte aligned */
void l2l_release(const l2l_allocator *allocator, void *memory, size_t size);

/* *product = a · b for sizes and extents; false on overflow or a negative factor. */
bool l2l_mul_size(size_t a, size_t b, size_t *product);
bool l2l_mul_extent(int64_t a, int64_t b, int64_t *product);

/* Scratch of one worker (0 ≤ slot < threads) or of the call (L2L_SCRATCH_CALL): at least `size`
   bytes, 64-byte aligned, contents undefined, valid until the next request for that slot. NULL
   when memory is out. Only grows, so repeated calls of one shape allocate nothing. Worker slots
   may be requested from their own worker only. */
enum { L2L_SCRATCH_CALL = -1 };
void *l2l_scratch(l2l_context *context, int slot, size_t size);

/* ---- threads ---- */

/* Calls body(argument, i) for i in [0, count), count ≤ l2l_context_threads(context), and returns
   when all are done. Workers share work by pulling from a counter of the caller's. */
void l2l_parallel_run(l2l_context *context, int count, void (*body)(void *argument, int index),
                      void *argument);

/* Polls the caller's cancellation hook. */
bool l2l_is_cancelled(const l2l_context *context);

/* Tile size asked for by the options; 0: free. */
int l2l_context_tile_width(const l2l_context *context);
int l2l_context_tile_height(const l2l_context *context);

/* ---- tensors ---- */

/* Checks what holds for every tensor: not NULL, known dtype, on the CPU, 1 ≤ ndim ≤ 4, extents ≥ 1,
   no overflow in the bytes spanned, aligned data. `what` names it in the sentence. The one for
   mosaics lets packed samples pass, whose rows begin with a group. */
l2l_status l2l_tensor_check(l2l_context *context, const l2l_tensor *tensor, const char *what);
l2l_status l2l_tensor_check_mosaic(l2l_context *context, const l2l_tensor *tensor,
                                   const char *what);

/* Fails if the bytes spanned by the two views overlap. Both must have passed one of the checks. */
l2l_status l2l_tensor_disjoint(l2l_context *context, const l2l_tensor *a, const char *a_name,
                               const l2l_tensor *b, const char *b_name);

/* Element i of a vector of any dtype but packed ones as double, and back (f32 and f64 only). */
double l2l_vector_get(const l2l_tensor *vector, int64_t index);
void l2l_vector_set(const l2l_tensor *vector, int64_t index, double value);

#endif
