/* Verdicts, lines and comparisons. */
#include "modes.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "library.h"

int report_passed, report_failed, report_quiet;

enum { LINES = ORACLE_KINDS + 1, SETS = L2L_ISA_NEON + 1, SHOWN = 4 };

typedef struct line {
    int passed, failed;
    double error[2], limit[2]; /* the worst, of single and of double precision */
} line;

static line lines[LINES][SETS];
static const char *mode_name;

void report_begin(const char *mode) {
    memset(lines, 0, sizeof lines);
    mode_name = mode;
}

static int line_of(const case_row *row) {
    return row->count > 1 ? ORACLE_KINDS : (int)row->stages->kind;
}

void report(const case_row *row, l2l_isa isa, int precision, double error, double limit,
            const char *format, ...) {
    line *l = &lines[line_of(row)][isa];
    int good = error <= limit;
    *(good ? &report_passed : &report_failed) += 1;
    if (report_quiet) return;
    if (precision >= 0 && (l->limit[precision] <= 0 ||
                           !(error / limit <= l->error[precision] / l->limit[precision]))) {
        l->error[precision] = error;
        l->limit[precision] = limit;
    }
    *(good ? &l->passed : &l->failed) += 1;
    if (good || l->failed > SHOWN) return;
    char name[160];
    va_list arguments;
    case_name(row, name, sizeof name);
    printf("  failed: %s %s, %s: ", mode_name, name, l2l_isa_name(isa));
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf(": error %.3g, at most %.3g\n", error, limit);
}

void report_end(void) {
    for (int i = 0; i < LINES; i++)
        for (int isa = 0; isa < SETS; isa++) {
            const line *l = &lines[i][isa];
            if (l->passed + l->failed == 0) continue;
            printf("%-7s %-14s %-9s %6d cases", mode_name,
                   i == ORACLE_KINDS ? "chain" : library_kind_name((oracle_kind)i),
                   l2l_isa_name((l2l_isa)isa), l->passed + l->failed);
            for (int k = 0; k < 2; k++)
                if (l->limit[k] > 0)
                    printf("   %s %8.2g of %.0e", k ? "f64" : "f32", l->error[k], l->limit[k]);
            if (l->failed > 0)
                printf("   %d FAILED\n", l->failed);
            else
                printf("   ok\n");
        }
    fflush(stdout);
}

double relative_error(const double *reference, const double *got, const double *typical,
                      size_t count, int partial) {
    double scale = 0.1, error = 0;
    if (!got) return INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (isnan(reference[i])) {
            if (!partial && !isnan(got[i])) return INFINITY;
            continue;
        }
        if (isnan(got[i])) return INFINITY;
        scale = fmax(scale, fmax(fabs(reference[i]), typical ? typical[i] : 0));
        error = fmax(error, fabs(got[i] - reference[i]));
    }
    return error / scale;
}

double different(const double *a, const double *b, size_t count) {
    double found = 0;
    if (!a || !b) return a != b;
    for (size_t i = 0; i < count; i++) found += memcmp(&a[i], &b[i], sizeof *a) != 0;
    return found;
}

int isa_next(const options *o, l2l_isa *isa) {
    while (*isa < L2L_ISA_NEON) {
        *isa = (l2l_isa)(*isa + 1);
        if (l2l_isa_available(*isa) && (o->isa == L2L_ISA_BEST || o->isa == *isa)) return 1;
    }
    return 0;
}

int row_wanted(const options *o, const case_row *row) {
    int index = 0;
    while (row_at(index) && row_at(index) != row) index++;
    if (index % o->every != 0) return 0;
    if (!o->stage) return 1;
    if (row->count > 1) return strcmp(o->stage, "chain") == 0;
    return strcmp(o->stage, library_kind_name(row->stages->kind)) == 0;
}

const case_row *row_at(int index) {
    if (index < case_row_count) return &case_rows[index];
    index -= case_row_count;
    return index < chain_row_count ? &chain_rows[index] : NULL;
}
