/* Forward through a tile: a row of values is made when it is asked for. */
#include "plan/tile.h"

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
        l2l_tile_source_window(t, i, first_plane + p, s->y, s->rows, s->x, rows);
        s->out = out;
        t->step[i].kernel->forward(s);
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
    l2l_sweep *s = l2l_tile_sweep(t, i, y, to->x0, columns_of(to));
    s->rows = n;
    if (t->step[i].shape == L2L_SHAPE_PLANE) {
        forward_plane(t, i, s);
        return;
    }
    const void *rows[MAX_WINDOW], *extra[L2L_MAX_CHANNELS];
    void *out[MAX_ROWS * L2L_MAX_CHANNELS];
    if (t->step[i].shape == L2L_SHAPE_CFA)
        l2l_tile_source_window(t, i, 0, y, n, s->x, rows);
    else
        rows_at(t, &t->value[i], s->node->in_channels, y, s->x, rows);
    for (int j = 0; j < n; j++) {
        char *row = at(t, to, 0, y + j, s->x);
        for (int c = 0; c < s->node->out_channels; c++, row += to->plane_size)
            out[j * s->node->out_channels + c] = row;
    }
    if (i == t->job->chain->additive_node) {
        l2l_tile_load_extra(t, i, y, to);
        for (int c = 0; c < L2L_MAX_CHANNELS; c++) extra[c] = t->extra[c];
        s->extra = extra;
    }
    s->src = rows;
    s->out = out;
    t->step[i].kernel->forward(s);
}

/* A new row of values: given to whoever asked for it, and made ready for the node that reads it. */
static void finish_value(tile *t, int b, int64_t y) {
    const l2l_job *job = t->job;
    const l2l_chain *chain = job->chain;
    ring *r = &t->value[b];
    int count = columns_of(r), channels = stored(chain, b);
    if (l2l_view_present(&job->tap[b]))
        l2l_tile_store(t, &job->tap[b], t->image, r, b, y, L2L_STORE_WRITE);
    if (b == job->top && !r->direct && l2l_view_present(&job->dst))
        l2l_tile_store(t, &job->dst, t->image, r, b, y,
                       job->stream ? L2L_STORE_STREAM : L2L_STORE_WRITE);
    if (!job->backward && b == job->top) {
        if (job->moments_at == b)
            for (int c = 0; c < channels; c++)
                job->kernels->moments(at(t, r, c, y, t->own_x[b].lo), job->means[c],
                                      (int)(t->own_x[b].hi - t->own_x[b].lo), t->sums + 2 * c);
        return;
    }
    if (b == chain->count) return;
    const l2l_node *node = &chain->nodes[b];
    if (node->luma_enter) {
        const void *rgb[L2L_MAX_CHANNELS];
        rows_at(t, r, 3, y, r->x0, rgb);
        job->kernels->luma(at(t, r, channels, y, r->x0), rgb, count);
    }
    if (node->radius == 0) return;
    for (int p = node->luma ? channels : 0; p < channels + node->luma; p++)
        job->kernels->extend(at(t, r, p, y, r->x0), r->x0, count, job->width[b], node->radius,
                             node->border);
}

/* The first stage may work on the row that was loaded, unless backward asks for that again. */
static bool load_is_enough(const l2l_job *job) {
    return !job->backward && job->chain->nodes[0].row->in_place;
}

static void load_and_forward(tile *t, int64_t y) {
    ring *to = &t->value[1];
    l2l_sweep *s = l2l_tile_sweep(t, 0, y, to->x0, columns_of(to));
    void *row = at(t, to, 0, y, to->x0);
    const void *same = row;
    l2l_tile_load(t, &t->job->src, t->image, to, 1, y, t->job->chain->sample_scale);
    s->src = &same;
    s->out = &row;
    t->step[0].kernel->forward(s);
}

void l2l_tile_need_value(tile *t, int b, int64_t end) {
    const l2l_job *job = t->job;
    ring *r = &t->value[b];
    if (end > r->y.hi) end = r->y.hi;
    while (r->front < end) {
        int64_t y = r->front;
        int n = b > 0 ? t->step[b - 1].rows : 1;
        if (n > r->y.hi - y) n = (int)(r->y.hi - y);
        if (b == 0) {
            l2l_tile_load(t, &job->src, t->image, r, job->chain->channels[0], y,
                          job->chain->sample_scale);
        } else if (b == 1 && load_is_enough(job)) {
            load_and_forward(t, y);
        } else {
            const l2l_node *node = &job->chain->nodes[b - 1];
            l2l_tile_need_value(t, b - 1, (y + n) * node->scale + node->radius);
            forward_rows(t, b - 1, y, n);
        }
        for (int j = 0; j < n; j++) finish_value(t, b, y + j);
        r->front += n;
    }
}
