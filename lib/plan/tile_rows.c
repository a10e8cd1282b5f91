/* Rows of a tile: read from and written to the caller's tensors, and gathered for a kernel. */
#include "plan/tile.h"

static int64_t offset_in(const l2l_view *view, int64_t n, int c, int64_t y, int64_t x) {
    return n * view->stride[0] + c * view->stride[1] + y * view->stride[2] + x * view->stride[3];
}

void l2l_tile_load(const tile *t, const l2l_view *view, int64_t n, const ring *to, int channels,
                   int64_t y, double scale) {
    for (int c = 0; c < channels; c++)
        t->job->kernels->load(at(t, to, c, y, to->x0), &view->tensor,
                              offset_in(view, n, c, y, to->x0), view->stride[3], columns_of(to),
                              scale, y + 1 < to->y.hi ? view->stride[2] : 0);
}

/* Kernels may compute up to the next multiple of 16 columns: none of them may be somebody else's.
 */
static void use_tensor(tile *t, ring *r, const l2l_view *view) {
    const l2l_job *job = t->job;
    bool whole = r->x.lo == r->x0 && columns_of(r) % L2L_LANES == 0;
    if (!l2l_view_present(view) || view->stride[3] != 1 || !whole || empty(r->x) ||
        view->tensor.dtype != job->kernels->real)
        return;
    int64_t size = (int64_t)job->kernels->size;
    r->base = (char *)view->tensor.data + offset_in(view, t->image, 0, 0, r->x0) * size;
    r->plane_size = view->stride[1] * size;
    r->row_size = view->stride[2] * size;
    r->capacity = INT32_MAX;
    r->direct = true;
}

/* A stage that looks at single pixels leaves what is around its rows alone. Images that are larger
   than the caches are written past them, which kernels cannot. */
void l2l_tile_use_tensors(tile *t) {
    const l2l_job *job = t->job;
    const int top = job->chain->count;
    const bool point = t->step[top - 1].shape == L2L_SHAPE_POINT;
    if (job->backward && point && job->lowest < top && l2l_view_present(&job->grad_dst))
        use_tensor(t, &t->grad[top], &job->grad_dst);
    t->target = t->grad[top];
    if (job->backward) use_tensor(t, &t->target, &job->target);
    if (job->backward && t->step[0].shape == L2L_SHAPE_POINT && !job->add && !job->stream)
        use_tensor(t, &t->grad[0], &job->grad_src);
    if (!job->backward && point && job->top == top && !job->stream)
        use_tensor(t, &t->value[top], &job->dst);
}

/* The row below is read soon, and begins on other pages, where the hardware does not look ahead. */
void l2l_tile_prefetch(const tile *t, const ring *r, int64_t y) {
    const int64_t bytes = columns_of(r) * (int64_t)t->job->kernels->size;
    for (int c = 0; y < r->y.hi && c < t->job->chain->channels[t->job->chain->count]; c++) {
        const char *row = at(t, r, c, y, r->x0);
        for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(row + i, 0, 2);
    }
}

/* Writes what this tile owns of a row to a view that is present. */
void l2l_tile_store(const tile *t, const l2l_view *view, int64_t n, const ring *from, int b,
                    int64_t y, l2l_store_mode mode) {
    range x = t->own_x[b];
    if (y < t->own_y[b].lo || y >= t->own_y[b].hi || empty(x)) return;
    for (int c = 0; c < t->job->chain->channels[b]; c++)
        t->job->kernels->store(at(t, from, c, y, x.lo), &view->tensor,
                               offset_in(view, n, c, y, x.lo), view->stride[3], (int)(x.hi - x.lo),
                               mode);
}

/* ---- for kernels ---- */

void l2l_tile_set_steps(tile *t) {
    const l2l_job *job = t->job;
    const size_t size = job->kernels->size;
    for (int i = 0; i < job->chain->count; i++) {
        const l2l_node *node = &job->chain->nodes[i];
        struct step *step = &t->step[i];
        step->kernel = job->kernels->stages[node->kernel];
        step->shape = node->row->shape;
        step->needs = node->row->needs;
        step->rows = l2l_rows_at_once(job, i);
        step->sweep = (l2l_sweep){
            .node = node,
            .coefs = job->coefs + (size_t)job->chain->coef_offset[i] * size,
            .height = job->height[i],
            .width = job->width[i],
            .sums = t->sums ? t->sums + job->chain->sum_offset[i] : NULL,
            .lanes = t->lanes + (size_t)job->chain->lane_offset[i] * size,
            .scratch = { t->spare[0], t->spare[1], t->spare[2] },
        };
    }
}

l2l_sweep *l2l_tile_sweep(tile *t, int i, int64_t y, int64_t x, int64_t count) {
    l2l_sweep *s = &t->step[i].sweep;
    s->y = y;
    s->x = x;
    s->count = (int)count;
    s->rows = 1;
    s->add = false;
    s->own_begin = s->own_count = 0;
    return s;
}

/* Rows first … first + count − 1 of a plane, beyond the image by the border rule; `border` zero
   gives zeros. */
void l2l_tile_window(const tile *t, const ring *r, int plane, int64_t first, int count,
                     l2l_border border, int64_t extent, int64_t x, const void **rows) {
    if (first >= 0 && first + count <= extent) {
        const int slot = slot_of(r, first);
        const char *row = r->base + plane * r->plane_size + slot * r->row_size +
                          (x - r->x0) * (int64_t)t->job->kernels->size;
        int left = r->capacity - slot;
        for (int k = 0; k < count; k++, row += r->row_size) {
            if (left-- == 0) row -= r->plane_size; /* the ring comes round */
            rows[k] = row;
        }
        return;
    }
    for (int k = 0; k < count; k++) {
        int64_t y = l2l_extend(border, first + k, extent);
        rows[k] = y < 0 ? t->zero + (x - r->x0) * (ptrdiff_t)t->job->kernels->size
                        : at(t, r, plane, y, x);
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
    for (int c = 0; c < job->chain->channels[i]; c++)
        job->kernels->load(t->extra[c], &job->additive.tensor,
                           offset_in(&job->additive, 0, c, y, to->x0), job->additive.stride[3],
                           columns_of(to), 1.0, 0);
}
