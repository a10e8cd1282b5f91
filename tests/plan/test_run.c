/* Running plans: accumulation, batches, optional outputs, cancellation, memory. */
#include "loss_case.h"

/* ---- accumulation ---- */

static void added(const l2l_tensor *sum, const l2l_tensor *before, const l2l_tensor *alone,
                  const char *what) {
    for (int64_t i = 0; i < elements(sum); i++) {
        double expected = get(before, i) + get(alone, i);
        if (sum->dtype == L2L_F32) expected = (float)expected;
        ck_assert_msg(get(sum, i) == expected, "%s: %g + %g is not %g", what, get(before, i),
                      get(alone, i), get(sum, i));
    }
}

static void accumulation(int which, l2l_dtype dtype, int64_t width) {
    int channels;
    l2l_plan *plan = some_plan(which, &channels);
    inputs in = some_inputs(plan, dtype, 1, 21, width);
    outcome alone = run(context, plan, &in), sum = room_for(plan, &in),
            before = room_for(plan, &in);
    fill(&sum.grad_mosaic, 1), fill(&sum.grad_params, 2), fill(&sum.grad_additive, 3);
    fill(&before.grad_mosaic, 1), fill(&before.grad_params, 2), fill(&before.grad_additive, 3);
    run_into(context, plan, &in, L2L_GRAD_ADD, &sum);
    added(&sum.grad_mosaic, &before.grad_mosaic, &alone.grad_mosaic, "grad_mosaic");
    added(&sum.grad_params, &before.grad_params, &alone.grad_params, "grad_params");
    if (has_additive(plan))
        added(&sum.grad_additive, &before.grad_additive, &alone.grad_additive, "grad_additive");
    /* WRITE does not read what was there */
    memset(sum.grad_mosaic.data, 0xff, bytes_of(&sum.grad_mosaic));
    memset(sum.grad_params.data, 0xff, bytes_of(&sum.grad_params));
    memset(sum.grad_additive.data, 0xff, bytes_of(&sum.grad_additive));
    run_into(context, plan, &in, L2L_GRAD_WRITE, &sum);
    same_bits(&sum.grad_mosaic, &alone.grad_mosaic, "grad_mosaic");
    same_bits(&sum.grad_params, &alone.grad_params, "grad_params");
    if (has_additive(plan)) same_bits(&sum.grad_additive, &alone.grad_additive, "grad_additive");
    free_outcome(&alone), free_outcome(&sum), free_outcome(&before), free_inputs(&in);
    l2l_plan_destroy(plan);
}

START_TEST(gradients_add_up) {
    for (int which = 0; which < PLANS; which++) {
        accumulation(which, L2L_F32, 34);
        accumulation(which, L2L_F64, 34);
        accumulation(which, L2L_F32, 32); /* rows that can be written where they lie */
        accumulation(which, L2L_F64, 16);
    }
}
END_TEST

/* ---- batches ---- */

static l2l_tensor image_of(const l2l_tensor *batch, int64_t n) {
    l2l_tensor one = *batch;
    one.shape[0] = 1;
    one.data = (char *)batch->data + (size_t)(n * batch->stride[0]) * l2l_dtype_size(batch->dtype);
    return one;
}

static void batch(int which, l2l_dtype dtype) {
    enum { N = 3 };
    int channels;
    l2l_plan *plan = some_plan(which, &channels);
    inputs in = some_inputs(plan, dtype, N, 13, 40);
    outcome all = run(context, plan, &in), sum = room_for(plan, &in);
    for (int64_t n = 0; n < N; n++) {
        inputs single = in;
        single.mosaic = image_of(&in.mosaic, n), single.grad_image = image_of(&in.grad_image, n);
        outcome out = room_for(plan, &single);
        l2l_tensor grad_params = out.grad_params, grad_additive = out.grad_additive;
        out.grad_params = sum.grad_params, out.grad_additive = sum.grad_additive;
        run_into(context, plan, &single, n ? L2L_GRAD_ADD : L2L_GRAD_WRITE, &out);
        l2l_tensor image = image_of(&all.image, n), grad = image_of(&all.grad_mosaic, n);
        same_bits(&out.image, &image, "an image of the batch");
        same_bits(&out.grad_mosaic, &grad, "a mosaic's gradient");
        out.grad_params = grad_params, out.grad_additive = grad_additive;
        free_outcome(&out);
    }
    close_to(&all.grad_params, &sum.grad_params, 1e-13, "grad_params over the batch");
    if (has_additive(plan)) same_bits(&all.grad_additive, &sum.grad_additive, "grad_additive");
    free_outcome(&all), free_outcome(&sum), free_inputs(&in);
    l2l_plan_destroy(plan);
}

