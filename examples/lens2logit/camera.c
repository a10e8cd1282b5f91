/* Camera constants: those that are built in, and those from files. */
#include "camera.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "say.h"

struct camera {
    const char *name;
    double black[4], gain[3], matrix[9];
};

/* Of the two cameras of Lens2Logit's data sets, for samples divided by 2^16 − 1. */
static const struct camera cameras[] = {
    { "microscopy",
      { 9.834368023181512e-06, 9.834368023181512e-06, 9.834368023181512e-06,
        9.834368023181512e-06 },
      { -0.6567, 1.9673, 3.5304 },
      { -2.0338, 0.0933, 0.4157, -0.0286, 2.6464, -0.0574, -0.5516, -0.0947, 2.9308 } },
    { "drone",
      { 0.0625, 0.0626, 0.0625, 0.0626 },
      { 2.86653646, 1.0, 1.73079425 },
      { 1.50768983, -0.33571374, -0.17197604, -0.23048614, 1.70698738, -0.47650126, -0.03119153,
        -0.32803956, 1.35923111 } },
};

bool params_apply(l2l_context *context, const char *path, struct pipeline *pipeline) {
    size_t size;
    char *text = file_read(path, &size);
    if (!text) return false;
    l2l_status status =
        l2l_params_from_json(context, pipeline->plan, text, size, &pipeline->params);
    free(text);
    return status == L2L_OK ? true : fail_about(context, path);
}

bool camera_apply(l2l_context *context, const char *name, struct pipeline *pipeline) {
    for (size_t i = 0; i < sizeof cameras / sizeof cameras[0]; i++) {
        const struct camera *camera = &cameras[i];
        if (strcmp(camera->name, name) != 0) continue;
        return pipeline_set(context, pipeline, "black_level.level", camera->black, 4) &&
               pipeline_set(context, pipeline, "white_balance.gain", camera->gain, 3) &&
               pipeline_set(context, pipeline, "color_matrix.matrix", camera->matrix, 9);
    }
    return params_apply(context, name, pipeline);
}
