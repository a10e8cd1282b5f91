/* How plans are written as JSON: the fields of every stage's attributes, and the text's own keys.

       {
         "lens2logit": 1,
         "channels": 1,
         "sample_scale": 1,
         "stages": [{"stage": "demosaic", "method": "linear", "cfa": "RGGB", ...}, ...],
         "params": {"demosaic.weight": [...], ...}
       }

   A text of parameters alone has "lens2logit" and "params". Both may have a "name" and a
   "comment". */
#ifndef L2L_PLAN_JSON_H
#define L2L_PLAN_JSON_H

#include "core/core.h"
#include "stages/stage.h"

enum { L2L_JSON_VERSION = 1 };

typedef enum l2l_field_type {
    L2L_FIELD_METHOD, /* an int, written as the method's name in the stage table */
    L2L_FIELD_NAMED,  /* an int, written as names[value] */
    L2L_FIELD_CFA,
    L2L_FIELD_BOOL,
    L2L_FIELD_INT,
    L2L_FIELD_DOUBLE
} l2l_field_type;

typedef struct l2l_field {
    l2l_stage_kind kind;
    const char *name;
    l2l_field_type type;
    size_t offset;            /* in the attribute struct */
    const char *const *names; /* NULL-terminated */
} l2l_field;

extern const l2l_field l2l_fields[];
extern const int l2l_field_count;

/* The name of the nth method of a kind, and the value that stands for it; NULL beyond the last. */
const char *l2l_method_name(l2l_stage_kind kind, int n, int *value);

#endif
