/* From the oracle's description of a stage to the library's calls. */
#ifndef OPCHECK_LIBRARY_H
#define OPCHECK_LIBRARY_H

#include "problem.h"

/* Any attribute struct. */
typedef union attributes {
    l2l_black_level black_level;
    l2l_demosaic demosaic;
    l2l_white_balance white_balance;
    l2l_color_matrix color_matrix;
    l2l_sharpen sharpen;
    l2l_denoise denoise;
    l2l_clip clip;
    l2l_gamma gamma;
    l2l_additive additive;
    l2l_normalize normalize;
} attributes;

/* The same stage for the library; `storage` must outlive the result. */
l2l_stage library_stage(const oracle_stage *stage, attributes *storage);

l2l_cfa library_cfa(const char *cfa);

l2l_status library_stage_forward(l2l_context *context, const oracle_stage *stage,
                                 const l2l_tensor *params, const l2l_tensor *src,
                                 const l2l_tensor *dst);
l2l_status library_stage_backward(l2l_context *context, const oracle_stage *stage,
                                  const l2l_tensor *params, const l2l_tensor *src,
                                  const l2l_tensor *grad_dst, l2l_grad_mode mode,
                                  const l2l_tensor *grad_src, const l2l_tensor *grad_params);

/* Makes p->plan unless it is there, and sees that its parameters are as many as the oracle's. */
l2l_status library_plan(l2l_context *context, problem *p);

/* "demosaic", ... */
const char *library_kind_name(oracle_kind kind);
/* The index of a row of the library's stage table in which this stage is found; −1: none. */
int library_table_row(const oracle_stage *stage);
int library_table_rows(void);
const char *library_table_name(int row);

#endif
