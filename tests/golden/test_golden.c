/* Compares the library with goldens that independent packages made (make.py, make_torch.py). */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lens2logit/lens2logit.h>

#include "cases.h"
#include "samples.h"

static int passed, failed;

static void verdict(bool good, const char *what) {
    if (good) {
        passed++;
    } else {
        failed++;
        printf("FAILED: %s\n", what);
    }
}

/* The folder of this file, where data/ lies. */
static npy load(const golden_case *golden, const char *prefix, const char *name) {
    static const char here[] = __FILE__;
    const char *slash = strrchr(here, '/');
    char path[1200], folder[128];
    size_t i = 0;
    for (; golden->folder[i] && i + 1 < sizeof folder; i++)
        folder[i] = golden->folder[i] == '/' ? '_' : golden->folder[i];
    folder[i] = 0;
    snprintf(path, sizeof path, "%.*sdata/%s/%s%s.npy", slash ? (int)(slash - here + 1) : 0, here,
             folder, prefix, name);
    return npy_read(path);
}

enum { MAX_TAPS = 12 };

typedef struct test_run {
    const golden_case *golden;
    l2l_context *context;
    l2l_plan *plan;
    l2l_dtype dtype;
    double worst_image, worst_grad;
    char label[128];
} test_run;

static bool status_ok(test_run *run, l2l_status status, const char *what) {
    if (status == L2L_OK) return true;
    printf("%s: %s: %s: %s\n", run->label, what, l2l_status_name(status),
           l2l_context_error(run->context));
    verdict(false, run->label);
    return false;
}

/* One array against its golden; consumes the golden. */
static void compare(test_run *run, const char *name, const samples *got, int64_t offset, npy want,
                    double allowed, double *worst) {
    char what[256];
    int inset = want.ndim > 1 ? run->golden->inset : 0;
    double error = want.values ? relative_error(got, offset, &want, inset) : HUGE_VAL;
    snprintf(what, sizeof what, "%s: %s: error %.2e, allowed %.0e", run->label, name, error,
             allowed);
    verdict(error <= allowed, what);
    *worst = fmax(*worst, error);
    free(want.values);
}

/* The golden's parameters, slice by slice, in the order of the plan; none where it has none. */
static bool load_params(test_run *run, samples *params) {
    npy shape = { 1, { l2l_plan_param_count(run->plan), 1, 1, 1 }, 0, NULL };
    shape.count = shape.shape[0];
    if (shape.count == 0) return true;
    *params = samples_like(&shape, run->dtype);
    if (!status_ok(run, l2l_plan_default_params(run->context, run->plan, &params->tensor),
                   "default parameters"))
        return false;
    for (size_t i = 0; i < l2l_plan_slice_count(run->plan); i++) {
        l2l_slice slice;
        if (!status_ok(run, l2l_plan_slice_at(run->context, run->plan, i, &slice), "slice"))
            return false;
        npy values = load(run->golden, "", slice.name);
        /* What a golden does not name has its default value. */
        if (values.values && !status_ok(run,
                                        l2l_plan_set_slice(run->context, run->plan, &params->tensor,
                                                           slice.name, values.values, values.count),
                                        slice.name))
            return false;
        free(values.values);
    }
    return true;
}

static void compare_params(test_run *run, const samples *grad, const char *prefix, double allowed) {
    for (size_t i = 0; i < l2l_plan_slice_count(run->plan); i++) {
        l2l_slice slice;
        if (!status_ok(run, l2l_plan_slice_at(run->context, run->plan, i, &slice), "slice")) return;
        npy want = load(run->golden, prefix, slice.name);
        if (want.values && want.count != slice.count) want.values[0] = NAN;
        compare(run, slice.name, grad, slice.offset, want, allowed, &run->worst_grad);
    }
}

typedef struct tap_set {
    l2l_tap taps[MAX_TAPS];
    samples image[MAX_TAPS], grad[MAX_TAPS];
    size_t count;
} tap_set;

/* A tap at every stage for which the golden has one. */
static void make_taps(test_run *run, tap_set *set) {
    set->count = 0;
    for (size_t i = 0; i < l2l_plan_stage_count(run->plan) && i < MAX_TAPS; i++) {
        npy image = load(run->golden, "tap_", l2l_plan_stage_name(run->plan, i));
        if (!image.values) continue;
        set->image[i] = samples_like(&image, run->dtype);
        set->grad[i] = samples_like(&image, run->dtype);
        set->taps[i] = (l2l_tap){ i, &set->image[i].tensor, &set->grad[i].tensor };
        set->count = i + 1;
        free(image.values);
    }
}

