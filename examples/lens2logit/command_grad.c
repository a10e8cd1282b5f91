/* lens2logit grad: a loss of the developed image, differentiated in the mosaic, in every parameter
   and at every stage. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "image.h"
#include "json_out.h"
#include "loss.h"
#include "pipeline.h"
#include "say.h"
#include "sheet.h"
#include "stages_out.h"

/* One grad command: what is computed, in the order in which it is. */
struct grad_job {
    const struct options *options;
    l2l_context *context;
    struct source source;
    struct pipeline pipeline;
    l2l_tensor image, grad_image, grad_mosaic, grad_params;
    const char *loss_name;
    double loss, mosaic_scale;
    stage_file stages[L2L_MAX_STAGES], gradients[L2L_MAX_STAGES];
};

static bool same_shape(const l2l_tensor *given, const l2l_tensor *image, const char *path) {
    if (given->ndim == 3 && memcmp(given->shape, image->shape, 3 * sizeof given->shape[0]) == 0)
        return true;
    return fail("'%s' is %lldx%lld (%d dimensions), the developed image is %lldx%lld with %lld "
                "channels (rows x columns, as the mosaic lies)",
                path, (long long)given->shape[given->ndim > 1 ? given->ndim - 2 : 0],
                (long long)given->shape[given->ndim - 1], given->ndim, (long long)image->shape[1],
                (long long)image->shape[2], (long long)image->shape[0]);
}

static bool loss_of_target(struct grad_job *job) {
    const char *path = job->options->target;
    l2l_tensor target;
    if (!image_read(path, job->source.orientation, &target)) return false;
    bool done = same_shape(&target, &job->image, path) &&
                loss_mean_square(&job->image, &target, &job->grad_image, &job->loss);
    tensor_free(&target);
    job->loss_name = "mean square against the target";
    return done;
}

/* A given cotangent v stands for the loss Σ v · image. */
static bool loss_of_cotangent(struct grad_job *job) {
    const char *path = job->options->cotangent;
    l2l_tensor given;
    if (!array_read(path, &given)) return false;
    bool done =
        same_shape(&given, &job->image, path) && tensor_convert(&given, 1, &job->grad_image);
    tensor_free(&given);
    job->loss_name = "sum of cotangent times image";
    double *rows = done ? malloc((size_t)job->image.shape[2] * 2 * sizeof *rows) : NULL;
    if (!rows) return done ? fail("out of memory: no room for a row of pixels") : false;
    int64_t width = job->image.shape[2];
    for (int64_t c = 0; c < job->image.shape[0]; c++) {
        for (int64_t y = 0; y < job->image.shape[1]; y++) {
            tensor_load_row(&job->image, c, y, rows);
            tensor_load_row(&job->grad_image, c, y, rows + width);
            for (int64_t x = 0; x < width; x++) job->loss += rows[x] * rows[width + x];
        }
    }
    free(rows);
    return true;
}

static bool find_loss(struct grad_job *job) {
    if (job->options->target) return loss_of_target(job);
    if (job->options->cotangent) return loss_of_cotangent(job);
    job->loss_name = "contrast";
    return loss_contrast(&job->image, &job->grad_image, &job->loss);
}

static bool compute(struct grad_job *job) {
    const struct pipeline *pipeline = &job->pipeline;
    const l2l_tensor *params = pipeline->params.data ? &pipeline->params : NULL;
    size_t last = l2l_plan_stage_count(pipeline->plan) - 1;
    if (!pipeline_image(job->context, pipeline, &job->source, last, &job->image) ||
        !pipeline_image(job->context, pipeline, &job->source, last, &job->grad_image) ||
        !tensor_new(&job->grad_mosaic, pipeline->dtype, 2, job->source.mosaic.shape) ||
        (params && !tensor_new(&job->grad_params, L2L_F64, 1, params->shape)))
        return false;
    if (l2l_plan_forward(job->context, pipeline->plan, params, &job->source.mosaic, &job->image,
                         NULL) != L2L_OK)
        return fail_about(job->context, job->source.path);
    if (!find_loss(job)) return false;
    if (l2l_plan_backward(job->context, pipeline->plan, params, &job->source.mosaic,
                          &job->grad_image, L2L_GRAD_WRITE, &job->grad_mosaic,
                          params ? &job->grad_params : NULL, NULL) != L2L_OK)
        return fail_about(job->context, job->source.path);
    return true;
}

