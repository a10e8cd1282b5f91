/* Mode bench: nanoseconds a pixel of the source, of what passed check. */
#include "modes.h"

#include <stdio.h>
#include <stdlib.h>

static void bench_row(const options *o, const case_row *row) {
    int side = o->slow ? 2048 : 512;
    char name[160];
    case_name(row, name, sizeof name);
    problem small = problem_new(row, 1, 17, 33, L2L_F64, 7);
    problem_differentiate(&small, 24);
    problem large = problem_new(row, 1, side, side, L2L_F64, 7);
    for (l2l_isa isa = 0; isa_next(o, &isa);) {
        setup s = setup_plain(isa, L2L_F32);
        int failed = report_failed;
        check_forward(&small, &s);
        check_backward(&small, &s);
        if (report_failed > failed) {
            printf("bench   %-58s %-9s failed check\n", name, l2l_isa_name(isa));
            continue;
        }
        double pixels = (double)side * side;
        printf("bench   %-58s %-9s forward %8.2f ns   backward %8.2f ns\n", name, l2l_isa_name(isa),
               run_timed(&large, &s, 0) * 1e9 / pixels, run_timed(&large, &s, 1) * 1e9 / pixels);
        fflush(stdout);
    }
    problem_free(&small);
    problem_free(&large);
}

void mode_bench(const options *o) {
    report_begin("bench");
    const case_row *row;
    for (int i = 0; (row = row_at(i)); i++) {
        if (!row_wanted(o, row)) continue;
        /* A quick run times the first row of each kind and method. */
        const case_row *last = i > 0 ? row_at(i - 1) : row;
        int again = i > 0 && row->count == 1 && last->stages->kind == row->stages->kind &&
                    last->stages->method == row->stages->method;
        if (!again || o->slow) bench_row(o, row);
    }
}
