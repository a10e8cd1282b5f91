/* An arena: memory taken piece by piece, given back all at once, and kept for the next time. */
#ifndef L2L_TAPE_ARENA_H
#define L2L_TAPE_ARENA_H

#include "core/core.h"

typedef struct arena_chunk arena_chunk;

/* Zero-initialised but for the allocator. */
typedef struct l2l_arena {
    l2l_allocator allocator;
    arena_chunk *first, *current;
} l2l_arena;

typedef struct l2l_arena_mark {
    arena_chunk *chunk;
    size_t used;
} l2l_arena_mark;

/* `size` bytes, 64-byte aligned, contents undefined; NULL when memory is out. */
void *l2l_arena_take(l2l_arena *arena, size_t size);

/* Gives back what was taken since the mark. */
l2l_arena_mark l2l_arena_get_mark(const l2l_arena *arena);
void l2l_arena_rewind(l2l_arena *arena, l2l_arena_mark mark);

/* Gives back everything and keeps the memory; releases the memory. */
void l2l_arena_reset(l2l_arena *arena);
void l2l_arena_free(l2l_arena *arena);

#endif
