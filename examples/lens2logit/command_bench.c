/* lens2logit bench: times every stage and the plans, forward and backward. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "commands.h"
#include "pipeline.h"
#include "say.h"

/* A row of the table: a stage by itself, as a plan of one stage, or (kind unused) a preset. */
struct bench_row {
    const char *name, *preset;
    l2l_stage_kind kind;
    const void *attributes;
    int channels; /* of the input */
};

static const l2l_demosaic linear = {
    .struct_size = sizeof linear, .method = L2L_DEMOSAIC_LINEAR, .radius = 1, .channels = 3
};
static const l2l_demosaic superpixel = {
    .struct_size = sizeof superpixel, .method = L2L_DEMOSAIC_SUPERPIXEL, .radius = 1, .channels = 3
};
static const l2l_sharpen unsharp = { .struct_size = sizeof unsharp, .method = L2L_SHARPEN_UNSHARP };
static const l2l_denoise gaussian = { .struct_size = sizeof gaussian,
                                      .method = L2L_DENOISE_GAUSSIAN };
static const l2l_denoise median = { .struct_size = sizeof median, .method = L2L_DENOISE_MEDIAN };
static const l2l_normalize batch = { sizeof batch, L2L_NORMALIZE_BATCH, 1e-5, 0.1 };

/* clang-format off */
static const struct bench_row stage_rows[] = {
    { "black_level",         NULL, L2L_BLACK_LEVEL,   NULL,        1 },
    { "demosaic.bilinear",   NULL, L2L_DEMOSAIC,      NULL,        1 },
    { "demosaic.linear",     NULL, L2L_DEMOSAIC,      &linear,     1 },
    { "demosaic.superpixel", NULL, L2L_DEMOSAIC,      &superpixel, 1 },
    { "white_balance",       NULL, L2L_WHITE_BALANCE, NULL,        3 },
    { "color_matrix",        NULL, L2L_COLOR_MATRIX,  NULL,        3 },
    { "sharpen.kernel",      NULL, L2L_SHARPEN,       NULL,        3 },
    { "sharpen.unsharp",     NULL, L2L_SHARPEN,       &unsharp,    3 },
    { "denoise.kernel",      NULL, L2L_DENOISE,       NULL,        3 },
    { "denoise.gaussian",    NULL, L2L_DENOISE,       &gaussian,   3 },
    { "denoise.median",      NULL, L2L_DENOISE,       &median,     3 },
    { "clip",                NULL, L2L_CLIP,          NULL,        3 },
    { "gamma",               NULL, L2L_GAMMA,         NULL,        3 },
    { "additive",            NULL, L2L_ADDITIVE,      NULL,        3 },
    { "normalize.given",     NULL, L2L_NORMALIZE,     NULL,        3 },
    { "normalize.batch",     NULL, L2L_NORMALIZE,     &batch,      3 },
};
/* clang-format on */
static const char *const presets[] = {
    "lens2logit",
    "static/bilinear/sharpening_filter/gaussian_denoising",
    "static/bilinear/sharpening_filter/median_denoising",
    "static/bilinear/unsharp_masking/gaussian_denoising",
    "static/bilinear/unsharp_masking/median_denoising",
};

struct bench_job {
    const struct options *options;
    l2l_context *context;
    l2l_dtype dtype;
    int64_t batch, height, width, repeat;
    cJSON *rows; /* NULL: a table is printed */
};

/* What one row works on; all made and touched before the clock starts. */
struct bench_data {
    l2l_plan *plan;
    l2l_tensor params, grad_params, src, grad_src, dst, grad_dst, additive, grad_additive;
};

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Fills with numbers in [0.05, 0.95] (images: away from the limits of clip), by a fixed generator.
 */
static void fill(const l2l_tensor *tensor, uint64_t seed) {
    uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (int64_t i = 0; i < tensor_count(tensor); i++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        double value = 0.05 + 0.9 * (double)(state >> 40) / 16777216.0;
        if (tensor->dtype == L2L_F64)
            ((double *)tensor->data)[i] = value;
        else
            ((float *)tensor->data)[i] = (float)value;
    }
}

