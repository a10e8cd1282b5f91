/* Prints hashes of what plans give on one instruction set, to be compared with those of others. */
#include <lens2logit/lens2logit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static l2l_context *context;

static void need(int good, const char *what) {
    if (good) return;
    fprintf(stderr, "bits: %s: %s\n", what, l2l_context_error(context));
    exit(1);
}

static int64_t elements(const l2l_tensor *t) {
    int64_t count = 1;
    for (int d = 0; d < t->ndim; d++) count *= t->shape[d];
    return count;
}

static l2l_tensor room(l2l_dtype dtype, int64_t n, int64_t c, int64_t h, int64_t w) {
    const int64_t shape[4] = { n, c, h, w };
    void *data = calloc((size_t)(n * c * h * w), sizeof(double));
    need(data != NULL, "no memory");
    return l2l_tensor_of(data, dtype, 4, shape);
}

static int is_packed(l2l_dtype dtype) {
    return l2l_dtype_group(dtype) > 1;
}

/* Values in [least, least + 1) that float holds exactly; in u16 16 bits; if packed, any bytes (of
   which there are at most two a sample, padding and all). */
static void fill(const l2l_tensor *t, double least, uint32_t seed) {
    for (int64_t i = 0; i < elements(t); i++) {
        seed = seed * 1664525u + 1013904223u;
        double value = (double)(seed >> 9) / 0x1p23 + least;
        if (t->dtype == L2L_U16 || is_packed(t->dtype))
            ((uint16_t *)t->data)[i] = (uint16_t)(seed >> 16);
        else if (t->dtype == L2L_F32)
            ((float *)t->data)[i] = (float)value;
        else
            ((double *)t->data)[i] = value;
    }
}

/* FNV-1a over the bytes. */
static void print_hash(const char *name, const l2l_tensor *t) {
    const unsigned char *bytes = t->data;
    unsigned long long value = 0xcbf29ce484222325u;
    for (size_t i = 0, n = (size_t)elements(t) * l2l_dtype_size(t->dtype); i < n; i++)
        value = (value ^ bytes[i]) * 0x100000001b3u;
    printf(" %s %016llx", name, value);
}

/* ---- plans ---- */

/* Lens2Logit's pipeline without its gamma and in all, and the static ones' filters. */
static const char *const plans[] = { "no-gamma", "lens2logit",
                                     "static/malvar2004/unsharp_masking/gaussian_denoising",
                                     "static/bilinear/sharpening_filter/median_denoising" };

static l2l_plan *make_plan(int which, double scale) {
    l2l_demosaic demosaic = L2L_DEMOSAIC_INIT;
    l2l_sharpen sharpen = L2L_SHARPEN_INIT;
    l2l_clip clip = L2L_CLIP_INIT;
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    l2l_preset_options preset = L2L_PRESET_OPTIONS_INIT;
    l2l_plan *plan = NULL;
    options.sample_scale = preset.sample_scale = scale;
    demosaic.method = L2L_DEMOSAIC_LINEAR;
    sharpen.border = L2L_BORDER_ZERO;
    clip.lo = 1e-5;
    const l2l_stage stages[] = { { L2L_BLACK_LEVEL, NULL },   { L2L_DEMOSAIC, &demosaic },
                                 { L2L_WHITE_BALANCE, NULL }, { L2L_COLOR_MATRIX, NULL },
                                 { L2L_SHARPEN, &sharpen },   { L2L_DENOISE, NULL },
                                 { L2L_CLIP, &clip } };
    need((which ? l2l_plan_preset(context, plans[which], &preset, &plan)
                : l2l_plan_create(context, &options, stages, 7, &plan)) == L2L_OK,
         "the plan");
    return plan;
}

/* The default parameters, each a little off. */
static l2l_tensor make_params(const l2l_plan *plan) {
    int64_t count = l2l_plan_param_count(plan);
    l2l_tensor off = room(L2L_F64, 1, 1, 1, count), values = room(L2L_F64, 1, 1, 1, count);
    l2l_tensor params = l2l_vector(values.data, L2L_F64, count);
    fill(&off, -0.5, 5);
    need(l2l_plan_default_params(context, plan, &params) == L2L_OK, "the parameters");
    for (int64_t i = 0; i < count; i++)
        ((double *)params.data)[i] += 0.03125 * ((double *)off.data)[i];
    free(off.data);
    return params;
}

