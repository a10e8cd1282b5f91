/* Backward through a tile: cotangents from the output down, and the sums for parameters. */
#include "plan/tile.h"

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
    s->x = below->x0 - left;
    s->count = count + left + right;
    s->grad = rows;
    s->aux = aux;
    s->out = out;
    s->add = false;
    for (int k = 0; k <= (near_border(job, i, q) ? 2 * r : 0); k++) {
        int64_t image = k == 0 ? q : k <= r ? -k : height - 1 + (k - r);
        if (k > 0 && l2l_extend(node->border, image, height) != q) continue;
        for (int p = 0; p < planes; p++)
            l2l_tile_window(t, from, first_plane + p, image - r, side + s->rows - 1,
                            L2L_BORDER_ZERO, height, s->x, rows + p * (side + s->rows - 1));
        if (node->aux_planes)
            l2l_tile_window(t, &t->value[i + 1], aux_plane, image - r, side, L2L_BORDER_ZERO,
                            height, s->x, aux);
        s->y = image;
        t->step[i].kernel->backward(s);
        s->add = true;
    }
    s->y = q;
    for (int j = 0; r > 0 && j < s->rows; j++)
        job->kernels->fold(out_rows[j], below->x0, count, width, r, node->border);
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
    for (int j = 0; j < s->rows; j++) out[j] = enter ? t->plane[j] : at(t, below, 0, s->y + j, x);
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

static void backward_rows(tile *t, int i, int64_t q, int n) {
    const ring *below = &t->grad[i], *above = &t->grad[i + 1];
    l2l_sweep *s = l2l_tile_sweep(t, i, q, below->x0, columns_of(below));
    const l2l_node *node = s->node;
    s->rows = n;
    if (t->step[i].shape == L2L_SHAPE_PLANE) {
        backward_plane(t, i, s);
        return;
    }
    if (t->step[i].shape == L2L_SHAPE_CFA && node->scale == 1) {
        void *rows[MAX_ROWS];
        for (int j = 0; j < n; j++) rows[j] = at(t, below, 0, q + j, s->x);
        gather(t, i, s, 3, 0, 0, rows);
        return;
    }
    const void *src[L2L_MAX_CHANNELS], *grad[L2L_MAX_CHANNELS];
    void *out[L2L_MAX_CHANNELS];
    int64_t row = scaled(node, q), last = t->job->height[i + 1] - 1;
    rows_at(t, above, node->out_channels, row > last ? last : row, scaled(node, s->x), grad);
    if (t->step[i].needs & L2L_NEEDS_SRC) rows_at(t, &t->value[i], node->in_channels, q, s->x, src);
    for (int c = 0; c < node->in_channels; c++) out[c] = at(t, below, c, q, s->x);
    s->src = src;
    s->grad = grad;
    s->out = out;
    if (t->step[i].kernel->sums_in_backward && sums_of(t->job, i) && is_mine(t, i + 1, q)) {
        s->own_begin = (int)(t->own_x[i + 1].lo - below->x0);
        s->own_count = (int)(t->own_x[i + 1].hi - t->own_x[i + 1].lo);
    }
    t->step[i].kernel->backward(s);
}

static void need_value_for_sums(tile *t, int i, int64_t y) {
    const l2l_node *node = &t->job->chain->nodes[i];
    l2l_tile_need_value(t, i, (y + 1) * node->scale + node->radius);
}

/* Adds this row's share to the sums of node i; y is a row of its destination that the tile owns. */
static void sum_rows(tile *t, int i, int64_t y, int n) {
    const l2l_job *job = t->job;
    range x = t->own_x[i + 1];
    const ring *above = &t->grad[i + 1];
    const void *rows[MAX_WINDOW], *grad[L2L_MAX_CHANNELS];
    int channels = job->chain->channels[i];
    need_value_for_sums(t, i, y + n - 1);
    l2l_sweep *s = l2l_tile_sweep(t, i, y, x.lo, x.hi - x.lo);
    const l2l_node *node = s->node;
    s->rows = n;
    s->src = rows;
    s->grad = grad;
    if (t->step[i].shape != L2L_SHAPE_PLANE) {
        if (t->step[i].shape == L2L_SHAPE_CFA)
            l2l_tile_source_window(t, i, 0, y, 1, x.lo, rows);
        else
            rows_at(t, &t->value[i], channels, y, x.lo, rows);
        rows_at(t, above, node->out_channels, y, x.lo, grad);
        t->step[i].kernel->sums(s);
    }
    int planes = t->step[i].shape != L2L_SHAPE_PLANE ? 0 : node->luma ? 1 : channels;
    for (int p = 0; p < planes; p++) {
        l2l_tile_source_window(t, i, (node->luma ? stored(job->chain, i) : 0) + p, y, n, x.lo,
                               rows);
        for (int j = 0; j < n; j++)
            grad[j] = at(t, above, (node->luma ? stored(job->chain, i + 1) : 0) + p, y + j, x.lo);
        t->step[i].kernel->sums(s);
    }
    int64_t done = y + n - t->own_y[i + 1].lo;
    bool last = y + n == t->own_y[i + 1].hi;
    if (t->step[i].kernel->flush && (last || done % FLUSH_ROWS == 0)) t->step[i].kernel->flush(s);
}

/* Sums rows in pairs, counted from the first row that the tile owns, for kernels that take them. */
static void sum_row(tile *t, int i, int64_t y) {
    bool odd = (y - t->own_y[i + 1].lo) % 2 == 1, last = y + 1 == t->own_y[i + 1].hi;
    if (t->step[i].kernel->sum_rows < 2)
        sum_rows(t, i, y, 1);
    else if (odd)
        sum_rows(t, i, y - 1, 2);
    else if (last)
        sum_rows(t, i, y, 1);
}

