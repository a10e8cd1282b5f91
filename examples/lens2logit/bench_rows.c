/* What bench times: every stage as a plan of one stage, and the presets, forward and backward. */
#include "bench.h"

#include <math.h>
#include <string.h>

#include "pipeline.h"
#include "say.h"
#include "tensor.h"

/* A stage, or (kind unused) a preset. Operations are those of the formulas for a pixel of the
   input: a multiply-add is two, a power or a logarithm 20, luma stages work on one plane, linear
   front ends on folded taps; backward counts what it needs of forward again. 0: not arithmetic
   (median), or not known. */
struct row {
    const char *name, *preset;
    l2l_stage_kind kind;
    const void *attributes;
    int channels; /* of the input */
    double forward_operations, backward_operations;
};

static const l2l_demosaic linear = {
    .struct_size = sizeof linear, .method = L2L_DEMOSAIC_LINEAR, .radius = 1, .channels = 3
};
static const l2l_demosaic superpixel = {
    .struct_size = sizeof superpixel, .method = L2L_DEMOSAIC_SUPERPIXEL, .radius = 1, .channels = 3
};
static const l2l_demosaic malvar = {
    .struct_size = sizeof malvar, .method = L2L_DEMOSAIC_MALVAR2004, .radius = 1, .channels = 3
};
static const l2l_sharpen unsharp = { .struct_size = sizeof unsharp, .method = L2L_SHARPEN_UNSHARP };
static const l2l_denoise gaussian = { .struct_size = sizeof gaussian,
                                      .method = L2L_DENOISE_GAUSSIAN };
static const l2l_denoise median = { .struct_size = sizeof median, .method = L2L_DENOISE_MEDIAN };
static const l2l_normalize batch = { sizeof batch, L2L_NORMALIZE_BATCH, 1e-5, 0.1 };

#define STAGE NULL
#define PRESET(name) name, name, L2L_BLACK_LEVEL, NULL, 1
/* clang-format off */
static const struct row rows[] = {
    { "black_level",         STAGE, L2L_BLACK_LEVEL,   NULL,        1, 1, 1 },
    { "demosaic.bilinear",   STAGE, L2L_DEMOSAIC,      NULL,        1, 14, 14 },
    { "demosaic.linear",     STAGE, L2L_DEMOSAIC,      &linear,     1, 54, 108 },
    { "demosaic.superpixel", STAGE, L2L_DEMOSAIC,      &superpixel, 1, 0.5, 0.5 },
    { "demosaic.malvar2004", STAGE, L2L_DEMOSAIC,      &malvar,     1, 40, 40 },
    { "white_balance",       STAGE, L2L_WHITE_BALANCE, NULL,        3, 3, 9 },
    { "color_matrix",        STAGE, L2L_COLOR_MATRIX,  NULL,        3, 18, 36 },
    { "sharpen.kernel",      STAGE, L2L_SHARPEN,       NULL,        3, 27, 50 },
    { "sharpen.unsharp",     STAGE, L2L_SHARPEN,       &unsharp,    3, 46, 145 },
    { "denoise.kernel",      STAGE, L2L_DENOISE,       NULL,        3, 59, 114 },
    { "denoise.gaussian",    STAGE, L2L_DENOISE,       &gaussian,   3, 29, 76 },
    { "denoise.median",      STAGE, L2L_DENOISE,       &median,     3, 0, 0 },
    { "clip",                STAGE, L2L_CLIP,          NULL,        3, 6, 6 },
    { "gamma",               STAGE, L2L_GAMMA,         NULL,        3, 60, 135 },
    { "additive",            STAGE, L2L_ADDITIVE,      NULL,        3, 3, 3 },
    { "normalize.given",     STAGE, L2L_NORMALIZE,     NULL,        3, 6, 18 },
    { "normalize.batch",     STAGE, L2L_NORMALIZE,     &batch,      3, 15, 39 },
    { PRESET("lens2logit"), 198, 533 },
    { PRESET("static/bilinear/sharpening_filter/gaussian_denoising"), 149, 397 },
    { PRESET("static/bilinear/sharpening_filter/median_denoising"), 0, 0 },
    { PRESET("static/bilinear/unsharp_masking/gaussian_denoising"), 169, 511 },
    { PRESET("static/bilinear/unsharp_masking/median_denoising"), 0, 0 },
};
/* clang-format on */
#undef STAGE
#undef PRESET
enum { ROWS = sizeof rows / sizeof rows[0] };

size_t bench_row_count(const struct bench_setup *setup) {
    return setup->options->preset ? 1 : ROWS;
}

