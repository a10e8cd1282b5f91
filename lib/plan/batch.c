/* Statistics of the batch: passes over the pipeline that keep sums and no image. Forward needs mean
   and variance where batch normalisation stands; backward also the mean of the cotangent there and
   of its product with the normalised value. */
#include "plan/tile.h"

#include <math.h>
#include <string.h>

enum { COEFS = 4 }; /* a channel: mean, 1/std, mean of the cotangent, mean of cotangent · value */

/* The mean of each channel over the first tile. Squares of distances from it are not much larger
   than those from the mean of all, however far from 0 that is: little of them cancels. */
static l2l_status first_means(l2l_job *pass, double means[L2L_MAX_CHANNELS]) {
    const int b = pass->moments_at;
    tile *t = l2l_scratch(pass->context, 0, pass->worker_bytes);
    if (!t)
        return l2l_fail(pass->context, L2L_OUT_OF_MEMORY, "no memory for %zu bytes of scratch",
                        pass->worker_bytes);
    memset(pass->means, 0, sizeof pass->means);
    l2l_tile_run(pass, 0, 0, t);
    for (int c = 0; c < pass->chain->channels[b]; c++)
        means[c] = pass->partials[2 * c] / (double)(t->own_y[b].hi * t->own_x[b].hi);
    memcpy(pass->means, means, sizeof pass->means);
    return L2L_OK;
}

/* A pass that only sums at `boundary`: nothing of the caller's is written. Forward sums about the
   means of the first tile, which it leaves in the job, backward about those of the batch. */
static l2l_status sum_pass(l2l_job *job, int boundary, bool backward, double *sums) {
    l2l_job pass = { .context = job->context, .chain = job->chain, .kernels = job->kernels,
                     .images = job->images, .src = job->src, .grad_dst = job->grad_dst,
                     .target = job->target, .loss = job->loss, .loss_scale = job->loss_scale,
                     .loss_sum = -1,
                     .additive = job->additive, .coefs = job->coefs, .backward = backward,
                     .top = boundary, .lowest = boundary, .moments_at = boundary,
                     .partials = job->partials, .sums_per_tile = job->sums_per_tile };
    memcpy(pass.height, job->height, sizeof pass.height);
    memcpy(pass.width, job->width, sizeof pass.width);
    memcpy(pass.means, job->means, sizeof pass.means);
    l2l_job_layout(&pass);
    if (!backward) L2L_TRY(first_means(&pass, job->means));
    L2L_TRY(l2l_job_run(&pass));
    double total[2 * L2L_MAX_CHANNELS];
    pass.sums_per_tile = 2 * job->chain->channels[boundary];
    for (int64_t i = 0; i < pass.images * pass.tiles_x * pass.tiles_y; i++)
        memmove(job->partials + i * pass.sums_per_tile, job->partials + i * job->sums_per_tile,
                (size_t)pass.sums_per_tile * sizeof *total);
    l2l_job_reduce(&pass, total);
    memcpy(sums, total, (size_t)pass.sums_per_tile * sizeof *total);
    return L2L_OK;
}

static double samples_of(const l2l_job *job) {
    int node = job->chain->batch_node;
    return (double)job->images * (double)job->height[node] * (double)job->width[node];
}

void l2l_batch_update_state(const l2l_job *job, const l2l_tensor *state) {
    const int node = job->chain->batch_node, channels = job->chain->channels[node];
    const double momentum = job->chain->nodes[node].attributes.normalize.momentum;
    const double samples = samples_of(job);
    for (int c = 0; c < channels; c++) {
        double variance = job->variances[c] * (samples > 1 ? samples / (samples - 1) : 1.0);
        double old_mean = l2l_vector_get(state, c), old = l2l_vector_get(state, channels + c);
        l2l_vector_set(state, c, old_mean + momentum * (job->means[c] - old_mean));
        l2l_vector_set(state, channels + c, old + momentum * (variance - old));
    }
}

/* Mean and variance of each channel into the job. */
static l2l_status measure(l2l_job *job) {
    const int node = job->chain->batch_node;
    double sums[2 * L2L_MAX_CHANNELS];
    L2L_TRY(sum_pass(job, node, false, sums));
    for (int c = 0; c < job->chain->channels[node]; c++) {
        double further = sums[2 * c] / samples_of(job);
        double variance = sums[2 * c + 1] / samples_of(job) - further * further;
        job->means[c] += further;
        job->variances[c] = variance < 0 ? 0 : variance;
    }
    return L2L_OK;
}

static void recall(l2l_job *job, const l2l_tensor *state) {
    const int channels = job->chain->channels[job->chain->batch_node];
    for (int c = 0; c < channels; c++) {
        job->means[c] = l2l_vector_get(state, c);
        job->variances[c] = l2l_vector_get(state, channels + c);
    }
}

l2l_status l2l_batch_statistics(l2l_job *job, double *coefs, const l2l_tensor *state,
                                bool evaluation) {
    const l2l_chain *chain = job->chain;
    const int node = chain->batch_node, channels = chain->channels[node];
    const double epsilon = chain->nodes[node].attributes.normalize.epsilon;
    double sums[2 * L2L_MAX_CHANNELS];
    if (evaluation)
        recall(job, state);
    else
        L2L_TRY(measure(job));
    for (int c = 0; c < channels; c++) {
        coefs[COEFS * c] = job->means[c];
        coefs[COEFS * c + 1] = 1.0 / sqrt(job->variances[c] + epsilon);
    }
    if (!job->backward || evaluation) return L2L_OK;
    /* the stages behind need the normalised values to take the cotangent back to here */
    job->kernels->coefs(job->coefs + (size_t)chain->coef_offset[node] * job->kernels->size, coefs,
                        chain->nodes[node].coef_count);
    L2L_TRY(sum_pass(job, node + 1, true, sums));
    for (int c = 0; c < channels; c++) {
        coefs[COEFS * c + 2] = sums[2 * c] / samples_of(job);
        coefs[COEFS * c + 3] = sums[2 * c + 1] / samples_of(job) * coefs[COEFS * c + 1];
    }
    return L2L_OK;
}
