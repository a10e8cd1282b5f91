/* Batch normalisation in a plan: statistics, running state, evaluation, gradients. */
#include "run.h"

enum { N = 2, C = 3, H = 9, W = 14, PIXELS = H * W };

static const double epsilon = 1e-5, momentum = 0.1;

static l2l_plan *make(l2l_normalize_mode mode) {
    l2l_normalize normalize = { sizeof normalize, mode, epsilon, momentum };
    const l2l_stage stages[] = { { L2L_WHITE_BALANCE, NULL },
                                 { L2L_SHARPEN, NULL },
                                 { L2L_NORMALIZE, &normalize },
                                 { L2L_COLOR_MATRIX, NULL } };
    return plan_of(C, stages, 4);
}

static void image_and_loss(const l2l_plan *plan, const inputs *in, l2l_tensor *image,
                           const l2l_plan_extra *extra, double *loss) {
    ok(l2l_plan_forward(context, plan, &in->params, &in->mosaic, image, extra));
    *loss = 0;
    for (int64_t i = 0; i < elements(image); i++) *loss += get(image, i) * get(&in->grad_image, i);
}

/* What comes in front of the normalisation, by a tap. */
static void statistics_of(const l2l_plan *plan, const inputs *in, double mean[C], double var[C]) {
    l2l_tensor before = tensor(L2L_F64, N, C, H, W), image = tensor(L2L_F64, N, C, H, W);
    l2l_tap tap = { 1, &before, NULL };
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    extra.taps = &tap, extra.tap_count = 1;
    ok(l2l_plan_forward(context, plan, &in->params, &in->mosaic, &image, &extra));
    for (int c = 0; c < C; c++) {
        mean[c] = var[c] = 0;
        for (int i = 0; i < N * PIXELS; i++)
            mean[c] += get(&before, (i / PIXELS * C + c) * PIXELS + i % PIXELS) / (N * PIXELS);
        for (int i = 0; i < N * PIXELS; i++) {
            double d = get(&before, (i / PIXELS * C + c) * PIXELS + i % PIXELS) - mean[c];
            var[c] += d * d / (N * PIXELS);
        }
    }
    free(before.data), free(image.data);
}

START_TEST(training_measures_and_keeps_the_statistics) {
    l2l_plan *plan = make(L2L_NORMALIZE_BATCH);
    inputs in = some_inputs(plan, L2L_F64, N, H, W);
    double mean[C], var[C], values[2 * C], expected[2 * C];
    l2l_tensor state = l2l_vector(values, L2L_F64, 2 * C), image = tensor(L2L_F64, N, C, H, W);
    l2l_tensor normal = tensor(L2L_F64, N, C, H, W);
    l2l_tap tap = { 2, &normal, NULL };
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    statistics_of(plan, &in, mean, var);
    for (int i = 0; i < 2 * C; i++) values[i] = expected[i] = 0.5 + i;
    extra.state = &state, extra.taps = &tap, extra.tap_count = 1;
    for (int step = 0; step < 3; step++) {
        ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &image, &extra));
        for (int c = 0; c < C; c++) {
            double unbiased = var[c] * (N * PIXELS) / (N * PIXELS - 1.0);
            expected[c] += momentum * (mean[c] - expected[c]);
            expected[C + c] += momentum * (unbiased - expected[C + c]);
            ck_assert_double_eq_tol(values[c], expected[c], 1e-12);
            ck_assert_double_eq_tol(values[C + c], expected[C + c], 1e-12);
            double sum = 0, squares = 0;
            for (int i = 0; i < N * PIXELS; i++) {
                double y = get(&normal, (i / PIXELS * C + c) * PIXELS + i % PIXELS);
                sum += y / (N * PIXELS), squares += y * y / (N * PIXELS);
            }
            ck_assert_double_eq_tol(sum, 0, 1e-12);
            ck_assert_double_eq_tol(squares, var[c] / (var[c] + epsilon), 1e-12);
        }
    }
    free(image.data), free(normal.data), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

/* Far from 0 the squares of the samples are nearly all the same. */
START_TEST(a_small_spread_about_a_large_mean) {
    const l2l_normalize normalize = { sizeof normalize, L2L_NORMALIZE_BATCH, epsilon, momentum };
    const l2l_stage stages[] = { { L2L_WHITE_BALANCE, NULL }, { L2L_NORMALIZE, &normalize } };
    enum { HIGH = 300, WIDE = 1100, ALL = HIGH * WIDE }; /* several tiles */
    l2l_plan *plan = plan_of(1, stages, 2);
    inputs in = some_inputs(plan, L2L_F64, 1, HIGH, WIDE);
    double *x = in.mosaic.data, mean = 0, variance = 0, sum = 0, squares = 0;
    *(double *)in.params.data = 1;
    for (int i = 0; i < ALL; i++) x[i] += 1e7, mean += (x[i] - 1e7) / ALL;
    for (int i = 0; i < ALL; i++) variance += pow(x[i] - 1e7 - mean, 2) / ALL;
    outcome out = run(context, plan, &in);
    for (int i = 0; i < ALL; i++) {
        sum += get(&out.image, i) / ALL;
        squares += pow(get(&out.image, i), 2) / ALL;
    }
    ck_assert_double_eq_tol(sum, 0, 1e-8);
    ck_assert_double_eq_tol(squares, variance / (variance + epsilon), 1e-8);
    free_outcome(&out), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

/* The state is an output of forward in training, and of nothing else. */
START_TEST(only_training_changes_the_state) {
    l2l_plan *plan = make(L2L_NORMALIZE_BATCH);
    inputs in = some_inputs(plan, L2L_F32, N, H, W);
    float values[2 * C], before[2 * C];
    l2l_tensor state = l2l_vector(values, L2L_F32, 2 * C), image = tensor(L2L_F32, N, C, H, W);
    l2l_tensor grad = tensor(L2L_F32, N, C, H, W), other = tensor(L2L_F32, N, C, H, W);
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT, without = L2L_PLAN_EXTRA_INIT;
    for (int i = 0; i < 2 * C; i++) values[i] = before[i] = 0.5f + (float)i;
    extra.state = &state;
    for (extra.evaluation = 0; extra.evaluation < 2; extra.evaluation++) {
        ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image, L2L_GRAD_WRITE,
                             &grad, NULL, &extra));
        ck_assert_mem_eq(values, before, sizeof values);
    }
    extra.evaluation = 1;
    ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &image, &extra));
    ck_assert_mem_eq(values, before, sizeof values);
    extra.evaluation = 0;
    ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &image, &extra));
    for (int i = 0; i < 2 * C; i++) ck_assert(values[i] != before[i]);
    ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &other, &without));
    same_bits(&image, &other, "the image without a state");
    free(image.data), free(other.data), free(grad.data), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