static struct row find_row(const struct bench_setup *setup, size_t index) {
    const char *only = setup->options->preset;
    if (!only) return rows[index];
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].preset && strcmp(rows[i].preset, only) == 0) return rows[i];
    return (struct row){ .name = only, .preset = only, .channels = 1 };
}

/* What one row works on; all made and touched before the clock starts. The context is the row's
   own, so that its scratch memory is too. */
struct data {
    l2l_context *context;
    l2l_plan *plan;
    l2l_tensor params, grad_params, src, grad_src, dst, grad_dst, additive, grad_additive;
};

static l2l_status make_plan(const struct bench_setup *setup, const struct row *row,
                            struct data *data) {
    int bits = l2l_dtype_bits(setup->input);
    double scale = bits ? 1 / (ldexp(1, bits) - 1) : 1;
    l2l_preset_options preset_options = L2L_PRESET_OPTIONS_INIT;
    preset_options.sample_scale = scale;
    if (row->preset)
        return l2l_plan_preset(data->context, row->preset, &preset_options, &data->plan);
    l2l_plan_options options = { sizeof options, row->channels, scale };
    l2l_stage stage = { row->kind, row->attributes };
    return l2l_plan_create(data->context, &options, &stage, 1, &data->plan);
}

static bool make_arrays(const struct bench_setup *setup, const struct row *row, size_option size,
                        struct data *data) {
    int64_t shape[3], in[4] = { setup->batch, row->channels, size.height, size.width };
    int64_t count = l2l_plan_param_count(data->plan);
    size_t last = l2l_plan_stage_count(data->plan) - 1;
    if (l2l_plan_output_shape(data->context, data->plan, last, size.height, size.width, shape) !=
        L2L_OK)
        return fail_about(data->context, row->name);
    int64_t out[4] = { setup->batch, shape[0], shape[1], shape[2] };
    bool integers = setup->output == L2L_U8 || setup->output == L2L_U16;
    l2l_dtype cotangent = integers ? setup->arithmetic : setup->output;
    if ((count && (!bench_tensor_new(&data->params, L2L_F64, 1, &count) ||
                   !bench_tensor_new(&data->grad_params, L2L_F64, 1, &count))) ||
        !bench_tensor_new(&data->src, setup->input, 4, in) ||
        !bench_tensor_new(&data->grad_src, setup->arithmetic, 4, in) ||
        !bench_tensor_new(&data->dst, setup->output, 4, out) ||
        !bench_tensor_new(&data->grad_dst, cotangent, 4, out))
        return false;
    if (!row->preset && row->kind == L2L_ADDITIVE &&
        (!bench_tensor_new(&data->additive, setup->arithmetic, 3, shape) ||
         !bench_tensor_new(&data->grad_additive, setup->arithmetic, 3, shape)))
        return false;
    if (count && l2l_plan_default_params(data->context, data->plan, &data->params) != L2L_OK)
        return fail_about(data->context, row->name);
    bench_tensor_fill(&data->src, 1);
    bench_tensor_fill(&data->grad_dst, 2);
    return true;
}

static bool make_data(const struct bench_setup *setup, const struct row *row, size_option size,
                      struct data *data) {
    memset(data, 0, sizeof *data);
    data->context = context_from_options(setup->options);
    if (!data->context) return false;
    if (make_plan(setup, row, data) != L2L_OK) return fail_about(data->context, row->name);
    return make_arrays(setup, row, size, data);
}

static void free_data(struct data *data) {
    l2l_tensor *tensors[] = { &data->params,   &data->grad_params,  &data->src,
                              &data->grad_src, &data->dst,          &data->grad_dst,
                              &data->additive, &data->grad_additive };
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++) bench_tensor_free(tensors[i]);
    l2l_plan_destroy(data->plan);
    l2l_context_destroy(data->context);
}

static l2l_status forward(const struct data *data, const l2l_tensor *params,
                          const l2l_plan_extra *extra) {
    return l2l_plan_forward(data->context, data->plan, params, &data->src, &data->dst, extra);
}

static l2l_status backward(const struct data *data, const l2l_tensor *params,
                           const l2l_plan_extra *extra) {
    return l2l_plan_backward(data->context, data->plan, params, &data->src, &data->grad_dst,
                             L2L_GRAD_WRITE, &data->grad_src, params ? &data->grad_params : NULL,
                             extra);
}

static l2l_status both(const struct data *data, const l2l_tensor *params,
                       const l2l_plan_extra *extra) {
    l2l_status status = forward(data, params, extra);
    return status == L2L_OK ? backward(data, params, extra) : status;
}

