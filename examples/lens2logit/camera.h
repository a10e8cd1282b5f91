/* Camera constants: those that are built in, and those from files. */
#ifndef CAMERA_H
#define CAMERA_H

#include "pipeline.h"

/* Sets what the camera says: `name` is microscopy, drone or a JSON file. False: told. */
bool camera_apply(l2l_context *context, const char *name, struct pipeline *pipeline);

/* Sets the slices that a JSON file names. False: told. */
bool params_apply(l2l_context *context, const char *path, struct pipeline *pipeline);

#endif
