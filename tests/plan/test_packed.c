/* Packed mosaics: a plan makes of them, to the bit, what it makes of the same samples as u16. */
#include <lens2logit/tape.h>

#include "run.h"
#include "stages/kernel.h"

static const l2l_dtype packings[] = { L2L_RAW10, L2L_RAW12, L2L_BITS10, L2L_BITS12, L2L_BITS14 };
enum { PACKINGS = sizeof packings / sizeof packings[0] };

/* ---- packing, bit by bit and apart from the library ---- */

/* Sets bit `i` of a row, the most significant of its byte first. */
static void set_bit(uint8_t *row, int64_t i, int bit) {
    row[i / 8] = (uint8_t)((row[i / 8] & ~(0x80 >> i % 8)) | (bit ? 0x80 >> i % 8 : 0));
}

/* Where bit `b`, 0 the most significant, of sample x is found. */
static int64_t place_of(l2l_dtype dtype, int64_t x, int b) {
    const int bits = l2l_dtype_bits(dtype);
    if (dtype != L2L_RAW10 && dtype != L2L_RAW12) return x * bits + b;
    const int group = dtype == L2L_RAW10 ? 4 : 2, k = (int)(x % group);
    const int64_t first = x / group * (group + 1);
    if (b < 8) return 8 * (first + k) + b;
    /* the lower bits of the first sample are the least significant ones of the last byte */
    return 8 * (first + group) + 8 - (k + 1) * (bits - 8) + b - 8;
}

static void pack(l2l_dtype dtype, const uint16_t *samples, int64_t count, uint8_t *row) {
    const int bits = l2l_dtype_bits(dtype);
    for (int64_t x = 0; x < count; x++)
        for (int b = 0; b < bits; b++)
            set_bit(row, place_of(dtype, x, b), samples[x] >> (bits - 1 - b) & 1);
}

/* Samples of all the bits of `dtype`, as u16. */
static l2l_tensor codes(l2l_dtype dtype, int64_t n, int64_t h, int64_t w) {
    l2l_tensor t = noise(L2L_U16, n, 1, h, w, 77);
    for (int64_t i = 0; i < elements(&t); i++)
        ((uint16_t *)t.data)[i] &= (uint16_t)((1u << l2l_dtype_bits(dtype)) - 1);
    return t;
}

/* The same mosaic packed, in a block that ends with its last byte and begins with its first, so
   that the address sanitizer sees what is read beyond. Rows are `gap` groups longer than they need
   be, from the last one up if `reversed`; what lies between them is noise. */
static l2l_tensor packed(const l2l_tensor *from, l2l_dtype dtype, int gap, bool reversed,
                         void **block) {
    const int64_t n = from->shape[0], h = from->shape[2], w = from->shape[3];
    const int64_t group = l2l_dtype_group(dtype), groups = (w + group - 1) / group + gap;
    const size_t row = l2l_row_size(dtype, groups * group);
    const size_t size = row * (size_t)(n * h - 1) + l2l_row_size(dtype, w);
    uint8_t *bytes = malloc(size);
    uint32_t seed = 5;
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)noise_bits(&seed);
    l2l_tensor t = l2l_tensor_of(bytes, dtype, 4, (int64_t[]){ n, 1, h, w });
    t.stride[2] = groups * group;
    t.stride[0] = t.stride[1] = h * t.stride[2];
    if (reversed) t.data = bytes + row * (size_t)(h - 1), t.stride[2] = -t.stride[2];
    for (int64_t i = 0; i < n; i++)
        for (int64_t y = 0; y < h; y++)
            pack(dtype, (uint16_t *)from->data + (i * h + y) * w, w,
                 bytes + row * (size_t)(i * h + (reversed ? h - 1 - y : y)));
    *block = bytes;
    return t;
}

/* ---- the loader alone ---- */

