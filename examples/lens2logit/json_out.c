/* JSON files that the program writes: parameters by slice, and small records. */
#include "json_out.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "say.h"

/* JSON has no NaN and no infinity: they become null. */
static void print_number(FILE *file, double value) {
    if (isfinite(value))
        fprintf(file, "%.17g", value);
    else
        fputs("null", file);
}

bool slices_write(l2l_context *context, const l2l_plan *plan, const double *values,
                  const char *path) {
    output out;
    if (!output_open(&out, path)) return false;
    size_t count = l2l_plan_slice_count(plan);
    fputs("{", out.file);
    for (size_t i = 0; i < count; i++) {
        l2l_slice slice;
        if (l2l_plan_slice_at(context, plan, i, &slice) != L2L_OK)
            return output_fail(&out, l2l_context_error(context));
        fprintf(out.file, "%s\n  \"%s\": [", i ? "," : "", slice.name);
        for (int64_t k = 0; k < slice.count; k++) {
            if (k) fputs(", ", out.file);
            print_number(out.file, values[slice.offset + k]);
        }
        fputs("]", out.file);
    }
    fputs("\n}\n", out.file);
    return output_commit(&out);
}

bool plan_write(l2l_context *context, const l2l_plan *plan, const l2l_tensor *params,
                const char *path) {
    char *text;
    if (l2l_plan_to_json(context, plan, params->data ? params : NULL, &text) != L2L_OK)
        return fail_about(context, path);
    bool done = output_text(path, text);
    l2l_text_free(context, text);
    return done;
}

bool json_write(cJSON *json, const char *path) {
    char *text = json ? cJSON_Print(json) : NULL;
    bool done = text ? output_text(path, text) : fail("out of memory while writing '%s'", path);
    cJSON_free(text);
    cJSON_Delete(json);
    return done;
}
