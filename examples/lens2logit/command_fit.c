/* lens2logit fit: makes the developed raw look like a target, by default the camera's own preview,
   with Adam on the gradients of the pipeline's parameters. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adam.h"
#include "commands.h"
#include "fit_problem.h"
#include "image.h"
#include "json_out.h"
#include "loss.h"
#include "pipeline.h"
#include "say.h"

/* What is fitted, from which start, and how far one step of Adam may go. Some
   are held to the sum 1, so many at a time, or brightness would find its way through all of them at
   the cost of the colours: each row of the matrix, so that white stays white and the gains alone
   brighten, and the kernel, which would brighten luma but not the colours. */
static const struct fitted {
    const char *slice;
    double rate;
    int64_t count;
    double start[9];
    int64_t unit_sum; /* 0: free */
} fitted[] = {
    { "white_balance.gain", 0.15, 3, { 1, 1, 1 }, 0 },
    { "color_matrix.matrix", 0.02, 9, { 1, 0, 0, 0, 1, 0, 0, 0, 1 }, 3 },
    { "sharpen.kernel", 0.01, 9, { 0, 0, 0, 0, 1, 0, 0, 0, 0 }, 9 },
    { "gamma.gamma", 0.05, 1, { 2.2 }, 0 },
};
enum { FITTED = sizeof fitted / sizeof fitted[0], DEFAULT_STEPS = 400 };

struct fit_job {
    const struct options *options;
    l2l_context *context;
    struct recipe recipe;
    struct source source;
    fit_problem problem;
    struct source small;            /* the problem's mosaic in the place of a file */
    struct pipeline pipeline;       /* on the small mosaic; its params are what is fitted */
    l2l_tensor image, grad_image;   /* what the pipeline makes of the small mosaic */
    l2l_tensor shrunk, grad_shrunk; /* the same at the target's size, f64 */
    l2l_tensor before;              /* shrunk, before the first step */
    l2l_tensor grad_params;
    double *rates, *losses;
    int64_t steps;
    double loss_before, loss_after, loss_full;
};

/* ---- the loss and its gradient ---- */

/* The image is a whole multiple of the target's size: the mean over cells, and its transpose. */
static void shrink(const l2l_tensor *image, const l2l_tensor *shrunk, double *row) {
    int64_t height = shrunk->shape[1], width = shrunk->shape[2], cell = image->shape[1] / height;
    double weight = 1 / (double)(cell * cell), *sums = shrunk->data;
    memset(sums, 0, (size_t)tensor_count(shrunk) * sizeof *sums);
    for (int64_t r = 0; r < 3 * height * cell; r++) {
        tensor_load_row(image, r / (height * cell), r % (height * cell), row);
        double *out = sums + r / cell * width;
        for (int64_t x = 0; x < width; x++)
            for (int64_t k = 0; k < cell; k++) out[x] += weight * row[x * cell + k];
    }
}

static void spread(const l2l_tensor *grad_shrunk, const l2l_tensor *grad_image, double *row) {
    int64_t height = grad_shrunk->shape[1], width = grad_shrunk->shape[2];
    int64_t cell = grad_image->shape[1] / height;
    double weight = 1 / (double)(cell * cell);
    for (int64_t r = 0; r < 3 * height * cell; r++) {
        const double *grad = (const double *)grad_shrunk->data + r / cell * width;
        for (int64_t x = 0; x < width; x++)
            for (int64_t k = 0; k < cell; k++) row[x * cell + k] = weight * grad[x];
        tensor_store_row(grad_image, r / (height * cell), r % (height * cell), row);
    }
}

static bool find_loss(struct fit_job *job, double *row, double *loss) {
    if (l2l_plan_forward(job->context, job->pipeline.plan, &job->pipeline.params,
                         &job->small.mosaic, &job->image, NULL) != L2L_OK)
        return fail_about(job->context, job->source.path);
    shrink(&job->image, &job->shrunk, row);
    return loss_mean_square(&job->shrunk, &job->problem.target, &job->grad_shrunk, loss);
}

