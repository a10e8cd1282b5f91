/* Tensors of every data type and any strides, in and out of a plan. */
#include "run.h"

/* ---- data types ---- */

static const l2l_dtype dtypes[] = { L2L_U8, L2L_U16, L2L_F16, L2L_BF16, L2L_F32, L2L_F64 };

/* A scale that brings the codes of a type to [0, 1). */
static double scale_of(l2l_dtype dtype) {
    return dtype == L2L_U8 ? 1 / 256.0 : dtype == L2L_U16 ? 1 / 65536.0 : 1.0;
}

static l2l_plan *scaled_plan(double scale) {
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    l2l_plan *plan;
    options.sample_scale = scale;
    ok(l2l_plan_preset(context, "lens2logit", &options, &plan));
    return plan;
}

static l2l_tensor converted(const l2l_tensor *from, l2l_dtype dtype) {
    l2l_tensor t = tensor(dtype, from->shape[0], from->shape[1], from->shape[2], from->shape[3]);
    l2l_tensor flat = l2l_vector(t.data, dtype, elements(&t));
    for (int64_t i = 0; i < elements(&t); i++) l2l_vector_set(&flat, i, get(from, i));
    return t;
}

/* Samples of each type give what the same numbers as f32 (f64: as f64) give. */
START_TEST(any_type_comes_in) {
    for (size_t d = 0; d < sizeof dtypes / sizeof dtypes[0]; d++) {
        l2l_plan *plan = scaled_plan(scale_of(dtypes[d]));
        l2l_dtype real = dtypes[d] == L2L_F64 ? L2L_F64 : L2L_F32;
        inputs in = some_inputs(plan, real, 2, 11, 20), plain = in;
        free(in.mosaic.data);
        in.mosaic = noise(dtypes[d], 2, 1, 11, 20, 21);
        plain.mosaic = converted(&in.mosaic, real);
        outcome out = room_for(plan, &in), expected = run(context, plan, &plain);
        run_into(context, plan, &in, L2L_GRAD_WRITE, &out);
        same_bits(&out.image, &expected.image, l2l_dtype_name(dtypes[d]));
        same_bits(&out.grad_mosaic, &expected.grad_mosaic, l2l_dtype_name(dtypes[d]));
        same_bits(&out.grad_params, &expected.grad_params, l2l_dtype_name(dtypes[d]));
        free(plain.mosaic.data), free_outcome(&out), free_outcome(&expected), free_inputs(&in);
        l2l_plan_destroy(plan);
    }
}
END_TEST

/* Half a unit in the last place of a half type about `value`. */
static double half_step(l2l_dtype dtype, double value) {
    int exponent, digits = dtype == L2L_F16 ? 11 : 8, least = dtype == L2L_F16 ? -13 : -125;
    frexp(value, &exponent);
    return ldexp(0.5, (exponent < least ? least : exponent) - digits);
}

static void rounded(const l2l_tensor *out, const l2l_tensor *exact, const char *what) {
    const double most = out->dtype == L2L_U8 ? 255 : 65535;
    for (int64_t i = 0; i < elements(out); i++) {
        double x = get(exact, i), y = get(out, i);
        if (out->dtype == L2L_U8 || out->dtype == L2L_U16)
            ck_assert_msg(fabs(y - fmin(fmax(x, 0), most)) <= 0.5, "%s: %g of %g", what, y, x);
        else
            ck_assert_msg(fabs(y - x) <= half_step(out->dtype, x), "%s: %.9g of %.9g", what, y, x);
    }
}

