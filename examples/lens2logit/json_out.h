/* JSON files that the program writes: parameters by slice, and small records. */
#ifndef JSON_OUT_H
#define JSON_OUT_H

#include <cjson/cJSON.h>

#include "pipeline.h"

/* Writes {"slice": [values, ...], ...}, every number with 17 digits. False: told. */
bool slices_write(l2l_context *context, const l2l_plan *plan, const double *values,
                  const char *path);

/* Writes plan and parameters as the library reads them. False: told. */
bool plan_write(l2l_context *context, const l2l_plan *plan, const l2l_tensor *params,
                const char *path);

/* Writes and deletes `json` (NULL: out of memory). False: told. */
bool json_write(cJSON *json, const char *path);

#endif
