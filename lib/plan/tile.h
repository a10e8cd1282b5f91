/* One tile: a row pipeline. Rows of every boundary live in rings just long enough; a row is made
   when it is asked for, and asks for the rows that it is made of. */
#ifndef L2L_PLAN_TILE_H
#define L2L_PLAN_TILE_H

#include "plan/job.h"

typedef struct range {
    int64_t lo, hi; /* empty if lo >= hi */
} range;

/* Rows of one boundary. Planes: channels, then luma (or the total of the cotangent), then what the
   node before left for its backward. Between nodes that hand on luma alone there are no channels.
   Where the caller's tensor can serve as it lies, the ring is that: it never comes round. */
typedef struct ring {
    char *base;                   /* of column x0 in the first row kept */
    int64_t plane_size, row_size; /* in bytes */
    int planes, capacity;
    bool direct;   /* the caller's tensor */
    range y, x;    /* what is needed of the image */
    int64_t x0;    /* rows are computed from here on: x.lo, or up to 15 columns before it, so that
                      equal columns are equally aligned everywhere; what lies before x.lo is of no
                      use to anybody */
    int64_t front; /* the next row to make */
} ring;

enum {
    MAX_ROWS = 4, /* that a kernel makes at once */
    MAX_WINDOW = L2L_MAX_CHANNELS * (2 * L2L_MAX_RADIUS + 2),
    FLUSH_ROWS = 32 /* that kernels sum up in single precision */
};

/* A node, as far as every row of it asks, in one place. */
struct step {
    l2l_sweep sweep; /* used again for every row */
    const l2l_kernel *kernel;
    l2l_shape shape;
    unsigned needs;
    int rows; /* that the kernel makes at once */
};

typedef struct tile {
    const l2l_job *job;
    int64_t image;
    struct step step[L2L_MAX_BOUNDARIES];
    range own_y[L2L_MAX_BOUNDARIES], own_x[L2L_MAX_BOUNDARIES];
    ring value[L2L_MAX_BOUNDARIES], grad[L2L_MAX_BOUNDARIES];
    ring target; /* of the loss, if the caller's tensor serves as it lies */
    char *zero, *plane[MAX_ROWS], *spare[3], *extra[L2L_MAX_CHANNELS], *lanes;
    double *sums;
} tile;

static inline bool node_is_luma(const l2l_chain *chain, int i) {
    return i >= 0 && i < chain->count && chain->nodes[i].luma;
}

/* Channels that are kept at a boundary: none inside a group of luma nodes. */
static inline int stored(const l2l_chain *chain, int b) {
    bool inside = b < chain->count && chain->nodes[b].luma && !chain->nodes[b].luma_enter;
    return inside ? 0 : chain->channels[b];
}

/* The first and the last node of the luma group of node i. */
static inline int group_first(const l2l_chain *chain, int i) {
    while (i > 0 && !chain->nodes[i].luma_enter) i--;
    return i;
}

static inline int group_last(const l2l_chain *chain, int i) {
    while (i + 1 < chain->count && !chain->nodes[i].luma_leave) i++;
    return i;
}

static inline int slot_of(const ring *r, int64_t y) {
    return (int)((uint32_t)y % (uint32_t)r->capacity);
}

/* The sample in row y and column x of a plane. */
static inline char *at(const tile *t, const ring *r, int plane, int64_t y, int64_t x) {
    return r->base + plane * r->plane_size + slot_of(r, y) * r->row_size +
           (x - r->x0) * (int64_t)t->job->kernels->size;
}

static inline void rows_at(const tile *t, const ring *r, int planes, int64_t y, int64_t x,
                           const void **rows) {
    const char *row = at(t, r, 0, y, x);
    for (int p = 0; p < planes; p++, row += r->plane_size) rows[p] = row;
}

static inline int columns_of(const ring *r) {
    return (int)(r->x.hi - r->x0);
}

/* Where a row or column of a node's source goes; a division would take longer than the rest. */
static inline int64_t scaled(const l2l_node *node, int64_t index) {
    return node->scale == 1 ? index : index / node->scale;
}

static inline bool empty(range r) {
    return r.lo >= r.hi;
}

static inline bool sums_of(const l2l_job *job, int node) {
    return job->want_sums && job->chain->nodes[node].sum_count > 0;
}

static inline bool is_mine(const tile *t, int b, int64_t y) {
    return y >= t->own_y[b].lo && y < t->own_y[b].hi && !empty(t->own_x[b]);
}

/* tile_memory.c */
void l2l_tile_take_memory(tile *t, char *memory);
/* tile_ranges.c */
void l2l_tile_set_own(tile *t, int64_t index);
void l2l_tile_set_grad_ranges(tile *t);
void l2l_tile_set_value_ranges(tile *t);
/* tile_rows.c */
void l2l_tile_load(const tile *t, const l2l_view *view, int64_t n, const ring *to, int channels,
                   int64_t y, double scale);
void l2l_tile_store(const tile *t, const l2l_view *view, int64_t n, const ring *from, int b,
                    int64_t y, l2l_store_mode mode);
void l2l_tile_load_extra(tile *t, int i, int64_t y, const ring *to);
void l2l_tile_use_tensors(tile *t);
void l2l_tile_prefetch(const tile *t, const ring *r, int64_t y);
void l2l_tile_set_steps(tile *t);
l2l_sweep *l2l_tile_sweep(tile *t, int i, int64_t y, int64_t x, int64_t count);
void l2l_tile_window(const tile *t, const ring *r, int plane, int64_t first, int count,
                     l2l_border border, int64_t extent, int64_t x, const void **rows);
void l2l_tile_source_window(const tile *t, int i, int plane, int64_t y, int n, int64_t x,
                            const void **rows);
/* tile_forward.c */
void l2l_tile_need_value(tile *t, int b, int64_t end);
/* tile_backward.c */
void l2l_tile_need_grad(tile *t, int b, int64_t end);

#endif
