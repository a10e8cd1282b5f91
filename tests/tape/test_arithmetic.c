/* Elementwise ops and reductions: values, gradients, strides, data types, threads. */
#include "tape_case.h"

#include <stdlib.h>

static l2l_context *context;
static l2l_tape *tape;

static void set_up(void) {
    OK(l2l_context_create(NULL, &context));
    OK(l2l_tape_create(context, &tape));
}

static void tear_down(void) {
    l2l_tape_destroy(tape);
    l2l_context_destroy(context);
}

/* Σ weight · value, so that every element has a cotangent of its own. */
static l2l_var weighted(l2l_tape *t, l2l_var value, l2l_var weight) {
    l2l_var product, sum;
    OK(l2l_tape_mul(t, value, weight, &product));
    OK(l2l_tape_sum(t, product, &sum));
    return sum;
}

enum { ADD, SUB, MUL, SCALE, SQUARE, MEAN, FAN_OUT, SELF, CHAIN, OPS };

/* Leaves: a, b, weight. */
static l2l_var build_op(l2l_tape *t, const l2l_var *leaf, void *user) {
    l2l_var a = leaf[0], b = leaf[1], w = leaf[2], x, y, z;
    switch (*(int *)user) {
    case ADD:
        OK(l2l_tape_add(t, a, b, &x));
        return weighted(t, x, w);
    case SUB:
        OK(l2l_tape_sub(t, a, b, &x));
        return weighted(t, x, w);
    case MUL:
        OK(l2l_tape_mul(t, a, b, &x));
        return weighted(t, x, w);
    case SCALE:
        OK(l2l_tape_scale(t, a, -1.75, 0.5, &x));
        OK(l2l_tape_mul(t, x, b, &y));
        return weighted(t, y, w);
    case SQUARE:
        OK(l2l_tape_square(t, a, &x));
        OK(l2l_tape_add(t, x, b, &y));
        return weighted(t, y, w);
    case MEAN:
        OK(l2l_tape_mul(t, a, b, &x));
        OK(l2l_tape_mul(t, x, w, &y));
        OK(l2l_tape_mean(t, y, &z));
        return z;
    case FAN_OUT: /* a three times, the middle value twice */
        OK(l2l_tape_mul(t, a, b, &x));
        OK(l2l_tape_add(t, x, a, &y));
        OK(l2l_tape_mul(t, y, x, &z));
        OK(l2l_tape_sub(t, z, a, &x));
        return weighted(t, x, w);
    case SELF: /* a − a contributes nothing, a + a twice, a · a as the square */
        OK(l2l_tape_sub(t, a, a, &x));
        OK(l2l_tape_add(t, a, a, &y));
        OK(l2l_tape_mul(t, y, y, &z));
        OK(l2l_tape_add(t, z, x, &x));
        OK(l2l_tape_add(t, x, b, &x));
        return weighted(t, x, w);
    default: /* a scalar that is used as one */
        x = weighted(t, a, b);
        OK(l2l_tape_square(t, x, &y));
        z = weighted(t, b, w);
        OK(l2l_tape_mul(t, y, z, &x));
        return x;
    }
}

START_TEST(gradients_agree_with_differences) {
    int op = _i;
    tape_case c = { .context = context, .leaves = 3, .build = build_op, .user = &op };
    case_fill(&c, -1, 1);
    const int64_t shape[3] = { 2, 3, 4 };
    for (int i = 0; i < 3; i++) c.leaf[i] = l2l_tensor_of(c.data[i], L2L_F64, 3, shape);
    case_check(&c, 1e-7);
}
END_TEST

START_TEST(leaves_may_be_strided) {
    int op = _i;
    tape_case c = { .context = context, .leaves = 3, .build = build_op, .user = &op };
    case_fill(&c, -1, 1);
    const int64_t shape[4] = { 2, 2, 3, 4 };
    for (int i = 0; i < 3; i++) c.leaf[i] = l2l_tensor_of(c.data[i], L2L_F64, 4, shape);
    /* every other column; backwards; transposed */
    c.leaf[0].stride[3] = 2, c.leaf[0].stride[2] = 9, c.leaf[0].stride[1] = 30;
    c.leaf[0].stride[0] = 61;
    c.leaf[1].data = &c.data[1][47];
    for (int k = 0; k < 4; k++) c.leaf[1].stride[k] = -c.leaf[1].stride[k];
    c.leaf[2].stride[0] = 1, c.leaf[2].stride[1] = 2, c.leaf[2].stride[2] = 4;
    c.leaf[2].stride[3] = 12;
    case_check(&c, 1e-7);
}
END_TEST