static bool make_plan(const struct bench_job *job, const struct bench_row *row, l2l_plan **plan) {
    l2l_plan_options plan_options = L2L_PLAN_OPTIONS_INIT;
    plan_options.channels = row->channels;
    l2l_stage stage = { row->kind, row->attributes };
    l2l_status status = row->preset ? l2l_plan_preset(job->context, row->preset, NULL, plan)
                                    : l2l_plan_create(job->context, &plan_options, &stage, 1, plan);
    return status == L2L_OK ? true : fail_about(job->context, row->name);
}

static bool make_data(const struct bench_job *job, const struct bench_row *row,
                      struct bench_data *data) {
    int64_t shape[3], in[4] = { job->batch, row->channels, job->height, job->width };
    if (!make_plan(job, row, &data->plan)) return false;
    int64_t count = l2l_plan_param_count(data->plan);
    size_t last = l2l_plan_stage_count(data->plan) - 1;
    if (l2l_plan_output_shape(job->context, data->plan, last, job->height, job->width, shape) !=
        L2L_OK)
        return fail_about(job->context, row->name);
    int64_t out[4] = { job->batch, shape[0], shape[1], shape[2] };
    if ((count && (!tensor_new(&data->params, L2L_F64, 1, &count) ||
                   !tensor_new(&data->grad_params, L2L_F64, 1, &count))) ||
        !tensor_new(&data->src, job->dtype, 4, in) ||
        !tensor_new(&data->grad_src, job->dtype, 4, in) ||
        !tensor_new(&data->dst, job->dtype, 4, out) ||
        !tensor_new(&data->grad_dst, job->dtype, 4, out))
        return false;
    if (!row->preset && row->kind == L2L_ADDITIVE &&
        (!tensor_new(&data->additive, job->dtype, 3, shape) ||
         !tensor_new(&data->grad_additive, job->dtype, 3, shape)))
        return false;
    if (count && l2l_plan_default_params(job->context, data->plan, &data->params) != L2L_OK)
        return fail_about(job->context, row->name);
    fill(&data->src, 1);
    fill(&data->grad_dst, 2);
    return true;
}

static void free_data(struct bench_data *data) {
    l2l_tensor *tensors[] = { &data->params,   &data->grad_params,  &data->src,
                              &data->grad_src, &data->dst,          &data->grad_dst,
                              &data->additive, &data->grad_additive };
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++) tensor_free(tensors[i]);
    l2l_plan_destroy(data->plan);
}

static bool call(const struct bench_job *job, const struct bench_row *row,
                 const struct bench_data *data, bool backward) {
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    const l2l_tensor *params = data->params.data ? &data->params : NULL;
    if (data->additive.data) {
        extra.additive = &data->additive;
        extra.grad_additive = backward ? &data->grad_additive : NULL;
    }
    l2l_status status =
        backward
            ? l2l_plan_backward(job->context, data->plan, params, &data->src, &data->grad_dst,
                                L2L_GRAD_WRITE, &data->grad_src, params ? &data->grad_params : NULL,
                                &extra)
            : l2l_plan_forward(job->context, data->plan, params, &data->src, &data->dst, &extra);
    return status == L2L_OK ? true : fail_about(job->context, row->name);
}

/* The median of the timed calls, after one that touches all outputs and scratch memory. */
static bool time_calls(const struct bench_job *job, const struct bench_row *row,
                       const struct bench_data *data, bool backward, double *median_s) {
    double times[1000];
    if (!call(job, row, data, backward)) return false;
    for (int64_t i = 0; i < job->repeat; i++) {
        double start = seconds();
        if (!call(job, row, data, backward)) return false;
        times[i] = seconds() - start;
    }
    *median_s = percentile(times, job->repeat, 0.5);
    return true;
}

