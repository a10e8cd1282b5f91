/* Forward, backward and loss called wrongly: all ways are refused with a sentence, and nothing is
   written. */
#include "run.h"

enum { H = 6, W = 8 };

/* A call with nothing wrong, to be spoiled in one place. Outputs hold a pattern. */
typedef struct call {
    l2l_plan *plan;
    inputs in;
    outcome out;
    l2l_tensor tap_image, tap_grad;
    l2l_tap taps[2];
    l2l_plan_extra extra;
    l2l_grad_mode mode;
    l2l_loss loss;
    double value;
} call;

static void pattern(l2l_tensor *t) {
    memset(t->data, 0x3c, bytes_of(t));
}

static bool intact(const l2l_tensor *t) {
    const unsigned char *bytes = t->data;
    for (size_t i = 0; i < bytes_of(t); i++)
        if (bytes[i] != 0x3c) return false;
    return true;
}

static call good_call(int which) {
    int channels;
    call c = { .plan = some_plan(which, &channels),
               .mode = L2L_GRAD_WRITE,
               .loss = L2L_LOSS_INIT,
               .value = -1 };
    c.in = some_inputs(c.plan, L2L_F32, 1, H, W);
    c.out = room_for(c.plan, &c.in);
    c.tap_image = tensor(L2L_F32, 1, 3, H, W), c.tap_grad = tensor(L2L_F32, 1, 3, H, W);
    c.extra = (l2l_plan_extra)L2L_PLAN_EXTRA_INIT;
    c.extra.tap_count = 1;
    pattern(&c.out.image), pattern(&c.out.grad_mosaic), pattern(&c.out.grad_params);
    pattern(&c.out.grad_additive), pattern(&c.out.state);
    pattern(&c.tap_image), pattern(&c.tap_grad);
    return c;
}

/* Once it lies where it stays: `extra` names tensors of the call itself. */
static void settle(call *c) {
    if (has_additive(c->plan)) c->extra.additive = &c->in.additive;
    if (has_additive(c->plan)) c->extra.grad_additive = &c->out.grad_additive;
    if (has_batch(c->plan)) c->extra.state = &c->out.state;
}

static void free_call(call *c) {
    free_inputs(&c->in), free_outcome(&c->out);
    free(c->tap_image.data), free(c->tap_grad.data);
    l2l_plan_destroy(c->plan);
}

static l2l_status forward(call *c) {
    c->taps[0] = (l2l_tap){ 1, &c->tap_image, &c->tap_grad };
    if (!c->extra.taps && c->extra.tap_count == 1) c->extra.taps = c->taps;
    return l2l_plan_forward(context, c->plan, &c->in.params, &c->in.mosaic, &c->out.image,
                            &c->extra);
}

static l2l_status backward(call *c) {
    c->taps[0] = (l2l_tap){ 1, &c->tap_image, &c->tap_grad };
    if (!c->extra.taps && c->extra.tap_count == 1) c->extra.taps = c->taps;
    return l2l_plan_backward(context, c->plan, &c->in.params, &c->in.mosaic, &c->in.grad_image,
                             c->mode, &c->out.grad_mosaic, &c->out.grad_params, &c->extra);
}

/* The cotangent of backward serves as target. */
static l2l_status loss(call *c) {
    c->taps[0] = (l2l_tap){ 1, &c->tap_image, &c->tap_grad };
    if (!c->extra.taps && c->extra.tap_count == 1) c->extra.taps = c->taps;
    c->loss.target = &c->in.grad_image;
    return l2l_plan_loss(context, c->plan, &c->in.params, &c->in.mosaic, &c->loss, &c->value,
                         &c->out.image, c->mode, &c->out.grad_mosaic, &c->out.grad_params,
                         &c->extra);
}

static l2l_status (*const functions[])(call *) = { forward, backward, loss };
enum { FORWARD = 1, BACKWARD = 2, LOSS = 4, IMAGE = 5, GRADS = 6, ALL = 7 };

typedef struct spoiler {
    const char *named; /* in the sentence */
    int which, calls;
    void (*spoil)(call *);
} spoiler;

#define SPOIL(name, ...)                                                                           \
    static void name(call *c) {                                                                    \
        __VA_ARGS__;                                                                               \
    }
