/* What must be the same to the bit: for any tile size, any number of threads, and for two threads
   that share a plan. */
#include "run.h"

#include <pthread.h>

static const int64_t sizes[][3] = { { 1, 61, 83 }, { 2, 37, 150 }, { 1, 2, 3 }, { 1, 5, 70 } };
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void same_outcome(const l2l_plan *plan, const outcome *a, const outcome *b, bool params) {
    same_bits(&a->image, &b->image, "the image");
    same_bits(&a->grad_mosaic, &b->grad_mosaic, "grad_mosaic");
    if (has_additive(plan)) same_bits(&a->grad_additive, &b->grad_additive, "grad_additive");
    if (has_batch(plan)) same_bits(&a->state, &b->state, "the state");
    if (params) same_bits(&a->grad_params, &b->grad_params, "grad_params");
}

static void tiles(int which, l2l_dtype dtype, const int64_t size[3]) {
    const int tile[][2] = { { 8, 8 }, { 9, 31 }, { 16, 13 }, { 33, 8 }, { 50, 64 }, { 512, 10 } };
    int channels;
    l2l_plan *plan = some_plan(which, &channels);
    inputs in = some_inputs(plan, dtype, size[0], size[1], size[2]);
    outcome whole = run(context, plan, &in);
    for (size_t i = 0; i < sizeof tile / sizeof tile[0]; i++) {
        l2l_context *tiled = context_with(2, tile[i][0], tile[i][1]);
        outcome out = run(tiled, plan, &in);
        same_outcome(plan, &out, &whole, false);
        close_to(&out.grad_params, &whole.grad_params, dtype == L2L_F64 ? 1e-12 : 1e-5,
                 "grad_params");
        free_outcome(&out);
        l2l_context_destroy(tiled);
    }
    free_outcome(&whole);
    free_inputs(&in);
    l2l_plan_destroy(plan);
}

START_TEST(tiles_leave_no_trace) {
    for (int which = 0; which < PLANS; which++)
        for (int s = 0; s < SIZES; s++) {
            tiles(which, L2L_F32, sizes[s]);
            tiles(which, L2L_F64, sizes[s]);
        }
}
END_TEST

static void threads(int which, l2l_dtype dtype, const int64_t size[3]) {
    const int count[] = { 2, 7, 16 };
    int channels;
    l2l_plan *plan = some_plan(which, &channels);
    inputs in = some_inputs(plan, dtype, size[0], size[1], size[2]);
    l2l_context *one = context_with(1, 8, 16);
    outcome alone = run(one, plan, &in);
    for (int i = 0; i < 3; i++) {
        l2l_context *many = context_with(count[i], 8, 16);
        for (int repeat = 0; repeat < 2; repeat++) {
            outcome out = run(many, plan, &in);
            same_outcome(plan, &out, &alone, true);
            free_outcome(&out);
        }
        l2l_context_destroy(many);
    }
    l2l_context_destroy(one);
    free_outcome(&alone);
    free_inputs(&in);
    l2l_plan_destroy(plan);
}

START_TEST(threads_leave_no_trace) {
    for (int which = 0; which < PLANS; which++)
        for (int s = 0; s < SIZES; s++) {
            threads(which, L2L_F32, sizes[s]);
            threads(which, L2L_F64, sizes[s]);
        }
}
END_TEST

/* The library's own grid: several tiles each way. */
START_TEST(large_images_too) {
    const int64_t size[3] = { 1, 300, 1100 };
    int channels;
    l2l_plan *plan = some_plan(1, &channels);
    inputs in = some_inputs(plan, L2L_F32, size[0], size[1], size[2]);
    outcome alone = run(context, plan, &in);
    l2l_context *many = context_with(7, 0, 0);
    outcome out = run(many, plan, &in);
    same_outcome(plan, &out, &alone, true);
    free_outcome(&out);
    l2l_context_destroy(many);
    free_outcome(&alone);
    free_inputs(&in);
    l2l_plan_destroy(plan);
    tiles(0, L2L_F32, size);
}
END_TEST

/* ---- a pool of the host's ---- */

static void last_first(void *user, int count, void (*body)(void *, int), void *argument) {
    ++*(int *)user;
    for (int i = count - 1; i >= 0; i--) body(argument, i);
}

START_TEST(a_hosts_pool_gives_the_same) {
    int calls = 0, channels;
    l2l_parallel parallel = { last_first, &calls, 5 };
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    options.parallel = &parallel;
    options.tile_width = options.tile_height = 8;
    l2l_context *hosted, *own = context_with(1, 8, 8);
    ck_assert_int_eq(l2l_context_create(&options, &hosted), L2L_OK);
    l2l_plan *plan = some_plan(0, &channels);
    inputs in = some_inputs(plan, L2L_F32, 1, 40, 40);
    outcome a = run(hosted, plan, &in), b = run(own, plan, &in);
    same_outcome(plan, &a, &b, true);
    ck_assert_int_gt(calls, 0);
    free_outcome(&a), free_outcome(&b), free_inputs(&in);
    l2l_plan_destroy(plan);
    l2l_context_destroy(hosted), l2l_context_destroy(own);
}
END_TEST

/* ---- two users of one plan ---- */

typedef struct user {
    const l2l_plan *plan;
    const inputs *in;
    const outcome *expected;
    int wrong;
} user;

static void *use(void *argument) {
    user *u = argument;
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    l2l_context *own;
    options.threads = 2;
    options.tile_width = options.tile_height = 16;
    u->wrong = l2l_context_create(&options, &own) != L2L_OK;
    for (int repeat = 0; repeat < 20 && !u->wrong; repeat++) {
        outcome out = run(own, u->plan, u->in);
        u->wrong =
            memcmp(out.image.data, u->expected->image.data, bytes_of(&out.image)) ||
            memcmp(out.grad_params.data, u->expected->grad_params.data, bytes_of(&out.grad_params));
        free_outcome(&out);
    }
    l2l_context_destroy(own);
    return NULL;
}

START_TEST(two_threads_share_a_plan) {
    enum { USERS = 2 };
    int channels;
    l2l_plan *plan = some_plan(1, &channels);
    inputs in = some_inputs(plan, L2L_F32, 2, 50, 60);
    l2l_context *first = context_with(1, 16, 16);
    outcome expected = run(first, plan, &in);
    pthread_t thread[USERS];
    user users[USERS];
    for (int i = 0; i < USERS; i++) {
        users[i] = (user){ plan, &in, &expected, 0 };
        ck_assert_int_eq(pthread_create(&thread[i], NULL, use, &users[i]), 0);
    }
    for (int i = 0; i < USERS; i++) {
        pthread_join(thread[i], NULL);
        ck_assert_int_eq(users[i].wrong, 0);
    }
    free_outcome(&expected);
    l2l_context_destroy(first);
    free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { tiles_leave_no_trace,     threads_leave_no_trace,
                                   large_images_too,         a_hosts_pool_gives_the_same,
                                   two_threads_share_a_plan, NULL };
    return run_tests("bits", tests);
}
