/* The kernel table of one instruction set and arithmetic type. */
#include "stages/rows.h"
#include "stages/table.h"

#define DECLARE(row, kernel) extern const l2l_kernel L2L_SYMBOL(l2l_##kernel##_kernel);
L2L_STAGE_TABLE(DECLARE)
#undef DECLARE

/* Copies of the kernels would need constant initialisers across files; pointers do not. */
static const l2l_kernel *const stages[] = {
#define ENTRY(row, kernel) &L2L_SYMBOL(l2l_##kernel##_kernel),
    L2L_STAGE_TABLE(ENTRY)
#undef ENTRY
};

extern const l2l_kernels L2L_SYMBOL(l2l_kernels);
const l2l_kernels L2L_SYMBOL(l2l_kernels) = {
    .real = sizeof(real) == sizeof(double) ? L2L_F64 : L2L_F32,
    .size = sizeof(real),
    .stages = stages,
    .load = L2L_SYMBOL(l2l_row_load),
    .store = L2L_SYMBOL(l2l_row_store),
    .store_done = L2L_SYMBOL(l2l_row_store_done),
    .luma = L2L_SYMBOL(l2l_row_luma),
    .total = L2L_SYMBOL(l2l_row_total),
    .luma_apply = L2L_SYMBOL(l2l_row_luma_apply),
    .extend = L2L_SYMBOL(l2l_row_extend),
    .fold = L2L_SYMBOL(l2l_row_fold),
    .moments = L2L_SYMBOL(l2l_row_moments),
    .cross_moments = L2L_SYMBOL(l2l_row_cross_moments),
    .loss = L2L_SYMBOL(l2l_row_loss),
    .coefs = L2L_SYMBOL(l2l_row_coefs),
};