/* Images and gradients of each type are those of f32, rounded. */
START_TEST(any_type_goes_out) {
    for (size_t d = 0; d < 4; d++) {
        bool integer = dtypes[d] == L2L_U8 || dtypes[d] == L2L_U16;
        const double high = dtypes[d] == L2L_U8 ? 300 : dtypes[d] == L2L_U16 ? 70000 : 1;
        l2l_stage stages[] = { { L2L_DEMOSAIC, NULL }, { L2L_WHITE_BALANCE, NULL } };
        l2l_plan *plan = plan_of(1, stages, 2);
        inputs in = some_inputs(plan, L2L_F32, 1, 15, 18);
        for (int c = 0; c < 3; c++)
            ((float *)in.params.data)[c] = (float)(c == 1 ? -high / 4 : high);
        outcome exact = run(context, plan, &in);
        l2l_tensor image = tensor(dtypes[d], 1, 3, 15, 18), grad = tensor(dtypes[d], 1, 1, 15, 18);
        ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &image, NULL));
        rounded(&image, &exact.image, l2l_dtype_name(dtypes[d]));
        if (!integer) {
            ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image,
                                 L2L_GRAD_WRITE, &grad, NULL, NULL));
            rounded(&grad, &exact.grad_mosaic, l2l_dtype_name(dtypes[d]));
        }
        free(image.data), free(grad.data), free_outcome(&exact), free_inputs(&in);
        l2l_plan_destroy(plan);
    }
}
END_TEST

START_TEST(nan_becomes_zero_in_integers_and_stays_elsewhere) {
    l2l_stage stage = { L2L_CLIP, NULL };
    l2l_plan *plan = plan_of(1, &stage, 1);
    float samples[4] = { NAN, 0.49999997f, INFINITY, -INFINITY }, floats[4];
    uint8_t codes[4] = { 9, 9, 9, 9 };
    l2l_tensor from = l2l_image(samples, L2L_F32, 1, 2, 2), to = l2l_image(codes, L2L_U8, 1, 2, 2);
    l2l_tensor real = l2l_image(floats, L2L_F32, 1, 2, 2);
    ok(l2l_plan_forward(context, plan, NULL, &from, &to, NULL));
    ok(l2l_plan_forward(context, plan, NULL, &from, &real, NULL));
    ck_assert(codes[0] == 0 && codes[1] == 0 && codes[2] == 1 && codes[3] == 0);
    ck_assert(isnan(floats[0]) && floats[1] == samples[1] && floats[2] == 1 && floats[3] == 1e-5f);
    l2l_plan_destroy(plan);
}
END_TEST

