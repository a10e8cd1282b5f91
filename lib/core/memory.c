/* Memory: the allocator hook, products of sizes checked for overflow, and scratch. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/context_internal.h"

enum { ALIGNMENT = 64, HUGE_PAGE = 2 << 20, HUGE_FROM = 4 << 20 };

static void *default_allocate(void *user, size_t size, size_t alignment) {
    (void)user;
    bool huge = size >= HUGE_FROM;
    void *memory;
    if (posix_memalign(&memory, huge ? HUGE_PAGE : alignment, size)) return NULL;
#ifdef MADV_HUGEPAGE
    /* Only whole pages may be advised, and advice that is refused does no harm. */
    if (huge) (void)madvise(memory, size & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE);
#endif
    return memory;
}

static void default_release(void *user, void *memory, size_t size) {
    (void)user;
    (void)size;
    free(memory);
}

l2l_allocator l2l_default_allocator(void) {
    return (l2l_allocator){ default_allocate, default_release, NULL };
}

l2l_allocator l2l_context_allocator(const l2l_context *context) {
    return context->allocator;
}

/* No hook is asked for nothing, since it might answer NULL. */
static size_t at_least_one(size_t size) {
    return size ? size : 1;
}

void *l2l_allocate(const l2l_allocator *allocator, size_t size) {
    size = at_least_one(size);
    void *memory = allocator->allocate(allocator->user, size, ALIGNMENT);
    if (memory) memset(memory, 0, size);
    return memory;
}

void l2l_release(const l2l_allocator *allocator, void *memory, size_t size) {
    if (memory) allocator->release(allocator->user, memory, at_least_one(size));
}

bool l2l_mul_size(size_t a, size_t b, size_t *product) {
    return !__builtin_mul_overflow(a, b, product);
}

bool l2l_mul_extent(int64_t a, int64_t b, int64_t *product) {
    return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, product);
}

void *l2l_scratch(l2l_context *context, int slot, size_t size) {
    scratch_block *block = &context->scratch[slot + 1];
    if (block->memory && size <= block->size) return block->memory;
    /* The old block goes first: its contents need not survive, and both may not fit. */
    l2l_release(&context->allocator, block->memory, block->size);
    block->size = 0;
    block->memory = l2l_allocate(&context->allocator, size);
    if (block->memory) block->size = size;
    return block->memory;
}

size_t l2l_context_scratch_bytes(const l2l_context *context) {
    size_t bytes = 0;
    if (!context) return 0;
    for (int i = 0; i <= context->threads; i++) bytes += context->scratch[i].size;
    return bytes;
}
