/* Jobs: the grid of tiles, memory, workers, and the sum over tiles. */
#include "plan/job.h"

#include <string.h>

/* Outputs of more pixels than this do not stay in the caches anyway. */
enum { STREAM_PIXELS = 1 << 18 };

/* Backward has more rows in flight, of which each costs the same whatever its length. */
enum { FORWARD_WIDTH = 1024, BACKWARD_WIDTH = 2048, TILE_HEIGHT = 128 };

/* Tiles of nearly equal size, a multiple of `step`, at most about `wanted`. */
static int64_t tile_extent(int64_t extent, int64_t wanted, int64_t step) {
    int64_t tiles = (extent + wanted - 1) / wanted;
    int64_t size = (extent + tiles - 1) / tiles;
    return (size + step - 1) / step * step;
}

/* The grid depends on the image alone, or on the tile size asked for, never on the number of
   threads, so that sums over it do not either. */
static void lay_grid(l2l_job *job, bool backward, int64_t tile_width, int64_t tile_height) {
    const int wanted = backward ? BACKWARD_WIDTH : FORWARD_WIDTH;
    job->tile_width = tile_width ? (tile_width + 1) / 2 * 2
                                 : tile_extent(job->width[0], wanted, L2L_LANES);
    job->tile_height =
        tile_height ? (tile_height + 1) / 2 * 2 : tile_extent(job->height[0], TILE_HEIGHT, 2);
    job->tiles_x = (job->width[0] + job->tile_width - 1) / job->tile_width;
    job->tiles_y = (job->height[0] + job->tile_height - 1) / job->tile_height;
}

/* Statistics of the batch reach the image, which no tile size may change: their grid is free of
   it, and the same for backward. Partial sums have room for both grids. */
static void choose_grid(l2l_job *job) {
    lay_grid(job, false, 0, 0);
    job->most_tiles = job->tiles_x * job->tiles_y;
    if (job->moments_at >= 0) return;
    lay_grid(job, job->backward, l2l_context_tile_width(job->context),
             l2l_context_tile_height(job->context));
    int64_t tiles = job->tiles_x * job->tiles_y;
    if (tiles > job->most_tiles) job->most_tiles = tiles;
}

void l2l_job_layout(l2l_job *job) {
    const l2l_chain *chain = job->chain;
    int widest = 0;
    job->halo[chain->count] = job->ahead[chain->count] = 0;
    for (int b = chain->count - 1; b >= 0; b--) {
        const l2l_node *node = &chain->nodes[b];
        int edge = node->radius + node->scale - 1;
        job->halo[b] = node->scale * job->halo[b + 1] + edge;
        job->ahead[b] = node->scale * job->ahead[b + 1] + edge + l2l_rows_at_once(job, b) - 1;
        if (node->radius > widest) widest = node->radius;
    }
    choose_grid(job);
    job->stream = job->images * job->height[0] > STREAM_PIXELS / job->width[0];
    /* a cotangent is zero two radii beyond the image; and rows that are twice as long begin up to
       two groups of lanes earlier */
    job->pad = (2 * widest + 3 * L2L_LANES - 1) / L2L_LANES * L2L_LANES;
    int64_t columns = job->tile_width + 6 * job->halo[0] + 8 * widest + L2L_LANES;
    if (columns > job->width[0]) columns = job->width[0];
    /* room for the last incomplete group of lanes; an odd number of groups, so that equal columns
       of successive rows fall into different cache sets */
    int64_t groups = (columns + L2L_LANES - 1) / L2L_LANES + 2 + 2 * job->pad / L2L_LANES;
    job->row_size = (groups | 1) * L2L_LANES;
    job->worker_bytes = l2l_tile_bytes(job);
}

typedef struct worker {
    l2l_job *job;
    void **memory;
} worker;

static void work(void *argument, int index) {
    worker *w = argument;
    l2l_job *job = w->job;
    int64_t tiles = job->tiles_x * job->tiles_y;
    /* images that share a gradient add to it one after the other, in their order */
    bool shared = l2l_view_present(&job->grad_additive);
    int64_t units = shared ? tiles : tiles * job->images;
    for (;;) {
        int64_t unit = atomic_fetch_add(&job->next_unit, 1);
        if (unit >= units || atomic_load(&job->cancelled)) return;
        if (l2l_is_cancelled(job->context)) {
            atomic_store(&job->cancelled, 1);
            return;
        }
        for (int64_t n = 0; n < (shared ? job->images : 1); n++)
            l2l_tile_run(job, shared ? n : unit / tiles, shared ? unit : unit % tiles,
                         w->memory[index]);
    }
}

enum { MAX_WORKERS = 1024 };

l2l_status l2l_job_run(l2l_job *job) {
    int64_t units = job->tiles_x * job->tiles_y;
    if (!l2l_view_present(&job->grad_additive)) units *= job->images;
    int workers = l2l_context_threads(job->context);
    if (workers > units) workers = (int)units;
    if (workers > MAX_WORKERS) workers = MAX_WORKERS;
    void *memory[MAX_WORKERS];
    for (int i = 0; i < workers; i++) {
        memory[i] = l2l_scratch(job->context, i, job->worker_bytes);
        if (!memory[i])
            return l2l_fail(job->context, L2L_OUT_OF_MEMORY, "no memory for %zu bytes of scratch",
                            job->worker_bytes);
    }
    atomic_store(&job->next_unit, 0);
    atomic_store(&job->cancelled, 0);
    l2l_parallel_run(job->context, workers, work, &(worker){ job, memory });
    if (atomic_load(&job->cancelled))
        return l2l_fail(job->context, L2L_CANCELLED, "cancelled by the caller");
    return L2L_OK;
}

void l2l_job_reduce(const l2l_job *job, double *total) {
    int64_t count = job->images * job->tiles_x * job->tiles_y, width = job->sums_per_tile;
    for (int64_t step = 1; step < count; step *= 2)
        for (int64_t i = 0; i + step < count; i += 2 * step)
            for (int64_t k = 0; k < width; k++)
                job->partials[i * width + k] += job->partials[(i + step) * width + k];
    memcpy(total, job->partials, (size_t)width * sizeof *total);
}