static bool write_stages(struct grad_job *job, const char *folder) {
    if (job->options->no_stages) return true;
    char *stages = path_join(folder, "stages", ""), *gradients = path_join(folder, "gradients", "");
    bool done =
        stages && gradients &&
        stages_write(job->context, &job->pipeline, &job->source, NULL, stages, job->stages) &&
        stages_write(job->context, &job->pipeline, &job->source, &job->grad_image, gradients,
                     job->gradients) &&
        sheet_write(folder, job->source.path, job->loss_name, job->loss, job->stages,
                    job->gradients, l2l_plan_stage_count(job->pipeline.plan), job->mosaic_scale);
    free(stages);
    free(gradients);
    return done;
}

static bool write_images(struct grad_job *job, const char *folder) {
    l2l_tensor picture;
    double scale;
    int orientation = job->source.orientation;
    char *png = path_join(folder, "image", ".png"), *npy = path_join(folder, "image", ".npy");
    bool done = png && npy && npy_write(npy, &job->image) &&
                picture_of_image(&job->image, orientation, L2L_U8, 1, &picture);
    if (done) {
        done = png_write(png, &picture);
        tensor_free(&picture);
    }
    free(png);
    free(npy);
    return done && gradient_write(&job->grad_image, orientation, folder, "grad_image", &scale) &&
           gradient_write(&job->grad_mosaic, orientation, folder, "grad_mosaic",
                          &job->mosaic_scale);
}

static bool write_records(struct grad_job *job, const char *folder) {
    char *grads = path_join(folder, "grad_params", ".json");
    char *plan = path_join(folder, "plan", ".json");
    char *loss = path_join(folder, "loss", ".json");
    bool done = grads && plan && loss &&
                slices_write(job->context, job->pipeline.plan, job->grad_params.data, grads) &&
                plan_write(job->context, job->pipeline.plan, &job->pipeline.params, plan);
    if (done) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "loss", job->loss_name);
        cJSON_AddNumberToObject(json, "value", job->loss);
        cJSON *scales = cJSON_AddObjectToObject(json, "gradient_picture_scales");
        cJSON_AddNumberToObject(scales, "grad_mosaic", job->mosaic_scale);
        size_t count = job->options->no_stages ? 0 : l2l_plan_stage_count(job->pipeline.plan);
        for (size_t i = 0; i < count; i++)
            cJSON_AddNumberToObject(scales, job->gradients[i].name, job->gradients[i].scale);
        done = json_write(json, loss);
    }
    free(grads);
    free(plan);
    free(loss);
    return done;
}

static bool grad(struct grad_job *job, const struct recipe *recipe) {
    const struct options *o = job->options;
    if (!source_open(job->context, o->inputs[0], o, &job->source)) return false;
    bool done = false;
    if (pipeline_open(job->context, recipe, o, &job->source, &job->pipeline)) {
        done = folder_make(o->output) && compute(job) && write_images(job, o->output) &&
               write_stages(job, o->output) && write_records(job, o->output);
        pipeline_close(&job->pipeline);
    }
    source_close(&job->source);
    tensor_free(&job->image);
    tensor_free(&job->grad_image);
    tensor_free(&job->grad_mosaic);
    tensor_free(&job->grad_params);
    if (done) printf("loss (%s): %.9g\n", job->loss_name, job->loss);
    return done;
}

int command_grad(const struct options *options) {
    if (options->input_count != 1)
        return usage("grad takes one FILE, %d were given", options->input_count);
    if (!options->output) return usage("grad needs -o DIR");
    if (options->target && options->cotangent)
        return usage("--target and --cotangent do not go together");
    struct recipe recipe;
    int code = recipe_from_options(options, "lens2logit", &recipe);
    if (code != EXIT_OK) return code;
    struct grad_job job = { .options = options, .context = context_from_options(options) };
    code = job.context && grad(&job, &recipe) ? EXIT_OK : EXIT_FAILED;
    l2l_context_destroy(job.context);
    recipe_free(&recipe);
    return code;
}
