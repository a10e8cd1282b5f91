/* Data, parameters and reference gradients of one case. */
#include "problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"

double random_unit(unsigned *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state / 4294967296.0;
}

static double between(unsigned *state, double lo, double hi) {
    return lo + (hi - lo) * random_unit(state);
}

static double *new_doubles(size_t count) {
    return calloc(count + 1, sizeof(double));
}

static double sample(data_kind kind, unsigned *state) {
    static const double level[] = { 0.25, 0.5, 0.75 };
    static const double dark[] = { -0.5, 0.0, -0.0, 1e-6, 1e-5, 2e-5, 0.001, 0.5 };
    switch (kind) {
    case DATA_SIGNED:
        return between(state, -0.5, 1.5);
    case DATA_LEVELS:
        return level[(int)between(state, 0, 3)];
    case DATA_DARK:
        return dark[(int)between(state, 0, 8)];
    case DATA_MILD:
        return random_unit(state) < 0.01 ? 0.02 : between(state, 0.4, 0.6);
    case DATA_CALM:
        return between(state, 0.4, 0.6);
    default:
        return between(state, 0.05, 0.95);
    }
}

static void kernel_params(double *p, int count, int center, int mild, unsigned *state) {
    for (int i = 0; i < count; i++) p[i] = between(state, -1, 1) * (mild ? 0.02 : 1);
    if (mild && center >= 0) p[center] += 1;
}

/* Zero-filled planes, interpolated bilinearly and disturbed. */
static void linear_params(double *p, int radius, int mild, unsigned *state) {
    int side = 2 * radius + 1, size = side * side;
    kernel_params(p, 9 * size, -1, mild, state);
    for (int o = 0; o < 3 && mild; o++)
        for (int i = 0; i < size; i++) {
            int dy = abs(i / side - radius), dx = abs(i % side - radius);
            double tent = dy > 1 || dx > 1 ? 0 : (2 - dy) * (2 - dx) / 4.0;
            double cross = dy + dx == 0 ? 1 : dy + dx == 1 ? 0.25 : 0;
            p[4 * o * size + i] += o == 1 ? cross : tent;
        }
}

static void fill_params(const oracle_stage *s, const oracle_image *src, double *p, int count,
                        int mild, unsigned *state) {
    if (count == 0) return;
    double sigma = (s->radius + 0.5) / 4 * between(state, 0.85, 1.05);
    switch (s->kind) {
    case ORACLE_DEMOSAIC:
        linear_params(p, s->radius, mild, state);
        break;
    case ORACLE_SHARPEN:
    case ORACLE_DENOISE:
        if (s->method == ORACLE_KERNEL)
            kernel_params(p, count, count / 2, mild, state);
        else
            p[0] = sigma;
        if (s->method == ORACLE_UNSHARP) {
            p[0] = between(state, 0.5, 1.5);
            p[1] = sigma;
        }
        break;
    default:
        for (int i = 0; i < count; i++) {
            double x = random_unit(state), y = 0;
            switch (s->kind) {
            case ORACLE_BLACK_LEVEL:
                y = 0.1 * x;
                break;
            case ORACLE_WHITE_BALANCE:
                y = mild ? 0.8 + 0.4 * x : 4 * x - 1;
                break;
            case ORACLE_COLOR_MATRIX:
                y = (mild ? 0.2 : 2) * (x - 0.5) + (i < 9 && i % 4 == 0);
                break;
            case ORACLE_GAMMA:
                y = 1.6 + x;
                break;
            case ORACLE_NORMALIZE:
                y = i < src->c ? x : 0.2 + x;
                break;
            default:
                y = 0.2 * (x - 0.5);
                break;
            }
            p[i] = y;
        }
    }
    for (int i = 0; i < count; i++) p[i] = dtype_round(L2L_F32, p[i]);
}

static void fill_source(problem *p, unsigned *state) {
    static const double scale[] = { [L2L_U8] = 255, [L2L_U16] = 65535, [L2L_F16] = 1,
                                    [L2L_BF16] = 1, [L2L_F32] = 1,     [L2L_F64] = 1 };
    size_t count = oracle_size(&p->image[0]);
    double factor = p->row->scale != 0 ? p->row->scale : 1;
    p->samples = new_doubles(count);
    for (size_t i = 0; i < count; i++) {
        double value = sample(p->row->data, state) * scale[p->type];
        if (p->type <= L2L_U16)
            value = floor(fmin(fmax(value, 0), scale[p->type]));
        else
            value /= factor;
        /* One source serves both precisions. */
        p->samples[i] = dtype_round(p->type == L2L_F64 ? L2L_F32 : p->type, value);
        p->image[0].v[i] = p->samples[i] * factor;
    }
}

/* Single precision may decide otherwise next to a limit of clip, and the power's slope there has no
   bound: a chain sends no cotangent to such pixels. */
static void calm_cotangent(problem *p) {
    const oracle_image *last = problem_result(p);
    size_t plane = (size_t)last->h * (size_t)last->w;
    for (int k = 0; k < p->row->count && p->row->count > 1; k++) {
        if (p->row->stages[k].kind != ORACLE_CLIP) continue;
        for (size_t i = 0; i < oracle_size(&p->image[k]); i++) {
            double x = p->image[k].v[i], lo = p->row->stages[k].lo, hi = p->row->stages[k].hi;
            if ((x > lo - 1e-4 && x < 0.05) || fabs(x - hi) < 1e-4)
                for (int c = 0; c < last->c; c++)
                    p->cotangent[(i / (plane * 3) * 3 + (size_t)c) * plane + i % plane] = 0;
        }
    }
}

