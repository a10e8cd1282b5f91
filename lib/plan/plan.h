/* The plan behind its handle. */
#ifndef L2L_PLAN_PLAN_H
#define L2L_PLAN_PLAN_H

#include "core/core.h"
#include "plan/chain.h"

enum { L2L_NAME_SIZE = 48 };

struct l2l_plan {
    l2l_allocator allocator;
    l2l_chain chain;
    char stage_name[L2L_MAX_STAGES][L2L_NAME_SIZE];
    int slice_count;
    char slice_name[L2L_MAX_STAGES * L2L_MAX_SLICES][L2L_NAME_SIZE];
    l2l_slice slices[L2L_MAX_STAGES * L2L_MAX_SLICES];
};

/* Whether `params` is a vector that fits the plan. */
l2l_status l2l_plan_check_params(l2l_context *context, const l2l_plan *plan,
                                 const l2l_tensor *params);

#endif