static bool find_gradient(struct fit_job *job, double *row) {
    spread(&job->grad_shrunk, &job->grad_image, row);
    if (l2l_plan_backward(job->context, job->pipeline.plan, &job->pipeline.params,
                          &job->small.mosaic, &job->grad_image, L2L_GRAD_WRITE, NULL,
                          &job->grad_params, NULL) != L2L_OK)
        return fail_about(job->context, job->source.path);
    return true;
}

/* ---- the descent ---- */

/* Large steps at first, then a half cosine down to nothing. */
static double step_factor(int64_t step, int64_t steps) {
    return 0.5 + 0.5 * cos(3.14159265358979323846 * (double)step / (double)steps);
}

static void hold_sums(struct fit_job *job) {
    for (int i = 0; i < FITTED; i++) {
        int64_t count, group = fitted[i].unit_sum;
        double *values = pipeline_slice(job->context, &job->pipeline, fitted[i].slice, &count);
        for (int64_t first = 0; group && first < count; first += group) {
            double excess = -1;
            for (int64_t k = 0; k < group; k++) excess += values[first + k];
            for (int64_t k = 0; k < group; k++) values[first + k] -= excess / (double)group;
        }
    }
}

static bool descend(struct fit_job *job, struct adam *adam, double *row) {
    progress bar = progress_begin(job->steps, 10);
    for (int64_t step = 0; step < job->steps; step++) {
        if (!find_loss(job, row, &job->losses[step]) || !find_gradient(job, row)) return false;
        if (step == 0) {
            job->loss_before = job->losses[0];
            memcpy(job->before.data, job->shrunk.data,
                   (size_t)tensor_count(&job->shrunk) * sizeof(double));
        }
        adam_step(adam, job->pipeline.params.data, job->grad_params.data, job->rates,
                  step_factor(step, job->steps));
        hold_sums(job);
        progress_step(&bar, step + 1, "loss %.6f", job->losses[step]);
    }
    progress_end(&bar);
    return find_loss(job, row, &job->loss_after);
}

static bool start_params(struct fit_job *job) {
    for (int i = 0; i < FITTED; i++) {
        int64_t count;
        double *values = pipeline_slice(job->context, &job->pipeline, fitted[i].slice, &count);
        if (!values || count != fitted[i].count)
            return fail("the pipeline has no %s of %lld values to fit", fitted[i].slice,
                        (long long)fitted[i].count);
        memcpy(values, fitted[i].start, (size_t)count * sizeof *values);
        double *rates = job->rates + (values - (double *)job->pipeline.params.data);
        for (int64_t k = 0; k < count; k++) rates[k] = fitted[i].rate;
    }
    return true;
}

static bool make_room(struct fit_job *job) {
    const int64_t *size = job->problem.target.shape;
    int64_t count = l2l_plan_param_count(job->pipeline.plan);
    size_t last = l2l_plan_stage_count(job->pipeline.plan) - 1;
    l2l_tensor *shrunk[] = { &job->shrunk, &job->grad_shrunk, &job->before };
    for (int i = 0; i < 3; i++)
        if (!tensor_new_image(shrunk[i], L2L_F64, 3, size[1], size[2])) return false;
    job->rates = calloc((size_t)count, sizeof *job->rates);
    job->losses = calloc((size_t)job->steps, sizeof *job->losses);
    if (!job->rates || !job->losses) return fail("out of memory: no room to fit in");
    return pipeline_image(job->context, &job->pipeline, &job->small, last, &job->image) &&
           pipeline_image(job->context, &job->pipeline, &job->small, last, &job->grad_image) &&
           tensor_new(&job->grad_params, L2L_F64, 1, &count);
}

static bool fit(struct fit_job *job) {
    struct adam adam;
    if (!make_room(job) || !start_params(job) || !adam_begin(&adam, job->grad_params.shape[0]))
        return false;
    double *row = malloc((size_t)job->image.shape[2] * sizeof *row);
    bool done = row ? descend(job, &adam, row) : fail("out of memory: no room for a row of pixels");
    free(row);
    adam_end(&adam);
    return done;
}

/* ---- what comes of it ---- */

static bool write_picture(const struct fit_job *job, const l2l_tensor *image, const char *name) {
    l2l_tensor picture;
    char *path = path_join(job->options->output, name, ".png");
    bool done = path && picture_of_image(image, job->source.orientation, L2L_U8, 1, &picture);
    if (done) {
        done = png_write(path, &picture);
        tensor_free(&picture);
    }
    free(path);
    return done;
}