static l2l_var leaf(const l2l_tensor *value, int requires_grad) {
    l2l_var var;
    OK(l2l_tape_leaf(tape, value, requires_grad, &var));
    return var;
}

START_TEST(values_and_gradients_are_what_they_say) {
    double a[3] = { 1, -2, 3 }, b[3] = { 0.5, 4, -8 };
    l2l_tensor ta = l2l_vector(a, L2L_F64, 3), tb = l2l_vector(b, L2L_F64, 3), v;
    l2l_var x = leaf(&ta, 1), y = leaf(&tb, 0), p, s, m;
    OK(l2l_tape_mul(tape, x, y, &p));
    OK(l2l_tape_value(tape, p, &v));
    ck_assert_double_eq(((double *)v.data)[1], -8);
    OK(l2l_tape_scale(tape, p, 2, 1, &s));
    OK(l2l_tape_value(tape, s, &v));
    ck_assert_double_eq(((double *)v.data)[2], -47);
    OK(l2l_tape_sum(tape, s, &m));
    ck_assert_double_eq(scalar_of(tape, m), 2 * (0.5 - 8 - 24) + 3);
    OK(l2l_tape_backward(tape, m));
    OK(l2l_tape_grad(tape, x, &v));
    for (int i = 0; i < 3; i++) ck_assert_double_eq(((double *)v.data)[i], 2 * b[i]);
    ck_assert_int_eq(l2l_tape_grad(tape, y, &v), L2L_STATE);
    OK(l2l_tape_grad(tape, p, &v)); /* in between */
    ck_assert_double_eq(((double *)v.data)[0], 2);
    OK(l2l_tape_grad(tape, m, &v));
    ck_assert_double_eq(((double *)v.data)[0], 1);

    /* A leaf is a borrowed view, not a copy. */
    OK(l2l_tape_value(tape, x, &v));
    ck_assert_ptr_eq(v.data, a);
    /* From another loss: the earlier gradients are forgotten, not added to. */
    OK(l2l_tape_sum(tape, x, &s));
    OK(l2l_tape_backward(tape, s));
    OK(l2l_tape_grad(tape, x, &v));
    for (int i = 0; i < 3; i++) ck_assert_double_eq(((double *)v.data)[i], 1);
    ck_assert_int_eq(l2l_tape_grad(tape, p, &v), L2L_STATE);
    /* A leaf of one element is a loss too. */
    ta = l2l_vector(a, L2L_F64, 1);
    x = leaf(&ta, 1);
    OK(l2l_tape_backward(tape, x));
    OK(l2l_tape_grad(tape, x, &v));
    ck_assert_double_eq(((double *)v.data)[0], 1);
}
END_TEST

START_TEST(data_types_mix) {
    uint8_t u8[4] = { 0, 1, 200, 255 };
    uint16_t u16[4] = { 0, 1, 65535, 300 }, f16[4] = { 0x3c00, 0xc000, 0x3800, 0 };
    float f32[4] = { 0.1f, -2.5f, 3.0f, 1e-3f };
    double f64[4] = { 0.1, 1e-9, -3, 7 };
    const l2l_tensor t[5] = { l2l_vector(u8, L2L_U8, 4), l2l_vector(u16, L2L_U16, 4),
                              l2l_vector(f16, L2L_F16, 4), l2l_vector(f32, L2L_F32, 4),
                              l2l_vector(f64, L2L_F64, 4) };
    const double as_double[5][4] = { { 0, 1, 200, 255 },
                                     { 0, 1, 65535, 300 },
                                     { 1, -2, 0.5, 0 },
                                     { (double)0.1f, -2.5, 3.0, (double)1e-3f },
                                     { 0.1, 1e-9, -3, 7 } };
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 5; j++) {
            l2l_var x = leaf(&t[i], i >= 3), y = leaf(&t[j], j >= 3), sum, loss;
            l2l_tensor v;
            OK(l2l_tape_add(tape, x, y, &sum));
            OK(l2l_tape_value(tape, sum, &v));
            bool wide = i == 4 || j == 4;
            ck_assert_int_eq(v.dtype, wide ? L2L_F64 : L2L_F32);
            for (int k = 0; k < 4; k++) {
                double expected = as_double[i][k] + as_double[j][k];
                if (wide)
                    ck_assert_double_eq(((double *)v.data)[k], expected);
                else
                    ck_assert(((float *)v.data)[k] == (float)expected);
            }
            OK(l2l_tape_mean(tape, sum, &loss));
            if (i < 3 && j < 3) {
                ck_assert_int_eq(l2l_tape_backward(tape, loss), L2L_INVALID_ARGUMENT);
                continue;
            }
            OK(l2l_tape_backward(tape, loss));
            for (int side = 0; side < 2; side++) {
                int type = side ? j : i;
                if (type < 3) continue;
                OK(l2l_tape_grad(tape, side ? y : x, &v));
                ck_assert_int_eq(v.dtype, t[type].dtype);
                for (int k = 0; k < 4; k++)
                    ck_assert_double_eq(
                        type == 3 ? (double)((float *)v.data)[k] : ((double *)v.data)[k], 0.25);
            }
        }
    }
}
END_TEST

