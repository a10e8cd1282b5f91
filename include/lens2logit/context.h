/* Contexts: memory, threads, instruction set and the last error of one user of the library. */
#ifndef LENS2LOGIT_CONTEXT_H
#define LENS2LOGIT_CONTEXT_H

#include <stddef.h>

#include <lens2logit/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A context is used by one thread at a time; any number of contexts run side by side. It owns
   scratch memory that grows to what the largest call so far needed and is then used again. */
typedef struct l2l_context l2l_context;

/* Where memory comes from. `allocate` returns `size` bytes aligned to `alignment` (a power of
   two, at most 4096) or NULL; `release` gets the same size back. Both may be called from any
   thread that uses the context. The codecs that the library links (LibRaw, libtiff, libpng,
   libjpeg, cJSON) keep to malloc. */
typedef struct l2l_allocator {
    void *(*allocate)(void *user, size_t size, size_t alignment);
    void (*release)(void *user, void *memory, size_t size);
    void *user;
} l2l_allocator;

/* A thread pool of the host's. `run` calls body(argument, i) once for every i in [0, count), in
   any order, on any threads, and returns when all are done; count is at most `threads`. */
typedef struct l2l_parallel {
    void (*run)(void *user, int count, void (*body)(void *argument, int index), void *argument);
    void *user;
    int threads; /* 1 to 1024 */
} l2l_parallel;

/* Instruction sets for which kernels may have been compiled, in ascending order of preference. */
typedef enum l2l_isa {
    L2L_ISA_BEST = 0, /* the best that this processor can run */
    L2L_ISA_BASELINE = 1,
    L2L_ISA_AVX2 = 2, /* AVX2 and FMA */
    L2L_ISA_AVX512 = 3,
    L2L_ISA_NEON = 4
} l2l_isa;

typedef struct l2l_context_options {
    size_t struct_size;
    const l2l_allocator *allocator; /* NULL: the C library's; copied */
    const l2l_parallel *parallel;   /* NULL: a pool of the library's own; copied */
    int threads;                    /* of the own pool; 0: as many as processors allowed */
    l2l_isa isa;                    /* an instruction set this machine lacks is L2L_UNSUPPORTED */
    int (*cancelled)(void *user);   /* NULL, or polled between tiles, from any thread: nonzero
                                       ends the call with L2L_CANCELLED, outputs undefined */
    void *cancelled_user;
    int tile_width, tile_height;    /* 0: chosen by the library; else at least 8. The image does
                                       not depend on it; parameter gradients, summed over another
                                       grid, may in their last bits */
} l2l_context_options;

#define L2L_CONTEXT_OPTIONS_INIT \
    { sizeof(l2l_context_options), NULL, NULL, 0, L2L_ISA_BEST, NULL, NULL, 0, 0 }

/* Makes a context. `options` may be NULL for the defaults. On failure *context is set to NULL. */
L2L_API l2l_status l2l_context_create(const l2l_context_options *options, l2l_context **context);

/* Ends the context's threads and frees what it owns. NULL is allowed. Plans made with it live on:
   they keep a copy of its allocator. */
L2L_API void l2l_context_destroy(l2l_context *context);

/* A sentence about the last call that failed, with the offending values; "" if none has. It
   belongs to the context and lasts until its next failure. For context == NULL: "". */
L2L_API const char *l2l_context_error(const l2l_context *context);

/* The threads that work at most, and the instruction set in use. */
L2L_API int l2l_context_threads(const l2l_context *context);
L2L_API l2l_isa l2l_context_isa(const l2l_context *context);

/* Bytes of scratch memory that the context holds at present. */
L2L_API size_t l2l_context_scratch_bytes(const l2l_context *context);

/* "baseline", "avx2", "avx512", "neon" or "best"; static storage. */
L2L_API const char *l2l_isa_name(l2l_isa isa);

/* Whether kernels for `isa` are compiled in and this processor runs them. */
L2L_API int l2l_isa_available(l2l_isa isa);

#ifdef __cplusplus
}
#endif
#endif