/* clang-format off */
SPOIL(no_mosaic, c->in.mosaic.data = NULL)
SPOIL(mosaic_vector, c->in.mosaic.ndim = 1)
SPOIL(mosaic_channels, c->in.mosaic.shape[1] = 2)
SPOIL(mosaic_empty, c->in.mosaic.shape[2] = 0)
SPOIL(mosaic_negative, c->in.mosaic.shape[3] = -8)
SPOIL(mosaic_rank, c->in.mosaic.ndim = 5)
SPOIL(mosaic_dtype, c->in.mosaic.dtype = (l2l_dtype)11)
SPOIL(mosaic_device, c->in.mosaic.device = L2L_CUDA)
SPOIL(mosaic_odd, c->in.mosaic.data = (char *)c->in.mosaic.data + 1)
SPOIL(mosaic_batch, c->in.mosaic.shape[0] = 2)
SPOIL(mosaic_size, c->in.mosaic.shape[2] = H - 1)
SPOIL(mosaic_huge, c->in.mosaic.shape[2] = INT64_MAX)
SPOIL(image_channels, c->out.image.shape[1] = 4)
SPOIL(image_size, c->out.image.shape[3] = W - 2)
SPOIL(image_in_mosaic, c->out.image.data = c->in.mosaic.data)
SPOIL(image_in_params, c->out.image.data = (char *)c->in.params.data + 4)
SPOIL(params_short, c->in.params.shape[0] = 131)
SPOIL(params_half, c->in.params.dtype = L2L_F16)
SPOIL(params_matrix, c->in.params.ndim = 2)
SPOIL(grad_image_size, c->in.grad_image.shape[2] = 1)
SPOIL(image_is_target, c->out.image.data = c->in.grad_image.data)
SPOIL(loss_size, c->loss.struct_size = 0)
SPOIL(loss_kind, c->loss.kind = (l2l_loss_kind)3)
SPOIL(no_target, c->in.grad_image.data = NULL)
SPOIL(target_dtype, c->in.grad_image.dtype = (l2l_dtype)17)
SPOIL(grad_image_u8, c->in.grad_image.dtype = L2L_U8)
SPOIL(grad_mosaic_u16, c->out.grad_mosaic.dtype = L2L_U16)
SPOIL(grad_mosaic_size, c->out.grad_mosaic.shape[3] = W - 1)
SPOIL(grad_mosaic_is_mosaic, c->out.grad_mosaic.data = c->in.mosaic.data)
SPOIL(grad_params_short, c->out.grad_params.shape[0] = 1)
SPOIL(grad_params_are_params, c->out.grad_params = c->in.params)
SPOIL(grad_params_f16, c->out.grad_params.dtype = L2L_F16)
SPOIL(no_such_mode, c->mode = (l2l_grad_mode)2)
SPOIL(extra_size, c->extra.struct_size = 0)
SPOIL(taps_nowhere, c->extra.tap_count = 2)
SPOIL(tap_size, c->tap_image.shape[2] = H + 1)
SPOIL(tap_grad_size, c->tap_grad.shape[1] = 1)
SPOIL(tap_grad_u8, c->tap_grad.dtype = L2L_U8)
SPOIL(tap_in_mosaic, c->tap_image.data = c->in.mosaic.data)
SPOIL(tap_in_image, c->tap_image.data = c->out.image.data)
SPOIL(tap_in_grad_mosaic, c->tap_image.data = (char *)c->out.grad_mosaic.data + 4)
SPOIL(tap_twice, c->tap_image.data = c->tap_grad.data)
SPOIL(tap_beyond, c->taps[1] = (l2l_tap){ 8, NULL, NULL }; c->extra.taps = c->taps + 1)
SPOIL(two_taps, c->taps[1] = (l2l_tap){ 1, NULL, &c->tap_grad }; c->extra.taps = c->taps;
      c->extra.tap_count = 2)
SPOIL(two_images, c->taps[1] = (l2l_tap){ 1, &c->out.grad_additive, NULL }; c->extra.taps = c->taps;
      c->extra.tap_count = 2)
SPOIL(needless_additive, c->extra.additive = &c->in.additive)
SPOIL(needless_state, c->extra.state = &c->out.state)
SPOIL(needless_evaluation, c->extra.evaluation = 1)
SPOIL(no_additive, c->extra.additive = NULL)
SPOIL(additive_size, c->in.additive.shape[3] = 1)
SPOIL(additive_batch, c->in.additive.shape[0] = 2)
SPOIL(additive_in_image, c->in.additive.data = c->out.image.data)
SPOIL(grad_additive_size, c->out.grad_additive.shape[2] = 2)
SPOIL(grad_additive_u8, c->out.grad_additive.dtype = L2L_U8)
SPOIL(grad_additive_is_additive, c->out.grad_additive = c->in.additive)
SPOIL(no_state, c->extra.state = NULL; c->extra.evaluation = 1)
SPOIL(state_short, c->out.state.shape[0] = 3)
SPOIL(state_u8, c->out.state.dtype = L2L_U8)
SPOIL(state_in_image, c->out.state.data = c->out.image.data)
/* clang-format on */
#undef SPOIL