/* Reads as target what backward reads as cotangent: of the same size, and any numbers do. */
static l2l_status loss(const struct data *data, const l2l_tensor *params,
                       const l2l_plan_extra *extra) {
    l2l_loss mean_square = L2L_LOSS_INIT;
    double value;
    mean_square.target = &data->grad_dst;
    return l2l_plan_loss(data->context, data->plan, params, &data->src, &mean_square, &value,
                         &data->dst, L2L_GRAD_WRITE, &data->grad_src,
                         params ? &data->grad_params : NULL, extra);
}

static bool call(const struct row *row, const struct data *data, bench_pass pass) {
    static l2l_status (*const calls[BENCH_PASSES])(const struct data *, const l2l_tensor *,
                                                   const l2l_plan_extra *) = { forward, backward,
                                                                               both, loss };
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    if (data->additive.data) {
        extra.additive = &data->additive;
        extra.grad_additive = &data->grad_additive; /* forward lets it be */
    }
    l2l_status status = calls[pass](data, data->params.data ? &data->params : NULL, &extra);
    return status == L2L_OK ? true : fail_about(data->context, row->name);
}

/* The median of `repeat` calls, or, if that is 0, of as many as fit in a fifth of a second, at
   least 5; after one that does not count and makes the scratch memory. */
static bool time_calls(const struct bench_setup *setup, const struct row *row,
                       const struct data *data, bench_pass pass, struct bench_time *time) {
    enum { MOST = 1000, LEAST = 5 };
    double times[MOST], begun = bench_seconds();
    int64_t calls = 0;
    if (!call(row, data, pass)) return false;
    while (setup->repeat ? calls < setup->repeat
                         : calls < LEAST || (calls < MOST && bench_seconds() - begun < 0.2)) {
        double start = bench_seconds();
        if (!call(row, data, pass)) return false;
        times[calls++] = bench_seconds() - start;
    }
    time->seconds = percentile(times, calls, 0.5);
    time->calls = calls;
    return true;
}

static double bytes_of(const l2l_tensor *tensor) {
    return tensor->data ? (double)bench_tensor_bytes(tensor) : 0;
}

/* What a call must read and write once if nothing is in the caches. */
static void count_work(const struct row *row, const struct data *data,
                       struct bench_result *result) {
    double pixels = bench_pixels(result);
    struct bench_time *pass = result->pass;
    pass[BENCH_FORWARD].bytes =
        bytes_of(&data->src) + bytes_of(&data->dst) + bytes_of(&data->additive);
    pass[BENCH_BACKWARD].bytes = bytes_of(&data->src) + bytes_of(&data->grad_dst) +
                                 bytes_of(&data->grad_src) + bytes_of(&data->additive) +
                                 bytes_of(&data->grad_additive);
    pass[BENCH_FORWARD].operations = row->forward_operations * pixels;
    pass[BENCH_BACKWARD].operations = row->backward_operations * pixels;
    pass[BENCH_BOTH].bytes = pass[BENCH_FORWARD].bytes + pass[BENCH_BACKWARD].bytes;
    pass[BENCH_BOTH].operations = pass[BENCH_FORWARD].operations + pass[BENCH_BACKWARD].operations;
    pass[BENCH_LOSS].bytes = pass[BENCH_BACKWARD].bytes + bytes_of(&data->dst);
    if (row->backward_operations > 0) /* a difference, its square, the sum and the slope */
        pass[BENCH_LOSS].operations =
            pass[BENCH_BACKWARD].operations + 4 * (double)tensor_count(&data->dst);
    result->array_bytes = (int64_t)(pass[BENCH_BACKWARD].bytes + bytes_of(&data->dst) +
                                    bytes_of(&data->params) + bytes_of(&data->grad_params));
}

bool bench_row(const struct bench_setup *setup, size_t index, size_option size,
               struct bench_result *result) {
    struct row row = find_row(setup, index);
    struct data data;
    memset(result, 0, sizeof *result);
    snprintf(result->name, sizeof result->name, "%s", row.name);
    result->is_plan = row.preset != NULL;
    result->batch = setup->batch;
    result->width = size.width;
    result->height = size.height;
    int64_t before = bench_memory_now();
    bench_memory_forget();
    bool done = make_data(setup, &row, size, &data);
    int passes = result->is_plan ? BENCH_PASSES : BENCH_LOSS;
    for (int pass = 0; done && pass < passes; pass++)
        done = time_calls(setup, &row, &data, (bench_pass)pass, &result->pass[pass]);
    if (done) {
        count_work(&row, &data, result);
        result->scratch_bytes = (int64_t)l2l_context_scratch_bytes(data.context);
        int64_t peak = bench_memory_peak();
        result->peak_bytes = peak > before ? peak - before : 0;
    }
    free_data(&data);
    return done;
}