/* Every first column, inside groups too, and every count, on every instruction set. */
START_TEST(any_columns_are_loaded) {
    enum { W = 61 };
    for (int p = 0; p < PACKINGS; p++) {
        l2l_tensor samples = codes(packings[p], 1, 1, W);
        for (int isa = L2L_ISA_BASELINE; isa <= L2L_ISA_NEON; isa++) {
            if (!l2l_isa_available((l2l_isa)isa)) continue;
            for (int x = 0; x < W; x++)
                for (int count = 1; count <= W - x; count++) {
                    l2l_tensor part = samples;
                    part.shape[3] = x + count; /* the row ends with the last one loaded */
                    void *block;
                    l2l_tensor from = packed(&part, packings[p], 0, false, &block);
                    float single[W + 16];
                    double twice[W + 16];
                    l2l_kernels_for((l2l_isa)isa, L2L_F32)
                        ->load(single, &from, x, 1, count, 0.25, 0);
                    l2l_kernels_for((l2l_isa)isa, L2L_F64)
                        ->load(twice, &from, x, 1, count, 0.25, 0);
                    for (int i = 0; i < count; i++) {
                        double expected = 0.25 * ((uint16_t *)samples.data)[x + i];
                        ck_assert_msg((double)single[i] == expected && twice[i] == expected,
                                      "%s, %s, columns %d to %d: %g, %g, not %g at %d",
                                      l2l_dtype_name(packings[p]), l2l_isa_name((l2l_isa)isa), x,
                                      x + count - 1, (double)single[i], twice[i], expected, x + i);
                    }
                    free(block);
                }
        }
        free(samples.data);
    }
}
END_TEST

/* ---- plans ---- */

typedef struct variant {
    int threads, tile_width, tile_height, gap;
    bool reversed;
} variant;

static const variant variants[] = {
    { 1, 0, 0, 0, false },
    { 2, 16, 16, 0, true },
    { 1, 14, 8, 3, false },
    { 2, 34, 10, 1, true },
};

static l2l_plan *scaled_plan(int which, l2l_dtype dtype) {
    l2l_preset_options options = L2L_PRESET_OPTIONS_INIT;
    const char *const names[] = { "lens2logit", "lens2logit",
                                  "static/bilinear/unsharp_masking/median_denoising" };
    l2l_plan *plan;
    options.sample_scale = 1 / (ldexp(1, l2l_dtype_bits(dtype)) - 1);
    options.batch_normalize = which == 1;
    ok(l2l_plan_preset(context, names[which], &options, &plan));
    return plan;
}

static l2l_context *context_for(l2l_isa isa, const variant *v) {
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    l2l_context *made;
    options.threads = v->threads, options.isa = isa;
    options.tile_width = v->tile_width, options.tile_height = v->tile_height;
    ck_assert_int_eq(l2l_context_create(&options, &made), L2L_OK);
    return made;
}

/* The packed mosaic and the same as u16, forward and backward. */
static void same_as_u16(int which, l2l_dtype dtype, l2l_dtype real, l2l_isa isa, const variant *v,
                        int64_t n, int64_t h, int64_t w) {
    char what[128];
    void *block;
    l2l_plan *plan = scaled_plan(which, dtype);
    l2l_context *with = context_for(isa, v);
    inputs in = some_inputs(plan, real, n, h, w), tight = in;
    free(in.mosaic.data);
    in.mosaic = codes(dtype, n, h, w);
    tight.mosaic = packed(&in.mosaic, dtype, v->gap, v->reversed, &block);
    outcome expected = run(with, plan, &in), out = run(with, plan, &tight);
    snprintf(what, sizeof what, "%s plan %d %lldx%lldx%lld, tiles %dx%d, %s, %s",
             l2l_dtype_name(dtype), which, (long long)n, (long long)h, (long long)w, v->tile_width,
             v->tile_height, l2l_dtype_name(real), l2l_isa_name(isa));
    same_bits(&out.image, &expected.image, what);
    same_bits(&out.grad_mosaic, &expected.grad_mosaic, what);
    same_bits(&out.grad_params, &expected.grad_params, what);
    if (has_batch(plan)) same_bits(&out.state, &expected.state, what);
    free(block), free_outcome(&out), free_outcome(&expected), free_inputs(&in);
    l2l_context_destroy(with);
    l2l_plan_destroy(plan);
}

START_TEST(plans_read_packed_mosaics) {
    static const int64_t sizes[][3] = {
        { 1, 1, 1 }, { 2, 3, 2 }, { 1, 9, 23 }, { 3, 18, 47 }, { 1, 33, 130 }
    };
    for (int isa = L2L_ISA_BASELINE; isa <= L2L_ISA_NEON; isa++)
        for (int p = 0; p < PACKINGS && l2l_isa_available((l2l_isa)isa); p++)
            for (size_t v = 0; v < sizeof variants / sizeof variants[0]; v++)
                for (int s = 0; s < 5; s++) {
                    const int64_t *size = sizes[s];
                    l2l_dtype real = (s + p) % 2 ? L2L_F32 : L2L_F64;
                    int which = s > 0 ? (p + s + (int)v) % 3 : 0; /* statistics need samples */
                    same_as_u16(which, packings[p], real, (l2l_isa)isa, &variants[v], size[0],
                                size[1], size[2]);
                }
}
END_TEST

