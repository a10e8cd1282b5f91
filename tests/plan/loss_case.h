/* One call of l2l_plan_loss and the same by hand: forward, the cotangent, backward. */
#ifndef TESTS_PLAN_LOSS_CASE_H
#define TESTS_PLAN_LOSS_CASE_H

#include "run.h"

enum { KINDS = 3 };

/* What a call is made with. The target lies in in.grad_image's place: noise in [−1, 1). */
typedef struct loss_case {
    l2l_context *with;
    const l2l_plan *plan;
    inputs in;
    l2l_loss loss;
    int evaluation;
    const l2l_tap *taps;
    size_t tap_count;
} loss_case;

static inline loss_case case_of(l2l_context *with, const l2l_plan *plan, l2l_dtype dtype,
                                const int64_t size[3], l2l_loss_kind kind) {
    return (loss_case){ .with = with,
                        .plan = plan,
                        .in = some_inputs(plan, dtype, size[0], size[1], size[2]),
                        .loss = { sizeof(l2l_loss), kind, NULL, 0.0 } };
}

static inline l2l_plan_extra extra_of_case(const loss_case *c, const outcome *out) {
    l2l_plan_extra extra = extra_of(c->plan, &c->in, out);
    extra.evaluation = c->evaluation;
    extra.taps = c->taps, extra.tap_count = c->tap_count;
    return extra;
}

static inline double scale_of_case(const loss_case *c) {
    return c->loss.scale != 0.0 ? c->loss.scale : 1.0 / (double)elements(&c->in.grad_image);
}

static inline void ok_with(const loss_case *c, l2l_status status) {
    ck_assert_msg(status == L2L_OK, "%s", l2l_context_error(c->with));
}

/* `room` for all that comes out, with a state that evaluation can use. */
static inline outcome room_of_case(const loss_case *c) {
    outcome out = room_for(c->plan, &c->in);
    for (int64_t i = 0; i < elements(&out.state); i++)
        l2l_vector_set(&out.state, i, 0.25 + 0.125 * (double)i);
    return out;
}

static inline double loss_into(const loss_case *c, l2l_grad_mode mode, outcome *out) {
    l2l_plan_extra extra = extra_of_case(c, out);
    l2l_loss loss = c->loss;
    double value = -1;
    if (!loss.target) loss.target = &c->in.grad_image;
    ok_with(c, l2l_plan_loss(c->with, c->plan, unless_none(&c->in.params), &c->in.mosaic, &loss,
                             &value, &out->image, mode, &out->grad_mosaic,
                             unless_none(&out->grad_params), &extra));
    return value;
}

static inline float slope_f32(l2l_loss_kind kind, float y, float t) {
    float d = y - t;
    return kind == L2L_LOSS_SQUARED    ? 2 * d
           : kind == L2L_LOSS_ABSOLUTE ? (float)((d > 0) - (d < 0))
                                       : t;
}

static inline double slope_f64(l2l_loss_kind kind, double y, double t) {
    double d = y - t;
    return kind == L2L_LOSS_SQUARED    ? 2 * d
           : kind == L2L_LOSS_ABSOLUTE ? (double)((d > 0) - (d < 0))
                                       : t;
}

/* scale · slope in the arithmetic of the image's type. */
static inline l2l_tensor cotangent_of(const loss_case *c, const l2l_tensor *image) {
    const int64_t *s = image->shape;
    l2l_tensor grad = tensor(image->dtype, s[0], s[1], s[2], s[3]);
    const double scale = scale_of_case(c);
    for (int64_t i = 0; i < elements(image); i++) {
        double y = get(image, i), t = get(&c->in.grad_image, i);
        if (image->dtype == L2L_F32)
            ((float *)grad.data)[i] = (float)scale * slope_f32(c->loss.kind, (float)y, (float)t);
        else
            ((double *)grad.data)[i] = scale * slope_f64(c->loss.kind, y, t);
    }
    return grad;
}

/* The loss in double, and in *most what it may be compared with: the sum of magnitudes. */
static inline double value_of(const loss_case *c, const l2l_tensor *image, double *most) {
    double sum = 0;
    *most = 0;
    for (int64_t i = 0; i < elements(image); i++) {
        double y = get(image, i), t = get(&c->in.grad_image, i), d = y - t;
        double term = c->loss.kind == L2L_LOSS_SQUARED    ? d * d
                      : c->loss.kind == L2L_LOSS_ABSOLUTE ? fabs(d)
                                                          : y * t;
        sum += term;
        *most += fabs(term);
    }
    *most *= fabs(scale_of_case(c));
    return sum * scale_of_case(c);
}

/* The state is as before: forward would have moved it. */
static inline double by_hand(const loss_case *c, l2l_grad_mode mode, outcome *out, double *most) {
    outcome spare = room_of_case(c);
    l2l_plan_extra extra = extra_of_case(c, &spare);
    ok_with(c, l2l_plan_forward(c->with, c->plan, unless_none(&c->in.params), &c->in.mosaic,
                                &out->image, &extra));
    l2l_tensor grad = cotangent_of(c, &out->image);
    extra = extra_of_case(c, out);
    ok_with(c, l2l_plan_backward(c->with, c->plan, unless_none(&c->in.params), &c->in.mosaic, &grad,
                                 mode, &out->grad_mosaic, unless_none(&out->grad_params), &extra));
    free(grad.data), free_outcome(&spare);
    return value_of(c, &out->image, most);
}

static inline void same_results(const loss_case *c, const outcome *a, const outcome *b) {
    same_bits(&a->image, &b->image, "the image");
    same_bits(&a->grad_mosaic, &b->grad_mosaic, "grad_mosaic");
    same_bits(&a->grad_params, &b->grad_params, "grad_params");
    same_bits(&a->state, &b->state, "the state");
    if (has_additive(c->plan)) same_bits(&a->grad_additive, &b->grad_additive, "grad_additive");
}

static inline void close_values(const loss_case *c, double value, double expected, double most) {
    double tolerance = (c->in.mosaic.dtype == L2L_F64 ? 1e-13 : 1e-6) * most;
    ck_assert_msg(fabs(value - expected) <= tolerance, "the loss is %.17g, not %.17g", value,
                  expected);
}

#endif
