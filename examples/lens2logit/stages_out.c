/* Every stage of a pipeline as a picture and an array. */
#include "stages_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "say.h"

/* Writes a tensor as NAME.npy and a picture of it as NAME.png. Frees the picture. */
static bool write_both(const l2l_tensor *tensor, l2l_tensor *picture, const char *folder,
                       const char *name) {
    char *npy = path_join(folder, name, ".npy"), *png = path_join(folder, name, ".png");
    bool done = npy && png && npy_write(npy, tensor) && png_write(png, picture);
    free(npy);
    free(png);
    tensor_free(picture);
    return done;
}

bool gradient_write(const l2l_tensor *grad, int orientation, const char *folder, const char *name,
                    double *scale) {
    l2l_tensor picture;
    *scale = gradient_scale(grad);
    return picture_of_gradient(grad, orientation, *scale, &picture) &&
           write_both(grad, &picture, folder, name);
}

static bool image_write(const l2l_tensor *image, int orientation, double exponent,
                        const char *folder, const char *name) {
    l2l_tensor picture;
    return picture_of_image(image, orientation, L2L_U8, exponent, &picture) &&
           write_both(image, &picture, folder, name);
}

/* One stage at a time costs one run of the plan each, and memory for one stage only. */
static bool compute_stage(l2l_context *context, const struct pipeline *pipeline,
                          const struct source *source, const l2l_tensor *grad_image, size_t stage,
                          const l2l_tensor *image, const l2l_tensor *out) {
    l2l_tap tap = { stage, grad_image ? NULL : out, grad_image ? out : NULL };
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    extra.taps = &tap;
    extra.tap_count = 1;
    const l2l_tensor *params = pipeline->params.data ? &pipeline->params : NULL;
    l2l_status status =
        grad_image
            ? l2l_plan_backward(context, pipeline->plan, params, &source->mosaic, grad_image,
                                L2L_GRAD_WRITE, NULL, NULL, &extra)
            : l2l_plan_forward(context, pipeline->plan, params, &source->mosaic, image, &extra);
    return status == L2L_OK ? true : fail_about(context, source->path);
}

static bool write_stage(l2l_context *context, const struct pipeline *pipeline,
                        const struct source *source, const l2l_tensor *grad_image, size_t stage,
                        const l2l_tensor *image, const char *folder, stage_file *file) {
    l2l_tensor out;
    size_t gamma;
    bool linear =
        l2l_plan_find_stage(context, pipeline->plan, "gamma", &gamma) == L2L_OK && stage < gamma;
    snprintf(file->name, sizeof file->name, "%02d_%s", (int)stage,
             l2l_plan_stage_name(pipeline->plan, stage));
    if (!pipeline_image(context, pipeline, source, stage, &out)) return false;
    bool done =
        compute_stage(context, pipeline, source, grad_image, stage, image, &out) &&
        (grad_image
             ? gradient_write(&out, source->orientation, folder, file->name, &file->scale)
             : image_write(&out, source->orientation, linear ? 1 / 2.2 : 1, folder, file->name));
    tensor_free(&out);
    return done;
}

bool stages_write(l2l_context *context, const struct pipeline *pipeline,
                  const struct source *source, const l2l_tensor *grad_image, const char *folder,
                  stage_file *files) {
    size_t count = l2l_plan_stage_count(pipeline->plan);
    l2l_tensor image;
    if (!folder_make(folder) || !pipeline_image(context, pipeline, source, count - 1, &image))
        return false;
    bool done = true;
    for (size_t stage = 0; stage < count && done; stage++) {
        stage_file unused;
        done = write_stage(context, pipeline, source, grad_image, stage, &image, folder,
                           files ? &files[stage] : &unused);
    }
    tensor_free(&image);
    return done;
}
