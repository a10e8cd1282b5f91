/* What a tile owns of each boundary, and what it must compute to make that. */
#include "plan/tile.h"

static int64_t align(int64_t x) {
    return x / L2L_LANES * L2L_LANES;
}

static range both(range a, range b) {
    if (empty(a)) return b;
    if (empty(b)) return a;
    return (range){ a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi };
}

static range grow(range r, const l2l_node *node, int64_t extent) {
    if (empty(r)) return r;
    range g = { r.lo * node->scale - node->radius, r.hi * node->scale + node->radius };
    return (range){ g.lo < 0 ? 0 : g.lo, g.hi > extent ? extent : g.hi };
}

/* What reflects on a needed column must be computed with it: near the border, take all up to it. */
static range snap(range r, int radius, int64_t extent) {
    if (empty(r)) return r;
    return (range){ r.lo <= radius ? 0 : r.lo, r.hi >= extent - radius ? extent : r.hi };
}

static range own(int64_t index, int64_t size, int64_t extent, int64_t at_extent, int scale) {
    range r = { index * size, (index + 1) * size };
    bool last = r.hi >= extent;
    return (range){ r.lo / scale, last ? at_extent : r.hi / scale };
}

void l2l_tile_set_own(tile *t, int64_t index) {
    const l2l_job *job = t->job;
    int scale = 1;
    for (int b = 0; b <= job->chain->count; b++) {
        t->own_y[b] =
            own(index / job->tiles_x, job->tile_height, job->height[0], job->height[b], scale);
        t->own_x[b] =
            own(index % job->tiles_x, job->tile_width, job->width[0], job->width[b], scale);
        if (b < job->chain->count) scale *= job->chain->nodes[b].scale;
    }
}

/* Cotangents, from the lowest boundary up. */
void l2l_tile_set_grad_ranges(tile *t) {
    const l2l_job *job = t->job;
    for (int b = job->lowest; b <= job->chain->count; b++) {
        range y = t->own_y[b], x = t->own_x[b];
        if (b > job->lowest) {
            const l2l_node *node = &job->chain->nodes[b - 1];
            const ring *below = &t->grad[b - 1];
            int r = node->radius;
            range wide_y = { below->y.lo / node->scale - r,
                             (below->y.hi - 1) / node->scale + 1 + r };
            range wide_x = { below->x.lo / node->scale - r,
                             (below->x.hi - 1) / node->scale + 1 + r };
            y = both(y, wide_y);
            x = both(x, wide_x);
        }
        if (y.lo < 0) y.lo = 0;
        if (x.lo < 0) x.lo = 0;
        if (y.hi > job->height[b]) y.hi = job->height[b];
        if (x.hi > job->width[b]) x.hi = job->width[b];
        if (b < job->chain->count) x = snap(x, job->chain->nodes[b].radius, job->width[b]);
        t->grad[b].y = y;
        t->grad[b].x = x;
        t->grad[b].x0 = align(x.lo);
        t->grad[b].front = y.lo;
    }
}

/* What a node reads of its source and leaves for backward, for the pixels whose cotangent passes.
 */
static bool backward_reads(const l2l_job *job, int node, unsigned what) {
    return job->backward && node >= job->lowest && (job->chain->nodes[node].row->needs & what);
}

/* Forward values, from the top down. */
void l2l_tile_set_value_ranges(tile *t) {
    const l2l_job *job = t->job;
    const range none = { 0, 0 };
    for (int b = job->chain->count; b >= 0; b--) {
        range y = none, x = none;
        const l2l_node *after = b < job->chain->count ? &job->chain->nodes[b] : NULL;
        if (after && !empty(t->value[b + 1].y)) {
            y = grow(t->value[b + 1].y, after, job->height[b]);
            x = grow(t->value[b + 1].x, after, job->width[b]);
        }
        bool asked = l2l_view_present(&job->tap[b]) || (!job->backward && b == job->top) ||
                     (job->backward && b == job->moments_at - 1);
        if (asked) y = both(y, t->own_y[b]), x = both(x, t->own_x[b]);
        if (job->backward && b == job->chain->count && l2l_view_present(&job->target))
            y = t->grad[b].y, x = t->grad[b].x;
        if (after && sums_of(job, b)) {
            y = both(y, grow(t->own_y[b + 1], after, job->height[b]));
            x = both(x, grow(t->own_x[b + 1], after, job->width[b]));
        }
        if (after && backward_reads(job, b, L2L_NEEDS_SRC))
            y = both(y, t->grad[b].y), x = both(x, t->grad[b].x);
        if (b > 0 && backward_reads(job, b - 1, L2L_NEEDS_AUX))
            y = both(y, t->grad[b].y), x = both(x, t->grad[b].x);
        t->value[b].y = y;
        t->value[b].x = x;
        t->value[b].x0 = align(x.lo);
        t->value[b].front = y.lo;
    }
}
