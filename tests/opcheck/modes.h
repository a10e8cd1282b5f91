/* The modes of opcheck and what they report. */
#ifndef OPCHECK_MODES_H
#define OPCHECK_MODES_H

#include "cases.h"
#include "subject.h"

typedef struct options {
    const char *stage; /* NULL: all, chains too; "chain": only those */
    l2l_isa isa;       /* BEST: every one that this processor has */
    int slow;
    int every; /* N: only rows 0, N, 2N …; 1: all */
} options;

void mode_check(const options *o);  /* forward against the oracle */
void mode_grad(const options *o);   /* backward against its differences, Jacobians, transposes */
void mode_guard(const options *o);  /* layouts, canaries, tiles: the same bits */
void mode_repeat(const options *o); /* threads, repetitions, instruction sets: the same bits */
void mode_flat(const options *o);   /* flat fields through demosaicing */
void mode_inject(const options *o); /* faults that the other modes must see */
void mode_bench(const options *o);

/* Iteration: isa_next(o, &isa), from isa = 0, walks over the instruction sets wanted. */
int isa_next(const options *o, l2l_isa *isa);
int row_wanted(const options *o, const case_row *row);
/* Rows of both tables, single stages first; NULL beyond the last. */
const case_row *row_at(int index);

/* One verdict each. Lines are kept by stage (chains together) and instruction set, and printed by
   report_end. `precision`: 0 single, 1 double, −1: bits or a yes and no (error 0 is good). */
void report_begin(const char *mode);
void report(const case_row *row, l2l_isa isa, int precision, double error, double limit,
            const char *format, ...) __attribute__((format(printf, 6, 7)));
void report_end(void);
/* All verdicts so far; quiet: verdicts are counted, and nothing is printed. */
extern int report_passed, report_failed, report_quiet;

/* max|Δ| / max|reference|, the denominator at least 0.1 and, where a sum may cancel by chance, at
   least the largest of `typical` (NULL: none). Infinite if one is NaN and the other not; with
   `partial`, NaN in the reference means: not known. */
double relative_error(const double *reference, const double *got, const double *typical,
                      size_t count, int partial);
/* 0 if all bits are the same, else the number of elements that differ. NULL equals NULL. */
double different(const double *a, const double *b, size_t count);

/* The checks of one case, which several modes share. */
void check_forward(problem *p, const setup *s);
void check_backward(problem *p, const setup *s);

/* What one way of calling delivers, to which check_same holds others: images and gradients to the
   bit; gradients of parameters too, or (`with_params` 0) within rounding. */
typedef struct base {
    problem *problem;
    outcome forward, backward;
} base;
base base_of(problem *p, const setup *s);
void base_free(base *b);
void check_same(const base *b, const setup *s, int with_params);

#endif
