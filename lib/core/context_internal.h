/* What a context is made of; for lib/core only. */
#ifndef L2L_CORE_CONTEXT_INTERNAL_H
#define L2L_CORE_CONTEXT_INTERNAL_H

#include "core/core.h"

enum { L2L_MAX_THREADS = 1024, L2L_ERROR_SIZE = 512 };

typedef struct l2l_pool l2l_pool;

typedef struct scratch_block {
    void *memory;
    size_t size;
} scratch_block;

struct l2l_context {
    l2l_allocator allocator;
    l2l_parallel parallel; /* run == NULL: the own pool */
    l2l_pool *pool;        /* made when it is first needed */
    int threads;
    l2l_isa isa; /* never L2L_ISA_BEST */
    int (*cancelled)(void *user);
    void *cancelled_user;
    int tile_width, tile_height;
    scratch_block *scratch; /* threads + 1: the call's, then one a worker */
    char error[L2L_ERROR_SIZE];
};

/* The C library's allocator, asking for huge pages where they pay. */
l2l_allocator l2l_default_allocator(void);

/* The processors that this process may use, 1 to L2L_MAX_THREADS. */
int l2l_processor_count(void);

/* Ends the workers of the context's own pool, if it has one. */
void l2l_pool_destroy(l2l_context *context);

#endif
