/* Folding: what of a chain can run as one. Adjacent linear pixel stages become one matrix, and
   together with a linear demosaic before them one set of taps; adjacent stages that filter luma
   work on one plane; a stage that can clip what it loads takes over from a clip before it. The result and the gradients are those of the chain, up to rounding. */
#ifndef L2L_PLAN_FOLD_H
#define L2L_PLAN_FOLD_H

#include "plan/chain.h"

/* Writes the folded chain, which refers to `chain`, and where each boundary of `chain` went (−1:
   it no longer exists). Boundaries with keep[b] stay. */
void l2l_chain_fold(const l2l_chain *chain, const bool keep[L2L_MAX_BOUNDARIES], l2l_chain *folded,
                    int place[L2L_MAX_BOUNDARIES]);

#endif
