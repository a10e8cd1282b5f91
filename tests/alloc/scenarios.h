/* What a user does with the library, in pieces: each runs from a context to a sum over its results,
   and frees everything whatever happens. */
#ifndef TESTS_ALLOC_SCENARIOS_H
#define TESTS_ALLOC_SCENARIOS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lens2logit/lens2logit.h>

#include "inputs.h"

enum { N = 24, PIXELS = N * N, PARAMS = 132 };

typedef struct scenario {
    const char *name;
    int input; /* of the raw scenarios */
    l2l_status (*run)(l2l_context *context, int input, double *sum);
} scenario;

#define TRY(call)                                                                                  \
    if (status == L2L_OK) status = (call)

static double total(const double *values, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += values[i] * (1 + i % 7);
    return sum;
}

static double sum_of_raw(const l2l_raw *raw) {
    l2l_tensor mosaic = l2l_raw_mosaic(raw);
    const l2l_raw_info *info = l2l_raw_get_info(raw);
    double sum = info->white + info->gain[0] + info->matrix[1] + info->orientation;
    for (int64_t y = 0; y < mosaic.shape[0]; y++)
        for (int64_t x = 0; x < mosaic.shape[1]; x++) {
            uint16_t sample = 0;
            memcpy(&sample, (char *)mosaic.data + 2 * (y * mosaic.stride[0] + x * mosaic.stride[1]),
                   sizeof sample);
            sum += sample;
        }
    return sum;
}

static l2l_status open_raw(l2l_context *context, int input, double *sum) {
    l2l_raw *raw = NULL, *again = NULL;
    l2l_status status = L2L_OK;
    l2l_raw_options options = L2L_RAW_OPTIONS_INIT;
    options.geometry = inputs[input].geometry;
    TRY(l2l_raw_open_memory(context, inputs[input].bytes, inputs[input].size, &options, &raw));
    TRY(l2l_raw_open_file(context, inputs[input].path, &options, &again));
    if (status == L2L_OK) *sum = sum_of_raw(raw) + sum_of_raw(again);
    l2l_raw_close(again);
    l2l_raw_close(raw);
    return status;
}

/* A camera's own raw, with its preview; only where the environment names one. */
static l2l_status open_sample(l2l_context *context, int input, double *sum) {
    l2l_raw *raw = NULL;
    l2l_tensor preview = { 0 };
    l2l_status status = L2L_OK;
    (void)input;
    TRY(l2l_raw_open_file(context, getenv("L2L_SAMPLE_RAW"), NULL, &raw));
    TRY(l2l_raw_preview(context, raw, &preview));
    if (status == L2L_OK) *sum = sum_of_raw(raw) + *(unsigned char *)preview.data;
    if (preview.data) l2l_raw_preview_free(context, &preview);
    l2l_raw_close(raw);
    return status;
}

static l2l_status create_plans(l2l_context *context, int input, double *sum) {
    const char *names[] = { "lens2logit", "static/bilinear/unsharp_masking/median_denoising" };
    l2l_status status = L2L_OK;
    (void)input;
    for (int i = 0; i < 2; i++) {
        l2l_plan *plan = NULL, *copy = NULL;
        char *text = NULL;
        double values[PARAMS] = { 0 };
        l2l_tensor params = { 0 };
        TRY(l2l_plan_preset(context, names[i], NULL, &plan));
        if (status == L2L_OK) params = l2l_vector(values, L2L_F64, l2l_plan_param_count(plan));
        TRY(l2l_plan_default_params(context, plan, &params));
        TRY(l2l_plan_to_json(context, plan, &params, &text));
        TRY(l2l_plan_from_json(context, text, strlen(text), &copy));
        TRY(l2l_params_from_json(context, copy, text, strlen(text), &params));
        if (status == L2L_OK) *sum += total(values, PARAMS) + (double)strlen(text);
        l2l_text_free(context, text);
        l2l_plan_destroy(copy);
        l2l_plan_destroy(plan);
    }
    return status;
}

static void fill(double *values, int count, double mean) {
    for (int i = 0; i < count; i++) values[i] = mean + 0.01 * (i * 29 % 23);
}

