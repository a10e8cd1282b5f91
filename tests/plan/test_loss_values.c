/* Losses: values, slopes and their corners, types and strides of targets and images, scales. */
#include "loss_case.h"

static const int64_t size[3] = { 2, 12, 32 };

/* ---- targets ---- */

static l2l_tensor copy_of(const l2l_tensor *from, l2l_dtype dtype) {
    const int64_t *s = from->shape;
    l2l_tensor t = tensor(dtype, s[0], s[1], s[2], s[3]), flat;
    flat = l2l_vector(t.data, dtype, elements(&t));
    for (int64_t i = 0; i < elements(&t); i++) l2l_vector_set(&flat, i, get(from, i));
    return t;
}

/* `target` stands for the numbers that lie in place of the cotangent. */
static void stands_for(loss_case *c, const l2l_tensor *target, const char *what) {
    outcome expected = room_of_case(c), out = room_of_case(c);
    double value = loss_into(c, L2L_GRAD_WRITE, &expected);
    c->loss.target = target;
    ck_assert_msg(loss_into(c, L2L_GRAD_WRITE, &out) == value, "%s", what);
    c->loss.target = NULL;
    same_results(c, &out, &expected);
    free_outcome(&expected), free_outcome(&out);
}

START_TEST(targets_of_any_type) {
    const l2l_dtype dtypes[] = { L2L_U8, L2L_U16, L2L_F16, L2L_BF16, L2L_F32 };
    for (int which = 0; which < 4; which++)
        for (size_t d = 0; d < sizeof dtypes / sizeof dtypes[0]; d++)
            for (int f64 = 0; f64 < 2; f64++) {
                int channels;
                l2l_plan *plan = some_plan(which, &channels);
                l2l_dtype real = f64 ? L2L_F64 : L2L_F32;
                loss_case c = case_of(context, plan, real, size, (l2l_loss_kind)(d % KINDS));
                const int64_t *s = c.in.grad_image.shape;
                l2l_tensor target = noise(dtypes[d], s[0], s[1], s[2], s[3], 31);
                free(c.in.grad_image.data);
                c.in.grad_image = copy_of(&target, real);
                stands_for(&c, &target, l2l_dtype_name(dtypes[d]));
                free(target.data), free_inputs(&c.in);
                l2l_plan_destroy(plan);
            }
}
END_TEST

/* The target is one of the tensors that choose the arithmetic. */
START_TEST(a_double_target_makes_the_call_double) {
    int channels;
    l2l_plan *plan = some_plan(0, &channels);
    loss_case wide = case_of(context, plan, L2L_F64, size, L2L_LOSS_SQUARED), c = wide;
    l2l_tensor mosaic = copy_of(&wide.in.mosaic, L2L_F32);
    free(wide.in.mosaic.data);
    wide.in.mosaic = copy_of(&mosaic, L2L_F64);
    outcome expected = room_of_case(&wide), out = room_of_case(&wide);
    double value = loss_into(&wide, L2L_GRAD_WRITE, &expected);
    c.in.mosaic = mosaic;
    free(out.image.data), free(out.grad_mosaic.data);
    out.image = copy_of(&expected.image, L2L_F32);
    out.grad_mosaic = copy_of(&expected.grad_mosaic, L2L_F32);
    l2l_tensor image = copy_of(&out.image, L2L_F32), grad = copy_of(&out.grad_mosaic, L2L_F32);
    memset(out.image.data, 0, bytes_of(&out.image));
    memset(out.grad_mosaic.data, 0, bytes_of(&out.grad_mosaic));
    ck_assert(loss_into(&c, L2L_GRAD_WRITE, &out) == value);
    same_bits(&out.image, &image, "the image");
    same_bits(&out.grad_mosaic, &grad, "grad_mosaic");
    same_bits(&out.grad_params, &expected.grad_params, "grad_params");
    free(image.data), free(grad.data), free(mosaic.data);
    free_outcome(&expected), free_outcome(&out), free_inputs(&wide.in);
    l2l_plan_destroy(plan);
}
END_TEST

