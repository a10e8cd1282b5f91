/* Mode grad: backward against the oracle's derivatives, whole Jacobians, transposes, kinks. */
#include "modes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* J[output][input] by the oracle, one column an input; `values` lie in the source or in params. */
static double *oracle_jacobian(const problem *p, double *values, size_t inputs, size_t outputs) {
    double *jacobian = malloc((inputs * outputs + 1) * sizeof(double));
    double *column = malloc(outputs * sizeof(double));
    for (size_t i = 0; i < inputs; i++) {
        oracle_column(p->row->stages, p->params[0], &p->image[0], &values[i], column);
        for (size_t k = 0; k < outputs; k++) jacobian[k * inputs + i] = column[k];
    }
    free(column);
    return jacobian;
}

/* The library's, one row an output: the gradient of that output alone. */
static void check_jacobian(problem *p, l2l_isa isa, const double *by_source,
                           const double *by_params) {
    size_t inputs = oracle_size(&p->image[0]), outputs = oracle_size(&p->image[1]);
    size_t params = (size_t)p->param_count[0];
    double *got = malloc(inputs * outputs * sizeof(double));
    double *got_params = malloc((params * outputs + 1) * sizeof(double));
    double *unit = calloc(outputs, sizeof(double));
    setup s = setup_plain(isa, L2L_F64);
    s.cotangent = unit;
    double limit = case_tolerance(p->row).gradient[1];
    int good = 1;
    for (size_t k = 0; k < outputs && good; k++) {
        unit[k] = 1;
        outcome out = run_backward(p, &s);
        good = out.trouble[0] == 0;
        report(p->row, isa, -1, !good, 0, "Jacobian: %s", out.trouble);
        if (good) memcpy(got + k * inputs, out.grad_source, inputs * sizeof(double));
        if (good && params > 0)
            memcpy(got_params + k * params, out.grad_params[0], params * sizeof(double));
        outcome_free(&out);
        unit[k] = 0;
    }
    if (good)
        report(p->row, isa, 1, relative_error(by_source, got, NULL, inputs * outputs, 0), limit,
               "Jacobian by the source of %dx%dx%d", p->n, p->h, p->w);
    if (good && params > 0)
        report(p->row, isa, 1, relative_error(by_params, got_params, NULL, params * outputs, 0),
               limit, "Jacobian by the parameters of %dx%dx%d", p->n, p->h, p->w);
    free(got);
    free(got_params);
    free(unit);
}

static void jacobians(const options *o, problem *p) {
    size_t outputs = oracle_size(&p->image[1]);
    double *by_source = oracle_jacobian(p, p->image[0].v, oracle_size(&p->image[0]), outputs);
    double *by_params = oracle_jacobian(p, p->params[0], (size_t)p->param_count[0], outputs);
    for (l2l_isa isa = 0; isa_next(o, &isa);) check_jacobian(p, isa, by_source, by_params);
    free(by_source);
    free(by_params);
}

/* ⟨J v, w⟩ = ⟨v, Jᵀ w⟩, J v being the library's own forward difference along v: both in double, of
   a stage or chain that is linear in its source. */
static void check_transpose(problem *p, l2l_isa isa, int plan) {
    size_t inputs = oracle_size(&p->image[0]), outputs = oracle_size(problem_result(p));
    unsigned state = p->seed + 5;
    setup s = setup_plain(isa, L2L_F64);
    s.plan = plan;
    s.layout = (layout)(p->seed % LAYOUTS);
    double *kept = malloc(inputs * sizeof(double)), forward = 0, backward = 0, size = 0;
    double scale = p->row->scale != 0 ? p->row->scale : 1;
    outcome at = run_forward(p, &s), grads = run_backward(p, &s);
    for (size_t i = 0; i < inputs; i++) {
        double v = random_unit(&state) * 2 - 1;
        kept[i] = p->samples[i];
        p->samples[i] += v / scale;
        /* Gradients are those of the samples after sample_scale. */
        v = (p->samples[i] - kept[i]) * scale;
        if (grads.grad_source) backward += v * grads.grad_source[i];
    }
    outcome moved = run_forward(p, &s);
    memcpy(p->samples, kept, inputs * sizeof(double));
    int good = !at.trouble[0] && !grads.trouble[0] && !moved.trouble[0];
    for (size_t i = 0; i < outputs && good; i++) {
        forward += (moved.image[i] - at.image[i]) * p->cotangent[i];
        size += fabs(moved.image[i] * p->cotangent[i]);
    }
    report(p->row, isa, 1, good ? fabs(forward - backward) / fmax(size, 1e-3) : INFINITY, 1e-12,
           "transpose of %dx%dx%d%s", p->n, p->h, p->w, plan ? " as plan" : "");
    free(kept);
    outcome_free(&at);
    outcome_free(&grads);
    outcome_free(&moved);
}