static void compare_taps(test_run *run, tap_set *set, const tolerance *allowed) {
    for (size_t i = 0; i < set->count; i++) {
        const char *name = l2l_plan_stage_name(run->plan, i);
        compare(run, name, &set->image[i], 0, load(run->golden, "tap_", name), allowed->image,
                &run->worst_image);
        compare(run, name, &set->grad[i], 0, load(run->golden, "grad_tap_", name), allowed->grad,
                &run->worst_grad);
        free(set->image[i].data);
        free(set->grad[i].data);
    }
}

static void forward(test_run *run, const samples *params, const samples *src, l2l_plan_extra *extra,
                    samples *state) {
    const tolerance *allowed = &run->golden->tolerances[run->dtype == L2L_F64];
    npy want = load(run->golden, "", "image");
    with_channel(&want);
    samples image = samples_like(&want, run->dtype);
    if (status_ok(run,
                  l2l_plan_forward(run->context, run->plan, tensor_of(params), &src->tensor,
                                   &image.tensor, extra),
                  "forward")) {
        npy other = load(run->golden, "", "literal_image");
        npy after = load(run->golden, "", "state_after");
        compare(run, "image", &image, 0, want, allowed->image, &run->worst_image);
        if (other.values)
            compare(run, "literal image", &image, 0, other, literal.image, &(double){ 0 });
        if (after.values) compare(run, "state", state, 0, after, allowed->image, &run->worst_image);
    }
    free(image.data);
}

static void backward(test_run *run, const samples *params, const samples *src,
                     l2l_plan_extra *extra) {
    const tolerance *allowed = &run->golden->tolerances[run->dtype == L2L_F64];
    npy values = load(run->golden, "", "cotangent");
    if (!values.values) return;
    npy want = load(run->golden, "", "grad_src");
    npy want_additive = load(run->golden, "", "grad_additive");
    npy other = load(run->golden, "", "literal_grad_src");
    samples cotangent = samples_of(&values, run->dtype), grad_src = samples_like(&want, run->dtype);
    npy flat = { 1, { params->count, 1, 1, 1 }, params->count, NULL };
    samples grad_params = { .data = NULL };
    samples grad_additive = { .data = NULL };
    if (flat.count) grad_params = samples_like(&flat, L2L_F64);
    if (want_additive.values) {
        grad_additive = samples_like(&want_additive, run->dtype);
        extra->grad_additive = &grad_additive.tensor;
    }
    if (status_ok(run,
                  l2l_plan_backward(run->context, run->plan, tensor_of(params), &src->tensor,
                                    &cotangent.tensor, L2L_GRAD_WRITE, &grad_src.tensor,
                                    tensor_of(&grad_params), extra),
                  "backward")) {
        compare(run, "mosaic gradient", &grad_src, 0, want, allowed->grad, &run->worst_grad);
        compare_params(run, &grad_params, "grad_", allowed->grad);
        if (want_additive.values)
            compare(run, "additive gradient", &grad_additive, 0, want_additive, allowed->grad,
                    &run->worst_grad);
        if (other.values) {
            double worst = run->worst_grad;
            double loose = fmax(literal.grad, allowed->grad);
            compare(run, "literal mosaic gradient", &grad_src, 0, other, loose, &run->worst_grad);
            compare_params(run, &grad_params, "literal_grad_", loose);
            run->worst_grad = worst;
        }
    }
    free(values.values);
    free(cotangent.data);
    free(grad_src.data);
    free(grad_params.data);
    free(grad_additive.data);
}