/* The elements of `from` in another order: its strides are those of `to`. */
static void scatter(const l2l_tensor *from, const l2l_tensor *to) {
    const int64_t *s = from->shape, *by = to->stride;
    int64_t i = 0;
    for (int64_t n = 0; n < s[0]; n++)
        for (int64_t k = 0; k < s[1]; k++)
            for (int64_t y = 0; y < s[2]; y++)
                for (int64_t x = 0; x < s[3]; x++)
                    ((float *)to->data)[n * by[0] + k * by[1] + y * by[2] + x * by[3]] =
                        ((const float *)from->data)[i++];
}

START_TEST(targets_of_any_strides) {
    l2l_context *tiled = context_with(2, 10, 8);
    for (int which = 0; which < PLANS; which++)
        for (int k = 0; k < 2; k++) {
            int channels;
            l2l_plan *plan = some_plan(which, &channels);
            loss_case c =
                case_of(k ? tiled : context, plan, L2L_F32, size, (l2l_loss_kind)(which % KINDS));
            l2l_tensor plain = c.in.grad_image, memory = copy_of(&plain, L2L_F32);
            const int64_t *s = plain.shape, all = elements(&plain), row = s[3] * s[1];
            const int64_t strides[][4] = {
                { s[2] * row, 1, row, s[1] },                    /* channels last */
                { s[1] * s[2] * s[3], s[2] * s[3], -s[3], 1 },   /* upside down */
                { s[1] * s[2] * s[3], s[2] * s[3], -s[3], -1 },  /* turned */
                { -s[1] * s[2] * s[3], -s[2] * s[3], -s[3], -1 } /* and from behind */
            };
            const int64_t first[] = { 0, (s[2] - 1) * s[3], s[2] * s[3] - 1, all - 1 };
            for (int i = 0; i < 4; i++) {
                l2l_tensor target = plain;
                target.data = (float *)memory.data + first[i];
                memcpy(target.stride, strides[i], sizeof strides[i]);
                scatter(&plain, &target);
                stands_for(&c, &target, "strides");
            }
            free(memory.data), free_inputs(&c.in);
            l2l_plan_destroy(plan);
        }
    l2l_context_destroy(tiled);
}
END_TEST

/* One row, one column, one number for all. */
START_TEST(targets_may_repeat) {
    const int64_t strides[][4] = { { 0, 0, 0, 1 }, { 0, 0, 1, 0 }, { 0, 0, 0, 0 }, { 0, 1, 0, 0 } };
    for (int which = 0; which < PLANS; which++)
        for (int i = 0; i < 4; i++) {
            int channels;
            l2l_plan *plan = some_plan(which, &channels);
            loss_case c = case_of(context, plan, L2L_F32, size, L2L_LOSS_ABSOLUTE);
            l2l_tensor plain = c.in.grad_image, target = copy_of(&plain, L2L_F32);
            const int64_t *s = plain.shape;
            memcpy(target.stride, strides[i], sizeof strides[i]);
            for (int64_t k = 0; k < elements(&plain); k++) {
                int64_t at = k % s[3] * strides[i][3] + k / s[3] % s[2] * strides[i][2] +
                             k / (s[3] * s[2]) % s[1] * strides[i][1];
                ((float *)plain.data)[k] = ((float *)target.data)[at];
            }
            stands_for(&c, &target, "a repeated target");
            free(target.data), free_inputs(&c.in);
            l2l_plan_destroy(plan);
        }
}
END_TEST

/* ---- images ---- */

