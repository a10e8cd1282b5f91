/* Statistics of the batch: passes over the pipeline that keep sums and no image. Forward needs mean
   and variance where batch normalisation stands; backward also the mean of the cotangent there and
   of its product with the normalised value. */
#include "plan/job.h"

#include <math.h>
#include <string.h>

enum { COEFS = 4 }; /* a channel: mean, 1/std, mean of the cotangent, mean of cotangent · value */

/* A pass that only sums at `boundary`: nothing of the caller's is written. */
static l2l_status sum_pass(const l2l_job *job, int boundary, bool backward, const double *means,
                           double *sums) {
    l2l_job pass = { .context = job->context, .chain = job->chain, .kernels = job->kernels,
                     .images = job->images, .src = job->src, .grad_dst = job->grad_dst,
                     .additive = job->additive, .coefs = job->coefs, .backward = backward,
                     .top = boundary, .lowest = boundary, .moments_at = boundary,
                     .partials = job->partials, .sums_per_tile = job->sums_per_tile };
    memcpy(pass.height, job->height, sizeof pass.height);
    memcpy(pass.width, job->width, sizeof pass.width);
    if (means) memcpy(pass.means, means, sizeof pass.means);
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

static void update_state(const l2l_tensor *state, int channel, int channels, double momentum,
                         double mean, double variance, double samples) {
    double unbiased = samples > 1 ? variance * samples / (samples - 1) : variance;
    double old_mean = l2l_vector_get(state, channel);
    double old_variance = l2l_vector_get(state, channels + channel);
    l2l_vector_set(state, channel, old_mean + momentum * (mean - old_mean));
    l2l_vector_set(state, channels + channel, old_variance + momentum * (unbiased - old_variance));
}

l2l_status l2l_batch_statistics(l2l_job *job, double *coefs, const l2l_tensor *state,
                                bool evaluation) {
    const l2l_chain *chain = job->chain;
    const int node = chain->batch_node, channels = chain->channels[node];
    const l2l_normalize *normalize = &chain->nodes[node].attributes.normalize;
    const double samples =
        (double)job->images * (double)job->height[node] * (double)job->width[node];
    double sums[2 * L2L_MAX_CHANNELS], means[L2L_MAX_CHANNELS] = { 0 };
    if (!evaluation) L2L_TRY(sum_pass(job, node, false, NULL, sums));
    for (int c = 0; c < channels; c++) {
        double mean = evaluation ? l2l_vector_get(state, c) : sums[2 * c] / samples;
        double variance = evaluation ? l2l_vector_get(state, channels + c)
                                     : sums[2 * c + 1] / samples - mean * mean;
        if (!evaluation && variance < 0) variance = 0;
        if (state && !evaluation && !job->backward)
            update_state(state, c, channels, normalize->momentum, mean, variance, samples);
        coefs[COEFS * c] = means[c] = mean;
        coefs[COEFS * c + 1] = 1.0 / sqrt(variance + normalize->epsilon);
    }
    if (!job->backward || evaluation) return L2L_OK;
    /* the stages behind need the normalised values to take the cotangent back to here */
    job->kernels->coefs(job->coefs +
                            (size_t)chain->coef_offset[node] * job->kernels->size,
                        coefs, chain->nodes[node].coef_count);
    L2L_TRY(sum_pass(job, node + 1, true, means, sums));
    for (int c = 0; c < channels; c++) {
        coefs[COEFS * c + 2] = sums[2 * c] / samples;
        coefs[COEFS * c + 3] = sums[2 * c + 1] / samples * coefs[COEFS * c + 1];
    }
    return L2L_OK;
}