static const spoiler spoilers[] = {
    { "no data", 0, ALL, no_mosaic },
    { "1 dimensions", 0, ALL, mosaic_vector },
    { "2 channels, not 1", 0, ALL, mosaic_channels },
    { "extent 0", 0, ALL, mosaic_empty },
    { "extent -8", 0, ALL, mosaic_negative },
    { "5 dimensions", 0, ALL, mosaic_rank },
    { "data type 11", 0, ALL, mosaic_dtype },
    { "not aligned", 0, ALL, mosaic_odd },
    { "(1,3,6,8), not (2,3,6,8)", 0, ALL, mosaic_batch },
    { "(1,3,6,8), not (1,3,5,8)", 0, ALL, mosaic_size },
    { "address space", 0, ALL, mosaic_huge },
    { "the output is (1,4,6,8)", 0, IMAGE, image_channels },
    { "the output is (1,3,6,6)", 0, IMAGE, image_size },
    { "overlap", 0, IMAGE, image_in_mosaic },
    { "overlap", 0, IMAGE, image_in_params },
    { "131 values", 0, ALL, params_short },
    { "params is f16", 0, ALL, params_half },
    { "2 dimensions", 0, ALL, params_matrix },
    { "(1,3,1,8)", 0, GRADS, grad_image_size },
    { "the target is (1,3,1,8)", 0, LOSS, grad_image_size },
    { "overlap", 0, LOSS, image_is_target },
    { "l2l_loss.struct_size is 0", 0, LOSS, loss_size },
    { "3 is no loss", 0, LOSS, loss_kind },
    { "the target has no data", 0, LOSS, no_target },
    { "data type 17", 0, LOSS, target_dtype },
    { "gradient is u8", 0, BACKWARD, grad_image_u8 },
    { "gradient is u16", 0, GRADS, grad_mosaic_u16 },
    { "(1,1,6,7)", 0, GRADS, grad_mosaic_size },
    { "overlap", 0, GRADS, grad_mosaic_is_mosaic },
    { "grad_params has 1 dimensions and 1 values", 0, GRADS, grad_params_short },
    { "overlap", 0, GRADS, grad_params_are_params },
    { "grad_params is f16", 0, GRADS, grad_params_f16 },
    { "2 is no gradient mode", 0, GRADS, no_such_mode },
    { "struct_size", 0, ALL, extra_size },
    { "2 taps at NULL", 0, ALL, taps_nowhere },
    { "a tap's image is (1,3,7,8)", 0, ALL, tap_size },
    { "a tap's gradient is (1,1,6,8)", 0, GRADS, tap_grad_size },
    { "a tap's gradient is u8", 0, GRADS, tap_grad_u8 },
    { "overlap", 0, ALL, tap_in_mosaic },
    { "overlap", 0, IMAGE, tap_in_image },
    { "overlap", 0, GRADS, tap_in_grad_mosaic },
    { "overlap", 0, GRADS, tap_twice },
    { "a tap at stage 8 of 8", 0, ALL, tap_beyond },
    { "two taps at stage 1", 0, ALL, two_taps },
    { "two taps at stage 1", 0, ALL, two_images },
    { "without an additive stage", 0, ALL, needless_additive },
    { "without batch normalisation", 0, ALL, needless_state },
    { "without batch normalisation", 0, ALL, needless_evaluation },
    { "needs its image", 1, ALL, no_additive },
    { "additive image is (1,3,6,1)", 1, ALL, additive_size },
    { "additive image is (2,3,6,8)", 1, ALL, additive_batch },
    { "overlap", 1, IMAGE, additive_in_image },
    { "grad_additive is (1,3,2,8)", 1, GRADS, grad_additive_size },
    { "grad_additive is u8", 1, GRADS, grad_additive_u8 },
    { "overlap", 1, GRADS, grad_additive_is_additive },
    { "evaluation needs the state", 1, ALL, no_state },
    { "the state has 1 dimensions and 3 values, not 1 and 6", 1, ALL, state_short },
    { "the state is u8", 1, ALL, state_u8 },
    { "overlap", 1, IMAGE, state_in_image },
};

