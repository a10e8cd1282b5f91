/* One tile: a row pipeline. Rows of every boundary live in rings just long enough; a row is made
   when it is asked for, and asks for the rows that it is made of. Backward asks for cotangents from
   the output down and for the forward rows beside them. */
#include "plan/job.h"

#include <string.h>

typedef struct range {
    int64_t lo, hi; /* empty if lo >= hi */
} range;

/* Rows of one boundary. Planes: channels, then luma (or the total of the cotangent), then what the
   node before left for its backward. Between nodes that hand on luma alone there are no channels. */
typedef struct ring {
    char *base;
    int planes, capacity;
    range y, x;    /* what is needed of the image */
    int64_t front; /* the next row to make */
} ring;

enum {
    MAX_ROWS = 4, /* that a kernel makes at once */
    MAX_WINDOW = L2L_MAX_CHANNELS * (2 * L2L_MAX_RADIUS + 2),
    FLUSH_ROWS = 32 /* that kernels sum up in single precision */
};

typedef struct tile {
    const l2l_job *job;
    int64_t image;
    range own_y[L2L_MAX_BOUNDARIES], own_x[L2L_MAX_BOUNDARIES];
    ring value[L2L_MAX_BOUNDARIES], grad[L2L_MAX_BOUNDARIES];
    char *zero, *plane[MAX_ROWS], *spare[3], *extra[L2L_MAX_CHANNELS], *lanes;
    double *sums;
} tile;

/* ---- memory ---- */

static bool node_is_luma(const l2l_chain *chain, int i) {
    return i >= 0 && i < chain->count && chain->nodes[i].luma;
}

/* Channels that are kept at a boundary: none inside a group of luma nodes. */
static int stored(const l2l_chain *chain, int b) {
    bool inside = b < chain->count && chain->nodes[b].luma && !chain->nodes[b].luma_enter;
    return inside ? 0 : chain->channels[b];
}

/* The first and the last node of the luma group of node i. */
static int group_first(const l2l_chain *chain, int i) {
    while (i > 0 && !chain->nodes[i].luma_enter) i--;
    return i;
}

static int group_last(const l2l_chain *chain, int i) {
    while (i + 1 < chain->count && !chain->nodes[i].luma_leave) i++;
    return i;
}

/* Rows that node i makes beyond the one that it is asked for. */
static int beyond(const l2l_job *job, int i) {
    return i >= 0 && i < job->chain->count ? l2l_rows_at_once(job, i) - 1 : 0;
}

/* Rows between the first source and the last destination of a luma group. */
static int group_reach(const l2l_job *job, int i) {
    const l2l_chain *chain = job->chain;
    int reach = 0;
    if (!node_is_luma(chain, i)) return 0;
    for (int k = group_first(chain, i); k <= group_last(chain, i); k++)
        reach += chain->nodes[k].radius + beyond(job, k);
    return reach;
}

static int capacity_of(const l2l_job *job, int b, bool grad) {
    const l2l_chain *chain = job->chain;
    const l2l_node *after = b < chain->count ? &chain->nodes[b] : NULL;
    const l2l_node *before = b > 0 ? &chain->nodes[b - 1] : NULL;
    int both = beyond(job, b - 1) + beyond(job, b) + 1;
    if (grad) return both + (before ? 2 * before->radius + group_reach(job, b - 1) : 0);
    if (!job->backward)
        return both + (after ? 2 * after->radius + after->scale + group_reach(job, b) : 0);
    /* When the cotangent of row q is made, forward has run ahead to the output and back; behind,
       backward reads the window of its node, and the aux planes of the node before. */
    int behind = after ? after->radius : 0;
    if (before && before->aux_planes && 2 * before->radius > behind) behind = 2 * before->radius;
    return both + 2 * job->ahead[b] + behind;
}

static int planes_of(const l2l_job *job, int b, bool grad) {
    const l2l_chain *chain = job->chain;
    int planes = stored(chain, b);
    if (grad) return planes + node_is_luma(chain, b - 1);
    return planes + node_is_luma(chain, b) + (b > 0 ? chain->nodes[b - 1].aux_planes : 0);
}

static size_t row_bytes(const l2l_job *job) { return (size_t)job->row_size * job->kernels->size; }