/* (H,W) and (N,H,W), and a part of a mosaic that begins with a group. */
START_TEST(other_shapes_and_parts) {
    enum { N = 2, H = 10, W = 24, LEFT = 8, TOP = 3 };
    for (int p = 0; p < PACKINGS; p++) {
        void *block;
        l2l_plan *plan = scaled_plan(0, packings[p]);
        inputs in = some_inputs(plan, L2L_F32, N, H, W);
        free(in.mosaic.data);
        in.mosaic = codes(packings[p], N, H, W);
        l2l_tensor whole = packed(&in.mosaic, packings[p], 1, false, &block), flat = whole;
        outcome expected = room_for(plan, &in), out = room_for(plan, &in);
        ok(l2l_plan_forward(context, plan, &in.params, &in.mosaic, &expected.image, NULL));
        flat.ndim = 3;
        flat.shape[1] = H, flat.shape[2] = W, flat.stride[1] = whole.stride[2], flat.stride[2] = 1;
        ok(l2l_plan_forward(context, plan, &in.params, &flat, &out.image, NULL));
        same_bits(&out.image, &expected.image, "(N,H,W)");

        l2l_tensor part = in.mosaic, cut = whole, image = expected.image, cut_image = out.image;
        part.ndim = cut.ndim = 2;
        part.shape[0] = cut.shape[0] = H - TOP, part.shape[1] = cut.shape[1] = W - LEFT - 3;
        part.stride[0] = W, part.stride[1] = 1;
        cut.stride[0] = whole.stride[2], cut.stride[1] = 1;
        part.data = (uint16_t *)part.data + TOP * W + LEFT;
        cut.data =
            (char *)cut.data + (TOP * whole.stride[2] + LEFT) * l2l_dtype_bits(packings[p]) / 8;
        image = l2l_image(image.data, L2L_F32, 3, part.shape[0], part.shape[1]);
        cut_image = l2l_image(cut_image.data, L2L_F32, 3, part.shape[0], part.shape[1]);
        ok(l2l_plan_forward(context, plan, &in.params, &part, &image, NULL));
        ok(l2l_plan_forward(context, plan, &in.params, &cut, &cut_image, NULL));
        same_bits(&cut_image, &image, "a part");
        free(block), free_outcome(&out), free_outcome(&expected), free_inputs(&in);
        l2l_plan_destroy(plan);
    }
}
END_TEST

START_TEST(single_stages_read_packed_mosaics) {
    const l2l_black_level black = L2L_BLACK_LEVEL_INIT;
    const l2l_demosaic demosaic = L2L_DEMOSAIC_INIT;
    for (int p = 0; p < PACKINGS; p++) {
        void *block;
        l2l_tensor samples = codes(packings[p], 1, 7, 13), image = tensor(L2L_F32, 1, 3, 7, 13);
        l2l_tensor mosaic = packed(&samples, packings[p], 0, false, &block);
        l2l_tensor expected = tensor(L2L_F32, 1, 3, 7, 13), plane = tensor(L2L_F32, 1, 1, 7, 13);
        l2l_tensor expected_plane = tensor(L2L_F32, 1, 1, 7, 13);
        double levels[4] = { 1, 2, 3, 4 };
        l2l_tensor params = l2l_vector(levels, L2L_F64, 4);
        ok(l2l_black_level_forward(context, &black, &params, &mosaic, &plane));
        ok(l2l_black_level_forward(context, &black, &params, &samples, &expected_plane));
        same_bits(&plane, &expected_plane, "black_level");
        ok(l2l_demosaic_forward(context, &demosaic, NULL, &mosaic, &image));
        ok(l2l_demosaic_forward(context, &demosaic, NULL, &samples, &expected));
        same_bits(&image, &expected, "demosaic");
        ok(l2l_demosaic_backward(context, &demosaic, NULL, &mosaic, &image, L2L_GRAD_WRITE, &plane,
                                 NULL));
        ok(l2l_demosaic_backward(context, &demosaic, NULL, &samples, &image, L2L_GRAD_WRITE,
                                 &expected_plane, NULL));
        same_bits(&plane, &expected_plane, "demosaic's gradient");
        free(block), free(samples.data), free(image.data), free(expected.data);
        free(plane.data), free(expected_plane.data);
    }
}
END_TEST

/* ---- what packed samples are not for ---- */

