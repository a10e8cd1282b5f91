/* Taps: a stage's output and the gradient there, against the plan cut in two at that stage. */
#include "run.h"

/* The plan of stages [first, end) of another. */
static l2l_plan *part(const l2l_plan *plan, size_t first, size_t end) {
    l2l_stage stages[L2L_MAX_STAGES];
    for (size_t i = first; i < end; i++)
        stages[i] = (l2l_stage){ plan->chain.nodes[i].row->kind, &plan->chain.nodes[i].attributes };
    return plan_of(plan->chain.channels[first], stages + first, end - first);
}

static l2l_tensor params_from(const l2l_tensor *params, int64_t offset, int64_t count) {
    l2l_tensor some = *params;
    some.data = (char *)params->data + (size_t)offset * l2l_dtype_size(params->dtype);
    some.shape[0] = count;
    return some;
}

static l2l_tensor like_stage(const l2l_plan *plan, size_t stage, const inputs *in) {
    int64_t shape[3];
    ok(l2l_plan_output_shape(context, plan, stage, in->mosaic.shape[2], in->mosaic.shape[3],
                             shape));
    return tensor(in->mosaic.dtype, in->mosaic.shape[0], shape[0], shape[1], shape[2]);
}

/* The image of the first stages, then the gradient that the others hand back there. */
static void cut(const l2l_plan *plan, const inputs *in, size_t stage, const l2l_tensor *image,
                const l2l_tensor *grad, const outcome *whole, double tolerance) {
    size_t count = l2l_plan_stage_count(plan);
    l2l_plan *head = part(plan, 0, stage + 1);
    int64_t split = l2l_plan_param_count(head);
    l2l_tensor params = params_from(&in->params, 0, split), cut_image = like_stage(plan, stage, in);
    l2l_tensor cut_grad = like_stage(plan, stage, in), state = noise(L2L_F64, 1, 1, 1, 8, 1);
    state = l2l_vector(state.data, L2L_F64, 2 * in->grad_image.shape[1]);
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    if (has_additive(head)) extra.additive = &in->additive;
    if (has_batch(head)) extra.state = &state;
    ok(l2l_plan_forward(context, head, split ? &params : NULL, &in->mosaic, &cut_image, &extra));
    close_to(image, &cut_image, tolerance, l2l_plan_stage_name(plan, stage));
    if (stage + 1 < count) {
        l2l_plan *tail = part(plan, stage + 1, count);
        l2l_tensor end = like_stage(plan, count - 1, in),
                   rest = params_from(&in->params, split, l2l_plan_param_count(tail));
        l2l_tensor *given = l2l_plan_param_count(tail) ? &rest : NULL;
        extra = (l2l_plan_extra)L2L_PLAN_EXTRA_INIT;
        if (has_additive(tail)) extra.additive = &in->additive;
        ok(l2l_plan_forward(context, tail, given, &cut_image, &end, &extra));
        close_to(&end, &whole->image, tolerance, "the image through both parts");
        ok(l2l_plan_backward(context, tail, given, &cut_image, &in->grad_image, L2L_GRAD_WRITE,
                             &cut_grad, NULL, &extra));
        close_to(grad, &cut_grad, tolerance, l2l_plan_stage_name(plan, stage));
        l2l_plan_destroy(tail);
        free(end.data);
    } else {
        same_bits(grad, &in->grad_image, "the gradient at the image");
    }
    free(cut_image.data), free(cut_grad.data), free(state.data);
    l2l_plan_destroy(head);
}