enum { MANY = 100003 };

/* Sum, loss and gradient of MANY elements with the given number of threads. */
static void run_many(int threads, double *loss, float *grad) {
    float *x = malloc(MANY * sizeof *x);
    ck_assert_ptr_nonnull(x);
    uint64_t state = 3;
    for (int i = 0; i < MANY; i++) x[i] = (float)case_random(&state, -1, 1);
    l2l_context_options o = L2L_CONTEXT_OPTIONS_INIT;
    o.threads = threads;
    l2l_context *own;
    l2l_tape *t;
    OK(l2l_context_create(&o, &own));
    OK(l2l_tape_create(own, &t));
    l2l_tensor view = l2l_vector(x, L2L_F32, MANY), g;
    l2l_var a, b, c;
    OK(l2l_tape_leaf(t, &view, 1, &a));
    OK(l2l_tape_square(t, a, &b));
    OK(l2l_tape_scale(t, b, 3, 1, &b));
    OK(l2l_tape_sum(t, b, &c));
    *loss = scalar_of(t, c);
    OK(l2l_tape_backward(t, c));
    OK(l2l_tape_grad(t, a, &g));
    memcpy(grad, g.data, MANY * sizeof *grad);
    double expected = 0;
    for (int i = 0; i < MANY; i++) {
        expected += (double)(float)(3.0 * (double)(x[i] * x[i]) + 1);
        ck_assert(fabs((double)grad[i] - 6.0 * (double)x[i]) <= 1e-6);
    }
    ck_assert(fabs(*loss - expected) <= 1e-7 * expected);
    l2l_tape_destroy(t);
    l2l_context_destroy(own);
    free(x);
}

START_TEST(sums_do_not_depend_on_threads) {
    const int threads[] = { 1, 2, 7, 16 };
    float *first = malloc(MANY * sizeof *first), *grad = malloc(MANY * sizeof *grad);
    double first_loss, loss;
    ck_assert(first && grad);
    run_many(1, &first_loss, first);
    for (int i = 0; i < 4; i++) {
        run_many(threads[i], &loss, grad);
        ck_assert(memcmp(&loss, &first_loss, sizeof loss) == 0);
        ck_assert(memcmp(grad, first, MANY * sizeof *grad) == 0);
    }
    free(first);
    free(grad);
}
END_TEST

START_TEST(sums_are_in_double) {
    /* In single precision the small ones would vanish beside the large one. */
    enum { COUNT = 5000 };
    static float x[COUNT];
    x[0] = 16777216.0f;
    for (int i = 1; i < COUNT; i++) x[i] = 0.5f;
    x[COUNT - 1] = -16777216.0f;
    l2l_tensor view = l2l_vector(x, L2L_F32, COUNT);
    l2l_var a = leaf(&view, 0), s;
    OK(l2l_tape_sum(tape, a, &s));
    ck_assert_double_eq(scalar_of(tape, s), 0.5 * (COUNT - 2));
    OK(l2l_tape_mean(tape, a, &s));
    ck_assert(fabs(scalar_of(tape, s) - 0.5 * (COUNT - 2) / COUNT) < 1e-7);
}
END_TEST

START_TEST(nan_comes_through) {
    double x[2] = { NAN, 1 };
    l2l_tensor view = l2l_vector(x, L2L_F64, 2), g;
    l2l_var a = leaf(&view, 1), b, c;
    OK(l2l_tape_square(tape, a, &b));
    OK(l2l_tape_sum(tape, b, &c));
    ck_assert(isnan(scalar_of(tape, c)));
    OK(l2l_tape_backward(tape, c));
    OK(l2l_tape_grad(tape, a, &g));
    ck_assert(isnan(((double *)g.data)[0]));
    ck_assert_double_eq(((double *)g.data)[1], 2);
}
END_TEST

static void refused(l2l_status status, const char *part) {
    ck_assert_int_eq(status, L2L_INVALID_ARGUMENT);
    ck_assert_msg(strstr(l2l_context_error(context), part), "'%s' lacks '%s'",
                  l2l_context_error(context), part);
}