START_TEST(all_else_is_refused) {
    const l2l_status wrong = L2L_INVALID_ARGUMENT;
    const l2l_gamma gamma = L2L_GAMMA_INIT;
    const l2l_stage images[] = { { L2L_WHITE_BALANCE, NULL }, { L2L_ADDITIVE, NULL } };
    l2l_plan *plan = preset("lens2logit"), *of_image = plan_of(3, images, 2);
    inputs in = some_inputs(plan, L2L_F32, 1, 8, 8);
    outcome out = room_for(plan, &in);
    static uint8_t bytes[4096];
    l2l_tape *tape;
    l2l_var leaf;
    ok(l2l_tape_create(context, &tape));
    for (int p = 0; p < PACKINGS; p++) {
        const char *name = l2l_dtype_name(packings[p]);
        const l2l_tensor image = l2l_image(bytes, packings[p], 3, 8, 8);
        const l2l_tensor mosaic = l2l_image(bytes, packings[p], 1, 8, 8);
        const l2l_tensor params = l2l_vector(bytes, packings[p], 132);
        l2l_tensor odd = mosaic;
        const l2l_tap tap = { 1, &image, NULL }, tap_grad = { 1, NULL, &image };
        l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
#define FORWARD(plan, params, mosaic, image)                                                       \
    refused(l2l_plan_forward(context, plan, params, mosaic, image, &extra), wrong, name)
#define BACKWARD(grad_image, grad_mosaic, grad_params)                                             \
    refused(l2l_plan_backward(context, plan, &in.params, &in.mosaic, grad_image, L2L_GRAD_WRITE,   \
                              grad_mosaic, grad_params, &extra),                                   \
            wrong, name)
        FORWARD(plan, &in.params, &in.mosaic, &image);
        FORWARD(plan, &params, &in.mosaic, &out.image);
        FORWARD(of_image, NULL, &image, &out.image);
        BACKWARD(&image, &out.grad_mosaic, NULL);
        BACKWARD(&in.grad_image, &mosaic, NULL);
        BACKWARD(&in.grad_image, NULL, &params);
        odd.stride[1]++;
        FORWARD(plan, &in.params, &odd, &out.image);
        odd = mosaic, odd.stride[2] = 2;
        FORWARD(plan, &in.params, &odd, &out.image);
        extra.taps = &tap, extra.tap_count = 1;
        FORWARD(plan, &in.params, &in.mosaic, &out.image);
        extra.taps = &tap_grad;
        BACKWARD(&in.grad_image, &out.grad_mosaic, NULL);
        extra = (l2l_plan_extra)L2L_PLAN_EXTRA_INIT;
        extra.additive = &image;
        FORWARD(of_image, NULL, &in.grad_image, &out.image);
#undef FORWARD
#undef BACKWARD
        refused(l2l_gamma_forward(context, &gamma, NULL, &mosaic, &out.grad_mosaic), wrong, name);
        refused(l2l_plan_default_params(context, plan, &params), wrong, name);
        refused(l2l_tape_leaf(tape, &mosaic, 0, &leaf), wrong, name);
    }
    free_outcome(&out), free_inputs(&in);
    l2l_tape_destroy(tape);
    l2l_plan_destroy(plan), l2l_plan_destroy(of_image);
}
END_TEST

/* A gradient may not lie in the mosaic, nor behind its last row's first byte. */
START_TEST(overlap_is_refused) {
    l2l_plan *plan = scaled_plan(0, L2L_RAW12);
    inputs in = some_inputs(plan, L2L_F32, 1, 8, 8);
    uint8_t *block = calloc(1, 8 * 12 + 8 * 8 * 3 * sizeof(float));
    l2l_tensor mosaic = l2l_image(block, L2L_RAW12, 1, 8, 8);
    l2l_tensor image = l2l_image(block + 8 * 12 - 4, L2L_F32, 3, 8, 8);
    refused(l2l_plan_forward(context, plan, &in.params, &mosaic, &image, NULL),
            L2L_INVALID_ARGUMENT, "overlap");
    image.data = block + 8 * 12;
    ok(l2l_plan_forward(context, plan, &in.params, &mosaic, &image, NULL));
    free(block), free_inputs(&in);
    l2l_plan_destroy(plan);
}
END_TEST

int main(void) {
    const TTest *const tests[] = { any_columns_are_loaded,
                                   plans_read_packed_mosaics,
                                   other_shapes_and_parts,
                                   single_stages_read_packed_mosaics,
                                   all_else_is_refused,
                                   overlap_is_refused,
                                   NULL };
    return run_tests("packed", tests);
}
