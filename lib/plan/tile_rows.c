/* Rows of a tile: read from and written to the caller's tensors, and gathered for a kernel. */
#include "plan/tile.h"

static int64_t offset_in(const l2l_view *view, int64_t n, int c, int64_t y, int64_t x) {
    return n * view->stride[0] + c * view->stride[1] + y * view->stride[2] + x * view->stride[3];
}

void l2l_tile_load(const tile *t, const l2l_view *view, int64_t n, const ring *to, int channels,
                   int64_t y, double scale) {
    for (int c = 0; c < channels; c++)
        t->job->kernels->load(at(t, to, c, y, to->x0), &view->tensor,
                              offset_in(view, n, c, y, to->x0), view->stride[3],
                              columns_of(to), scale,
                              y + 1 < to->y.hi ? view->stride[2] : 0);
}

/* Writes what this tile owns of a row. */
void l2l_tile_store(const tile *t, const l2l_view *view, int64_t n, const ring *from, int b,
                    int64_t y, l2l_store_mode mode) {
    range x = t->own_x[b];
    if (!l2l_view_present(view) || y < t->own_y[b].lo || y >= t->own_y[b].hi || empty(x)) return;
    for (int c = 0; c < t->job->chain->channels[b]; c++)
        t->job->kernels->store(at(t, from, c, y, x.lo), &view->tensor,
                               offset_in(view, n, c, y, x.lo), view->stride[3], (int)(x.hi - x.lo),
                               mode);
}

/* ---- for kernels ---- */

/* Field by field: clearing the whole struct first costs more than filling it. */
void l2l_sweep_init(l2l_sweep *s, const tile *t, int i, int64_t y, int64_t x, int64_t count) {
    const l2l_job *job = t->job;
    const size_t size = job->kernels->size;
    s->node = &job->chain->nodes[i];
    s->coefs = job->coefs + (size_t)job->chain->coef_offset[i] * size;
    s->height = job->height[i];
    s->width = job->width[i];
    s->y = y;
    s->x = x;
    s->count = (int)count;
    s->rows = 1;
    s->src = s->grad = s->aux = s->extra = NULL;
    s->out = NULL;
    s->add = false;
    s->sums = t->sums ? t->sums + job->chain->sum_offset[i] : NULL;
    s->lanes = t->lanes + (size_t)job->chain->lane_offset[i] * size;
    s->own_begin = s->own_count = 0;
    for (int k = 0; k < 3; k++) s->scratch[k] = t->spare[k];
}

/* Rows first … first + count − 1 of a plane, beyond the image by the border rule; `border` zero
   gives zeros. */
void l2l_tile_window(const tile *t, const ring *r, int plane, int64_t first, int count,
                     l2l_border border, int64_t extent, int64_t x, const void **rows) {
    for (int k = 0; k < count; k++) {
        int64_t y = l2l_extend(border, first + k, extent);
        rows[k] =
            y < 0 ? t->zero + (x - r->x0) * (ptrdiff_t) t->job->kernels->size : at(t, r, plane, y, x);
    }
}

/* For `n` rows of the destination from y on. */
void l2l_tile_source_window(const tile *t, int i, int plane, int64_t y, int n, int64_t x,
                            const void **rows) {
    const l2l_node *node = &t->job->chain->nodes[i];
    l2l_tile_window(t, &t->value[i], plane, y * node->scale - node->radius,
                    2 * node->radius + n * node->scale, node->border, t->job->height[i],
                    x * node->scale, rows);
}

void l2l_tile_load_extra(tile *t, int i, int64_t y, const ring *to) {
    const l2l_job *job = t->job;
    if (i != job->chain->additive_node) return;
    for (int c = 0; c < job->chain->channels[i]; c++)
        job->kernels->load(t->extra[c], &job->additive.tensor,
                           offset_in(&job->additive, 0, c, y, to->x0), job->additive.stride[3],
                           columns_of(to), 1.0, 0);
}
