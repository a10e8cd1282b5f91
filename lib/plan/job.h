/* One forward or backward call in flight: the validated arguments, the grid of tiles, and the
   coefficients, shared by all workers and not written while they run. */
#ifndef L2L_PLAN_JOB_H
#define L2L_PLAN_JOB_H

#include <stdatomic.h>

#include "core/core.h"
#include "plan/chain.h"
#include "stages/kernel.h"

/* A tensor seen as (N,C,H,W). data == NULL: absent. */
typedef struct l2l_view {
    l2l_tensor tensor;
    int64_t shape[4], stride[4];
} l2l_view;

static inline bool l2l_view_present(const l2l_view *view) { return view->tensor.data != NULL; }

typedef struct l2l_job {
    l2l_context *context;
    const l2l_chain *chain;
    const l2l_kernels *kernels;
    int64_t images, height[L2L_MAX_BOUNDARIES], width[L2L_MAX_BOUNDARIES];

    l2l_view src, dst, grad_dst, grad_src;
    l2l_view additive, grad_additive; /* (1,C,H,W) */
    l2l_view tap[L2L_MAX_BOUNDARIES], grad_tap[L2L_MAX_BOUNDARIES];
    l2l_view target; /* of the loss that backward starts from; absent: it starts from grad_dst */
    l2l_loss_kind loss;
    double loss_scale;
    int loss_sum; /* which of a tile's sums is that of the loss; −1: none */
    bool add;    /* gradients are added to the outputs */
    bool stream; /* the image or the mosaic's gradient is larger than the caches */

    char *coefs; /* of all nodes, real; not written while workers run */
    bool backward;     /* gradients are wanted, down to boundary `lowest` */
    int top;           /* forward ends at this boundary */
    int lowest;
    bool want_sums;    /* parameter gradients */
    int moments_at;    /* boundary whose samples (forward) or cotangents (backward) are summed for
                          batch statistics; −1: none */
    double means[L2L_MAX_CHANNELS], variances[L2L_MAX_CHANNELS]; /* of the batch */

    int64_t tile_height, tile_width, tiles_y, tiles_x; /* over boundary 0 */
    int64_t most_tiles; /* of this grid and of that of statistics */
    int sums_per_tile;
    double *partials; /* [image][tile][sums_per_tile] */

    int halo[L2L_MAX_BOUNDARIES];  /* rows of boundary b that one row of the output reads, a side */
    int ahead[L2L_MAX_BOUNDARIES]; /* the same, with the rows that kernels make beyond those asked
                                      for because they make several at once */
    int pad;          /* columns beyond both ends of a row, a multiple of 16 */
    int64_t row_size; /* columns, pads included */
    size_t worker_bytes;
    atomic_llong next_unit;
    atomic_int cancelled;
} l2l_job;

/* Fills what depends on the chain and the extents alone: halos, tiles, memory for a worker. */
void l2l_job_layout(l2l_job *job);

/* Runs all tiles. Partial sums, if any, are then in job->partials. */
l2l_status l2l_job_run(l2l_job *job);

/* Rows that the kernel of a node makes at once, forward and backward. */
static inline int l2l_rows_at_once(const l2l_job *job, int node) {
    int rows = job->kernels->stages[job->chain->nodes[node].kernel]->rows;
    return rows ? rows : 1;
}

/* Works on one tile of one image (tile.c). `memory` is job->worker_bytes long. */
void l2l_tile_run(const l2l_job *job, int64_t image, int64_t tile, void *memory);

/* The bytes of memory that l2l_tile_run needs. */
size_t l2l_tile_bytes(const l2l_job *job);

/* Adds up the partials in a fixed tree: total[sums_per_tile]. The partials are used up. */
void l2l_job_reduce(const l2l_job *job, double *total);

/* Measures the batch (batch.c), or takes the statistics from `state` (2C) in evaluation, and puts
   mean, 1/std (and in a backward job the means of the cotangent) into `coefs` of the batch node. */
l2l_status l2l_batch_statistics(l2l_job *job, double *coefs, const l2l_tensor *state,
                                bool evaluation);

/* Moves `state` towards the statistics that were measured. */
void l2l_batch_update_state(const l2l_job *job, const l2l_tensor *state);

#endif