/* The loss is of the image before it is rounded to the type that it is written in. */
START_TEST(images_of_any_type) {
    const l2l_dtype dtypes[] = { L2L_U8, L2L_U16, L2L_F16, L2L_BF16 };
    for (int which = 0; which < PLANS; which++)
        for (size_t d = 0; d < sizeof dtypes / sizeof dtypes[0]; d++) {
            int channels;
            l2l_plan *plan = some_plan(which, &channels);
            loss_case c = case_of(context, plan, L2L_F32, size, L2L_LOSS_SQUARED);
            outcome exact = room_of_case(&c), out = room_of_case(&c);
            const int64_t *s = exact.image.shape;
            l2l_tensor image = tensor(dtypes[d], s[0], s[1], s[2], s[3]);
            double value = loss_into(&c, L2L_GRAD_WRITE, &exact);
            free(out.image.data);
            out.image = tensor(dtypes[d], s[0], s[1], s[2], s[3]);
            ck_assert(loss_into(&c, L2L_GRAD_WRITE, &out) == value);
            same_bits(&out.grad_mosaic, &exact.grad_mosaic, "grad_mosaic");
            same_bits(&out.grad_params, &exact.grad_params, "grad_params");
            l2l_plan_extra extra = extra_of_case(&c, &exact);
            ok(l2l_plan_forward(context, plan, &c.in.params, &c.in.mosaic, &image, &extra));
            same_bits(&out.image, &image, "the image");
            free(image.data), free_outcome(&exact), free_outcome(&out), free_inputs(&c.in);
            l2l_plan_destroy(plan);
        }
}
END_TEST

/* ---- scales, corners, NaN ---- */

START_TEST(a_scale_of_0_makes_a_mean) {
    for (int which = 0; which < PLANS; which++) {
        int channels;
        l2l_plan *plan = some_plan(which, &channels);
        loss_case c = case_of(context, plan, L2L_F64, size, L2L_LOSS_ABSOLUTE);
        outcome mean = room_of_case(&c), out = room_of_case(&c);
        double value = loss_into(&c, L2L_GRAD_WRITE, &mean);
        c.loss.scale = 1.0 / (double)elements(&mean.image);
        ck_assert(loss_into(&c, L2L_GRAD_WRITE, &out) == value);
        same_results(&c, &out, &mean);
        c.loss.scale *= -4; /* a power of 2, which rounds nothing */
        ck_assert(loss_into(&c, L2L_GRAD_WRITE, &out) == -4 * value);
        for (int64_t i = 0; i < elements(&out.grad_mosaic); i++)
            ck_assert(get(&out.grad_mosaic, i) == -4 * get(&mean.grad_mosaic, i));
        free_outcome(&mean), free_outcome(&out), free_inputs(&c.in);
        l2l_plan_destroy(plan);
    }
}
END_TEST

/* Black level 0 hands the mosaic on: cotangents and gradients of the mosaic are the same. */
static void slopes(l2l_context *with, l2l_loss_kind kind, const double *mosaic,
                   const double *target, int64_t width, double *grad) {
    const l2l_stage stage = { L2L_BLACK_LEVEL, NULL };
    l2l_plan *plan = plan_of(1, &stage, 1);
    l2l_tensor from = l2l_image((void *)mosaic, L2L_F64, 1, 1, width);
    l2l_tensor to = l2l_image((void *)target, L2L_F64, 1, 1, width);
    l2l_tensor back = l2l_image(grad, L2L_F64, 1, 1, width);
    l2l_loss loss = { sizeof loss, kind, &to, 2.0 };
    ck_assert_int_eq(l2l_plan_loss(with, plan, NULL, &from, &loss, NULL, NULL, L2L_GRAD_WRITE,
                                   &back, NULL, NULL),
                     L2L_OK);
    l2l_plan_destroy(plan);
}

START_TEST(corners_are_flat) {
    enum { WIDTH = 20 };
    double y[WIDTH], t[WIDTH], grad[WIDTH];
    for (int i = 0; i < WIDTH; i++) y[i] = t[i] = i / 8.0;
    y[3] = -0.0, t[3] = 0.0;
    y[16] = 0.0, t[16] = -0.0;
    y[5] += 1, y[17] += 0x1p-40;
    y[6] -= 1, y[18] -= 0x1p-40;
    slopes(context, L2L_LOSS_ABSOLUTE, y, t, WIDTH, grad);
    for (int i = 0; i < WIDTH; i++) {
        double expected = i == 5 || i == 17 ? 2 : i == 6 || i == 18 ? -2 : 0;
        ck_assert_msg(grad[i] == expected && !signbit(grad[i]) == (expected >= 0),
                      "column %d: %g, not %g", i, grad[i], expected);
    }
    slopes(context, L2L_LOSS_SQUARED, y, t, WIDTH, grad);
    ck_assert(grad[5] == 4 && grad[6] == -4 && grad[7] == 0 && grad[17] == 0x1p-38);
    slopes(context, L2L_LOSS_PRODUCT, y, t, WIDTH, grad);
    for (int i = 0; i < WIDTH; i++) ck_assert(grad[i] == 2 * t[i]);
}
END_TEST

