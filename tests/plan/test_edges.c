/* Nothing is read or written beyond the caller's tensors: they end, or begin, at memory that
   nobody may touch. What comes out is what tensors in the open get. */
#define _GNU_SOURCE
#include "loss_case.h"

#include <sys/mman.h>
#include <unistd.h>

typedef struct fence {
    void *memory;
    size_t size;
} fence;

/* A copy of `from` with a page that is out of bounds right behind it, or right before it. */
static l2l_tensor fenced(const l2l_tensor *from, bool behind, fence *f) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = bytes_of(from);
    const size_t inside = (bytes + page - 1) / page * page;
    l2l_tensor t = *from;
    f->size = inside + 2 * page;
    f->memory = mmap(NULL, f->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(f->memory != MAP_FAILED);
    char *first = (char *)f->memory + page;
    ck_assert_int_eq(mprotect(first, inside, PROT_READ | PROT_WRITE), 0);
    t.data = behind ? first + inside - bytes : first;
    memcpy(t.data, from->data, bytes);
    return t;
}

/* All tensors of a call and of what comes out. */
enum { FENCED = 9 };

static void fence_in(loss_case *c, outcome *out, bool behind, fence fences[FENCED]) {
    l2l_tensor *all[FENCED] = { &c->in.params,     &c->in.mosaic,       &c->in.grad_image,
                                &c->in.additive,   &out->image,         &out->grad_mosaic,
                                &out->grad_params, &out->grad_additive, &out->state };
    for (int i = 0; i < FENCED; i++) *all[i] = fenced(all[i], behind, &fences[i]);
}

static void in_bounds(const loss_case *open, bool behind) {
    loss_case c = *open;
    fence fences[FENCED];
    outcome expected = room_of_case(open), room = room_of_case(open), out = room;
    fence_in(&c, &out, behind, fences);
    run_into(c.with, c.plan, &open->in, L2L_GRAD_WRITE, &expected);
    run_into(c.with, c.plan, &c.in, L2L_GRAD_WRITE, &out);
    same_results(&c, &out, &expected);
    double value = loss_into(open, L2L_GRAD_WRITE, &expected);
    ck_assert(loss_into(&c, L2L_GRAD_WRITE, &out) == value);
    same_results(&c, &out, &expected);
    for (int i = 0; i < FENCED; i++) munmap(fences[i].memory, fences[i].size);
    free_outcome(&expected), free_outcome(&room);
}

static void any_width(const l2l_plan *plan, l2l_context *with) {
    const int64_t sizes[][3] = { { 2, 9, 16 }, { 1, 10, 32 }, { 2, 8, 48 }, { 1, 9, 37 } };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int f64 = 0; f64 < 2; f64++) {
            loss_case c = case_of(with, plan, f64 ? L2L_F64 : L2L_F32, sizes[s], L2L_LOSS_SQUARED);
            in_bounds(&c, true);
            in_bounds(&c, false);
            free_inputs(&c.in);
        }
}

static void any_tile(const l2l_plan *plan) {
    const int widths[] = { 0, 8, 10, 14, 16, 24, 32 };
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        l2l_context *tiled = context_with(1, widths[i], 8);
        any_width(plan, tiled);
        l2l_context_destroy(tiled);
    }
}

START_TEST(plans_stay_in_bounds) {
    for (int which = 0; which < PLANS; which++) {
        int channels;
        l2l_plan *plan = some_plan(which, &channels);
        any_tile(plan);
        l2l_plan_destroy(plan);
    }
}
END_TEST

/* Stages that look at single pixels work on the caller's rows. */
START_TEST(single_stages_stay_in_bounds) {
    l2l_normalize batch = L2L_NORMALIZE_INIT;
    l2l_gamma per_channel = { sizeof per_channel, 1 };
    batch.mode = L2L_NORMALIZE_BATCH;
    const struct {
        int channels;
        l2l_stage stage;
    } single[] = {
        { 1, { L2L_BLACK_LEVEL, NULL } },  { 1, { L2L_WHITE_BALANCE, NULL } },
        { 3, { L2L_COLOR_MATRIX, NULL } }, { 3, { L2L_CLIP, NULL } },
        { 3, { L2L_GAMMA, NULL } },        { 4, { L2L_GAMMA, &per_channel } },
        { 3, { L2L_ADDITIVE, NULL } },     { 3, { L2L_NORMALIZE, NULL } },
        { 3, { L2L_NORMALIZE, &batch } },
    };
    for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
        l2l_plan *plan = plan_of(single[i].channels, &single[i].stage, 1);
        any_tile(plan);
        l2l_plan_destroy(plan);
    }
}
END_TEST

/* Gamma last and a wide neighbourhood before it: tiles need columns of others, up to the last. */
START_TEST(wide_neighbourhoods_stay_in_bounds) {
    l2l_denoise gaussian = L2L_DENOISE_INIT;
    gaussian.method = L2L_DENOISE_GAUSSIAN, gaussian.radius = 7;
    const l2l_stage last[] = { { L2L_GAMMA, NULL },        { L2L_NORMALIZE, NULL },
                               { L2L_ADDITIVE, NULL },     { L2L_CLIP, NULL },
                               { L2L_COLOR_MATRIX, NULL }, { L2L_WHITE_BALANCE, NULL } };
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        const l2l_stage stages[] = {
            { L2L_BLACK_LEVEL, NULL }, { L2L_DEMOSAIC, NULL }, { L2L_DENOISE, &gaussian }, last[i]
        };
        l2l_plan *plan = plan_of(1, stages, 4);
        any_tile(plan);
        l2l_plan_destroy(plan);
    }
}
END_TEST

int main(void) {
    const TTest *const tests[] = { plans_stay_in_bounds, single_stages_stay_in_bounds,
                                   wide_neighbourhoods_stay_in_bounds, NULL };
    return run_tests("edges", tests);
}