static void tell(struct bench_job *job, const char *name, double forward_s, double backward_s) {
    static const char *const keys[] = { "forward", "backward", "both" };
    double pixels = (double)(job->batch * job->height * job->width);
    double times[] = { forward_s, backward_s, forward_s + backward_s };
    cJSON *json = job->rows ? cJSON_CreateObject() : NULL;
    if (json)
        cJSON_AddStringToObject(json, "name", name);
    else
        printf("%-54s", name);
    for (int i = 0; i < 3; i++) {
        double ns = times[i] * 1e9 / pixels, mp = pixels / times[i] * 1e-6;
        if (!json) {
            printf(" %9.3f %9.1f", ns, mp);
            continue;
        }
        cJSON *one = cJSON_AddObjectToObject(json, keys[i]);
        cJSON_AddNumberToObject(one, "ns_per_pixel", ns);
        cJSON_AddNumberToObject(one, "mp_per_s", mp);
    }
    if (json)
        cJSON_AddItemToArray(job->rows, json);
    else
        puts("");
    fflush(stdout);
}

static bool bench_row(struct bench_job *job, const struct bench_row *row) {
    struct bench_data data = { 0 };
    double forward_s, backward_s;
    bool done = make_data(job, row, &data) && time_calls(job, row, &data, false, &forward_s) &&
                time_calls(job, row, &data, true, &backward_s);
    free_data(&data);
    if (done) tell(job, row->name, forward_s, backward_s);
    return done;
}

static bool bench_rows(struct bench_job *job) {
    const char *only = job->options->preset;
    for (size_t i = 0; !only && i < sizeof stage_rows / sizeof stage_rows[0]; i++)
        if (!bench_row(job, &stage_rows[i])) return false;
    for (size_t i = 0; i < (only ? 1 : sizeof presets / sizeof presets[0]); i++) {
        const char *name = only ? only : presets[i];
        struct bench_row row = { .name = name, .preset = name, .channels = 1 };
        if (!bench_row(job, &row)) return false;
    }
    return true;
}

static bool bench(struct bench_job *job) {
    const char *isa = l2l_isa_name(l2l_context_isa(job->context));
    int threads = l2l_context_threads(job->context);
    if (!job->options->json) {
        printf("%lld x %lldx%lld %s, %d threads, %s, median of %lld\n", (long long)job->batch,
               (long long)job->width, (long long)job->height, l2l_dtype_name(job->dtype), threads,
               isa, (long long)job->repeat);
        printf("%-54s %19s %19s %19s\n", "", "forward", "backward", "both");
        printf("%-54s", "");
        for (int i = 0; i < 3; i++) printf(" %9s %9s", "ns/pixel", "MP/s");
        puts("");
        return bench_rows(job);
    }
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "isa", isa);
    cJSON_AddNumberToObject(json, "threads", threads);
    cJSON_AddStringToObject(json, "dtype", l2l_dtype_name(job->dtype));
    cJSON_AddNumberToObject(json, "batch", (double)job->batch);
    cJSON_AddNumberToObject(json, "width", (double)job->width);
    cJSON_AddNumberToObject(json, "height", (double)job->height);
    cJSON_AddNumberToObject(json, "repeat", (double)job->repeat);
    job->rows = cJSON_AddArrayToObject(json, "rows");
    bool done = job->rows ? bench_rows(job) : fail("out of memory while making JSON");
    char *text = done ? cJSON_Print(json) : NULL;
    if (text) puts(text);
    cJSON_free(text);
    cJSON_Delete(json);
    return text != NULL;
}

int command_bench(const struct options *options) {
    if (options->input_count) return usage("bench takes no FILE");
    if (options->preset && strcmp(options->preset, "photo") == 0)
        return usage("--preset photo is made for a file; bench takes the library's presets");
    struct bench_job job = { .options = options, .context = context_from_options(options) };
    if (!job.context) return EXIT_FAILED;
    job.dtype = options->dtype && strcmp(options->dtype, "f64") == 0 ? L2L_F64 : L2L_F32;
    job.batch = options->batch ? options->batch : 1;
    job.width = options->size.width ? options->size.width : 3000;
    job.height = options->size.height ? options->size.height : 2000;
    job.repeat = options->repeat ? options->repeat : 5;
    int code = bench(&job) ? EXIT_OK : EXIT_FAILED;
    l2l_context_destroy(job.context);
    return code;
}