START_TEST(nan_in_a_target_propagates) {
    enum { WIDTH = 37 };
    for (int kind = 0; kind < KINDS; kind++)
        for (int at = 0; at < WIDTH; at += 4) {
            double y[WIDTH], t[WIDTH], grad[WIDTH], value;
            for (int i = 0; i < WIDTH; i++) y[i] = i, t[i] = 1.5;
            t[at] = (double)NAN;
            slopes(context, (l2l_loss_kind)kind, y, t, WIDTH, grad);
            for (int i = 0; i < WIDTH; i++) ck_assert_int_eq(isnan(grad[i]) != 0, i == at);
            const l2l_stage stage = { L2L_BLACK_LEVEL, NULL };
            l2l_plan *plan = plan_of(1, &stage, 1);
            l2l_tensor from = l2l_image(y, L2L_F64, 1, 1, WIDTH);
            l2l_tensor to = l2l_image(t, L2L_F64, 1, 1, WIDTH);
            l2l_loss loss = { sizeof loss, (l2l_loss_kind)kind, &to, 0.0 };
            ok(l2l_plan_loss(context, plan, NULL, &from, &loss, &value, NULL, L2L_GRAD_WRITE, NULL,
                             NULL, NULL));
            ck_assert(isnan(value));
            l2l_plan_destroy(plan);
        }
}
END_TEST

/* ---- differences ---- */

static double value_at(const loss_case *c, double *number, double x) {
    const double before = *number;
    outcome out = room_of_case(c);
    *number = x;
    double value = loss_into(c, L2L_GRAD_WRITE, &out);
    *number = before;
    free_outcome(&out);
    return value;
}

static void differences(const loss_case *c, double *numbers, const double *grad, int64_t count,
                        int64_t step) {
    const double h = 1e-6;
    double most = 0, worst = 0;
    for (int64_t i = 0; i < count; i += step) {
        double slope =
            (value_at(c, &numbers[i], numbers[i] + h) - value_at(c, &numbers[i], numbers[i] - h)) /
            (2 * h);
        most = fmax(most, fabs(slope));
        worst = fmax(worst, fabs(slope - grad[i]));
    }
    ck_assert_msg(most > 0 && worst <= 1e-6 * most, "%g off, of %g", worst, most);
}

/* Of plans without a kink in the way: 0 and 1 clip, 2 and 5 have medians, 3 hands gamma numbers
   below 0. */
START_TEST(gradients_are_those_of_the_value) {
    const int smooth[] = { 4, 6 };
    const int64_t few[3] = { 1, 6, 8 };
    for (int k = 0; k < 2; k++)
        for (int kind = 0; kind < KINDS; kind++) {
            int channels;
            l2l_plan *plan = some_plan(smooth[k], &channels);
            loss_case c = case_of(context, plan, L2L_F64, few, (l2l_loss_kind)kind);
            outcome out = room_of_case(&c);
            for (int64_t i = 0; i < elements(&c.in.mosaic); i++)
                ((double *)c.in.mosaic.data)[i] += 0.5;
            loss_into(&c, L2L_GRAD_WRITE, &out);
            differences(&c, c.in.mosaic.data, out.grad_mosaic.data, elements(&c.in.mosaic), 5);
            differences(&c, c.in.params.data, out.grad_params.data, c.in.params.shape[0], 3);
            free_outcome(&out), free_inputs(&c.in);
            l2l_plan_destroy(plan);
        }
}
END_TEST

int main(void) {
    const TTest *const tests[] = { targets_of_any_type,
                                   a_double_target_makes_the_call_double,
                                   targets_of_any_strides,
                                   targets_may_repeat,
                                   images_of_any_type,
                                   a_scale_of_0_makes_a_mean,
                                   corners_are_flat,
                                   nan_in_a_target_propagates,
                                   gradients_are_those_of_the_value,
                                   NULL };
    return run_tests("loss values", tests);
}