/* One tensor of f64 makes the arithmetic double. */
START_TEST(double_precision_is_contagious) {
    l2l_plan *plan = preset("lens2logit");
    inputs in = some_inputs(plan, L2L_F64, 1, 10, 12), mixed = in;
    outcome exact, out;
    mixed.mosaic = noise(L2L_F32, 1, 1, 10, 12, 31);
    free(in.mosaic.data);
    in.mosaic = converted(&mixed.mosaic, L2L_F64);
    exact = run(context, plan, &in);
    out = room_for(plan, &mixed);
    run_into(context, plan, &mixed, L2L_GRAD_WRITE, &out);
    for (int64_t i = 0; i < elements(&out.image); i++)
        ck_assert(get(&out.image, i) == get(&exact.image, i));
    same_bits(&out.grad_params, &exact.grad_params, "grad_params");
    free(mixed.mosaic.data), free_outcome(&exact), free_outcome(&out), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

/* ---- strides ---- */

/* The same tensor with gaps, and with some of its axes reversed; `block` is to be freed. The gaps
   hold a pattern. */
static l2l_tensor spread(const l2l_tensor *t, int64_t gap, unsigned reversed, void **block) {
    l2l_tensor s = *t;
    size_t size = l2l_dtype_size(t->dtype);
    int64_t stride = gap, origin = 5;
    for (int d = 3; d >= 0; d--) {
        s.stride[d] = stride;
        stride = stride * t->shape[d] + gap;
    }
    for (int d = 0; d < 4; d++)
        if (reversed >> d & 1) {
            origin += (s.shape[d] - 1) * s.stride[d];
            s.stride[d] = -s.stride[d];
        }
    *block = malloc((size_t)(stride + 10) * size);
    ck_assert_ptr_nonnull(*block);
    memset(*block, 0x3c, (size_t)(stride + 10) * size);
    s.data = (char *)*block + (size_t)origin * size;
    return s;
}

static void *element(const l2l_tensor *s, int64_t i) {
    int64_t at = 0;
    for (int d = 3; d >= 0; d--) at += i % s->shape[d] * s->stride[d], i /= s->shape[d];
    return (char *)s->data + at * (int64_t)l2l_dtype_size(s->dtype);
}

static void copy_in(const l2l_tensor *to, const l2l_tensor *from) {
    size_t size = l2l_dtype_size(from->dtype);
    for (int64_t i = 0; i < elements(from); i++)
        memcpy(element(to, i), (char *)from->data + (size_t)i * size, size);
}

/* The elements are those of `expected`, and every other byte of the block still is the pattern. */
static void same_elements(const l2l_tensor *s, unsigned char *block, const l2l_tensor *expected,
                          const char *what) {
    size_t size = l2l_dtype_size(s->dtype);
    int64_t last = 10, same = 0; /* an assertion for each byte would take seconds */
    for (int d = 0; d < 4; d++) last += (s->shape[d] - 1) * llabs(s->stride[d]);
    while (same < elements(expected) &&
           !memcmp(element(s, same), (char *)expected->data + (size_t)same * size, size))
        memset(element(s, same++), 0x3c, size);
    ck_assert_msg(same == elements(expected), "%s differs at %lld", what, (long long)same);
    size_t bytes = (size_t)last * size, alone = 0;
    while (alone < bytes && block[alone] == 0x3c) alone++;
    ck_assert_msg(alone == bytes, "%s: a byte between its elements was written", what);
}

static void strided(const l2l_plan *plan, l2l_dtype dtype, int64_t width, int tile_width,
                    int64_t gap, unsigned reversed) {
    void *block[5];
    inputs in = some_inputs(plan, dtype, 2, 17, width), wide = in;
    l2l_context *small = context_with(2, tile_width, 8);
    outcome expected = run(context, plan, &in), out = expected;
    wide.mosaic = spread(&in.mosaic, gap, reversed, &block[0]);
    wide.grad_image = spread(&in.grad_image, gap, reversed, &block[1]);
    copy_in(&wide.mosaic, &in.mosaic), copy_in(&wide.grad_image, &in.grad_image);
    out.image = spread(&expected.image, gap, reversed, &block[2]);
    out.grad_mosaic = spread(&expected.grad_mosaic, gap, reversed, &block[3]);
    out.grad_additive = spread(&expected.grad_additive, gap, reversed, &block[4]);
    out.grad_params.data = calloc((size_t)elements(&out.grad_params) + 1, sizeof(double));
    run_into(small, plan, &wide, L2L_GRAD_WRITE, &out);
    same_elements(&out.image, block[2], &expected.image, "the image");
    same_elements(&out.grad_mosaic, block[3], &expected.grad_mosaic, "grad_mosaic");
    if (has_additive(plan))
        same_elements(&out.grad_additive, block[4], &expected.grad_additive, "grad_additive");
    for (int i = 0; i < 5; i++) free(block[i]);
    free(out.grad_params.data), free_outcome(&expected), free_inputs(&in);
    l2l_context_destroy(small);
}

START_TEST(any_strides) {
    for (int which = 0; which < PLANS; which++) {
        int channels;
        l2l_plan *plan = some_plan(which, &channels);
        for (unsigned reversed = 0; reversed < 16; reversed += 5) {
            strided(plan, L2L_F32, 21, 8, 3, reversed);
            strided(plan, L2L_F64, 21, 8, 1, reversed + 1 > 15 ? 12 : reversed + 1);
        }
        l2l_plan_destroy(plan);
    }
}
END_TEST

/* Rows that stages can work on as they lie, whole ones or parts: their neighbours stay alone. */
static void rows_apart(l2l_plan *plan) {
    for (unsigned reversed = 0; reversed < 8; reversed++) {
        strided(plan, L2L_F32, 48, 0, 1, reversed);
        strided(plan, L2L_F32, 48, 16, 1, reversed);
        strided(plan, L2L_F64, 32, reversed % 2 ? 10 : 16, 1, reversed);
    }
    l2l_plan_destroy(plan);
}

START_TEST(rows_apart_from_each_other) {
    l2l_normalize batch = L2L_NORMALIZE_INIT;
    batch.mode = L2L_NORMALIZE_BATCH;
    const l2l_stage single[] = { { L2L_WHITE_BALANCE, NULL }, { L2L_COLOR_MATRIX, NULL },
                                 { L2L_CLIP, NULL },          { L2L_GAMMA, NULL },
                                 { L2L_ADDITIVE, NULL },      { L2L_NORMALIZE, &batch } };
    const l2l_stage black_level = { L2L_BLACK_LEVEL, NULL };
    for (size_t i = 0; i < sizeof single / sizeof single[0]; i++)
        rows_apart(plan_of(3, &single[i], 1));
    rows_apart(plan_of(1, &black_level, 1));
    for (int which = 0; which < PLANS; which++) {
        int channels;
        rows_apart(some_plan(which, &channels));
    }
}
END_TEST

/* Channels last: the strides of (N,H,W,C). */
START_TEST(channels_last) {
    l2l_plan *plan = preset("lens2logit");
    inputs in = some_inputs(plan, L2L_F32, 2, 9, 13);
    outcome expected = run(context, plan, &in), out = room_for(plan, &in);
    const int64_t stride[4] = { 9 * 13 * 3, 1, 13 * 3, 3 };
    l2l_tensor contiguous = in.grad_image;
    in.grad_image = tensor(L2L_F32, 2, 3, 9, 13);
    memcpy(in.grad_image.stride, stride, sizeof stride);
    memcpy(out.image.stride, stride, sizeof stride);
    copy_in(&in.grad_image, &contiguous);
    run_into(context, plan, &in, L2L_GRAD_WRITE, &out);
    for (int64_t i = 0; i < elements(&out.image); i++)
        ck_assert(!memcmp(element(&out.image, i), (float *)expected.image.data + i, sizeof(float)));
    same_bits(&out.grad_mosaic, &expected.grad_mosaic, "grad_mosaic");
    same_bits(&out.grad_params, &expected.grad_params, "grad_params");
    free(contiguous.data), free_outcome(&expected), free_outcome(&out), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

/* A stride of 0 repeats one cotangent: the gradient of a sum. */
START_TEST(a_broadcast_cotangent) {
    l2l_plan *plan = preset("lens2logit");
    inputs in = some_inputs(plan, L2L_F64, 1, 9, 13);
    double one = 1;
    for (int64_t i = 0; i < elements(&in.grad_image); i++) ((double *)in.grad_image.data)[i] = 1;
    outcome expected = run(context, plan, &in), out = room_for(plan, &in);
    l2l_tensor ones = in.grad_image;
    ones.data = &one;
    memset(ones.stride, 0, sizeof ones.stride);
    ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &ones, L2L_GRAD_WRITE,
                         &out.grad_mosaic, &out.grad_params, NULL));
    same_bits(&out.grad_mosaic, &expected.grad_mosaic, "grad_mosaic");
    same_bits(&out.grad_params, &expected.grad_params, "grad_params");
    free_outcome(&expected), free_outcome(&out), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { any_type_comes_in,
                                   any_type_goes_out,
                                   nan_becomes_zero_in_integers_and_stays_elsewhere,
                                   double_precision_is_contagious,
                                   any_strides,
                                   rows_apart_from_each_other,
                                   channels_last,
                                   a_broadcast_cotangent,
                                   NULL };
    return run_tests("tensors", tests);
}
