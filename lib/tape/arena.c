/* An arena of chunks. The same requests after a reset find the same places, so that recording the
   same things again allocates nothing. */
#include "tape/arena.h"

enum { ALIGNMENT = 64, SMALLEST_CHUNK = 64 * 1024 };

struct arena_chunk {
    _Alignas(64) arena_chunk *next;
    size_t size, used; /* of the bytes that follow this header */
};

static arena_chunk *add_chunk(l2l_arena *arena, size_t size) {
    if (size < SMALLEST_CHUNK) size = SMALLEST_CHUNK;
    arena_chunk *chunk = l2l_allocate(&arena->allocator, sizeof *chunk + size);
    if (!chunk) return NULL;
    chunk->size = size;
    arena_chunk **link = arena->current ? &arena->current->next : &arena->first;
    chunk->next = *link;
    *link = chunk;
    return chunk;
}

void *l2l_arena_take(l2l_arena *arena, size_t size) {
    if (size > PTRDIFF_MAX - ALIGNMENT - sizeof(arena_chunk)) return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    arena_chunk *chunk = arena->current;
    while (chunk && chunk->size - chunk->used < size) {
        chunk = chunk->next;
        if (chunk) chunk->used = 0;
    }
    if (!chunk) chunk = add_chunk(arena, size);
    if (!chunk) return NULL;
    arena->current = chunk;
    void *memory = (char *)(chunk + 1) + chunk->used;
    chunk->used += size;
    return memory;
}

l2l_arena_mark l2l_arena_get_mark(const l2l_arena *arena) {
    return (l2l_arena_mark){ arena->current, arena->current ? arena->current->used : 0 };
}

void l2l_arena_rewind(l2l_arena *arena, l2l_arena_mark mark) {
    arena->current = mark.chunk ? mark.chunk : arena->first;
    if (arena->current) arena->current->used = mark.used;
}

void l2l_arena_reset(l2l_arena *arena) {
    l2l_arena_rewind(arena, (l2l_arena_mark){ NULL, 0 });
}

void l2l_arena_free(l2l_arena *arena) {
    for (arena_chunk *chunk = arena->first, *next; chunk; chunk = next) {
        next = chunk->next;
        l2l_release(&arena->allocator, chunk, sizeof *chunk + chunk->size);
    }
    arena->first = arena->current = NULL;
}