/* Before, after and target in one picture, upright, with a white line between them. */
static bool write_comparison(const struct fit_job *job) {
    enum { GAP = 8, PARTS = 3 };
    const l2l_tensor *parts[PARTS] = { &job->before, &job->shrunk, &job->problem.target };
    l2l_tensor upright = tensor_oriented(parts[0], job->source.orientation), all;
    int64_t height = upright.shape[1], width = upright.shape[2];
    if (!tensor_new_image(&all, L2L_F64, 3, height, PARTS * width + (PARTS - 1) * GAP))
        return false;
    for (int64_t i = 0; i < tensor_count(&all); i++) ((double *)all.data)[i] = 1;
    bool done = true;
    for (int i = 0; i < PARTS && done; i++) {
        l2l_tensor place = tensor_crop(&all, i * (width + GAP), 0, width, height);
        upright = tensor_oriented(parts[i], job->source.orientation);
        done = tensor_convert(&upright, 1, &place);
    }
    char *path = path_join(job->options->output, "comparison", ".png");
    l2l_tensor picture;
    done = done && path && picture_of_image(&all, 1, L2L_U8, 1, &picture);
    if (done) {
        done = png_write(path, &picture);
        tensor_free(&picture);
    }
    free(path);
    tensor_free(&all);
    return done;
}

static bool copy_fitted(struct fit_job *job, struct pipeline *full) {
    for (int i = 0; i < FITTED; i++) {
        int64_t count;
        const double *values =
            pipeline_slice(job->context, &job->pipeline, fitted[i].slice, &count);
        if (!pipeline_set(job->context, full, fitted[i].slice, values, count)) return false;
    }
    return true;
}

/* How close the whole picture, shrunk to the target's size, comes. */
static bool judge_full(struct fit_job *job, const l2l_tensor *image) {
    struct area area = job->problem.area;
    double scale = (double)image->shape[2] / (double)job->source.mosaic.shape[1];
    area.left *= scale, area.top *= scale, area.width *= scale, area.height *= scale;
    l2l_tensor small;
    if (!tensor_new_image(&small, L2L_F64, 3, job->shrunk.shape[1], job->shrunk.shape[2]))
        return false;
    bool done = box_resample(image, &area, &small) &&
                loss_mean_square(&small, &job->problem.target, &job->grad_shrunk, &job->loss_full);
    tensor_free(&small);
    return done;
}

/* The fitted parameters in the pipeline of the whole file: its picture, and its plan. */
static bool write_full(struct fit_job *job) {
    struct pipeline full;
    l2l_tensor image = { 0 };
    if (!pipeline_open(job->context, &job->recipe, job->options, &job->source, &full)) return false;
    size_t last = l2l_plan_stage_count(full.plan) - 1;
    char *path = path_join(job->options->output, "plan", ".json");
    bool done = path && copy_fitted(job, &full) &&
                pipeline_image(job->context, &full, &job->source, last, &image) &&
                (l2l_plan_forward(job->context, full.plan, &full.params, &job->source.mosaic,
                                  &image, NULL) == L2L_OK ||
                 fail_about(job->context, job->source.path)) &&
                judge_full(job, &image) && write_picture(job, &image, "after_full") &&
                plan_write(job->context, full.plan, &full.params, path);
    free(path);
    tensor_free(&image);
    pipeline_close(&full);
    return done;
}

