/* The checks of one case against the oracle, and of two ways of calling against each other. */
#include "modes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int is_double(const setup *s) {
    return s->src == L2L_F64 || s->dst == L2L_F64;
}

static const char *describe(const problem *p, const setup *s) {
    static char text[200];
    snprintf(text, sizeof text,
             "%dx%dx%dx%d %s to %s, params %s, %s, threads %d, tile %dx%d%s%s%s%s", p->n,
             p->row->channels, p->h, p->w, l2l_dtype_name(s->src), l2l_dtype_name(s->dst),
             l2l_dtype_name(s->param), layout_names[s->layout], s->threads, s->tile_width,
             s->tile_height, s->plan ? ", as plan" : "", s->mode == L2L_GRAD_ADD ? ", added" : "",
             s->skip_source ? ", no source gradient" : "",
             s->skip_params ? ", no parameter gradient" : "");
    return text;
}

/* Statistics of a few samples lose all digits of single precision. */
static int too_few(const problem *p, const setup *s) {
    return !is_double(s) && p->n * p->h * p->w < p->row->least;
}

/* What storing a gradient costs relative to the largest, 0.1 at least; it was added to 0.25. */
static double storing(l2l_dtype type, const setup *s) {
    return dtype_epsilon(type) * (s->mode == L2L_GRAD_ADD ? 4 : 1);
}

static void trouble(problem *p, const setup *s, const outcome *out) {
    report(p->row, s->isa, -1, out->trouble[0] != 0, 0, "%s: %s", describe(p, s), out->trouble);
}

/* The error beyond what the output's own type costs. Integers are rounded and clamped. */
static double stored_error(const problem *p, const setup *s, const double *got) {
    const oracle_image *ref = problem_result(p);
    size_t count = oracle_size(ref);
    if (s->dst > L2L_U16) {
        double error = relative_error(ref->v, got, NULL, count, 0);
        return s->dst == L2L_F64 ? error : fmax(0, error - dtype_epsilon(s->dst));
    }
    double top = s->dst == L2L_U8 ? 255 : 65535, error = 0, scale = 1;
    for (size_t i = 0; i < count; i++) {
        double value = isnan(ref->v[i]) ? 0 : fmin(fmax(ref->v[i], 0), top);
        error = fmax(error, fabs(got[i] - value) - 0.5);
        scale = fmax(scale, fabs(ref->v[i]));
    }
    return fmax(0, error / scale);
}

void check_forward(problem *p, const setup *s) {
    if (too_few(p, s)) return;
    outcome out = run_forward(p, s);
    trouble(p, s, &out);
    int precision = is_double(s);
    if (!out.trouble[0])
        report(p->row, s->isa, precision, stored_error(p, s, out.image),
               case_tolerance(p->row).forward[precision], "image, %s", describe(p, s));
    outcome_free(&out);
}

static void check_params(problem *p, const setup *s, const outcome *out, double limit) {
    int precision = is_double(s);
    for (int k = 0; k < p->row->count; k++) {
        size_t count = (size_t)p->param_count[k], first = (size_t)problem_first_slice(p, k);
        for (int slice = 0; slice < 2; slice++) {
            size_t from = slice ? first : 0, size = slice ? count - first : first;
            if (size == 0) continue;
            const double *got = out->grad_params[k];
            double error = relative_error(p->grad_params[k] + from, got ? got + from : NULL,
                                          p->typical[k] + from, size, 1);
            /* the images of a batch are added to an image-shaped gradient one by one */
            double stored = storing(s->param, s) * (problem_in_vector(p, k) ? 1 : p->n);
            report(p->row, s->isa, precision, fmax(0, error - stored), limit,
                   "gradient of parameters of stage %d, slice %d, %s", k, slice, describe(p, s));
        }
    }
}

void check_backward(problem *p, const setup *s) {
    if (too_few(p, s)) return;
    outcome out = run_backward(p, s);
    trouble(p, s, &out);
    int precision = is_double(s);
    double limit = case_tolerance(p->row).gradient[precision];
    if (!out.trouble[0]) {
        double error =
            relative_error(p->grad[0], out.grad_source, NULL, oracle_size(&p->image[0]), 1);
        report(p->row, s->isa, precision, fmax(0, error - storing(s->dst, s)), limit,
               "gradient of source, %s", describe(p, s));
        check_params(p, s, &out, limit);
    }
    outcome_free(&out);
}

base base_of(problem *p, const setup *s) {
    base b = { p, run_forward(p, s), run_backward(p, s) };
    trouble(p, s, &b.forward);
    trouble(p, s, &b.backward);
    return b;
}

void base_free(base *b) {
    outcome_free(&b->forward);
    outcome_free(&b->backward);
}

static void check_same_params(const base *b, const setup *s, const outcome *out, int bits) {
    problem *p = b->problem;
    for (int k = 0; k < p->row->count; k++) {
        size_t count = (size_t)p->param_count[k];
        const double *expected = b->backward.grad_params[k], *got = out->grad_params[k];
        if (count == 0) continue;
        if (bits)
            report(p->row, s->isa, -1, different(expected, got, count), 0,
                   "gradient of parameters of stage %d: values that differ, %s", k, describe(p, s));
        else /* two roundings, each as far off as it may */
            report(p->row, s->isa, is_double(s), relative_error(expected, got, NULL, count, 0),
                   is_double(s) ? 1e-11 : 2 * case_tolerance(p->row).gradient[0],
                   "gradient of parameters of stage %d, %s", k, describe(p, s));
    }
}

void check_same(const base *b, const setup *s, int with_params) {
    problem *p = b->problem;
    outcome out = run_forward(p, s);
    trouble(p, s, &out);
    report(p->row, s->isa, -1,
           different(b->forward.image, out.image, oracle_size(problem_result(p))), 0,
           "image: values that differ, %s", describe(p, s));
    outcome_free(&out);
    out = run_backward(p, s);
    trouble(p, s, &out);
    if (!s->skip_source)
        report(p->row, s->isa, -1,
               different(b->backward.grad_source, out.grad_source, oracle_size(&p->image[0])), 0,
               "gradient of source: values that differ, %s", describe(p, s));
    if (!s->skip_params) check_same_params(b, s, &out, with_params);
    outcome_free(&out);
}