/* Types of source, gradients and parameters. */
static const l2l_dtype types[][3] = { { L2L_F32, L2L_F32, L2L_F32 },
                                      { L2L_F64, L2L_F64, L2L_F64 },
                                      { L2L_F32, L2L_F32, L2L_F64 },
                                      { L2L_F64, L2L_F64, L2L_F32 },
                                      { L2L_F32, L2L_F64, L2L_F64 } };

static void check_size(const options *o, const case_row *row, const case_size *size,
                       unsigned seed) {
    int pixels = size->n * size->h * size->w, chain = row->count > 1;
    if (chain && pixels > (o->slow ? 250 : 120)) return;
    problem p = problem_new(row, size->n, size->h, size->w, L2L_F64, seed);
    unsigned turn = seed;
    problem_differentiate(&p, pixels <= 64 ? 0 : o->slow && pixels < 3000 ? 120 : 24);
    for (l2l_isa isa = 0; isa_next(o, &isa);)
        for (int i = 0; i < 5; i++, turn++) {
            setup s = setup_plain(isa, types[i][0]);
            s.dst = types[i][1];
            s.param = types[i][2];
            s.layout = (layout)(turn % LAYOUTS);
            s.mode = turn % 3 == 0 ? L2L_GRAD_ADD : L2L_GRAD_WRITE;
            s.plan = turn % 2 == 0;
            s.tile_width = s.tile_height = turn % 4 == 0 ? 8 : 0;
            check_backward(&p, &s);
        }
    if (!chain && pixels <= 64 && size->h > 1 && size->n == 1) jacobians(o, &p);
    problem_free(&p);
}

/* Sources and cotangents of fewer bits. */
static void check_few_bits(const options *o, const case_row *row) {
    static const l2l_dtype source[] = { L2L_U8, L2L_U16, L2L_F16, L2L_BF16 };
    for (int i = 0; i < 4 && row->count == 1; i++) {
        problem p = problem_new(row, 1, 4, 9, source[i], 17);
        for (size_t k = 0; k < oracle_size(problem_result(&p)); k++)
            p.cotangent[k] = dtype_round(L2L_BF16, p.cotangent[k]);
        problem_differentiate(&p, 0);
        for (l2l_isa isa = 0; isa_next(o, &isa);) {
            setup s = setup_plain(isa, source[i]);
            s.dst = i == 2 ? L2L_F16 : i == 3 ? L2L_BF16 : L2L_F32;
            s.param = L2L_F64;
            check_backward(&p, &s);
        }
        problem_free(&p);
    }
}

/* The gradient at the output of every stage. */
static void check_taps(const options *o, const case_row *row) {
    if (row->count == 1) return;
    problem p = problem_new(row, 1, 9, 11, L2L_F64, 23);
    problem_differentiate(&p, 0);
    for (l2l_isa isa = 0; isa_next(o, &isa);)
        for (int precision = 0; precision < 2; precision++) {
            setup s = setup_plain(isa, precision ? L2L_F64 : L2L_F32);
            s.layout = (layout)(isa % LAYOUTS);
            outcome out = run_taps(&p, &s, 1);
            report(row, isa, -1, out.trouble[0] != 0, 0, "taps: %s", out.trouble);
            for (int k = 0; k < row->count && !out.trouble[0]; k++)
                report(row, isa, precision,
                       relative_error(p.grad[k + 1], out.grad_tap[k], NULL,
                                      oracle_size(&p.image[k + 1]), 0),
                       case_tolerance(row).gradient[precision], "gradient at tap %d", k);
            outcome_free(&out);
        }
    problem_free(&p);
}

void mode_grad(const options *o) {
    report_begin("grad");
    const case_row *row;
    for (int i = 0; (row = row_at(i)); i++) {
        if (!row_wanted(o, row)) continue;
        for (int k = 0; k < case_size_count; k++) {
            const case_size *size = &case_sizes[k];
            unsigned seed = (unsigned)(i * 37 + k * 5 + 2);
            if ((size->slow && !o->slow) || !problem_fits(row, size->h, size->w)) continue;
            if (size->n * size->h * size->w <= (o->slow ? 15000 : 600))
                check_size(o, row, size, seed);
            if (!row->linear) continue;
            problem p = problem_new(row, size->n, size->h, size->w, L2L_F64, seed);
            for (l2l_isa isa = 0; isa_next(o, &isa);)
                for (int plan = 0; plan < 2; plan++) check_transpose(&p, isa, plan);
            problem_free(&p);
        }
        check_few_bits(o, row);
        check_taps(o, row);
    }
    report_end();
}