/* In evaluation the stage is normalize.given with the state's mean and deviation. */
START_TEST(evaluation_uses_the_state) {
    l2l_plan *plan = make(L2L_NORMALIZE_BATCH), *given = make(L2L_NORMALIZE_GIVEN);
    inputs in = some_inputs(plan, L2L_F64, N, H, W), known = some_inputs(given, L2L_F64, N, H, W);
    double values[2 * C] = { 0.4, 0.5, 0.6, 0.01, 0.02, 0.03 };
    l2l_tensor state = l2l_vector(values, L2L_F64, 2 * C);
    l2l_tensor image = tensor(L2L_F64, N, C, H, W), grad = tensor(L2L_F64, N, C, H, W);
    l2l_tensor grad_params = l2l_vector(calloc(32, sizeof(double)), L2L_F64, in.params.shape[0]);
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    extra.state = &state, extra.evaluation = 1;
    double *p = known.params.data;
    memcpy(p, in.params.data, 12 * sizeof *p); /* gain, kernel */
    for (int c = 0; c < C; c++) p[12 + c] = values[c], p[15 + c] = sqrt(values[3 + c] + epsilon);
    memcpy(p + 18, (double *)in.params.data + 12, 9 * sizeof *p); /* matrix */
    outcome out = run(context, given, &known);
    ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &image, &extra));
    ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image, L2L_GRAD_WRITE,
                         &grad, &grad_params, &extra));
    close_to(&image, &out.image, 1e-13, "the image");
    close_to(&grad, &out.grad_mosaic, 1e-13, "the gradient");
    for (int i = 0; i < 21; i++)
        ck_assert_double_eq_tol(get(&grad_params, i), get(&out.grad_params, i < 12 ? i : i + 6),
                                1e-10);
    free(image.data), free(grad.data), free(grad_params.data), free_outcome(&out);
    free_inputs(&in), free_inputs(&known);
    l2l_plan_destroy(plan), l2l_plan_destroy(given);
}
END_TEST

static double difference(const l2l_plan *plan, inputs *in, l2l_tensor *image, double *value) {
    const double step = 1e-5, at = *value;
    double above, below;
    *value = at + step, image_and_loss(plan, in, image, NULL, &above);
    *value = at - step, image_and_loss(plan, in, image, NULL, &below);
    *value = at;
    return (above - below) / (2 * step);
}

/* Gradients pass through the statistics: against central differences. */
START_TEST(gradients_pass_through_the_statistics) {
    l2l_plan *plan = make(L2L_NORMALIZE_BATCH);
    inputs in = some_inputs(plan, L2L_F64, N, H, W);
    l2l_tensor image = tensor(L2L_F64, N, C, H, W);
    outcome out = run(context, plan, &in);
    double most = 0;
    for (int64_t i = 0; i < in.params.shape[0]; i++) {
        double expected = difference(plan, &in, &image, (double *)in.params.data + i);
        ck_assert_double_eq_tol(get(&out.grad_params, i), expected, 1e-6 * (1 + fabs(expected)));
        most = fmax(most, fabs(expected));
    }
    ck_assert(most > 0.1);
    for (int64_t i = 0; i < elements(&in.mosaic); i += 7) {
        double expected = difference(plan, &in, &image, (double *)in.mosaic.data + i);
        ck_assert_double_eq_tol(get(&out.grad_mosaic, i), expected, 1e-6 * (1 + fabs(expected)));
    }
    free(image.data), free_outcome(&out), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

/* A flat image has no variance: epsilon keeps everything finite. */
START_TEST(a_flat_batch_stays_finite) {
    l2l_plan *plan = make(L2L_NORMALIZE_BATCH);
    inputs in = some_inputs(plan, L2L_F32, 1, 1, 1);
    outcome out = run(context, plan, &in);
    for (int c = 0; c < C; c++) ck_assert(get(&out.image, c) == 0);
    for (int64_t i = 0; i < elements(&out.grad_mosaic); i++)
        ck_assert(fabs(get(&out.grad_mosaic, i)) < 1e-3);
    for (int i = 0; i < 2 * C; i++) ck_assert(isfinite(get(&out.state, i)));
    free_outcome(&out), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { training_measures_and_keeps_the_statistics,
                                   a_small_spread_about_a_large_mean,
                                   only_training_changes_the_state,
                                   evaluation_uses_the_state,
                                   gradients_pass_through_the_statistics,
                                   a_flat_batch_stays_finite,
                                   NULL };
    return run_tests("batch", tests);
}