START_TEST(a_batch_is_its_images) {
    for (int which = 0; which < PLANS; which++) {
        if (which == 1) continue; /* statistics over the batch: test_batch.c */
        batch(which, L2L_F32);
        batch(which, L2L_F64);
    }
}
END_TEST

/* A mosaic may be (N,1,H,W), (N,H,W) or, alone, (1,H,W) and (H,W); an image (N,C,H,W) or (C,H,W).
 */
START_TEST(views_of_any_rank) {
    l2l_plan *plan = preset("lens2logit");
    for (int64_t n = 1; n <= 2; n++) {
        inputs in = some_inputs(plan, L2L_F32, n, 6, 10);
        outcome expected = run(context, plan, &in), out = room_for(plan, &in);
        const int64_t nhw[3] = { n, 6, 10 };
        inputs lower = in;
        lower.mosaic = l2l_tensor_of(in.mosaic.data, L2L_F32, 3, nhw);
        l2l_tensor grad_mosaic = out.grad_mosaic, image = out.image;
        out.grad_mosaic = l2l_tensor_of(grad_mosaic.data, L2L_F32, 3, nhw);
        run_into(context, plan, &lower, L2L_GRAD_WRITE, &out);
        same_bits(&out.image, &expected.image, "the image");
        same_bits(&out.grad_mosaic, &expected.grad_mosaic, "grad_mosaic");
        if (n == 1) {
            lower.mosaic = l2l_tensor_of(in.mosaic.data, L2L_F32, 2, nhw + 1);
            lower.grad_image = l2l_image(in.grad_image.data, L2L_F32, 3, 6, 10);
            out.grad_mosaic = l2l_tensor_of(grad_mosaic.data, L2L_F32, 2, nhw + 1);
            out.image = l2l_image(image.data, L2L_F32, 3, 6, 10);
            memset(image.data, 0, bytes_of(&image));
            run_into(context, plan, &lower, L2L_GRAD_WRITE, &out);
            same_bits(&out.image, &expected.image, "the image");
            same_bits(&out.grad_mosaic, &expected.grad_mosaic, "grad_mosaic");
        }
        free_outcome(&expected), free_outcome(&out), free_inputs(&in);
    }
    l2l_plan_destroy(plan);
}
END_TEST

/* ---- optional outputs and inputs ---- */

START_TEST(each_output_may_be_left_out) {
    for (int which = 0; which < PLANS; which++) {
        int channels;
        l2l_plan *plan = some_plan(which, &channels);
        inputs in = some_inputs(plan, L2L_F64, 2, 12, 26);
        outcome all = run(context, plan, &in), out = room_for(plan, &in);
        for (int wanted = 0; wanted < 8; wanted++) {
            l2l_plan_extra extra = extra_of(plan, &in, &out);
            memset(out.grad_mosaic.data, 0x55, bytes_of(&out.grad_mosaic));
            memset(out.grad_params.data, 0x55, bytes_of(&out.grad_params));
            memset(out.grad_additive.data, 0x55, bytes_of(&out.grad_additive));
            if (!(wanted & 4)) extra.grad_additive = NULL;
            ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image,
                                 L2L_GRAD_WRITE, wanted & 1 ? &out.grad_mosaic : NULL,
                                 wanted & 2 ? &out.grad_params : NULL, &extra));
            if (wanted & 1) same_bits(&out.grad_mosaic, &all.grad_mosaic, "grad_mosaic");
            if (wanted & 2) same_bits(&out.grad_params, &all.grad_params, "grad_params");
            if (wanted & 4 && has_additive(plan))
                same_bits(&out.grad_additive, &all.grad_additive, "grad_additive");
            double mark;
            memset(&mark, 0x55, sizeof mark);
            ck_assert((wanted & 1) || get(&out.grad_mosaic, 3) == mark);
            ck_assert((wanted & 2) || get(&out.grad_params, 0) == mark);
            ck_assert((wanted & 4) || get(&out.grad_additive, 3) == mark);
        }
        free_outcome(&all), free_outcome(&out), free_inputs(&in);
        l2l_plan_destroy(plan);
    }
}
END_TEST

