/* Additive: no attributes and no parameters in the vector; the image that it adds is an input of
   the plan's own. */
#include "stages/stage.h"

static l2l_status configure(l2l_context *context, l2l_node *node) {
    (void)context, (void)node;
    return L2L_OK;
}

const l2l_stage_row l2l_additive_row = {
    .stage = "additive", .kind = L2L_ADDITIVE, .shape = L2L_SHAPE_POINT,
    .configure = configure,
};
