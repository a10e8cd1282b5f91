/* Kernels of a stage one by one, on every instruction set that this machine has. To be included
   once by each program; plain C, so that it also runs where there is no Check. */
#ifndef TESTS_STAGES_INSTRUCTION_SETS_H
#define TESTS_STAGES_INSTRUCTION_SETS_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lens2logit/lens2logit.h>

#include "stages/kernel.h"

static int failed;

static inline void fail(const char *format, ...) {
    va_list arguments;
    if (failed++ >= 20) return;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

/* A stage of one channel as a node. */
static inline l2l_node node_of(l2l_stage_kind kind, const void *attributes) {
    const l2l_stage stage = { kind, attributes };
    l2l_context *context;
    l2l_node node;
    if (l2l_context_create(NULL, &context) != L2L_OK ||
        l2l_node_configure(context, &stage, 1, &node) != L2L_OK)
        exit(printf("no node: %s\n", l2l_context_error(context)));
    l2l_context_destroy(context);
    return node;
}

/* Runs `test` for single and double precision on every instruction set, best last. */
static inline void on_every_set(void (*test)(const char *isa, l2l_dtype dtype,
                                             const l2l_kernels *)) {
    static const l2l_dtype dtypes[] = { L2L_F32, L2L_F64 };
    for (int isa = L2L_ISA_BASELINE; isa <= L2L_ISA_NEON; isa++)
        for (int d = 0; d < 2 && l2l_isa_available((l2l_isa)isa); d++)
            test(l2l_isa_name((l2l_isa)isa), dtypes[d], l2l_kernels_for((l2l_isa)isa, dtypes[d]));
}

static inline void put(void *row, l2l_dtype dtype, int i, double value) {
    if (dtype == L2L_F64)
        ((double *)row)[i] = value;
    else
        ((float *)row)[i] = (float)value;
}

static inline double get(const void *row, l2l_dtype dtype, int i) {
    return dtype == L2L_F64 ? ((const double *)row)[i] : (double)((const float *)row)[i];
}

static inline int same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

#endif
