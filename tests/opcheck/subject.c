/* Calls the library for a problem and reads back what it delivered. */
#include "subject.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "library.h"

fault subject_fault = FAULT_NONE;

setup setup_plain(l2l_isa isa, l2l_dtype type) {
    setup s;
    memset(&s, 0, sizeof s);
    s.isa = isa;
    s.threads = 1;
    s.src = s.dst = s.param = type;
    return s;
}

void outcome_free(outcome *o) {
    free(o->image);
    free(o->grad_source);
    for (int k = 0; k < MOST_STAGES; k++) {
        free(o->grad_params[k]);
        free(o->tap[k]);
        free(o->grad_tap[k]);
    }
    memset(o, 0, sizeof *o);
}

static struct {
    setup setup;
    l2l_context *context;
} contexts[128];
static int context_count;

l2l_context *subject_context(const setup *s) {
    for (int i = 0; i < context_count; i++) {
        const setup *known = &contexts[i].setup;
        if (known->isa == s->isa && known->threads == s->threads &&
            known->tile_width == s->tile_width && known->tile_height == s->tile_height)
            return contexts[i].context;
    }
    if (context_count == (int)(sizeof contexts / sizeof *contexts)) subject_end();
    l2l_context_options options = L2L_CONTEXT_OPTIONS_INIT;
    options.isa = s->isa;
    options.threads = s->threads;
    options.tile_width = s->tile_width;
    options.tile_height = s->tile_height;
    l2l_context *context;
    if (l2l_context_create(&options, &context) != L2L_OK) {
        fprintf(stderr, "opcheck: no context for %s, %d threads, tiles %d by %d\n",
                l2l_isa_name(s->isa), s->threads, s->tile_width, s->tile_height);
        exit(2);
    }
    contexts[context_count].setup = *s;
    contexts[context_count++].context = context;
    return context;
}

void subject_end(void) {
    while (context_count > 0) l2l_context_destroy(contexts[--context_count].context);
}

/* The tensors of one call. */
typedef struct call {
    problem *problem;
    const setup *setup;
    outcome out;
    guarded source, image, grad_image, grad_source, params, grad_params, additive, grad_additive;
    guarded taps[MOST_STAGES];
} call;

/* Mosaics and single images are also given with fewer dimensions. */
static guarded image_tensor(const oracle_image *image, l2l_dtype type, layout kind, int mosaic) {
    int64_t shape[4] = { image->n, image->c, image->h, image->w };
    if (image->n == 1 && kind % 2 == 0)
        return mosaic && image->c == 1 ? guarded_new(type, 2, shape + 2, kind)
                                       : guarded_new(type, 3, shape + 1, kind);
    return guarded_new(type, 4, shape, kind);
}

static void fill_vector(const problem *p, guarded *vector, double *const *parts) {
    double *flat = calloc((size_t)problem_vector_count(p) + 1, sizeof(double));
    for (int k = 0, at = 0; k < p->row->count; k++) {
        if (!problem_in_vector(p, k)) continue;
        memcpy(flat + at, parts[k], (size_t)p->param_count[k] * sizeof(double));
        at += p->param_count[k];
    }
    guarded_write(vector, flat);
    free(flat);
}

/* Gradients are added to a quarter. */
static void prepare_output(guarded *g, l2l_grad_mode mode) {
    if (mode != L2L_GRAD_ADD) return;
    double *start = malloc(g->count * sizeof(double));
    for (size_t i = 0; i < g->count; i++) start[i] = 0.25;
    guarded_write(g, start);
    free(start);
}

static call call_new(problem *p, const setup *s) {
    call c;
    memset(&c, 0, sizeof c);
    c.problem = p;
    c.setup = s;
    int mosaic = p->row->channels == 1, extra = problem_additive(p);
    int64_t count = problem_vector_count(p);
    c.source = image_tensor(&p->image[0], s->src, s->layout, mosaic);
    guarded_write(&c.source, p->samples);
    if (count > 0) {
        c.params = guarded_new(s->param, 1, &count, s->layout);
        fill_vector(p, &c.params, p->params);
    }
    if (extra >= 0) {
        oracle_image shape = p->image[extra];
        shape.n = 1;
        int64_t shape3[3] = { shape.c, shape.h, shape.w };
        c.additive = guarded_new(s->param, 3, shape3, s->layout);
        guarded_write(&c.additive, p->params[extra]);
        c.grad_additive = guarded_new(s->param, 3, shape3, s->layout);
        prepare_output(&c.grad_additive, s->mode);
    }
    return c;
}