static l2l_status run_plan(l2l_context *context, bool backward, double *sum) {
    static double samples[PIXELS], pixels[3 * PIXELS], cotangent[3 * PIXELS], tapped[3 * PIXELS];
    double slopes[PARAMS] = { 0 };
    l2l_plan *plan = NULL;
    l2l_status status = L2L_OK;
    l2l_tensor mosaic = l2l_image(samples, L2L_F64, 1, N, N);
    l2l_tensor image = l2l_image(pixels, L2L_F64, 3, N, N);
    l2l_tensor grad_image = l2l_image(cotangent, L2L_F64, 3, N, N);
    l2l_tensor grad_params = l2l_vector(slopes, L2L_F64, PARAMS);
    l2l_tensor tap_image = l2l_image(tapped, L2L_F64, 3, N, N);
    l2l_tap tap = { 2, &tap_image, NULL };
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    extra.taps = &tap;
    extra.tap_count = 1;
    fill(samples, PIXELS, 0.4);
    fill(cotangent, 3 * PIXELS, -0.1);
    memset(pixels, 0, sizeof pixels);
    memset(tapped, 0, sizeof tapped);
    TRY(l2l_plan_preset(context, "lens2logit", NULL, &plan));
    if (!backward) TRY(l2l_plan_forward(context, plan, NULL, &mosaic, &image, &extra));
    l2l_tensor grad_mosaic = image; /* one channel of the same memory */
    grad_mosaic.shape[0] = 1;
    if (backward)
        TRY(l2l_plan_backward(context, plan, NULL, &mosaic, &grad_image, L2L_GRAD_WRITE,
                              &grad_mosaic, &grad_params, &extra));
    *sum = total(pixels, 3 * PIXELS) + total(slopes, PARAMS) + total(tapped, 3 * PIXELS);
    l2l_plan_destroy(plan);
    return status;
}

static l2l_status forward(l2l_context *context, int input, double *sum) {
    (void)input;
    return run_plan(context, false, sum);
}

static l2l_status backward(l2l_context *context, int input, double *sum) {
    (void)input;
    return run_plan(context, true, sum);
}

/* With batch normalisation, which measures first. */
static l2l_status loss(l2l_context *context, int input, double *sum) {
    static double samples[PIXELS], pixels[3 * PIXELS], aim[3 * PIXELS];
    double slopes[PARAMS] = { 0 }, value = 0;
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    l2l_plan *plan = NULL;
    l2l_status status = L2L_OK;
    l2l_tensor mosaic = l2l_image(samples, L2L_F64, 1, N, N);
    l2l_tensor image = l2l_image(pixels, L2L_F64, 3, N, N);
    l2l_tensor target = l2l_image(aim, L2L_F64, 3, N, N);
    l2l_tensor grad_params = l2l_vector(slopes, L2L_F64, PARAMS);
    const l2l_loss square = { sizeof square, L2L_LOSS_SQUARED, &target, 0 };
    (void)input;
    options.batch_normalize = 1;
    fill(samples, PIXELS, 0.4);
    fill(aim, 3 * PIXELS, -0.1);
    TRY(l2l_plan_preset(context, "lens2logit", &options, &plan));
    TRY(l2l_plan_loss(context, plan, NULL, &mosaic, &square, &value, &image, L2L_GRAD_WRITE, NULL,
                      &grad_params, NULL));
    if (status == L2L_OK) *sum = value + total(pixels, 3 * PIXELS) + total(slopes, PARAMS);
    l2l_plan_destroy(plan);
    return status;
}

static l2l_status stages(l2l_context *context, int input, double *sum) {
    static double src[3 * PIXELS], dst[3 * PIXELS], grad_dst[3 * PIXELS], grad_src[3 * PIXELS];
    double slopes[25] = { 0 };
    l2l_status status = L2L_OK;
    l2l_tensor x = l2l_image(src, L2L_F64, 3, N, N), y = l2l_image(dst, L2L_F64, 3, N, N);
    l2l_tensor gy = l2l_image(grad_dst, L2L_F64, 3, N, N);
    l2l_tensor gx = l2l_image(grad_src, L2L_F64, 3, N, N);
    l2l_tensor kernel = l2l_vector(slopes, L2L_F64, 25), gamma = l2l_vector(slopes, L2L_F64, 1);
    l2l_denoise median = L2L_DENOISE_INIT;
    l2l_normalize batch = L2L_NORMALIZE_INIT;
    (void)input;
    median.method = L2L_DENOISE_MEDIAN;
    batch.mode = L2L_NORMALIZE_BATCH;
    fill(src, 3 * PIXELS, 0.4);
    fill(grad_dst, 3 * PIXELS, -0.1);
    TRY(l2l_denoise_forward(context, &median, NULL, &x, &y));
    if (status == L2L_OK) *sum += total(dst, 3 * PIXELS);
    TRY(l2l_denoise_backward(context, NULL, NULL, &x, &gy, L2L_GRAD_WRITE, &gx, &kernel));
    if (status == L2L_OK) *sum += total(grad_src, 3 * PIXELS) + total(slopes, 25);
    TRY(l2l_gamma_backward(context, NULL, NULL, &x, &gy, L2L_GRAD_WRITE, &gx, &gamma));
    TRY(l2l_normalize_backward(context, &batch, NULL, &x, &gy, L2L_GRAD_ADD, &gx, NULL));
    if (status == L2L_OK) *sum += total(grad_src, 3 * PIXELS) + slopes[0];
    return status;
}

