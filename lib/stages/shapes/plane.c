/* Space, border and radius of the stages that filter a plane. */
#include "stages/shapes/plane.h"

#include "core/core.h"

l2l_status l2l_border_resolve(l2l_context *context, const l2l_node *node, l2l_border border,
                              l2l_border reference, l2l_border *resolved) {
    if ((int)border < 0 || border > L2L_BORDER_REFERENCE)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s: %d is no border", node->row->stage,
                        (int)border);
    *resolved = border == L2L_BORDER_DEFAULT     ? L2L_BORDER_MIRROR
                : border == L2L_BORDER_REFERENCE ? reference
                                                 : border;
    return L2L_OK;
}

l2l_status l2l_plane_configure(l2l_context *context, l2l_node *node, l2l_space space,
                               l2l_border border, l2l_border reference, int radius, int most) {
    const char *stage = node->row->stage, *method = node->row->method;
    if (space != L2L_SPACE_LUMA && space != L2L_SPACE_CHANNELS)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s: %d is no space", stage, (int)space);
    if (space == L2L_SPACE_LUMA && node->in_channels != 3)
        return l2l_fail(context, L2L_INVALID_ARGUMENT,
                        "%s on luma takes 3 channels, not %d; L2L_SPACE_CHANNELS takes any", stage,
                        node->in_channels);
    if (radius < 1 || radius > most)
        return l2l_fail(context, L2L_INVALID_ARGUMENT, "%s.%s: radius %d is not in 1..%d", stage,
                        method, radius, most);
    node->luma = space == L2L_SPACE_LUMA;
    node->radius = radius;
    return l2l_border_resolve(context, node, border, reference, &node->border);
}
