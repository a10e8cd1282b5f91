/* Statistics of the batch: passes over the pipeline that keep sums and no image. Forward needs mean
   and variance where batch normalisation stands; backward also the mean of the cotangent there and
   of its product with the normalised value. */
#include "plan/job.h"

#include <math.h>
#include <string.h>

enum { COEFS = 4 }; /* a channel: mean, 1/std, mean of the cotangent, mean of cotangent · value */

/* A pass that only sums at `boundary`: nothing of the caller's is written. */
static l2l_status sum_pass(const l2l_job *job, int boundary, bool backward, double *sums) {
    l2l_job pass = { .context = job->context, .chain = job->chain, .kernels = job->kernels,
                     .images = job->images, .src = job->src, .grad_dst = job->grad_dst,
                     .additive = job->additive, .coefs = job->coefs, .backward = backward,
                     .top = boundary, .lowest = boundary, .moments_at = boundary,
                     .partials = job->partials, .sums_per_tile = job->sums_per_tile };
    memcpy(pass.height, job->height, sizeof pass.height);
    memcpy(pass.width, job->width, sizeof pass.width);
    memcpy(pass.means, job->means, sizeof pass.means);
    l2l_job_layout(&pass);
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
static l2l_status measure(l2l_job *job, const l2l_tensor *state, bool evaluation) {
    const int node = job->chain->batch_node, channels = job->chain->channels[node];
    double sums[2 * L2L_MAX_CHANNELS];
    if (!evaluation) L2L_TRY(sum_pass(job, node, false, sums));
    for (int c = 0; c < channels; c++) {
        double mean = evaluation ? l2l_vector_get(state, c) : sums[2 * c] / samples_of(job);
        double variance = evaluation ? l2l_vector_get(state, channels + c)
                                     : sums[2 * c + 1] / samples_of(job) - mean * mean;
        job->means[c] = mean;
        job->variances[c] = !evaluation && variance < 0 ? 0 : variance;
    }
    return L2L_OK;
}

l2l_status l2l_batch_statistics(l2l_job *job, double *coefs, const l2l_tensor *state,
                                bool evaluation) {
    const l2l_chain *chain = job->chain;
    const int node = chain->batch_node, channels = chain->channels[node];
    const double epsilon = chain->nodes[node].attributes.normalize.epsilon;
    double sums[2 * L2L_MAX_CHANNELS];
    L2L_TRY(measure(job, state, evaluation));
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
