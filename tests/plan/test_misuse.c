/* Forward and backward called wrongly: each way is refused with a sentence, nothing is written. */
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
    call c = { .plan = some_plan(which, &channels), .mode = L2L_GRAD_WRITE };
    c.in = some_inputs(c.plan, L2L_F32, 1, H, W);
    c.out = room_for(c.plan, &c.in);
    c.tap_image = tensor(L2L_F32, 1, 3, H, W), c.tap_grad = tensor(L2L_F32, 1, 3, H, W);
    c.extra = (l2l_plan_extra)L2L_PLAN_EXTRA_INIT;
    if (has_additive(c.plan)) c.extra.additive = &c.in.additive;
    if (has_additive(c.plan)) c.extra.grad_additive = &c.out.grad_additive;
    if (has_batch(c.plan)) c.extra.state = &c.out.state;
    c.extra.tap_count = 1;
    pattern(&c.out.image), pattern(&c.out.grad_mosaic), pattern(&c.out.grad_params);
    pattern(&c.out.grad_additive), pattern(&c.out.state);
    pattern(&c.tap_image), pattern(&c.tap_grad);
    return c;
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

enum { FORWARD = 1, BACKWARD = 2, BOTH = 3 };

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
    { "no data", 0, BOTH, no_mosaic },
    { "1 dimensions", 0, BOTH, mosaic_vector },
    { "2 channels, not 1", 0, BOTH, mosaic_channels },
    { "extent 0", 0, BOTH, mosaic_empty },
    { "extent -8", 0, BOTH, mosaic_negative },
    { "5 dimensions", 0, BOTH, mosaic_rank },
    { "data type 11", 0, BOTH, mosaic_dtype },
    { "not aligned", 0, BOTH, mosaic_odd },
    { "(1,3,6,8), not (2,3,6,8)", 0, BOTH, mosaic_batch },
    { "(1,3,6,8), not (1,3,5,8)", 0, BOTH, mosaic_size },
    { "address space", 0, BOTH, mosaic_huge },
    { "the output is (1,4,6,8)", 0, FORWARD, image_channels },
    { "the output is (1,3,6,6)", 0, FORWARD, image_size },
    { "overlap", 0, FORWARD, image_in_mosaic },
    { "overlap", 0, FORWARD, image_in_params },
    { "131 values", 0, BOTH, params_short },
    { "params is f16", 0, BOTH, params_half },
    { "2 dimensions", 0, BOTH, params_matrix },
    { "(1,3,1,8)", 0, BACKWARD, grad_image_size },
    { "gradient is u8", 0, BACKWARD, grad_image_u8 },
    { "gradient is u16", 0, BACKWARD, grad_mosaic_u16 },
    { "(1,1,6,7)", 0, BACKWARD, grad_mosaic_size },
    { "overlap", 0, BACKWARD, grad_mosaic_is_mosaic },
    { "grad_params has 1 dimensions and 1 values", 0, BACKWARD, grad_params_short },
    { "overlap", 0, BACKWARD, grad_params_are_params },
    { "grad_params is f16", 0, BACKWARD, grad_params_f16 },
    { "2 is no gradient mode", 0, BACKWARD, no_such_mode },
    { "struct_size", 0, BOTH, extra_size },
    { "2 taps at NULL", 0, BOTH, taps_nowhere },
    { "a tap's image is (1,3,7,8)", 0, BOTH, tap_size },
    { "a tap's gradient is (1,1,6,8)", 0, BACKWARD, tap_grad_size },
    { "a tap's gradient is u8", 0, BACKWARD, tap_grad_u8 },
    { "overlap", 0, BOTH, tap_in_mosaic },
    { "overlap", 0, FORWARD, tap_in_image },
    { "overlap", 0, BACKWARD, tap_in_grad_mosaic },
    { "overlap", 0, BACKWARD, tap_twice },
    { "a tap at stage 8 of 8", 0, BOTH, tap_beyond },
    { "two taps at stage 1", 0, BOTH, two_taps },
    { "two taps at stage 1", 0, BOTH, two_images },
    { "without an additive stage", 0, BOTH, needless_additive },
    { "without batch normalisation", 0, BOTH, needless_state },
    { "without batch normalisation", 0, BOTH, needless_evaluation },
    { "needs its image", 1, BOTH, no_additive },
    { "additive image is (1,3,6,1)", 1, BOTH, additive_size },
    { "additive image is (2,3,6,8)", 1, BOTH, additive_batch },
    { "overlap", 1, FORWARD, additive_in_image },
    { "grad_additive is (1,3,2,8)", 1, BACKWARD, grad_additive_size },
    { "grad_additive is u8", 1, BACKWARD, grad_additive_u8 },
    { "overlap", 1, BACKWARD, grad_additive_is_additive },
    { "evaluation needs the state", 1, BOTH, no_state },
    { "the state has 1 dimensions and 3 values, not 1 and 6", 1, BOTH, state_short },
    { "the state is u8", 1, BOTH, state_u8 },
    { "overlap", 1, FORWARD, state_in_image },
};

START_TEST(misuse_is_refused_and_nothing_written) {
    for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
        const spoiler *s = &spoilers[i];
        for (int calls = FORWARD; calls <= BACKWARD; calls++) {
            call c = good_call(s->which), spoiled = c;
            if (!(s->calls & calls)) {
                free_call(&c);
                continue;
            }
            /* the tensors that `extra` names are those of the call to be spoiled */
            if (c.extra.additive) spoiled.extra.additive = &spoiled.in.additive;
            if (c.extra.grad_additive) spoiled.extra.grad_additive = &spoiled.out.grad_additive;
            if (c.extra.state) spoiled.extra.state = &spoiled.out.state;
            s->spoil(&spoiled);
            l2l_status status = calls == FORWARD ? forward(&spoiled) : backward(&spoiled);
            ck_assert_msg(status == L2L_INVALID_ARGUMENT &&
                              strstr(l2l_context_error(context), s->named),
                          "%zu, %s: %s, \"%s\"", i, s->named, l2l_status_name(status),
                          l2l_context_error(context));
            ck_assert(intact(&c.out.image) && intact(&c.out.grad_mosaic));
            ck_assert(intact(&c.out.grad_params) && intact(&c.out.grad_additive));
            ck_assert(intact(&c.out.state) && intact(&c.tap_image) && intact(&c.tap_grad));
            free_call(&c);
        }
    }
}
END_TEST

/* What the table spoils was right before. */
START_TEST(the_good_call_is_good) {
    for (int which = 0; which < 2; which++) {
        call c = good_call(which);
        if (c.extra.additive) c.extra.additive = &c.in.additive;
        if (c.extra.grad_additive) c.extra.grad_additive = &c.out.grad_additive;
        if (c.extra.state) c.extra.state = &c.out.state;
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
    ck_assert(intact(&c.out.image) && intact(&c.out.grad_mosaic));
    free_call(&c);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { misuse_is_refused_and_nothing_written, the_good_call_is_good,
                                   another_device_is_unsupported, null_tensors_are_refused, NULL };
    return run_tests("misuse", tests);
}
