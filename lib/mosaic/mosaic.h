/* What other rooms need to know about a colour-filter array beyond the public header. */
#ifndef L2L_MOSAIC_MOSAIC_H
#define L2L_MOSAIC_MOSAIC_H

#include <stdbool.h>

#include <lens2logit/mosaic.h>

/* Whether the period is 1×1 to 6×6 and every colour in it 0, 1 or 2; all zero (RGGB) is. */
bool l2l_cfa_valid(const l2l_cfa *cfa);

/* The array itself, or RGGB where `cfa` is all zero. */
l2l_cfa l2l_cfa_or_default(const l2l_cfa *cfa);

#endif