problem problem_new(const case_row *row, int n, int h, int w, l2l_dtype type, unsigned seed) {
    problem p;
    memset(&p, 0, sizeof p);
    p.row = row;
    p.n = n;
    p.h = h;
    p.w = w;
    p.type = type;
    p.seed = seed;
    unsigned state = seed * 2654435761U + 12345;
    for (int i = 0; i < 8; i++) random_unit(&state);
    p.image[0] = oracle_new(n, row->channels, h, w);
    fill_source(&p, &state);
    for (int k = 0; k < row->count; k++) {
        const oracle_image *src = &p.image[k];
        p.param_count[k] = oracle_param_count(&row->stages[k], src->c, src->h, src->w);
        p.params[k] = new_doubles((size_t)p.param_count[k]);
        fill_params(&row->stages[k], src, p.params[k], p.param_count[k], row->count > 1, &state);
        p.image[k + 1] = oracle_forward(&row->stages[k], p.params[k], src, src);
    }
    size_t outputs = oracle_size(problem_result(&p));
    p.cotangent = new_doubles(outputs);
    for (size_t i = 0; i < outputs; i++)
        p.cotangent[i] = dtype_round(L2L_F32, between(&state, -1, 1));
    calm_cotangent(&p);
    return p;
}

void problem_free(problem *p) {
    free(p->samples);
    free(p->cotangent);
    for (int k = 0; k <= MOST_STAGES; k++) {
        free(p->image[k].v);
        free(p->grad[k]);
        if (k == MOST_STAGES) break;
        free(p->params[k]);
        free(p->grad_params[k]);
        free(p->typical[k]);
    }
    l2l_plan_destroy(p->plan);
    memset(p, 0, sizeof *p);
}

int problem_fits(const case_row *row, int h, int w) {
    for (int k = 0; k < row->count; k++)
        if (row->stages[k].method == ORACLE_SUPERPIXEL && (h < 2 || w < 2)) return 0;
    return 1;
}

/* The derivative of ⟨cotangent, stage⟩ by one value, and its typical size. */
static double derivative(const problem *p, int k, double *value, double *column, double *typical) {
    const oracle_image *dst = &p->image[k + 1];
    double sum = 0, squares = 0;
    oracle_column(&p->row->stages[k], p->params[k], &p->image[k], value, column);
    for (size_t i = 0; i < oracle_size(dst); i++) {
        double term = column[i] * p->grad[k + 1][i];
        sum += term;
        squares += term * term;
    }
    *typical = sqrt(squares);
    return sum;
}

static void differentiate_values(problem *p, int k, double *values, double *grads, double *typical,
                                 size_t count, int most, unsigned *state) {
    double *column = new_doubles(oracle_size(&p->image[k + 1]));
    for (size_t i = 0; i < count; i++) {
        int corner = i == 0 || i + 1 == count || i + 1 == (size_t)p->w;
        int wanted = most == 0 || random_unit(state) * (double)count < most || corner;
        grads[i] = wanted ? derivative(p, k, &values[i], column, &typical[i]) : (double)NAN;
    }
    free(column);
}

void problem_differentiate(problem *p, int most) {
    int count = p->row->count;
    unsigned state = p->seed + 99;
    size_t outputs = oracle_size(problem_result(p));
    p->grad[count] = new_doubles(outputs);
    memcpy(p->grad[count], p->cotangent, outputs * sizeof(double));
    if (count > 1) most = 0;
    for (int k = count - 1; k >= 0; k--) {
        size_t inputs = oracle_size(&p->image[k]);
        p->grad[k] = new_doubles(inputs);
        p->grad_params[k] = new_doubles((size_t)p->param_count[k]);
        p->typical[k] = new_doubles((size_t)p->param_count[k]);
        double *unused = new_doubles(inputs);
        differentiate_values(p, k, p->image[k].v, p->grad[k], unused, inputs, most, &state);
        differentiate_values(p, k, p->params[k], p->grad_params[k], p->typical[k],
                             (size_t)p->param_count[k], most, &state);
        free(unused);
    }
}

const oracle_image *problem_result(const problem *p) {
    return &p->image[p->row->count];
}

int problem_in_vector(const problem *p, int k) {
    return p->row->stages[k].kind != ORACLE_ADDITIVE;
}

int problem_vector_count(const problem *p) {
    int count = 0;
    for (int k = 0; k < p->row->count; k++)
        count += problem_in_vector(p, k) ? p->param_count[k] : 0;
    return count;
}

int problem_additive(const problem *p) {
    for (int k = 0; k < p->row->count; k++)
        if (!problem_in_vector(p, k)) return k;
    return -1;
}

int problem_first_slice(const problem *p, int k) {
    const oracle_stage *s = &p->row->stages[k];
    if (s->kind == ORACLE_COLOR_MATRIX) return 9;
    if (s->method == ORACLE_UNSHARP) return 1;
    if (s->method == ORACLE_GIVEN) return p->param_count[k] / 2;
    return p->param_count[k];
}
