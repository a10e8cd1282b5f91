/* The stage table: a row each, with the kernels that run it. Adding a stage adds a row here and its
   attributes to stages.h; nothing else lists the stages. */
#ifndef L2L_STAGES_TABLE_H
#define L2L_STAGES_TABLE_H

/*  row                    kernel */
#define L2L_STAGE_TABLE(ROW)                      \
    ROW(black_level,         black_level)         \
    ROW(demosaic_bilinear,   cfa)                 \
    ROW(demosaic_linear,     cfa)                 \
    ROW(demosaic_superpixel, superpixel)          \
    ROW(demosaic_malvar2004, cfa)                 \
    ROW(white_balance,       white_balance)       \
    ROW(color_matrix,        color_matrix)        \
    ROW(sharpen_kernel,      stencil)             \
    ROW(sharpen_unsharp,     gaussian)            \
    ROW(denoise_kernel,      stencil)             \
    ROW(denoise_gaussian,    gaussian)            \
    ROW(denoise_median,      median)              \
    ROW(clip,                clip)                \
    ROW(gamma,               gamma)               \
    ROW(additive,            additive)            \
    ROW(normalize_given,     normalize)           \
    ROW(normalize_batch,     normalize)

/* The index of a row: l2l_index_gamma and so on. */
enum {
#define L2L_INDEX(row, kernel) l2l_index_##row,
    L2L_STAGE_TABLE(L2L_INDEX)
#undef L2L_INDEX
};

#endif