START_TEST(misuse_is_refused_and_nothing_written) {
    for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
        const spoiler *s = &spoilers[i];
        for (int k = 0; k < 3; k++) {
            call c = good_call(s->which), spoiled = c;
            if (!(s->calls & 1 << k)) {
                free_call(&c);
                continue;
            }
            settle(&spoiled);
            s->spoil(&spoiled);
            l2l_status status = functions[k](&spoiled);
            ck_assert_msg(status == L2L_INVALID_ARGUMENT &&
                              strstr(l2l_context_error(context), s->named),
                          "%zu, %s: %s, \"%s\"", i, s->named, l2l_status_name(status),
                          l2l_context_error(context));
            ck_assert(intact(&c.out.image) && intact(&c.out.grad_mosaic));
            ck_assert(intact(&c.out.grad_params) && intact(&c.out.grad_additive));
            ck_assert(intact(&c.out.state) && intact(&c.tap_image) && intact(&c.tap_grad));
            ck_assert(spoiled.value == -1);
            free_call(&c);
        }
    }
}
END_TEST

/* What the table spoils was right before. */
START_TEST(the_good_call_is_good) {
    for (int which = 0; which < 2; which++) {
        call c = good_call(which);
        settle(&c);
        ok(loss(&c));
        ck_assert(!intact(&c.out.image) && !intact(&c.out.grad_mosaic) && c.value > 0);
        ck_assert(intact(&c.out.state)); /* which forward alone moves */
        pattern(&c.out.image), pattern(&c.out.grad_mosaic), pattern(&c.out.grad_additive);
        pattern(&c.tap_image), pattern(&c.tap_grad);
        ok(forward(&c));
        ok(backward(&c));
        ck_assert(!intact(&c.out.image) && !intact(&c.out.grad_mosaic));
        ck_assert(!intact(&c.tap_image) && !intact(&c.tap_grad));
        ck_assert_int_eq(intact(&c.out.grad_additive), which == 0);
        ck_assert_int_eq(intact(&c.out.state), which == 0);
        free_call(&c);
    }
}
END_TEST

START_TEST(another_device_is_unsupported) {
    call c = good_call(0);
    mosaic_device(&c);
    refused(forward(&c), L2L_UNSUPPORTED, "device 1");
    ck_assert(intact(&c.out.image));
    free_call(&c);
}
END_TEST

START_TEST(null_tensors_are_refused) {
    call c = good_call(0);
    const l2l_status wrong = L2L_INVALID_ARGUMENT;
    refused(l2l_plan_forward(context, c.plan, NULL, NULL, &c.out.image, NULL), wrong, "NULL");
    refused(l2l_plan_forward(context, c.plan, NULL, &c.in.mosaic, NULL, NULL), wrong, "NULL");
    refused(l2l_plan_backward(context, c.plan, NULL, NULL, &c.in.grad_image, c.mode,
                              &c.out.grad_mosaic, NULL, NULL),
            wrong, "NULL");
    refused(l2l_plan_backward(context, c.plan, NULL, &c.in.mosaic, NULL, c.mode, &c.out.grad_mosaic,
                              NULL, NULL),
            wrong, "NULL");
    l2l_loss nowhere = L2L_LOSS_INIT;
    refused(l2l_plan_loss(context, c.plan, NULL, &c.in.mosaic, NULL, NULL, &c.out.image, c.mode,
                          &c.out.grad_mosaic, NULL, NULL),
            wrong, "the loss is NULL");
    refused(l2l_plan_loss(context, c.plan, NULL, &c.in.mosaic, &nowhere, NULL, &c.out.image, c.mode,
                          &c.out.grad_mosaic, NULL, NULL),
            wrong, "the target is NULL");
    nowhere.target = &c.in.grad_image;
    refused(l2l_plan_loss(context, NULL, NULL, &c.in.mosaic, &nowhere, NULL, NULL, c.mode,
                          &c.out.grad_mosaic, NULL, NULL),
            wrong, "the plan is NULL");
    ck_assert(intact(&c.out.image) && intact(&c.out.grad_mosaic));
    free_call(&c);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { misuse_is_refused_and_nothing_written, the_good_call_is_good,
                                   another_device_is_unsupported, null_tensors_are_refused, NULL };
    return run_tests("misuse", tests);
}