/* A new row of cotangents: given to whoever asked for it, summed, made ready for the node below. */
static void finish_grad(tile *t, int b, int64_t y) {
    const l2l_job *job = t->job;
    const l2l_chain *chain = job->chain;
    ring *r = &t->grad[b];
    bool mine = is_mine(t, b, y);
    if (l2l_view_present(&job->grad_tap[b]))
        l2l_tile_store(t, &job->grad_tap[b], t->image, r, b, y, L2L_STORE_WRITE);
    if (b == 0) {
        if (!l2l_view_present(&job->grad_src) || r->direct) return;
        l2l_tile_store(t, &job->grad_src, t->image, r, b, y,
                       job->add      ? L2L_STORE_ADD
                       : job->stream ? L2L_STORE_STREAM
                                     : L2L_STORE_WRITE);
        return;
    }
    const l2l_node *node = &chain->nodes[b - 1];
    int count = columns_of(r), channels = stored(chain, b);
    if (node->luma_leave) {
        const void *rows[L2L_MAX_CHANNELS];
        rows_at(t, r, channels, y, r->x0, rows);
        job->kernels->total(at(t, r, channels, y, r->x0), rows, channels, count);
    }
    for (int p = node->luma ? channels : 0; node->radius && p < channels + node->luma; p++)
        job->kernels->extend(at(t, r, p, y, r->x0), r->x0, count, job->width[b], 2 * node->radius,
                             L2L_BORDER_ZERO);
    if (b - 1 == chain->additive_node && l2l_view_present(&job->grad_additive))
        l2l_tile_store(t, &job->grad_additive, 0, r, b, y,
                       job->add || t->image > 0 ? L2L_STORE_ADD : L2L_STORE_WRITE);
    bool later = b - 1 >= job->lowest && t->step[b - 1].kernel->sums_in_backward;
    if (mine && sums_of(job, b - 1) && !later) sum_row(t, b - 1, y);
    if (mine && job->moments_at == b) {
        range x = t->own_x[b];
        l2l_tile_need_value(t, b - 1, y + 1);
        for (int c = 0; c < channels; c++)
            job->kernels->cross_moments(at(t, r, c, y, x.lo), at(t, &t->value[b - 1], c, y, x.lo),
                                        job->means[c], (int)(x.hi - x.lo), t->sums + 2 * c);
    }
}

/* Values that only a tap asks for keep in step with the cotangents of the output: the rows that
   they are made of are gone later. `end` counts rows of the output. */
static void need_taps(tile *t, int64_t end) {
    const l2l_job *job = t->job;
    for (int b = job->chain->count; b >= 0; b--) {
        if (l2l_view_present(&job->tap[b])) l2l_tile_need_value(t, b, end);
        if (b > 0) end *= job->chain->nodes[b - 1].scale;
    }
}

/* The cotangent of row y of the output, out of the loss. */
static void differentiate_loss(tile *t, int64_t y) {
    const l2l_job *job = t->job;
    const int top = job->chain->count;
    const ring *grad = &t->grad[top], *value = &t->value[top];
    const ring *target = t->target.direct ? &t->target : grad;
    const int begin = (int)(t->own_x[top].lo - grad->x0);
    const int own = is_mine(t, top, y) ? (int)(t->own_x[top].hi - t->own_x[top].lo) : 0;
    double sum = 0.0;
    if (target->direct)
        l2l_tile_prefetch(t, target, y + 1);
    else
        l2l_tile_load(t, &job->target, t->image, grad, job->chain->channels[top], y, 1.0);
    l2l_tile_need_value(t, top, y + 1);
    for (int c = 0; c < job->chain->channels[top]; c++)
        sum += job->kernels->loss(job->loss, at(t, value, c, y, grad->x0),
                                  at(t, target, c, y, grad->x0), at(t, grad, c, y, grad->x0),
                                  job->loss_scale, columns_of(grad), begin, own);
    if (job->loss_sum >= 0) t->sums[job->loss_sum] += sum;
}

/* Row y of the cotangent that backward starts from. */
static void start(tile *t, int64_t y) {
    const l2l_job *job = t->job;
    const int top = job->chain->count;
    const ring *r = &t->grad[top];
    if (l2l_view_present(&job->target))
        differentiate_loss(t, y);
    else if (r->direct)
        l2l_tile_prefetch(t, r, y + 1);
    else
        l2l_tile_load(t, &job->grad_dst, t->image, r, job->chain->channels[top], y, 1.0);
}

void l2l_tile_need_grad(tile *t, int b, int64_t end) {
    const l2l_job *job = t->job;
    ring *r = &t->grad[b];
    if (end > r->y.hi) end = r->y.hi;
    while (r->front < end) {
        int64_t q = r->front;
        int n = b < job->chain->count ? t->step[b].rows : 1;
        if (n > r->y.hi - q) n = (int)(r->y.hi - q);
        if (n > 1 && (near_border(job, b, q) || near_border(job, b, q + n - 1))) n = 1;
        if (b == job->chain->count) {
            start(t, q);
            need_taps(t, q + 1);
        } else {
            const l2l_node *node = &job->chain->nodes[b];
            l2l_tile_need_grad(t, b + 1, scaled(node, q + n - 1) + 1 + node->radius);
            if (t->step[b].needs & L2L_NEEDS_SRC) l2l_tile_need_value(t, b, q + n);
            if (t->step[b].needs & L2L_NEEDS_AUX)
                l2l_tile_need_value(t, b + 1, q + n + node->radius);
            backward_rows(t, b, q, n);
        }
        for (int j = 0; j < n; j++) finish_grad(t, b, q + j);
        r->front += n;
    }
}