enum { SINGLE_ROWS = 1 + MAX_ROWS + 3 + L2L_MAX_CHANNELS }; /* zero, plane, spare, extra */

size_t l2l_tile_bytes(const l2l_job *job) {
    size_t rows = SINGLE_ROWS;
    for (int b = 0; b <= job->chain->count; b++) {
        rows += (size_t)capacity_of(job, b, false) * (size_t)planes_of(job, b, false);
        if (job->backward)
            rows += (size_t)capacity_of(job, b, true) * (size_t)planes_of(job, b, true);
    }
    return rows * row_bytes(job) + (size_t)job->chain->lane_count * job->kernels->size +
           sizeof(tile) + 64;
}

static char *take_ring(const l2l_job *job, ring *r, int b, bool grad, char *memory) {
    r->capacity = capacity_of(job, b, grad);
    r->planes = planes_of(job, b, grad);
    r->base = memory;
    return memory + (size_t)r->capacity * (size_t)r->planes * row_bytes(job);
}

static void take_memory(tile *t, char *memory) {
    const l2l_job *job = t->job;
    size_t size = row_bytes(job);
    char **single[SINGLE_ROWS] = { &t->zero,     &t->plane[0], &t->plane[1], &t->plane[2],
                                   &t->plane[3], &t->spare[0], &t->spare[1], &t->spare[2],
                                   &t->extra[0], &t->extra[1], &t->extra[2], &t->extra[3] };
    for (int i = 0; i < SINGLE_ROWS; i++, memory += size)
        *single[i] = memory + (size_t)job->pad * job->kernels->size;
    memset(t->zero - (size_t)job->pad * job->kernels->size, 0, size);
    for (int b = 0; b <= job->chain->count; b++) {
        memory = take_ring(job, &t->value[b], b, false, memory);
        if (job->backward) memory = take_ring(job, &t->grad[b], b, true, memory);
    }
    t->lanes = memory;
    memset(t->lanes, 0, (size_t)job->chain->lane_count * job->kernels->size);
}

/* The sample in row y and column x of a plane. */
static char *at(const tile *t, const ring *r, int plane, int64_t y, int64_t x) {
    const l2l_job *job = t->job;
    int64_t row = (int64_t)plane * r->capacity + (uint32_t)y % (uint32_t)r->capacity;
    int64_t column = job->pad + x - r->x.lo;
    return r->base + (size_t)(row * job->row_size + column) * job->kernels->size;
}

static void rows_at(const tile *t, const ring *r, int planes, int64_t y, int64_t x,
                    const void **rows) {
    for (int p = 0; p < planes; p++) rows[p] = at(t, r, p, y, x);
}

/* ---- ranges ---- */

static bool empty(range r) { return r.lo >= r.hi; }

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