static bool write_record(const struct fit_job *job) {
    const struct area *area = &job->problem.area;
    cJSON *json = cJSON_CreateObject();
    const struct {
        const char *key;
        double value;
    } numbers[] = {
        { "steps", (double)job->steps },
        { "loss_before", job->loss_before },
        { "loss_after", job->loss_after },
        { "psnr_before", psnr(job->loss_before) },
        { "psnr_after", psnr(job->loss_after) },
        { "psnr_after_full", psnr(job->loss_full) },
        { "area_left", area->left },
        { "area_top", area->top },
        { "area_width", area->width },
        { "area_height", area->height },
        { "correlation", job->problem.correlation },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        cJSON_AddNumberToObject(json, numbers[i].key, numbers[i].value);
    cJSON_AddItemToObject(json, "losses", cJSON_CreateDoubleArray(job->losses, (int)job->steps));
    char *path = path_join(job->options->output, "fit", ".json");
    bool done = path && json_write(json, path);
    if (!path) cJSON_Delete(json);
    free(path);
    return done;
}

static bool write_all(struct fit_job *job) {
    return write_picture(job, &job->before, "before") &&
           write_picture(job, &job->shrunk, "after") &&
           write_picture(job, &job->problem.target, "target") && write_comparison(job) &&
           write_full(job) && write_record(job);
}

static void report(const struct fit_job *job) {
    printf("target     %lldx%lld, correlation %.4f with the mosaic's %.1fx%.1f at (%.1f, %.1f)\n",
           (long long)job->problem.target.shape[2], (long long)job->problem.target.shape[1],
           job->problem.correlation, job->problem.area.width, job->problem.area.height,
           job->problem.area.left, job->problem.area.top);
    printf("loss       %.6f before, %.6f after: %.1f times less\n", job->loss_before,
           job->loss_after, job->loss_before / job->loss_after);
    printf("PSNR       %.2f dB before, %.2f dB after (%.2f dB developed in full)\n",
           psnr(job->loss_before), psnr(job->loss_after), psnr(job->loss_full));
}

/* ---- the target ---- */

static bool read_preview(struct fit_job *job, l2l_tensor *picture) {
    l2l_tensor preview;
    if (!job->source.info->has_preview)
        return fail("'%s' has no embedded preview: give a --target IMAGE", job->source.path);
    if (l2l_raw_preview(job->context, job->source.raw, &preview) != L2L_OK)
        return fail_about(job->context, job->source.path);
    bool done = tensor_new_image(picture, L2L_F64, 3, preview.shape[1], preview.shape[2]) &&
                (tensor_convert(&preview, 1.0 / 255, picture) || (tensor_free(picture), false));
    l2l_raw_preview_free(job->context, &preview);
    return done;
}

static bool make_problem(struct fit_job *job) {
    l2l_tensor picture;
    const char *target = job->options->target;
    if (!(target ? image_read(target, job->source.orientation, &picture)
                 : read_preview(job, &picture)))
        return false;
    bool done = fit_problem_make(&job->source, &picture, &job->problem);
    tensor_free(&picture);
    if (!done) return false;
    /* The start is neutral, so neither file learns what the camera chose. */
    job->source.has_gain = job->source.has_matrix = false;
    job->small = job->source;
    job->small.mosaic = job->problem.mosaic;
    job->small.sample_scale = 1;
    memset(job->small.black, 0, sizeof job->small.black);
    return true;
}

static bool run(struct fit_job *job) {
    if (!source_open(job->context, job->options->inputs[0], job->options, &job->source))
        return false;
    bool done =
        make_problem(job) && folder_make(job->options->output) &&
        pipeline_open(job->context, &job->recipe, job->options, &job->small, &job->pipeline) &&
        fit(job) && write_all(job);
    if (done) report(job);
    l2l_tensor *tensors[] = { &job->image,       &job->grad_image, &job->shrunk,
                              &job->grad_shrunk, &job->before,     &job->grad_params };
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++) tensor_free(tensors[i]);
    free(job->rates);
    free(job->losses);
    pipeline_close(&job->pipeline);
    fit_problem_free(&job->problem);
    source_close(&job->source);
    return done;
}

int command_fit(const struct options *options) {
    if (options->input_count != 1)
        return usage("fit takes one FILE, %d were given", options->input_count);
    if (!options->output) return usage("fit needs -o DIR");
    struct options parts = *options;
    if (!parts.denoise) parts.denoise = "none";
    struct fit_job job = { .options = options };
    int code = recipe_from_options(&parts, "static/bilinear/sharpening_filter/gaussian_denoising",
                                   &job.recipe);
    if (code != EXIT_OK) return code;
    job.recipe.preset = NULL;
    job.recipe.highlights = true;
    job.recipe.clip_lo = 1e-5;
    job.steps = options->steps ? options->steps : DEFAULT_STEPS;
    job.context = context_from_options(options);
    code = job.context && run(&job) ? EXIT_OK : EXIT_FAILED;
    l2l_context_destroy(job.context);
    recipe_free(&job.recipe);
    return code;
}
