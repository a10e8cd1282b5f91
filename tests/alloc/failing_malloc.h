/* A malloc that fails when told to, for this program and for every library that it links: the
   executable's definitions stand in for the C library's, which do the work. It counts what is held,
   so that a leak shows. To be included once. */
#ifndef TESTS_ALLOC_FAILING_MALLOC_H
#define TESTS_ALLOC_FAILING_MALLOC_H

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static struct {
    atomic_long requests;     /* since `arm` */
    atomic_long held;         /* blocks that are not freed, since the program began */
    atomic_long fail_at;      /* this request fails, counted from 1; 0: none */
    atomic_bool lasting;      /* and all after it */
    void *_Atomic refused_to; /* the code that was refused last */
} failing;

static inline void failing_arm(long fail_at, bool lasting) {
    atomic_store(&failing.requests, 0);
    atomic_store(&failing.lasting, lasting);
    atomic_store(&failing.fail_at, fail_at);
}

static void *counted(void *memory) {
    if (memory) atomic_fetch_add(&failing.held, 1);
    return memory;
}

static bool refuses(void *caller) {
    long request = atomic_fetch_add(&failing.requests, 1) + 1;
    long fail_at = atomic_load(&failing.fail_at);
    if (!fail_at || request < fail_at || (request > fail_at && !atomic_load(&failing.lasting)))
        return false;
    atomic_store(&failing.refused_to, caller);
    errno = ENOMEM;
    return true;
}

#pragma GCC visibility push(default) /* or the shared libraries would not see it */
#define REFUSED refuses(__builtin_return_address(0))

void *malloc(size_t size) {
    return REFUSED ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return REFUSED ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
    if (REFUSED) return NULL;
    return memory ? __libc_realloc(memory, size) : counted(__libc_malloc(size));
}

void *memalign(size_t alignment, size_t size) {
    return REFUSED ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return REFUSED ? NULL : counted(__libc_memalign(alignment, size));
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = REFUSED ? NULL : counted(__libc_memalign(alignment, size));
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}
#undef REFUSED

void free(void *memory) {
    if (memory) atomic_fetch_sub(&failing.held, 1);
    __libc_free(memory);
}
#pragma GCC visibility pop

#endif
