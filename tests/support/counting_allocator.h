/* An allocator for tests: it counts what is held, can fail the nth request, and notices a release
   with the wrong size. Thread-safe. */
#ifndef TESTS_COUNTING_ALLOCATOR_H
#define TESTS_COUNTING_ALLOCATOR_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include <lens2logit/context.h>

typedef struct counting_allocator {
    atomic_long requests;   /* so far */
    atomic_long blocks;     /* held now */
    atomic_llong bytes;     /* held now */
    atomic_long wrong;      /* releases whose size or address was never given out */
    atomic_long fail_at;    /* this request fails, counted from 1; 0: none */
    atomic_long fail_after; /* requests beyond this many fail; negative: none */
} counting_allocator;

/* Each block is preceded by its own address and size, so that a release can be checked. */
typedef struct counting_header {
    void *base;
    size_t size;
    uintptr_t check;
} counting_header;

static inline void *counting_allocate(void *user, size_t size, size_t alignment) {
    counting_allocator *self = user;
    long request = atomic_fetch_add(&self->requests, 1) + 1;
    long limit = atomic_load(&self->fail_after);
    if (request == atomic_load(&self->fail_at) || (limit >= 0 && request > limit)) return NULL;
    if (size > SIZE_MAX / 2) return NULL;
    char *base = malloc(size + alignment + sizeof(counting_header));
    if (!base) return NULL;
    uintptr_t start = (uintptr_t)base + sizeof(counting_header);
    char *memory = base + sizeof(counting_header) + ((alignment - start % alignment) % alignment);
    counting_header *header = (counting_header *)(void *)memory - 1;
    *header = (counting_header){ base, size, (uintptr_t)memory ^ 0x5a5a5a5a };
    atomic_fetch_add(&self->blocks, 1);
    atomic_fetch_add(&self->bytes, (long long)size);
    return memory;
}

static inline void counting_release(void *user, void *memory, size_t size) {
    counting_allocator *self = user;
    counting_header *header = (counting_header *)memory - 1;
    if (header->check != ((uintptr_t)memory ^ 0x5a5a5a5a) || header->size != size) {
        atomic_fetch_add(&self->wrong, 1);
        return;
    }
    header->check = 0;
    atomic_fetch_sub(&self->blocks, 1);
    atomic_fetch_sub(&self->bytes, (long long)size);
    free(header->base);
}

static inline void counting_start(counting_allocator *self) {
    atomic_store(&self->requests, 0);
    atomic_store(&self->blocks, 0);
    atomic_store(&self->bytes, 0);
    atomic_store(&self->wrong, 0);
    atomic_store(&self->fail_at, 0);
    atomic_store(&self->fail_after, -1);
}

static inline l2l_allocator counting_hook(counting_allocator *self) {
    return (l2l_allocator){ counting_allocate, counting_release, self };
}

#endif