static void gradient_tensors(call *c) {
    problem *p = c->problem;
    const setup *s = c->setup;
    int64_t count = problem_vector_count(p);
    c->grad_image = image_tensor(problem_result(p), s->dst, s->layout, 0);
    guarded_write(&c->grad_image, s->cotangent ? s->cotangent : p->cotangent);
    c->grad_source = image_tensor(&p->image[0], s->dst, s->layout, p->row->channels == 1);
    prepare_output(&c->grad_source, s->mode);
    if (count > 0) {
        c->grad_params = guarded_new(s->param, 1, &count, s->layout);
        prepare_output(&c->grad_params, s->mode);
    }
}

static void check_guards(call *c) {
    const struct {
        const char *name;
        guarded *g;
        int output;
    } all[] = { { "source", &c->source, 0 },           { "params", &c->params, 0 },
                { "additive", &c->additive, 0 },       { "image", &c->image, 1 },
                { "grad_image", &c->grad_image, 0 },   { "grad_source", &c->grad_source, 1 },
                { "grad_params", &c->grad_params, 1 }, { "grad_additive", &c->grad_additive, 1 } };
    if (subject_fault == FAULT_OUTSIDE) {
        guarded *g = c->image.memory ? &c->image : &c->grad_source;
        g->memory[g->bytes - 1] ^= 1;
    }
    if (subject_fault == FAULT_SOURCE) c->source.memory[300] ^= 1;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].g->memory && guarded_broken(all[i].g, all[i].output))
            snprintf(c->out.trouble, sizeof c->out.trouble, "wrote outside of %s, or into it",
                     all[i].name);
    for (int k = 0; k < MOST_STAGES; k++)
        if (c->taps[k].memory && guarded_broken(&c->taps[k], 1))
            snprintf(c->out.trouble, sizeof c->out.trouble, "wrote outside of tap %d", k);
}

static void inject(const setup *s, double *values, size_t count, int gradient) {
    size_t middle = count / 2;
    if (subject_fault == FAULT_VALUE) values[middle] += 1e-3 * (fabs(values[middle]) + 1);
    if (subject_fault == FAULT_SWAP && gradient && count > 1) {
        double first = values[0];
        values[0] = values[1];
        values[1] = first;
    }
    if (subject_fault == FAULT_BIT && (s->threads > 1 || s->tile_width > 0 || s->layout))
        values[middle] = nextafter(values[middle], 1e9);
}

static double *read_back(const setup *s, const guarded *g, int gradient) {
    if (!g->memory) return NULL;
    double *values = malloc(g->count * sizeof(double));
    guarded_read(g, values);
    for (size_t i = 0; gradient && s->mode == L2L_GRAD_ADD && i < g->count; i++) values[i] -= 0.25;
    inject(s, values, g->count, gradient);
    return values;
}

static outcome call_end(call *c, l2l_status status) {
    problem *p = c->problem;
    const setup *s = c->setup;
    if (status != L2L_OK)
        snprintf(c->out.trouble, sizeof c->out.trouble, "%s: %s", l2l_status_name(status),
                 l2l_context_error(subject_context(s)));
    else
        check_guards(c);
    c->out.image = read_back(s, &c->image, 0);
    if (!s->skip_source) c->out.grad_source = read_back(s, &c->grad_source, 1);
    double *flat = s->skip_params ? NULL : read_back(s, &c->grad_params, 1);
    for (int k = 0, at = 0; k < p->row->count; k++) {
        size_t count = (size_t)p->param_count[k];
        if (!problem_in_vector(p, k)) {
            if (!s->skip_params) c->out.grad_params[k] = read_back(s, &c->grad_additive, 1);
            continue;
        }
        if (flat) {
            c->out.grad_params[k] = calloc(count + 1, sizeof(double));
            memcpy(c->out.grad_params[k], flat + at, count * sizeof(double));
        }
        at += p->param_count[k];
    }
    free(flat);
    guarded *all[] = { &c->source,      &c->image,  &c->grad_image,    &c->grad_source,
                       &c->grad_params, &c->params, &c->grad_additive, &c->additive };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) guarded_free(all[i]);
    for (int k = 0; k < MOST_STAGES; k++) guarded_free(&c->taps[k]);
    return c->out;
}

static const l2l_tensor *view(const guarded *g) {
    return g->memory ? &g->view : NULL;
}

