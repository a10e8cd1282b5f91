/* Mode check: forward of every stage and chain, in every data type, against the oracle. */
#include "modes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"

/* Sources and destinations of fewer bits, each pair once a row and size. */
static const l2l_dtype pairs[][2] = {
    { L2L_U8, L2L_F32 },   { L2L_U16, L2L_F32 }, { L2L_U16, L2L_F64 },  { L2L_F16, L2L_F32 },
    { L2L_BF16, L2L_F32 }, { L2L_F32, L2L_F16 }, { L2L_F32, L2L_BF16 }, { L2L_U8, L2L_U8 },
    { L2L_U16, L2L_U16 },  { L2L_F64, L2L_F32 }, { L2L_F32, L2L_F64 },  { L2L_U16, L2L_F16 }
};

/* Half precision does not hold large counts; chains take counts, and make none, if they scale them.
 */
static int pair_makes_sense(const case_row *row, const l2l_dtype pair[2]) {
    if (row->scale != 0) return pair[0] == L2L_U16 && pair[1] > L2L_U16;
    if (pair[0] == L2L_U16 && pair[1] == L2L_F16) return 0;
    return row->count == 1 || (pair[0] > L2L_U16 && pair[1] > L2L_U16);
}

static void check_types(const options *o, const case_row *row, const case_size *size,
                        unsigned seed) {
    int which = (int)(seed % (sizeof pairs / sizeof *pairs));
    for (int i = 0; i < (int)(sizeof pairs / sizeof *pairs); i++) {
        if ((!o->slow && (i + which) % 3 != 0) || !pair_makes_sense(row, pairs[i])) continue;
        problem p = problem_new(row, size->n, size->h, size->w, pairs[i][0], seed + 7);
        for (l2l_isa isa = 0; isa_next(o, &isa);) {
            setup s = setup_plain(isa, pairs[i][0]);
            s.dst = pairs[i][1];
            s.param = seed % 2 ? L2L_F64 : L2L_F32;
            s.layout = (layout)((seed + (unsigned)i) % LAYOUTS);
            check_forward(&p, &s);
        }
        problem_free(&p);
    }
}

/* Parameters that are left out count as the plan's default ones. */
static void check_defaults(const options *o, const case_row *row) {
    problem p = problem_new(row, 1, 6, 9, L2L_F64, 3);
    if (problem_vector_count(&p) == 0 || row->count > 1) {
        problem_free(&p);
        return;
    }
    for (l2l_isa isa = 0; isa_next(o, &isa);) {
        setup s = setup_plain(isa, L2L_F64), none = s;
        none.default_params = 1;
        l2l_context *context = subject_context(&s);
        l2l_tensor vector = l2l_vector(p.params[0], L2L_F64, p.param_count[0]);
        l2l_status status = library_plan(context, &p);
        if (status == L2L_OK) status = l2l_plan_default_params(context, p.plan, &vector);
        report(row, isa, -1, status != L2L_OK, 0, "default parameters: %s",
               l2l_context_error(context));
        base b = base_of(&p, &s);
        check_same(&b, &none, 1);
        base_free(&b);
    }
    problem_free(&p);
}

/* NaN stays NaN, and stays where it is, in stages of one pixel. */
static void check_nan(const options *o, const case_row *row) {
    oracle_kind kind = row->stages->kind;
    int pointwise = kind == ORACLE_CLIP || kind == ORACLE_GAMMA || kind == ORACLE_BLACK_LEVEL ||
                    kind == ORACLE_WHITE_BALANCE || kind == ORACLE_ADDITIVE;
    if (row->count > 1 || !pointwise) return;
    problem p = problem_new(row, 1, 5, 21, L2L_F64, 5);
    for (size_t i = 3; i < oracle_size(&p.image[0]); i += 11)
        p.samples[i] = p.image[0].v[i] = (double)NAN;
    free(p.image[1].v);
    p.image[1] = oracle_forward(row->stages, p.params[0], &p.image[0], &p.image[0]);
    for (l2l_isa isa = 0; isa_next(o, &isa);)
        for (int precision = 0; precision < 2; precision++) {
            setup s = setup_plain(isa, precision ? L2L_F64 : L2L_F32);
            check_forward(&p, &s);
        }
    problem_free(&p);
}

/* What every tap of a chain delivers, and that taps leave the image as it is within rounding. */
static void check_taps(const options *o, problem *p) {
    for (l2l_isa isa = 0; isa_next(o, &isa);)
        for (int precision = 0; precision < 2; precision++) {
            setup s = setup_plain(isa, precision ? L2L_F64 : L2L_F32);
            if (!precision && p->n * p->h * p->w < p->row->least) continue;
            outcome out = run_taps(p, &s, 0);
            double limit = case_tolerance(p->row).forward[precision];
            report(p->row, isa, -1, out.trouble[0] != 0, 0, "taps: %s", out.trouble);
            for (int k = 0; k < p->row->count && !out.trouble[0]; k++)
                report(p->row, isa, precision,
                       relative_error(p->image[k + 1].v, out.tap[k], NULL,
                                      oracle_size(&p->image[k + 1]), 0),
                       limit, "tap %d of %dx%dx%d", k, p->n, p->h, p->w);
            if (!out.trouble[0])
                report(p->row, isa, precision,
                       relative_error(problem_result(p)->v, out.image, NULL,
                                      oracle_size(problem_result(p)), 0),
                       limit, "image with taps of %dx%dx%d", p->n, p->h, p->w);
            outcome_free(&out);
        }
}

static void check_size(const options *o, const case_row *row, const case_size *size,
                       unsigned seed) {
    problem p = problem_new(row, size->n, size->h, size->w, L2L_F64, seed);
    unsigned turn = seed;
    for (l2l_isa isa = 0; isa_next(o, &isa);)
        for (int precision = 0; precision < 2; precision++)
            for (int plan = 0; plan < 2; plan++) {
                setup s = setup_plain(isa, precision ? L2L_F64 : L2L_F32);
                s.plan = plan;
                for (int i = 0; i < (o->slow ? LAYOUTS : 1); i++) {
                    s.layout = (layout)(turn++ % LAYOUTS);
                    s.param = turn % 2 ? L2L_F64 : L2L_F32;
                    check_forward(&p, &s);
                }
            }
    if (row->count > 1) check_taps(o, &p);
    problem_free(&p);
}

void mode_check(const options *o) {
    report_begin("check");
    const case_row *row;
    for (int i = 0; (row = row_at(i)); i++) {
        if (!row_wanted(o, row)) continue;
        for (int k = 0; k < case_size_count; k++) {
            const case_size *size = &case_sizes[k];
            if ((size->slow && !o->slow) || !problem_fits(row, size->h, size->w)) continue;
            check_size(o, row, size, (unsigned)(i * 31 + k * 7 + 1));
            if (k % 3 == 1) check_types(o, row, size, (unsigned)(i * 31 + k * 7 + 1));
        }
        check_defaults(o, row);
        check_nan(o, row);
    }
    /* Every row of the library's stage table must have had a case. */
    for (int r = 0; r < library_table_rows() && !o->stage; r++) {
        const case_row *covered = NULL;
        for (int i = 0; i < case_row_count && !covered; i++)
            if (library_table_row(case_rows[i].stages) == r) covered = &case_rows[i];
        report(covered ? covered : case_rows, L2L_ISA_BASELINE, -1, covered == NULL, 0,
               "row %d of the stage table, %s, has no case", r, library_table_name(r));
    }
    report_end();
}
