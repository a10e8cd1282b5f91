/* Memory of a tile: how many rows each ring keeps, and where they lie. */
#include "plan/tile.h"

#include <string.h>

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
    if (grad) return both + (before ? 2 * before->radius + 1 + group_reach(job, b - 1) : 0);
    if (!job->backward)
        return both + (after ? 2 * after->radius + after->scale + group_reach(job, b) : 0);
    /* When the cotangent of row q is made, forward has run ahead to the output and back; behind,
       backward reads the window of its node, and the aux planes of the node before. */
    int behind = after ? after->radius + 1 : 0;
    if (before && before->aux_planes && 2 * before->radius > behind) behind = 2 * before->radius;
    return both + 2 * job->ahead[b] + behind;
}

static int planes_of(const l2l_job *job, int b, bool grad) {
    const l2l_chain *chain = job->chain;
    int planes = stored(chain, b);
    if (grad) return planes + node_is_luma(chain, b - 1);
    return planes + node_is_luma(chain, b) + (b > 0 ? chain->nodes[b - 1].aux_planes : 0);
}

static size_t row_bytes(const l2l_job *job) {
    return (size_t)job->row_size * job->kernels->size;
}

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
    r->base = memory + (size_t)job->pad * job->kernels->size;
    r->row_size = (int64_t)row_bytes(job);
    r->plane_size = r->capacity * r->row_size;
    r->direct = false;
    return memory + r->planes * r->plane_size;
}

void l2l_tile_take_memory(tile *t, char *memory) {
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
    if (job->want_sums) memset(t->lanes, 0, (size_t)job->chain->lane_count * job->kernels->size);
}