static l2l_status twice(void *user, size_t count, const l2l_tensor *in, const l2l_tensor *out) {
    (void)user;
    (void)count;
    for (int i = 0; i < 3 * PIXELS; i++) ((double *)out->data)[i] = 2 * ((double *)in->data)[i];
    return L2L_OK;
}

static l2l_status twice_back(void *user, size_t count, const l2l_tensor *in, const l2l_tensor *out,
                             const l2l_tensor *grad_out, const l2l_tensor *const *grad_in) {
    (void)user;
    (void)count;
    (void)in;
    (void)out;
    for (int i = 0; grad_in[0] && i < 3 * PIXELS; i++)
        ((double *)grad_in[0]->data)[i] += 2 * ((double *)grad_out->data)[i];
    return L2L_OK;
}

static l2l_status tape(l2l_context *context, int input, double *sum) {
    static double samples[PIXELS];
    double values[PARAMS];
    const int64_t shape[] = { 3, N, N };
    const l2l_stage gamma = { L2L_GAMMA, NULL };
    l2l_custom_op op = { sizeof op, "twice", twice, twice_back, NULL, NULL };
    l2l_tensor mosaic = l2l_tensor_of(samples, L2L_F64, 2, shape + 1);
    l2l_tensor params = l2l_vector(values, L2L_F64, PARAMS), grad_mosaic, grad_params;
    l2l_plan *plan = NULL;
    l2l_tape *record = NULL;
    l2l_var x = 0, p = 0, image = 0, bent = 0, doubled = 0, square = 0, loss = 0;
    l2l_status status = L2L_OK;
    (void)input;
    fill(samples, PIXELS, 0.4);
    TRY(l2l_plan_preset(context, "lens2logit", NULL, &plan));
    TRY(l2l_plan_default_params(context, plan, &params));
    TRY(l2l_tape_create(context, &record));
    for (int pass = 0; pass < 2; pass++) {
        if (record) l2l_tape_clear(record);
        TRY(l2l_tape_leaf(record, &mosaic, 1, &x));
        TRY(l2l_tape_leaf(record, &params, 1, &p));
        TRY(l2l_tape_plan(record, plan, p, x, L2L_NO_VAR, &image));
        TRY(l2l_tape_stage(record, &gamma, L2L_NO_VAR, image, &bent));
        TRY(l2l_tape_custom(record, &op, &bent, 1, L2L_F64, 3, shape, &doubled));
        TRY(l2l_tape_mul(record, doubled, bent, &square));
        TRY(l2l_tape_mean(record, square, &loss));
        TRY(l2l_tape_backward(record, loss));
        TRY(l2l_tape_grad(record, x, &grad_mosaic));
        TRY(l2l_tape_grad(record, p, &grad_params));
        if (status == L2L_OK)
            *sum += total(grad_mosaic.data, PIXELS) + total(grad_params.data, PARAMS);
    }
    l2l_tape_destroy(record);
    l2l_plan_destroy(plan);
    return status;
}
#undef TRY

static const scenario scenarios[] = {
    { "raw open, DNG", INPUT_DNG, open_raw },
    { "raw open, TIFF", INPUT_TIFF, open_raw },
    { "raw open, PNG", INPUT_PNG, open_raw },
    { "raw open, NPY", INPUT_NPY, open_raw },
    { "raw open, dump", INPUT_DUMP, open_raw },
    { "raw open, camera", 0, open_sample },
    { "plan create", 0, create_plans },
    { "forward", 0, forward },
    { "backward", 0, backward },
    { "loss", 0, loss },
    { "stages", 0, stages },
    { "tape", 0, tape },
};
enum { SCENARIO_COUNT = sizeof scenarios / sizeof *scenarios };

static char sentence[256]; /* about the last failure */

/* Runs one with a context of its own. A failure without a sentence counts as L2L_STATE, which no
   scenario gives. */
static l2l_status run_scenario(const scenario *s, const l2l_allocator *allocator, double *sum) {
    l2l_context *context;
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    options.allocator = allocator;
    options.threads = 2;
    options.tile_width = options.tile_height = 8; /* work for both */
    *sum = 0;
    l2l_status status = l2l_context_create(&options, &context);
    if (status != L2L_OK) return status;
    status = s->run(context, s->input, sum);
    snprintf(sentence, sizeof sentence, "%s", l2l_context_error(context));
    if (status != L2L_OK && !*sentence) status = L2L_STATE;
    l2l_context_destroy(context);
    return status;
}

static bool scenario_applies(const scenario *s) {
    const char *sample = getenv("L2L_SAMPLE_RAW");
    if (s->run != open_sample || (sample && *sample)) return true;
    printf("skipped: %s: L2L_SAMPLE_RAW names no file\n", s->name);
    return false;
}

#endif
