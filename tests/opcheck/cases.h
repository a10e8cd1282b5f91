/* The case table: every stage with its attributes, chains of stages, and sizes. */
#ifndef OPCHECK_CASES_H
#define OPCHECK_CASES_H

#include "problem.h"

extern const case_row case_rows[]; /* single stages */
extern const int case_row_count;
extern const case_row chain_rows[]; /* presets and other chains */
extern const int chain_row_count;

typedef struct case_size {
    int n, h, w;
    int slow; /* left out of a quick run */
} case_size;

extern const case_size case_sizes[];
extern const int case_size_count;

/* Writes what a row is, "denoise.median luma symmetric r2" for instance. */
void case_name(const case_row *row, char *text, size_t size);

/* How far single and double precision may be from the oracle. */
typedef struct tolerance {
    double forward[2], gradient[2]; /* [0] single, [1] double */
} tolerance;
tolerance case_tolerance(const case_row *row);

#endif