/* One stage at a time, then all of them at once. */
static void taps(l2l_context *with, int which, l2l_dtype dtype, int64_t n, int64_t h, int64_t w,
                 double tolerance) {
    int channels;
    l2l_plan *plan = some_plan(which, &channels);
    inputs in = some_inputs(plan, dtype, n, h, w);
    outcome whole = run(with, plan, &in), out = room_for(plan, &in);
    size_t count = l2l_plan_stage_count(plan);
    l2l_tensor image[L2L_MAX_STAGES], grad[L2L_MAX_STAGES], again[L2L_MAX_STAGES];
    l2l_tap all[L2L_MAX_STAGES];
    for (size_t s = 0; s < count; s++) {
        image[s] = like_stage(plan, s, &in), grad[s] = like_stage(plan, s, &in);
        again[s] = like_stage(plan, s, &in);
        all[s] = (l2l_tap){ s, &image[s], &grad[s] };
    }
    for (int at_once = 0; at_once < 2; at_once++)
        for (size_t s = 0; s < (at_once ? 1 : count); s++) {
            l2l_plan_extra extra = extra_of(plan, &in, &out);
            l2l_tap repeat = { s, &again[s], NULL };
            extra.taps = at_once ? all : &all[s], extra.tap_count = at_once ? count : 1;
            ok(l2l_plan_backward(with, plan, &in.params, &in.mosaic, &in.grad_image, L2L_GRAD_WRITE,
                                 &out.grad_mosaic, &out.grad_params, &extra));
            close_to(&out.grad_mosaic, &whole.grad_mosaic, tolerance, "grad_mosaic");
            close_to(&out.grad_params, &whole.grad_params, tolerance, "grad_params");
            if (!at_once) extra.taps = &repeat;
            ok(l2l_plan_forward(with, plan, &in.params, &in.mosaic, &out.image, &extra));
            close_to(&out.image, &whole.image, tolerance, "the image");
            if (!at_once) close_to(&again[s], &image[s], tolerance, "a tap of forward");
            for (size_t k = at_once ? 0 : s; k < (at_once ? count : s + 1); k++)
                cut(plan, &in, k, &image[k], &grad[k], &whole, tolerance);
        }
    for (size_t s = 0; s < count; s++) free(image[s].data), free(grad[s].data), free(again[s].data);
    free_outcome(&whole), free_outcome(&out), free_inputs(&in);
    l2l_plan_destroy(plan);
}

START_TEST(a_tap_is_the_plan_cut_there) {
    l2l_context *small = context_with(2, 16, 8);
    for (int which = 0; which < PLANS; which++) {
        taps(context, which, L2L_F64, 1, 23, 37, 1e-11);
        taps(small, which, L2L_F64, 2, 31, 45, 1e-11);
        taps(small, which, L2L_F64, 1, 4, 5, 1e-11);
    }
    l2l_context_destroy(small);
}
END_TEST

/* Of forward alone, and of each kind alone; what is not asked for is not written. */
START_TEST(each_half_of_a_tap_is_optional) {
    int channels;
    l2l_plan *plan = some_plan(2, &channels);
    inputs in = some_inputs(plan, L2L_F64, 1, 20, 24);
    for (size_t s = 0; s < l2l_plan_stage_count(plan); s++) {
        l2l_tensor both_image = like_stage(plan, s, &in), both_grad = like_stage(plan, s, &in);
        l2l_tensor image = like_stage(plan, s, &in), grad = like_stage(plan, s, &in);
        l2l_tap both = { s, &both_image, &both_grad }, one = { s, &image, NULL };
        l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
        extra.taps = &both, extra.tap_count = 1;
        ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image, L2L_GRAD_WRITE,
                             NULL, NULL, &extra));
        extra.taps = &one;
        ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image, L2L_GRAD_WRITE,
                             NULL, NULL, &extra));
        same_bits(&image, &both_image, "the image alone");
        one = (l2l_tap){ s, NULL, &grad };
        ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image, L2L_GRAD_WRITE,
                             NULL, NULL, &extra));
        same_bits(&grad, &both_grad, "the gradient alone");
        fill(&grad, 4), fill(&both_grad, 4);
        l2l_tensor end = like_stage(plan, l2l_plan_stage_count(plan) - 1, &in);
        ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &end, &extra));
        same_bits(&grad, &both_grad, "a gradient that forward has not");
        one = (l2l_tap){ s, NULL, NULL };
        ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &end, &extra));
        free(end.data), free(both_image.data), free(both_grad.data), free(image.data);
        free(grad.data);
    }
    free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

/* GRAD_ADD is about gradients that add up over calls; a tap is a look at one. */
START_TEST(taps_are_written_in_either_mode) {
    int channels;
    l2l_plan *plan = some_plan(0, &channels);
    inputs in = some_inputs(plan, L2L_F64, 1, 12, 12);
    l2l_tensor first = like_stage(plan, 1, &in), second = like_stage(plan, 1, &in);
    l2l_tap tap = { 1, NULL, &first };
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    extra.taps = &tap, extra.tap_count = 1;
    ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image, L2L_GRAD_WRITE,
                         NULL, NULL, &extra));
    fill(&second, 7);
    tap.grad = &second;
    ok(l2l_plan_backward(context, plan, &in.params, &in.mosaic, &in.grad_image, L2L_GRAD_ADD, NULL,
                         NULL, &extra));
    same_bits(&first, &second, "the gradient at a tap");
    free(first.data), free(second.data), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { a_tap_is_the_plan_cut_there, each_half_of_a_tap_is_optional,
                                   taps_are_written_in_either_mode, NULL };
    return run_tests("taps", tests);
}