/* ---- runs ---- */

typedef struct run {
    const l2l_plan *plan;
    l2l_tensor params, mosaic, image, grad_image, grad_mosaic, grad_params, tap, grad_tap;
} run;

/* Forward and backward; `tapped` with a tap after white balance, which parts stages that fold. */
static void hash_run(run *r, int tapped) {
    l2l_tap tap = { 2, &r->tap, &r->grad_tap };
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    if (tapped) extra.taps = &tap, extra.tap_count = 1;
    need(l2l_plan_forward(context, r->plan, &r->params, &r->mosaic, &r->image, &extra) == L2L_OK,
         "forward");
    need(l2l_plan_backward(context, r->plan, &r->params, &r->mosaic, &r->grad_image, L2L_GRAD_WRITE,
                           &r->grad_mosaic, &r->grad_params, &extra) == L2L_OK,
         "backward");
    print_hash("image", &r->image);
    print_hash("grad_mosaic", &r->grad_mosaic);
    print_hash("grad_params", &r->grad_params);
    if (tapped) print_hash("tap", &r->tap), print_hash("grad_tap", &r->grad_tap);
}

static void hash_plan(int which, l2l_dtype samples, l2l_dtype real, const int64_t size[3]) {
    const int64_t n = size[0], h = size[1], w = size[2];
    const int bits = l2l_dtype_bits(samples);
    l2l_plan *plan = make_plan(which, bits ? 1.0 / (double)((1 << bits) - 1) : 1.0);
    int64_t count = l2l_plan_param_count(plan);
    run r = { plan,
              make_params(plan),
              room(samples, n, 1, h, w),
              room(real, n, 3, h, w),
              room(real, n, 3, h, w),
              room(real, n, 1, h, w),
              room(L2L_F64, 1, 1, 1, count),
              room(real, n, 3, h, w),
              room(real, n, 3, h, w) };
    r.grad_params = l2l_vector(r.grad_params.data, L2L_F64, count);
    fill(&r.mosaic, -0.0625, 11);
    fill(&r.grad_image, -0.5, 12);
    for (int tapped = 0; tapped < 2; tapped++) {
        printf("%s %s-%s %dx%dx%d %s:", plans[which], l2l_dtype_name(samples),
               l2l_dtype_name(real), (int)n, (int)h, (int)w, tapped ? "tapped" : "folded");
        hash_run(&r, tapped);
        printf("\n");
    }
    free(r.params.data), free(r.mosaic.data), free(r.image.data), free(r.grad_image.data);
    free(r.grad_mosaic.data), free(r.grad_params.data), free(r.tap.data), free(r.grad_tap.data);
    l2l_plan_destroy(plan);
}

int main(int count, char **words) {
    static const int64_t sizes[][3] = {
        { 1, 1, 1 }, { 1, 3, 7 }, { 2, 16, 16 }, { 2, 61, 83 }, { 1, 50, 1100 }
    };
    static const l2l_dtype types[][2] = {
        { L2L_F32, L2L_F32 },    { L2L_U16, L2L_F32 },    { L2L_F64, L2L_F64 },
        { L2L_U16, L2L_F64 },    { L2L_RAW10, L2L_F32 },  { L2L_RAW12, L2L_F64 },
        { L2L_BITS10, L2L_F64 }, { L2L_BITS12, L2L_F32 }, { L2L_BITS14, L2L_F32 },
    };
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    options.threads = 1;
    for (int isa = L2L_ISA_BASELINE; count == 2 && isa <= L2L_ISA_NEON; isa++)
        if (!strcmp(words[1], l2l_isa_name((l2l_isa)isa))) options.isa = (l2l_isa)isa;
    if (options.isa == L2L_ISA_BEST || !l2l_isa_available(options.isa)) return 77;
    need(l2l_context_create(&options, &context) == L2L_OK, "no context");
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            for (int which = 0; which < (int)(sizeof plans / sizeof *plans); which++)
                hash_plan(which, types[t][0], types[t][1], sizes[s]);
    l2l_context_destroy(context);
    return 0;
}