static void set_own(tile *t, int64_t index) {
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
static void set_grad_ranges(tile *t) {
    const l2l_job *job = t->job;
    for (int b = job->lowest; b <= job->chain->count; b++) {
        range y = t->own_y[b], x = t->own_x[b];
        if (b > job->lowest) {
            const l2l_node *node = &job->chain->nodes[b - 1];
            const ring *below = &t->grad[b - 1];
            int r = node->radius;
            range wide_y = { below->y.lo / node->scale - r, (below->y.hi - 1) / node->scale + 1 + r };
            range wide_x = { below->x.lo / node->scale - r, (below->x.hi - 1) / node->scale + 1 + r };
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
        t->grad[b].front = y.lo;
    }
}

/* What a node reads of its source and leaves for backward, for the pixels whose cotangent passes. */
static bool backward_reads(const l2l_job *job, int node, unsigned what) {
    return job->backward && node >= job->lowest && (job->chain->nodes[node].row->needs & what);
}

static bool sums_of(const l2l_job *job, int node) {
    return job->want_sums && job->chain->nodes[node].sum_count > 0;
}

/* Forward values, from the top down. */
static void set_value_ranges(tile *t) {
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
        t->value[b].front = y.lo;
    }
}

/* ---- reading and writing the caller's tensors ---- */

static int64_t offset_in(const l2l_view *view, int64_t n, int c, int64_t y, int64_t x) {
    return n * view->stride[0] + c * view->stride[1] + y * view->stride[2] + x * view->stride[3];
}

static void load_rows(const tile *t, const l2l_view *view, int64_t n, const ring *to, int channels,
                      int64_t y, double scale) {
    for (int c = 0; c < channels; c++)
        t->job->kernels->load(at(t, to, c, y, to->x.lo), &view->tensor,
                              offset_in(view, n, c, y, to->x.lo), view->stride[3],
                              (int)(to->x.hi - to->x.lo), scale,
                              y + 1 < to->y.hi ? view->stride[2] : 0);
}

/* Writes what this tile owns of a row. */
static void store_rows(const tile *t, const l2l_view *view, int64_t n, const ring *from, int b,
                       int64_t y, l2l_store_mode mode) {
    range x = t->own_x[b];
    if (!l2l_view_present(view) || y < t->own_y[b].lo || y >= t->own_y[b].hi || empty(x)) return;
    for (int c = 0; c < t->job->chain->channels[b]; c++)
        t->job->kernels->store(at(t, from, c, y, x.lo), &view->tensor,
                               offset_in(view, n, c, y, x.lo), view->stride[3], (int)(x.hi - x.lo),
                               mode);
}

/* ---- sweeps ---- */

static l2l_sweep sweep_of(const tile *t, int i, int64_t y, int64_t x, int64_t count) {
    const l2l_job *job = t->job;
    l2l_sweep s = { .node = &job->chain->nodes[i],
                    .coefs = job->coefs + (size_t)job->chain->coef_offset[i] * job->kernels->size,
                    .height = job->height[i],
                    .width = job->width[i],
                    .y = y,
                    .x = x,
                    .count = (int)count,
                    .rows = 1,
                    .lanes = t->lanes + (size_t)job->chain->lane_offset[i] * job->kernels->size,
                    .sums = t->sums + job->chain->sum_offset[i] };
    for (int k = 0; k < 3; k++) s.scratch[k] = t->spare[k];
    return s;
}

static const l2l_kernel *kernel_of(const tile *t, int i) {
    return t->job->kernels->stages[t->job->chain->nodes[i].kernel];
}

/* Rows first … first + count − 1 of a plane, beyond the image by the border rule; `border` zero
   gives zeros. */
static void window(const tile *t, const ring *r, int plane, int64_t first, int count,
                   l2l_border border, int64_t extent, int64_t x, const void **rows) {
    for (int k = 0; k < count; k++) {
        int64_t y = l2l_extend(border, first + k, extent);
        rows[k] = y < 0 ? t->zero + (size_t)(x - r->x.lo) * t->job->kernels->size
                        : at(t, r, plane, y, x);
    }
}

/* For `n` rows of the destination from y on. */
static void source_window(const tile *t, int i, int plane, int64_t y, int n, int64_t x,
                          const void **rows) {
    const l2l_node *node = &t->job->chain->nodes[i];
    window(t, &t->value[i], plane, y * node->scale - node->radius,
           2 * node->radius + n * node->scale, node->border, t->job->height[i], x * node->scale,
           rows);
}

static void load_extra(tile *t, int i, int64_t y, range x) {
    const l2l_job *job = t->job;
    if (i != job->chain->additive_node) return;
    for (int c = 0; c < job->chain->channels[i]; c++)
        job->kernels->load(t->extra[c], &job->additive.tensor,
                           offset_in(&job->additive, 0, c, y, x.lo), job->additive.stride[3],
                           (int)(x.hi - x.lo), 1.0, 0);
}

/* ---- forward ---- */

static void forward_plane(tile *t, int i, l2l_sweep *s) {
    const l2l_job *job = t->job;
    const l2l_node *node = s->node;
    const ring *to = &t->value[i + 1];
    const void *rows[MAX_WINDOW], *rgb[L2L_MAX_CHANNELS];
    void *out[MAX_ROWS + 1];
    int first_plane = node->luma ? stored(job->chain, i) : 0;
    int planes = node->luma ? 1 : node->in_channels;
    int first_aux = stored(job->chain, i + 1) + node_is_luma(job->chain, i + 1);
    s->src = rows;
    for (int p = 0; p < planes; p++) {
        for (int j = 0; j < s->rows; j++)
            out[j] = node->luma_leave ? t->plane[j] : at(t, to, p, s->y + j, s->x);
        if (node->aux_planes) out[s->rows] = at(t, to, first_aux + p, s->y, s->x);
        source_window(t, i, first_plane + p, s->y, s->rows, s->x, rows);
        s->out = out;
        kernel_of(t, i)->forward(s);
    }
    const ring *from = node->luma_leave ? &t->value[group_first(job->chain, i)] : NULL;
    for (int j = 0; from && j < s->rows; j++) {
        int64_t y = s->y + j;
        rows_at(t, from, 3, y, s->x, rgb);
        for (int c = 0; c < 3; c++) out[c] = at(t, to, c, y, s->x);
        job->kernels->luma_apply(out, rgb, t->plane[j], at(t, from, 3, y, s->x), false, s->count);
    }
}

static void forward_rows(tile *t, int i, int64_t y, int n) {
    const ring *to = &t->value[i + 1];
    l2l_sweep s = sweep_of(t, i, y, to->x.lo, to->x.hi - to->x.lo);
    s.rows = n;
    if (s.node->row->shape == L2L_SHAPE_PLANE) {
        forward_plane(t, i, &s);
        return;
    }
    const void *rows[MAX_WINDOW], *extra[L2L_MAX_CHANNELS];
    void *out[L2L_MAX_CHANNELS];
    if (s.node->row->shape == L2L_SHAPE_CFA)
        source_window(t, i, 0, y, 1, s.x, rows);
    else
        rows_at(t, &t->value[i], s.node->in_channels, y, s.x, rows);
    for (int c = 0; c < s.node->out_channels; c++) out[c] = at(t, to, c, y, s.x);
    load_extra(t, i, y, to->x);
    for (int c = 0; c < L2L_MAX_CHANNELS; c++) extra[c] = t->extra[c];
    s.src = rows;
    s.out = out;
    s.extra = extra;
    kernel_of(t, i)->forward(&s);
}

/* A new row of values: given to whoever asked for it, and made ready for the node that reads it. */
static void finish_value(tile *t, int b, int64_t y) {
    const l2l_job *job = t->job;
    const l2l_chain *chain = job->chain;
    ring *r = &t->value[b];
    int count = (int)(r->x.hi - r->x.lo), channels = stored(chain, b);
    store_rows(t, &job->tap[b], t->image, r, b, y, L2L_STORE_WRITE);
    if (!job->backward && b == job->top) {
        store_rows(t, &job->dst, t->image, r, b, y,
                   job->stream ? L2L_STORE_STREAM : L2L_STORE_WRITE);
        if (job->moments_at == b)
            for (int c = 0; c < channels; c++)
                job->kernels->moments(at(t, r, c, y, t->own_x[b].lo),
                                      (int)(t->own_x[b].hi - t->own_x[b].lo), t->sums + 2 * c);
        return;
    }
    if (b == chain->count) return;
    const l2l_node *node = &chain->nodes[b];
    if (node->luma_enter) {
        const void *rgb[L2L_MAX_CHANNELS];
        rows_at(t, r, 3, y, r->x.lo, rgb);
        job->kernels->luma(at(t, r, channels, y, r->x.lo), rgb, count);
    }
    if (node->radius == 0) return;
    for (int p = node->luma ? channels : 0; p < channels + node->luma; p++)
        job->kernels->extend(at(t, r, p, y, r->x.lo), r->x.lo, count, job->width[b], node->radius,
                             node->border);
}

static void need_value(tile *t, int b, int64_t end) {
    const l2l_job *job = t->job;
    ring *r = &t->value[b];
    if (end > r->y.hi) end = r->y.hi;
    while (r->front < end) {
        int64_t y = r->front;
        int n = b > 0 ? l2l_rows_at_once(job, b - 1) : 1;
        if (n > r->y.hi - y) n = (int)(r->y.hi - y);
        if (b == 0) {
            load_rows(t, &job->src, t->image, r, job->chain->channels[0], y,
                      job->chain->sample_scale);
        } else {
            const l2l_node *node = &job->chain->nodes[b - 1];
            need_value(t, b - 1, (y + n) * node->scale + node->radius);
            forward_rows(t, b - 1, y, n);
        }
        for (int j = 0; j < n; j++) finish_value(t, b, y + j);
        r->front += n;
    }
}

/* ---- backward ---- */

static bool near_border(const l2l_job *job, int i, int64_t q) {
    const l2l_node *node = &job->chain->nodes[i];
    return node->radius > 0 && (q <= node->radius || q >= job->height[i] - 1 - node->radius);
}

/* A neighbourhood's transpose over one plane or CFA: for every row that the border rule maps to q,
   q first, the kernel gathers from the cotangents around it; then columns are folded likewise.
   Several rows at once are not near the border. */
static void gather(tile *t, int i, l2l_sweep *s, int planes, int first_plane, int aux_plane,
                   void *const *out_rows) {
    const l2l_job *job = t->job;
    const ring *from = &t->grad[i + 1], *below = &t->grad[i];
    const l2l_node *node = s->node;
    const int r = node->radius, side = 2 * r + 1;
    const int64_t q = s->y, height = job->height[i], width = job->width[i];
    const int count = s->count;
    const int left = below->x.lo == 0 ? r : 0, right = below->x.hi == width ? r : 0;
    const void *rows[MAX_WINDOW], *aux[MAX_WINDOW];
    void *out[MAX_ROWS];
    for (int j = 0; j < s->rows; j++)
        out[j] = (char *)out_rows[j] - (size_t)left * job->kernels->size;
    s->x = below->x.lo - left;
    s->count = count + left + right;
    s->grad = rows;
    s->aux = aux;
    s->out = out;
    s->add = false;
    for (int k = 0; k <= (near_border(job, i, q) ? 2 * r : 0); k++) {
        int64_t image = k == 0 ? q : k <= r ? -k : height - 1 + (k - r);
        if (k > 0 && l2l_extend(node->border, image, height) != q) continue;
        for (int p = 0; p < planes; p++)
            window(t, from, first_plane + p, image - r, side + s->rows - 1, L2L_BORDER_ZERO, height,
                   s->x, rows + p * side);
        if (node->aux_planes)
            window(t, &t->value[i + 1], aux_plane, image - r, side, L2L_BORDER_ZERO, height, s->x,
                   aux);
        s->y = image;
        kernel_of(t, i)->backward(s);
        s->add = true;
    }
    s->y = q;
    for (int j = 0; r > 0 && j < s->rows; j++)
        job->kernels->fold(out_rows[j], below->x.lo, count, width, r, node->border);
}

static void backward_plane(tile *t, int i, l2l_sweep *s) {
    const l2l_job *job = t->job;
    const ring *below = &t->grad[i];
    const l2l_chain *chain = job->chain;
    int first_aux = stored(chain, i + 1) + node_is_luma(chain, i + 1);
    int64_t x = s->x, count = s->count;
    void *out[MAX_ROWS];
    if (!s->node->luma) {
        for (int c = 0; c < s->node->in_channels; c++) {
            for (int j = 0; j < s->rows; j++) out[j] = at(t, below, c, s->y + j, x);
            s->count = (int)count;
            gather(t, i, s, 1, c, first_aux + c, out);
        }
        return;
    }
    bool enter = s->node->luma_enter;
    for (int j = 0; j < s->rows; j++)
        out[j] = enter ? t->plane[j] : at(t, below, 0, s->y + j, x);
    gather(t, i, s, 1, stored(chain, i + 1), first_aux, out);
    const ring *above = enter ? &t->grad[group_last(chain, i) + 1] : NULL;
    for (int j = 0; above && j < s->rows; j++) {
        const void *rgb[L2L_MAX_CHANNELS];
        int64_t y = s->y + j;
        rows_at(t, above, 3, y, x, rgb);
        for (int c = 0; c < 3; c++) out[c] = at(t, below, c, y, x);
        job->kernels->luma_apply(out, rgb, t->plane[j], at(t, above, 3, y, x), true, (int)count);
    }
}

static bool is_mine(const tile *t, int b, int64_t y) {
    return y >= t->own_y[b].lo && y < t->own_y[b].hi && !empty(t->own_x[b]);
}

static void backward_rows(tile *t, int i, int64_t q, int n) {
    const ring *below = &t->grad[i], *above = &t->grad[i + 1];
    l2l_sweep s = sweep_of(t, i, q, below->x.lo, below->x.hi - below->x.lo);
    const l2l_node *node = s.node;
    s.rows = n;
    if (node->row->shape == L2L_SHAPE_PLANE) {
        backward_plane(t, i, &s);
        return;
    }
    if (node->row->shape == L2L_SHAPE_CFA && node->scale == 1) {
        void *row = at(t, below, 0, q, s.x);
        gather(t, i, &s, 3, 0, 0, &row);
        return;
    }
    const void *src[L2L_MAX_CHANNELS], *grad[L2L_MAX_CHANNELS];
    void *out[L2L_MAX_CHANNELS];
    int64_t row = q / node->scale, last = t->job->height[i + 1] - 1;
    rows_at(t, above, node->out_channels, row > last ? last : row, s.x / node->scale, grad);
    if (node->row->needs & L2L_NEEDS_SRC) rows_at(t, &t->value[i], node->in_channels, q, s.x, src);
    for (int c = 0; c < node->in_channels; c++) out[c] = at(t, below, c, q, s.x);
    s.src = src;
    s.grad = grad;
    s.out = out;
    if (kernel_of(t, i)->sums_in_backward && sums_of(t->job, i) && is_mine(t, i + 1, q)) {
        s.own_begin = (int)(t->own_x[i + 1].lo - below->x.lo);
        s.own_count = (int)(t->own_x[i + 1].hi - t->own_x[i + 1].lo);
    }
    kernel_of(t, i)->backward(&s);
}

static void need_value_for_sums(tile *t, int i, int64_t y) {
    const l2l_node *node = &t->job->chain->nodes[i];
    need_value(t, i, (y + 1) * node->scale + node->radius);
}

/* Adds this row's share to the sums of node i; y is a row of its destination that the tile owns. */
static void sum_row(tile *t, int i, int64_t y) {
    const l2l_job *job = t->job;
    range x = t->own_x[i + 1];
    const ring *above = &t->grad[i + 1];
    const void *rows[MAX_WINDOW], *grad[L2L_MAX_CHANNELS];
    l2l_sweep s = sweep_of(t, i, y, x.lo, x.hi - x.lo);
    const l2l_node *node = s.node;
    int channels = job->chain->channels[i];
    need_value_for_sums(t, i, y);
    s.src = rows;
    s.grad = grad;
    if (node->row->shape != L2L_SHAPE_PLANE) {
        if (node->row->shape == L2L_SHAPE_CFA)
            source_window(t, i, 0, y, 1, x.lo, rows);
        else
            rows_at(t, &t->value[i], channels, y, x.lo, rows);
        rows_at(t, above, node->out_channels, y, x.lo, grad);
        kernel_of(t, i)->sums(&s);
    }
    int planes = node->row->shape != L2L_SHAPE_PLANE ? 0 : node->luma ? 1 : channels;
    for (int p = 0; p < planes; p++) {
        source_window(t, i, (node->luma ? stored(job->chain, i) : 0) + p, y, 1, x.lo, rows);
        grad[0] = at(t, above, (node->luma ? stored(job->chain, i + 1) : 0) + p, y, x.lo);
        kernel_of(t, i)->sums(&s);
    }
    int64_t done = y + 1 - t->own_y[i + 1].lo;
    bool last = y + 1 == t->own_y[i + 1].hi;
    if (kernel_of(t, i)->flush && (last || done % FLUSH_ROWS == 0)) kernel_of(t, i)->flush(&s);
}

/* A new row of cotangents: given to whoever asked for it, summed, made ready for the node below. */
static void finish_grad(tile *t, int b, int64_t y) {
    const l2l_job *job = t->job;
    const l2l_chain *chain = job->chain;
    ring *r = &t->grad[b];
    bool mine = is_mine(t, b, y);
    store_rows(t, &job->grad_tap[b], t->image, r, b, y, L2L_STORE_WRITE);
    if (b == 0) {
        store_rows(t, &job->grad_src, t->image, r, b, y,
                   job->add      ? L2L_STORE_ADD
                   : job->stream ? L2L_STORE_STREAM
                                 : L2L_STORE_WRITE);
        return;
    }
    const l2l_node *node = &chain->nodes[b - 1];
    int count = (int)(r->x.hi - r->x.lo), channels = stored(chain, b);
    if (node->luma_leave) {
        const void *rows[L2L_MAX_CHANNELS];
        rows_at(t, r, channels, y, r->x.lo, rows);
        job->kernels->total(at(t, r, channels, y, r->x.lo), rows, channels, count);
    }
    for (int p = node->luma ? channels : 0; node->radius && p < channels + node->luma; p++)
        job->kernels->extend(at(t, r, p, y, r->x.lo), r->x.lo, count, job->width[b],
                             2 * node->radius, L2L_BORDER_ZERO);
    if (b - 1 == chain->additive_node)
        store_rows(t, &job->grad_additive, 0, r, b, y,
                   job->add || t->image > 0 ? L2L_STORE_ADD : L2L_STORE_WRITE);
    bool later = b - 1 >= job->lowest && kernel_of(t, b - 1)->sums_in_backward;
    if (mine && sums_of(job, b - 1) && !later) sum_row(t, b - 1, y);
    if (mine && job->moments_at == b) {
        range x = t->own_x[b];
        need_value(t, b - 1, y + 1);
        for (int c = 0; c < channels; c++)
            job->kernels->cross_moments(at(t, r, c, y, x.lo),
                                        at(t, &t->value[b - 1], c, y, x.lo), job->means[c],
                                        (int)(x.hi - x.lo), t->sums + 2 * c);
    }
}

/* Values that only a tap asks for keep in step with the cotangents of the output: the rows that
   they are made of are gone later. `end` counts rows of the output. */
static void need_taps(tile *t, int64_t end) {
    const l2l_job *job = t->job;
    for (int b = job->chain->count; b >= 0; b--) {
        if (l2l_view_present(&job->tap[b])) need_value(t, b, end);
        if (b > 0) end *= job->chain->nodes[b - 1].scale;
    }
}

static void need_grad(tile *t, int b, int64_t end) {
    const l2l_job *job = t->job;
    ring *r = &t->grad[b];
    if (end > r->y.hi) end = r->y.hi;
    while (r->front < end) {
        int64_t q = r->front;
        int n = b < job->chain->count ? l2l_rows_at_once(job, b) : 1;
        if (n > r->y.hi - q) n = (int)(r->y.hi - q);
        if (n > 1 && (near_border(job, b, q) || near_border(job, b, q + n - 1))) n = 1;
        if (b == job->chain->count) {
            load_rows(t, &job->grad_dst, t->image, r, job->chain->channels[b], q, 1.0);
            need_taps(t, q + 1);
        } else {
            const l2l_node *node = &job->chain->nodes[b];
            need_grad(t, b + 1, (q + n - 1) / node->scale + 1 + node->radius);
            if (node->row->needs & L2L_NEEDS_SRC) need_value(t, b, q + n);
            if (node->row->needs & L2L_NEEDS_AUX) need_value(t, b + 1, q + n + node->radius);
            backward_rows(t, b, q, n);
        }
        for (int j = 0; j < n; j++) finish_grad(t, b, q + j);
        r->front += n;
    }
}

/* ---- the tile ---- */

static void run_backward(tile *t) {
    const l2l_job *job = t->job;
    const l2l_chain *chain = job->chain;
    for (int b = job->lowest; b <= chain->count; b++) need_grad(t, b, t->grad[b].y.hi);
    for (int b = 0; b <= chain->count; b++)
        if (l2l_view_present(&job->tap[b])) need_value(t, b, t->own_y[b].hi);
}

void l2l_tile_run(const l2l_job *job, int64_t image, int64_t index, void *memory) {
    tile *t = memory;
    int64_t slot = image * job->tiles_x * job->tiles_y + index;
    t->job = job;
    t->image = image;
    t->sums = job->partials ? job->partials + slot * job->sums_per_tile : NULL;
    if (t->sums) memset(t->sums, 0, (size_t)job->sums_per_tile * sizeof *t->sums);
    take_memory(t, (char *)memory + (sizeof(tile) + 63) / 64 * 64);
    set_own(t, index);
    if (job->backward) set_grad_ranges(t);
    set_value_ranges(t);
    if (!job->backward) {
        need_value(t, job->top, t->own_y[job->top].hi);
        for (int b = 0; b < job->top; b++)
            if (l2l_view_present(&job->tap[b])) need_value(t, b, t->own_y[b].hi);
    } else {
        run_backward(t);
    }
    if (job->stream) job->kernels->store_done();
}
