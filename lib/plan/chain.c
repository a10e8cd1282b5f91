/* Chains: appending stages, default parameters, extents. */
#include "plan/chain.h"

#include "core/core.h"

void l2l_chain_init(l2l_chain *chain, int channels, double sample_scale) {
    /* every call folds a chain of its own: nodes that are not there are not worth clearing */
    chain->count = chain->param_count = chain->coef_count = 0;
    chain->sum_count = chain->lane_count = 0;
    chain->channels[0] = channels;
    chain->batch_node = chain->additive_node = -1;
    chain->sample_scale = sample_scale;
}

void l2l_chain_add(l2l_chain *chain, const l2l_node *node) {
    int i = chain->count++;
    chain->nodes[i] = *node;
    chain->coef_offset[i] = chain->coef_count;
    chain->sum_offset[i] = chain->sum_count;
    chain->lane_offset[i] = chain->lane_count;
    chain->param_count += node->param_count;
    chain->coef_count += node->coef_count;
    chain->sum_count += node->sum_count;
    chain->lane_count += node->lane_count;
    chain->channels[i + 1] = node->out_channels;
}

static l2l_status only_once(l2l_context *context, const l2l_node *node, int *place, int index) {
    if (*place >= 0)
        return l2l_fail(context, L2L_UNSUPPORTED, "a plan holds at most one stage %s%s%s",
                        node->row->stage, node->row->method ? "." : "",
                        node->row->method ? node->row->method : "");
    *place = index;
    return L2L_OK;
}

l2l_status l2l_chain_append(l2l_context *context, l2l_chain *chain, const l2l_stage *stage) {
    if (chain->count == L2L_MAX_STAGES)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "a plan holds at most %d stages",
                        L2L_MAX_STAGES);
    int i = chain->count;
    l2l_node node;
    L2L_TRY(l2l_node_configure(context, stage, chain->channels[i], &node));
    if (node.row->kind == L2L_ADDITIVE)
        L2L_TRY(only_once(context, &node, &chain->additive_node, i));
    if (node.row->kind == L2L_NORMALIZE && node.row->method_id == L2L_NORMALIZE_BATCH)
        L2L_TRY(only_once(context, &node, &chain->batch_node, i));
    node.param_offset = chain->param_count;
    l2l_chain_add(chain, &node);
    return L2L_OK;
}

void l2l_chain_defaults(const l2l_chain *chain, double *params) {
    for (int i = 0; i < chain->count; i++) {
        const l2l_node *node = &chain->nodes[i];
        if (node->row->defaults) node->row->defaults(node, params + node->param_offset);
    }
}

l2l_status l2l_chain_extent(l2l_context *context, const l2l_chain *chain, int boundary,
                            int64_t *height, int64_t *width) {
    for (int i = 0; i < boundary; i++) {
        int64_t h = l2l_node_extent(&chain->nodes[i], *height);
        int64_t w = l2l_node_extent(&chain->nodes[i], *width);
        if (h < 1 || w < 1)
            return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s leaves nothing of %lld×%lld pixels",
                            chain->nodes[i].row->stage, (long long)*height, (long long)*width);
        *height = h;
        *width = w;
    }
    return L2L_OK;
}
