/* What all stages that filter a plane have in common. */
#ifndef L2L_STAGES_SHAPES_PLANE_H
#define L2L_STAGES_SHAPES_PLANE_H

#include "stages/stage.h"

/* Checks and sets space, border (`reference` is what L2L_BORDER_REFERENCE stands for) and radius. */
l2l_status l2l_plane_configure(l2l_context *context, l2l_node *node, l2l_space space,
                               l2l_border border, l2l_border reference, int radius, int most);

/* Checks a border and resolves DEFAULT and REFERENCE. */
l2l_status l2l_border_resolve(l2l_context *context, const l2l_node *node, l2l_border border,
                              l2l_border reference, l2l_border *resolved);

#endif
