/* A malloc that fails when told to, for this program and for every library that it links: the
   executable's definitions stand in for the C library's, which do the work. It counts what is held,
   so that a leak shows. To be included once. */
#ifndef TESTS_ALLOC_FAILING_MALLOC_H
#define TESTS_ALLOC_FAILING_MALLOC_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static struct {
    atomic_long requests; /* since `arm` */
    atomic_long held;     /* blocks that are not freed, since the program began */
    atomic_long fail_at;  /* this request fails, counted from 1; 0: none */
    atomic_bool lasting;  /* and all after it */
    atomic_bool paused;   /* requests are neither counted nor refused */
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

static inline bool failing_pause(bool paused) {
    return atomic_exchange(&failing.paused, paused);
}

static bool failing_refuses(void) {
    if (atomic_load(&failing.paused)) return false;
    long request = atomic_fetch_add(&failing.requests, 1) + 1;
    long fail_at = atomic_load(&failing.fail_at);
    if (!fail_at || request < fail_at || (request > fail_at && !atomic_load(&failing.lasting)))
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) {
    return failing_refuses() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return failing_refuses() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
    if (!memory) return malloc(size);
    return failing_refuses() ? NULL : __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    return failing_refuses() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

void free(void *memory) {
    if (memory) atomic_fetch_sub(&failing.held, 1);
    __libc_free(memory);
}

#endif