START_TEST(misuse_is_refused) {
    double data[24] = { 0 };
    l2l_tensor v = l2l_vector(data, L2L_F64, 6), six = v, five = l2l_vector(data, L2L_F64, 5),
               flat = l2l_image(data, L2L_F64, 1, 2, 3);
    l2l_var a = leaf(&six, 1), b = leaf(&five, 0), c = leaf(&flat, 0), r = 77, scalar;

    refused(l2l_tape_add(tape, a, b, &r), "6 and 5");
    refused(l2l_tape_mul(tape, a, c, &r), "1 and 3 dimensions");
    refused(l2l_tape_sub(tape, a, 3, &r), "3 is not a variable");
    refused(l2l_tape_sub(tape, -1, a, &r), "-1 is not a variable");
    refused(l2l_tape_add(tape, a, L2L_NO_VAR, &r), "-1 is not a variable");
    refused(l2l_tape_sum(tape, INT32_MAX, &r), "not a variable");
    refused(l2l_tape_sum(tape, INT32_MIN, &r), "not a variable");
    refused(l2l_tape_sum(tape, a, NULL), "NULL");
    refused(l2l_tape_square(tape, a, NULL), "NULL");
    refused(l2l_tape_value(tape, 12, &v), "12");
    refused(l2l_tape_value(tape, a, NULL), "NULL");
    refused(l2l_tape_grad(tape, 12, &v), "12");
    refused(l2l_tape_grad(tape, a, NULL), "NULL");
    ck_assert_int_eq(r, 77);

    refused(l2l_tape_backward(tape, a), "6 elements");
    refused(l2l_tape_backward(tape, 99), "99");
    ck_assert_int_eq(l2l_tape_grad(tape, a, &v), L2L_STATE);
    OK(l2l_tape_sum(tape, b, &scalar));
    refused(l2l_tape_backward(tape, scalar), "requires");
    OK(l2l_tape_sum(tape, a, &scalar));
    ck_assert_int_eq(l2l_tape_grad(tape, scalar, &v), L2L_STATE);
    OK(l2l_tape_backward(tape, scalar));
    /* A refused backward leaves the gradients there. */
    refused(l2l_tape_backward(tape, a), "6 elements");
    OK(l2l_tape_grad(tape, a, &v));

    uint16_t words[4] = { 0 };
    l2l_tensor bad = l2l_vector(words, L2L_U16, 4);
    refused(l2l_tape_leaf(tape, &bad, 1, &r), "u16");
    OK(l2l_tape_leaf(tape, &bad, 0, &r));
    bad.shape[0] = 0;
    refused(l2l_tape_leaf(tape, &bad, 0, &r), "extent 0");
    refused(l2l_tape_leaf(tape, NULL, 0, &r), "NULL");
    refused(l2l_tape_leaf(tape, &six, 0, NULL), "NULL");

    l2l_tape *none = tape;
    ck_assert_int_eq(l2l_tape_create(NULL, &none), L2L_INVALID_ARGUMENT);
    ck_assert_ptr_null(none);
    refused(l2l_tape_create(context, NULL), "NULL");
    ck_assert_int_eq(l2l_tape_sum(NULL, 0, &r), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_tape_leaf(NULL, &six, 0, &r), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_tape_backward(NULL, 0), L2L_INVALID_ARGUMENT);
    ck_assert_int_eq(l2l_tape_grad(NULL, 0, &v), L2L_INVALID_ARGUMENT);
    l2l_tape_clear(NULL);
    l2l_tape_destroy(NULL);
}
END_TEST

START_TEST(variables_end_with_clear) {
    double data[6] = { 1, 2, 3, 4, 5, 6 };
    l2l_tensor six = l2l_vector(data, L2L_F64, 6), v;
    l2l_var a = leaf(&six, 1), s;
    OK(l2l_tape_sum(tape, a, &s));
    OK(l2l_tape_backward(tape, s));
    l2l_tape_clear(tape);
    refused(l2l_tape_value(tape, a, &v), "not a variable");
    a = leaf(&six, 1);
    ck_assert_int_eq(l2l_tape_grad(tape, a, &v), L2L_STATE);
    OK(l2l_tape_sum(tape, a, &s));
    ck_assert_double_eq(scalar_of(tape, s), 21);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tape arithmetic");
    TCase *cases = tcase_create("arithmetic");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, gradients_agree_with_differences, 0, OPS);
    tcase_add_loop_test(cases, leaves_may_be_strided, 0, OPS);
    tcase_add_test(cases, values_and_gradients_are_what_they_say);
    tcase_add_test(cases, data_types_mix);
    tcase_add_test(cases, sums_do_not_depend_on_threads);
    tcase_add_test(cases, sums_are_in_double);
    tcase_add_test(cases, nan_comes_through);
    tcase_add_test(cases, misuse_is_refused);
    tcase_add_test(cases, variables_end_with_clear);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