static void run_plan(test_run *run) {
    const tolerance *allowed = &run->golden->tolerances[run->dtype == L2L_F64];
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    npy input = load(run->golden, "", "src");
    npy additive = load(run->golden, "", "additive"), state = load(run->golden, "", "state");
    samples params = { .data = NULL }, src, added = { .data = NULL }, before = { .data = NULL };
    tap_set taps;
    verdict(input.values != NULL, "the golden's input is there");
    if (!input.values) return;
    src = samples_of(&input, run->dtype);
    if (additive.values) {
        added = samples_of(&additive, run->dtype);
        extra.additive = &added.tensor;
    }
    if (state.values) {
        before = samples_of(&state, L2L_F64);
        extra.state = &before.tensor;
        extra.evaluation = run->golden->make == make_normalize && run->golden->flag;
    }
    make_taps(run, &taps);
    if (taps.count) {
        extra.taps = taps.taps;
        extra.tap_count = taps.count;
    }
    if (load_params(run, &params)) {
        forward(run, &params, &src, &extra, &before);
        backward(run, &params, &src, &extra);
    }
    compare_taps(run, &taps, allowed);
    free(input.values);
    free(additive.values);
    free(state.values);
    free(params.data);
    free(src.data);
    free(added.data);
    free(before.data);
}

static void run_golden(const golden_case *golden, l2l_isa isa, l2l_dtype dtype) {
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    test_run run = { golden, NULL, NULL, dtype, 0, 0, "" };
    snprintf(run.label, sizeof run.label, "%-44s %-8s %s", golden->folder, l2l_isa_name(isa),
             l2l_dtype_name(dtype));
    options.isa = isa;
    options.threads = 2;
    if (!status_ok(&run, l2l_context_create(&options, &run.context), "context")) return;
    if (status_ok(&run, golden->make(run.context, golden, &run.plan), "plan")) {
        run_plan(&run);
        printf("%s  image %.1e  gradients %.1e\n", run.label, run.worst_image, run.worst_grad);
    }
    l2l_plan_destroy(run.plan);
    l2l_context_destroy(run.context);
}

/* The comparison itself must see one wrong sample, a wrong sign and a NaN, and no more than that.
 */
static void test_comparison(void) {
    double values[6] = { 1, -2, 3, 4, -5, 6 };
    npy want = { 2, { 2, 3, 1, 1 }, 6, values };
    samples got = samples_of(&want, L2L_F64);
    verdict(relative_error(&got, 0, &want, 0) == 0, "equal arrays are equal");
    put(&got, 4, -5 + 6e-9);
    verdict(relative_error(&got, 0, &want, 0) > 0.9e-9, "one wrong sample is seen");
    put(&got, 4, 5);
    verdict(relative_error(&got, 0, &want, 0) > 1, "a wrong sign is seen");
    put(&got, 4, NAN);
    verdict(relative_error(&got, 0, &want, 0) > 1e300, "a NaN is seen");
    put(&got, 4, -5);
    put(&got, 5, HUGE_VAL);
    verdict(relative_error(&got, 0, &want, 0) > 1e300, "an infinity is seen");
    free(got.data);
}

/* What the plan calls default are the kernels and the γ of Lens2Logit. */
static void test_defaults(void) {
    static const char *const slices[] = { "demosaic.weight", "sharpen.kernel", "denoise.kernel",
                                          "gamma.gamma" };
    static const golden_case drone = {
        .folder = "lens2logit_drone", .make = make_preset, .preset = "lens2logit", .cfa = "RGGB"
    };
    test_run run = { .golden = &drone, .label = "default parameters" };
    npy flat = { 1, { 132, 1, 1, 1 }, 132, NULL };
    samples params = samples_like(&flat, L2L_F64);
    if (status_ok(&run, l2l_context_create(NULL, &run.context), "context") &&
        status_ok(&run, drone.make(run.context, &drone, &run.plan), "plan") &&
        status_ok(&run, l2l_plan_default_params(run.context, run.plan, &params.tensor), "values")) {
        for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
            l2l_slice slice;
            if (status_ok(&run, l2l_plan_find_slice(run.context, run.plan, slices[i], &slice),
                          slices[i]))
                compare(&run, slices[i], &params, slice.offset, load(&drone, "", slices[i]), 0,
                        &run.worst_image);
        }
    }
    l2l_plan_destroy(run.plan);
    l2l_context_destroy(run.context);
    free(params.data);
}

int main(void) {
    static const l2l_isa isas[] = { L2L_ISA_BASELINE, L2L_ISA_AVX2, L2L_ISA_AVX512, L2L_ISA_NEON };
    test_comparison();
    test_defaults();
    for (size_t g = 0; g < sizeof goldens / sizeof *goldens; g++) {
        for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
            if (!l2l_isa_available(isas[i])) continue;
            run_golden(&goldens[g], isas[i], L2L_F32);
            run_golden(&goldens[g], isas[i], L2L_F64);
        }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
