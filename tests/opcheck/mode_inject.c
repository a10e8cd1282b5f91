/* Mode inject: the checks must notice every kind of fault that is put into the results. */
#include "modes.h"

/* What each fault must show up in: forward, backward, two layouts compared. */
static const struct {
    const char *name;
    int seen[3];
} expected[FAULTS] = {
    [FAULT_NONE] = { "no fault", { 0, 0, 0 } },
    [FAULT_VALUE] = { "a wrong value", { 1, 1, 0 } },
    [FAULT_SWAP] = { "gradients swapped", { 0, 1, 0 } },
    [FAULT_BIT] = { "a wrong bit", { 0, 0, 1 } },
    [FAULT_OUTSIDE] = { "a write outside", { 1, 1, 1 } },
    [FAULT_SOURCE] = { "a write to the source", { 1, 1, 1 } },
};

static void inject(problem *p, fault kind) {
    static const char *const checks[] = { "forward", "backward", "layouts" };
    setup plain = setup_plain(L2L_ISA_BASELINE, L2L_F32), other = plain;
    other.layout = LAYOUT_STRIDED;
    for (int i = 0; i < 3; i++) {
        int passed = report_passed, failed = report_failed;
        report_quiet = 1;
        subject_fault = kind;
        if (i == 0) check_forward(p, &plain);
        if (i == 1) check_backward(p, &plain);
        if (i == 2) {
            base b = base_of(p, &plain);
            check_same(&b, &other, 1);
            base_free(&b);
        }
        int seen = report_failed > failed;
        subject_fault = FAULT_NONE;
        report_quiet = 0;
        report_passed = passed;
        report_failed = failed;
        report(p->row, plain.isa, -1, seen != expected[kind].seen[i], 0,
               "%s: the comparison of %s should have %s", expected[kind].name, checks[i],
               expected[kind].seen[i] ? "failed" : "passed");
    }
}

void mode_inject(const options *o) {
    report_begin("inject");
    const case_row *row;
    for (int i = 0; (row = row_at(i)); i++) {
        const case_row *last = i > 0 ? row_at(i - 1) : row;
        int again = i > 0 && row->count == 1 && last->stages->kind == row->stages->kind;
        if (!row_wanted(o, row) || again) continue; /* one row a stage is enough */
        problem p = problem_new(row, 1, 9, 10, L2L_F64, 77);
        problem_differentiate(&p, 0);
        for (int kind = 0; kind < FAULTS; kind++) inject(&p, (fault)kind);
        problem_free(&p);
    }
    report_end();
}