static l2l_plan_extra extra_of(const call *c) {
    l2l_plan_extra extra = L2L_PLAN_EXTRA_INIT;
    extra.additive = view(&c->additive);
    extra.grad_additive = c->setup->skip_params ? NULL : view(&c->grad_additive);
    return extra;
}

/* The stage or the plan, forward; `extra` NULL: the additive image only. */
static l2l_status forward(call *c, const l2l_plan_extra *given) {
    problem *p = c->problem;
    l2l_context *context = subject_context(c->setup);
    const l2l_tensor *params = c->setup->default_params ? NULL : view(&c->params);
    if (!c->setup->plan && p->row->count == 1)
        return library_stage_forward(context, p->row->stages,
                                     c->additive.memory ? &c->additive.view : params,
                                     &c->source.view, &c->image.view);
    l2l_plan_extra extra = extra_of(c);
    l2l_status status = library_plan(context, p);
    if (status != L2L_OK) return status;
    return l2l_plan_forward(context, p->plan, params, &c->source.view, &c->image.view,
                            given ? given : &extra);
}

static l2l_status backward(call *c, const l2l_plan_extra *given) {
    problem *p = c->problem;
    const setup *s = c->setup;
    l2l_context *context = subject_context(s);
    const l2l_tensor *params = s->default_params ? NULL : view(&c->params);
    const l2l_tensor *grad_source = s->skip_source ? NULL : view(&c->grad_source);
    const l2l_tensor *grad_params = s->skip_params ? NULL : view(&c->grad_params);
    if (!s->plan && p->row->count == 1) {
        int extra = c->additive.memory != NULL;
        return library_stage_backward(context, p->row->stages, extra ? &c->additive.view : params,
                                      &c->source.view, &c->grad_image.view, s->mode, grad_source,
                                      extra && !s->skip_params ? &c->grad_additive.view
                                                               : grad_params);
    }
    l2l_plan_extra extra = extra_of(c);
    l2l_status status = library_plan(context, p);
    if (status != L2L_OK) return status;
    return l2l_plan_backward(context, p->plan, params, &c->source.view, &c->grad_image.view,
                             s->mode, grad_source, grad_params, given ? given : &extra);
}

outcome run_forward(problem *p, const setup *s) {
    call c = call_new(p, s);
    c.image = image_tensor(problem_result(p), s->dst, s->layout, 0);
    return call_end(&c, forward(&c, NULL));
}

outcome run_backward(problem *p, const setup *s) {
    call c = call_new(p, s);
    gradient_tensors(&c);
    return call_end(&c, backward(&c, NULL));
}

outcome run_taps(problem *p, const setup *s, int with_gradients) {
    call c = call_new(p, s);
    l2l_tap taps[MOST_STAGES];
    memset(taps, 0, sizeof taps);
    if (with_gradients)
        gradient_tensors(&c);
    else
        c.image = image_tensor(problem_result(p), s->dst, s->layout, 0);
    for (int k = 0; k < p->row->count; k++) {
        c.taps[k] = image_tensor(&p->image[k + 1], s->dst, s->layout, 0);
        taps[k].stage = (size_t)k;
        *(with_gradients ? &taps[k].grad : &taps[k].image) = &c.taps[k].view;
    }
    l2l_plan_extra extra = extra_of(&c);
    extra.taps = taps;
    extra.tap_count = (size_t)p->row->count;
    l2l_status status = with_gradients ? backward(&c, &extra) : forward(&c, &extra);
    for (int k = 0; k < p->row->count; k++)
        *(with_gradients ? &c.out.grad_tap[k] : &c.out.tap[k]) =
            read_back(s, &c.taps[k], with_gradients);
    return call_end(&c, status);
}

double run_timed(problem *p, const setup *s, int with_gradients) {
    double best = -1, spent = 0;
    call c = call_new(p, s);
    if (with_gradients)
        gradient_tensors(&c);
    else
        c.image = image_tensor(problem_result(p), s->dst, s->layout, 0);
    l2l_status status = L2L_OK;
    for (int i = 0; i < 50 && (i < 3 || spent < 0.1) && status == L2L_OK; i++) {
        struct timespec from, to;
        timespec_get(&from, TIME_UTC);
        status = with_gradients ? backward(&c, NULL) : forward(&c, NULL);
        timespec_get(&to, TIME_UTC);
        double seconds =
            (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
        spent += seconds;
        if (best < 0 || seconds < best) best = seconds;
    }
    outcome out = call_end(&c, status);
    if (out.trouble[0]) best = -1;
    outcome_free(&out);
    return best;
}
