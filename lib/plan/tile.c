/* One tile: a row pipeline. Rows of every boundary live in rings just long enough; a row is made
   when it is asked for, and asks for the rows that it is made of. Backward asks for cotangents from
   the output down and for the forward rows beside them. */
#include "plan/tile.h"

#include <string.h>

static void run_backward(tile *t) {
    const l2l_job *job = t->job;
    const l2l_chain *chain = job->chain;
    for (int b = job->lowest; b <= chain->count; b++) l2l_tile_need_grad(t, b, t->grad[b].y.hi);
    for (int b = 0; b <= chain->count; b++)
        if (l2l_view_present(&job->tap[b])) l2l_tile_need_value(t, b, t->own_y[b].hi);
}

void l2l_tile_run(const l2l_job *job, int64_t image, int64_t index, void *memory) {
    tile *t = memory;
    int64_t slot = image * job->tiles_x * job->tiles_y + index;
    t->job = job;
    t->image = image;
    t->sums = job->partials ? job->partials + slot * job->sums_per_tile : NULL;
    if (t->sums) memset(t->sums, 0, (size_t)job->sums_per_tile * sizeof *t->sums);
    l2l_tile_take_memory(t, (char *)memory + (sizeof(tile) + 63) / 64 * 64);
    l2l_tile_set_steps(t);
    l2l_tile_set_own(t, index);
    if (job->backward) l2l_tile_set_grad_ranges(t);
    l2l_tile_set_value_ranges(t);
    l2l_tile_use_tensors(t);
    if (!job->backward) {
        l2l_tile_need_value(t, job->top, t->own_y[job->top].hi);
        for (int b = 0; b < job->top; b++)
            if (l2l_view_present(&job->tap[b])) l2l_tile_need_value(t, b, t->own_y[b].hi);
    } else {
        run_backward(t);
    }
    if (job->stream) job->kernels->store_done();
}
