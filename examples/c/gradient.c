/* Develops a raw file and asks which way each parameter must go to make the picture brighter:

       cc gradient.c $(pkg-config --cflags --libs lens2logit) -o gradient
       ./gradient photo.cr2 photo.ppm */
#include <stdio.h>
#include <stdlib.h>

#include <lens2logit/lens2logit.h>

static l2l_context *context;

static void need(l2l_status status) {
    if (status == L2L_OK) return;
    fprintf(stderr, "%s: %s\n", l2l_status_name(status), l2l_context_error(context));
    exit(1);
}

/* A plan for this camera: the preset, with the file's levels, gains and matrix. */
static l2l_plan *plan_for(const l2l_raw_info *info, l2l_tensor *params) {
    l2l_plan *plan;
    double black[4];
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    options.cfa = info->cfa;
    options.sample_scale = 1 / info->white; /* sensor counts to [0, 1] */
    options.rescale = 1;                    /* so that black is 0 and white 1 */
    need(l2l_plan_preset(context, "lens2logit", &options, &plan));

    *params = l2l_vector(NULL, L2L_F64, l2l_plan_param_count(plan));
    params->data = calloc((size_t)params->shape[0], sizeof(double));
    if (!params->data) exit(1);
    for (int i = 0; i < 4; i++) black[i] = info->black[i] / info->white;
    need(l2l_plan_default_params(context, plan, params));
    need(l2l_plan_set_slice(context, plan, params, "black_level.level", black, 4));
    if (info->has_gain)
        need(l2l_plan_set_slice(context, plan, params, "white_balance.gain", info->gain, 3));
    if (info->has_matrix)
        need(l2l_plan_set_slice(context, plan, params, "color_matrix.matrix", info->matrix, 9));
    return plan;
}

static void write_ppm(const char *path, const float *rgb, int64_t height, int64_t width) {
    FILE *file = fopen(path, "wb");
    if (!file) return perror(path);
    fprintf(file, "P6 %lld %lld 255\n", (long long)width, (long long)height);
    for (int64_t i = 0; i < height * width; i++)
        for (int c = 0; c < 3; c++) putc((int)(rgb[c * height * width + i] * 255 + 0.5f), file);
    if (fclose(file)) perror(path);
}

int main(int argc, char **argv) {
    l2l_raw *raw;
    l2l_tensor params;
    if (argc != 3) return fprintf(stderr, "usage: gradient RAW OUT.ppm\n"), 2;
    if (l2l_context_create(NULL, &context) != L2L_OK) return 1;
    need(l2l_raw_open_file(context, argv[1], NULL, &raw));
    l2l_tensor mosaic = l2l_raw_mosaic(raw);
    l2l_plan *plan = plan_for(l2l_raw_get_info(raw), &params);

    int64_t shape[3];
    need(l2l_plan_output_shape(context, plan, l2l_plan_stage_count(plan) - 1, mosaic.shape[0],
                               mosaic.shape[1], shape));
    size_t count = (size_t)(shape[0] * shape[1] * shape[2]);
    float *pixels = malloc(count * sizeof *pixels), *cotangent = malloc(count * sizeof *cotangent);
    double *slopes = calloc((size_t)params.shape[0], sizeof *slopes);
    if (!pixels || !cotangent || !slopes) return 1;
    l2l_tensor image = l2l_image(pixels, L2L_F32, shape[0], shape[1], shape[2]);
    need(l2l_plan_forward(context, plan, &params, &mosaic, &image, NULL));
    write_ppm(argv[2], pixels, shape[1], shape[2]);

    /* The loss is the mean of the image, so its gradient at the image is 1/count everywhere. */
    for (size_t i = 0; i < count; i++) cotangent[i] = 1.0f / (float)count;
    l2l_tensor grad_image = l2l_image(cotangent, L2L_F32, shape[0], shape[1], shape[2]);
    l2l_tensor grad_params = l2l_vector(slopes, L2L_F64, params.shape[0]);
    need(l2l_plan_backward(context, plan, &params, &mosaic, &grad_image, L2L_GRAD_WRITE, NULL,
                           &grad_params, NULL));
    for (size_t i = 0; i < l2l_plan_slice_count(plan); i++) {
        l2l_slice slice;
        need(l2l_plan_slice_at(context, plan, i, &slice));
        printf("%-20s", slice.name);
        for (int64_t j = 0; j < slice.count && j < 4; j++)
            printf(" %+.4f", slopes[slice.offset + j]);
        printf("%s\n", slice.count > 4 ? " ..." : "");
    }

    free(slopes);
    free(cotangent);
    free(pixels);
    free(params.data);
    l2l_plan_destroy(plan);
    l2l_raw_close(raw);
    l2l_context_destroy(context);
    return 0;
}