START_TEST(no_parameters_are_the_default_ones) {
    l2l_plan *plan = preset("lens2logit");
    inputs in = some_inputs(plan, L2L_F32, 1, 8, 8);
    double values[132]; /* as single ones they would be rounded */
    free(in.params.data);
    in.params = l2l_vector(values, L2L_F64, 132);
    ok(l2l_plan_default_params(context, plan, &in.params));
    outcome given = run(context, plan, &in), none = room_for(plan, &in);
    ok(l2l_plan_forward(context, plan, NULL, &in.mosaic, &none.image, NULL));
    ok(l2l_plan_backward(context, plan, NULL, &in.mosaic, &in.grad_image, L2L_GRAD_WRITE,
                         &none.grad_mosaic, &none.grad_params, NULL));
    same_bits(&none.image, &given.image, "the image");
    same_bits(&none.grad_mosaic, &given.grad_mosaic, "grad_mosaic");
    same_bits(&none.grad_params, &given.grad_params, "grad_params");
    in.params.data = NULL;
    free_outcome(&given), free_outcome(&none), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

/* Scaling on the way in is a gain before the first stage; gradients are of the scaled samples. */
START_TEST(samples_are_scaled) {
    l2l_plan_options options = L2L_PLAN_OPTIONS_INIT;
    l2l_stage stage = { L2L_BLACK_LEVEL, NULL };
    l2l_plan *plan;
    uint16_t samples[6] = { 0, 1, 1000, 32768, 65534, 65535 };
    double levels[4] = { 0.125, 0.25, 0.5, 0.75 }, image[6], grad[6] = { 1, 2, 3, 4, 5, 6 };
    double grad_samples[6];
    l2l_tensor params = l2l_vector(levels, L2L_F64, 4);
    l2l_tensor mosaic = l2l_image(samples, L2L_U16, 1, 2, 3),
               to = l2l_image(image, L2L_F64, 1, 2, 3);
    l2l_tensor from = l2l_image(grad, L2L_F64, 1, 2, 3);
    l2l_tensor back = l2l_image(grad_samples, L2L_F64, 1, 2, 3);
    options.sample_scale = 1.0 / 65535.0;
    ok(l2l_plan_create(context, &options, &stage, 1, &plan));
    ok(l2l_plan_forward(context, plan, &params, &mosaic, &to, NULL));
    ok(l2l_plan_backward(context, plan, &params, &mosaic, &from, L2L_GRAD_WRITE, &back, NULL,
                         NULL));
    for (int i = 0; i < 6; i++) {
        int site = 2 * (i / 3 % 2) + i % 3 % 2;
        ck_assert_double_eq_tol(image[i], samples[i] / 65535.0 - levels[site], 1e-15);
        ck_assert(grad_samples[i] == grad[i]);
    }
    l2l_plan_destroy(plan);
}
END_TEST

/* ---- halved sizes ---- */

START_TEST(superpixel_leaves_an_odd_edge_out) {
    l2l_demosaic half = L2L_DEMOSAIC_INIT;
    half.method = L2L_DEMOSAIC_SUPERPIXEL;
    const l2l_stage stage = { L2L_DEMOSAIC, &half };
    l2l_plan *plan = plan_of(1, &stage, 1);
    const int64_t extents[][2] = { { 2, 2 }, { 3, 2 }, { 2, 3 }, { 7, 35 }, { 41, 19 } };
    for (size_t e = 0; e < sizeof extents / sizeof extents[0]; e++) {
        int64_t h = extents[e][0], w = extents[e][1];
        l2l_tensor mosaic = noise(L2L_F64, 1, 1, h, w, 3);
        l2l_tensor image = tensor(L2L_F64, 1, 3, h / 2, w / 2);
        l2l_tensor grad = cotangent(L2L_F64, 1, 3, h / 2, w / 2, 4);
        l2l_tensor grad_mosaic = noise(L2L_F64, 1, 1, h, w, 5);
        int64_t plane = (h / 2) * (w / 2);
        ok(l2l_plan_forward(context, plan, NULL, &mosaic, &image, NULL));
        ok(l2l_plan_backward(context, plan, NULL, &mosaic, &grad, L2L_GRAD_WRITE, &grad_mosaic,
                             NULL, NULL));
        for (int64_t y = 0; y < h; y++)
            for (int64_t x = 0; x < w; x++) {
                int64_t site = 2 * (y % 2) + x % 2, at = y / 2 * (w / 2) + x / 2;
                bool outside = y >= h / 2 * 2 || x >= w / 2 * 2;
                double expected = outside     ? 0
                                  : site == 0 ? get(&grad, at)
                                  : site == 3 ? get(&grad, 2 * plane + at)
                                              : get(&grad, plane + at) / 2;
                ck_assert(get(&grad_mosaic, y * w + x) == expected);
                if (outside) continue;
                if (site == 0) ck_assert(get(&image, at) == get(&mosaic, y * w + x));
                if (site == 3) ck_assert(get(&image, 2 * plane + at) == get(&mosaic, y * w + x));
                if (site == 1)
                    ck_assert_double_eq_tol(
                        get(&image, plane + at),
                        (get(&mosaic, y * w + x) + get(&mosaic, (y + 1) * w + x - 1)) / 2, 1e-15);
            }
        free(mosaic.data), free(image.data), free(grad.data), free(grad_mosaic.data);
    }
    l2l_plan_destroy(plan);
}
END_TEST

/* ---- cancellation ---- */

typedef struct patience {
    atomic_int polls, limit;
} patience;

static int lose_patience(void *user) {
    patience *p = user;
    return atomic_fetch_add(&p->polls, 1) >= atomic_load(&p->limit);
}

START_TEST(calls_can_be_cancelled) {
    for (int threads = 1; threads <= 4; threads += 3)
        for (int which = 0; which < 2; which++) {
            patience p = { 0, 0 };
            l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
            l2l_context *own;
            int channels;
            options.cancelled = lose_patience, options.cancelled_user = &p;
            options.threads = threads, options.tile_width = options.tile_height = 8;
            ck_assert_int_eq(l2l_context_create(&options, &own), L2L_OK);
            l2l_plan *plan = some_plan(which, &channels);
            inputs in = some_inputs(plan, L2L_F32, 1, 40, 40);
            outcome out = room_for(plan, &in);
            l2l_plan_extra extra = extra_of(plan, &in, &out);
            for (int limit = 0; limit < 25; limit += 8) {
                p.polls = 0;
                p.limit = limit;
                ck_assert_int_eq(
                    l2l_plan_forward(own, plan, &in.params, &in.mosaic, &out.image, &extra),
                    L2L_CANCELLED);
                ck_assert_ptr_nonnull(strstr(l2l_context_error(own), "cancelled"));
                p.polls = 0;
                ck_assert_int_eq(l2l_plan_backward(own, plan, &in.params, &in.mosaic,
                                                   &in.grad_image, L2L_GRAD_WRITE, &out.grad_mosaic,
                                                   &out.grad_params, &extra),
                                 L2L_CANCELLED);
                ck_assert_int_le(p.polls, limit + threads);
                l2l_loss loss = { sizeof loss, L2L_LOSS_SQUARED, &in.grad_image, 0 };
                double value = -1;
                p.polls = 0;
                ck_assert_int_eq(l2l_plan_loss(own, plan, &in.params, &in.mosaic, &loss, &value,
                                               &out.image, L2L_GRAD_WRITE, &out.grad_mosaic,
                                               &out.grad_params, &extra),
                                 L2L_CANCELLED);
                ck_assert_int_le(p.polls, limit + threads);
                ck_assert(value == -1);
            }
            p.polls = 0; /* and afterwards all is well */
            p.limit = INT32_MAX;
            outcome again = run(own, plan, &in), expected;
            l2l_context *calm = context_with(1, 8, 8);
            expected = run(calm, plan, &in);
            same_bits(&again.image, &expected.image, "the image");
            same_bits(&again.grad_params, &expected.grad_params, "grad_params");
            l2l_context_destroy(calm);
            free_outcome(&out), free_outcome(&again), free_outcome(&expected), free_inputs(&in);
            l2l_plan_destroy(plan);
            l2l_context_destroy(own);
        }
}
END_TEST

/* ---- memory ---- */

static void no_allocation(int which, int threads, bool of_loss) {
    counting_allocator own_counter;
    counting_start(&own_counter);
    l2l_allocator hook = counting_hook(&own_counter);
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    l2l_context *own;
    int channels;
    options.allocator = &hook, options.threads = threads;
    options.tile_width = options.tile_height = 16;
    ck_assert_int_eq(l2l_context_create(&options, &own), L2L_OK);
    l2l_plan *plan = some_plan(which, &channels);
    const int64_t size[3] = { 2, 50, 70 };
    loss_case c = case_of(own, plan, L2L_F32, size, L2L_LOSS_SQUARED);
    outcome out = room_of_case(&c);
    of_loss ? (void)loss_into(&c, L2L_GRAD_WRITE, &out)
            : run_into(own, plan, &c.in, L2L_GRAD_WRITE, &out);
    long requests = own_counter.requests;
    size_t scratch = l2l_context_scratch_bytes(own);
    ck_assert_int_gt(requests, 0);
    for (int repeat = 0; repeat < 3; repeat++)
        of_loss ? (void)loss_into(&c, L2L_GRAD_ADD, &out)
                : run_into(own, plan, &c.in, L2L_GRAD_ADD, &out);
    ck_assert_int_eq(own_counter.requests, requests);
    ck_assert_uint_eq(l2l_context_scratch_bytes(own), scratch);
    free_outcome(&out), free_inputs(&c.in);
    l2l_plan_destroy(plan);
    l2l_context_destroy(own);
    ck_assert_int_eq(own_counter.blocks, 0);
    ck_assert_int_eq(own_counter.wrong, 0);
}

START_TEST(a_shape_allocates_once) {
    for (int which = 0; which < PLANS; which++) {
        for (int of_loss = 0; of_loss < 2; of_loss++) {
            no_allocation(which, 1, of_loss);
            no_allocation(which, 5, of_loss);
        }
    }
}
END_TEST

START_TEST(lack_of_memory_is_reported) {
    for (int which = 0; which < PLANS; which++) {
        int channels;
        l2l_plan *plan = some_plan(which, &channels);
        inputs in = some_inputs(plan, L2L_F32, 1, 20, 20);
        outcome out = run(context, plan, &in);
        l2l_plan_extra extra = extra_of(plan, &in, &out);
        for (long n = 1, done = 0; !done; n++) {
            counting_allocator own_counter;
            counting_start(&own_counter);
            l2l_allocator hook = counting_hook(&own_counter);
            l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
            l2l_context *own;
            ck_assert_int_lt(n, 40);
            options.allocator = &hook, options.threads = 1;
            ck_assert_int_eq(l2l_context_create(&options, &own), L2L_OK);
            own_counter.fail_at = own_counter.requests + n;
            l2l_status status =
                l2l_plan_forward(own, plan, &in.params, &in.mosaic, &out.image, &extra);
            if (status == L2L_OK)
                status =
                    l2l_plan_backward(own, plan, &in.params, &in.mosaic, &in.grad_image,
                                      L2L_GRAD_WRITE, &out.grad_mosaic, &out.grad_params, &extra);
            done = own_counter.requests < own_counter.fail_at;
            ck_assert_int_eq(status, done ? L2L_OK : L2L_OUT_OF_MEMORY);
            l2l_context_destroy(own);
            ck_assert_int_eq(own_counter.blocks, 0);
            ck_assert_int_eq(own_counter.wrong, 0);
        }
        free_outcome(&out), free_inputs(&in);
        l2l_plan_destroy(plan);
    }
}
END_TEST

int main(void) {
    const TTest *const tests[] = { gradients_add_up,
                                   a_batch_is_its_images,
                                   views_of_any_rank,
                                   each_output_may_be_left_out,
                                   no_parameters_are_the_default_ones,
                                   samples_are_scaled,
                                   superpixel_leaves_an_odd_edge_out,
                                   calls_can_be_cancelled,
                                   a_shape_allocates_once,
                                   lack_of_memory_is_reported,
                                   NULL };
    return run_tests("run", tests);
}
