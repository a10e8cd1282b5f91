/* lens2logit info: what a raw file says about itself, as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "commands.h"
#include "pipeline.h"
#include "say.h"

/* The length of the UTF-8 sequence at `text`, 0 if it is none. */
static size_t utf8_length(const unsigned char *text) {
    size_t length = text[0] < 0x80         ? 1
                    : (text[0] >> 5) == 6  ? 2
                    : (text[0] >> 4) == 14 ? 3
                    : (text[0] >> 3) == 30 ? 4
                                           : 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80) return 0;
    return length;
}

/* Files may hold any bytes where a name should be; JSON may not. */
static void add_text(cJSON *object, const char *key, const char *text) {
    char *clean = strdup(text);
    if (!clean) return;
    for (char *at = clean; *at;) {
        size_t length = utf8_length((const unsigned char *)at);
        if (!length || (unsigned char)*at < 0x20) *at = '?';
        at += length ? length : 1;
    }
    cJSON_AddStringToObject(object, key, clean);
    free(clean);
}

static void add_numbers(cJSON *object, const char *key, int known, const double *values,
                        int count) {
    if (known)
        cJSON_AddItemToObject(object, key, cJSON_CreateDoubleArray(values, count));
    else
        cJSON_AddNullToObject(object, key);
}

/* 0 stands for "unknown" and becomes null. */
static void add_known(cJSON *object, const char *key, double value) {
    if (value != 0)
        cJSON_AddNumberToObject(object, key, value);
    else
        cJSON_AddNullToObject(object, key);
}

static cJSON *describe(const char *path, const l2l_raw_info *info) {
    cJSON *json = cJSON_CreateObject();
    char cfa[64];
    l2l_cfa_name(&info->cfa, cfa, sizeof cfa);
    add_text(json, "file", path);
    add_text(json, "reader", info->reader);
    add_text(json, "make", info->make);
    add_text(json, "model", info->model);
    add_text(json, "software", info->software);
    const struct {
        const char *key;
        int64_t value;
    } sizes[] = { { "width", info->width },
                  { "height", info->height },
                  { "raw_width", info->raw_width },
                  { "raw_height", info->raw_height },
                  { "top", info->top },
                  { "left", info->left } };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        cJSON_AddNumberToObject(json, sizes[i].key, (double)sizes[i].value);
    cJSON_AddStringToObject(json, "cfa", cfa);
    cJSON_AddNumberToObject(json, "bits", info->bits);
    add_numbers(json, "black", 1, info->black, 4);
    cJSON_AddNumberToObject(json, "white", info->white);
    add_numbers(json, "gain", info->has_gain, info->gain, 3);
    add_numbers(json, "matrix", info->has_matrix, info->matrix, 9);
    cJSON_AddNumberToObject(json, "orientation", info->orientation);
    add_known(json, "iso", info->iso);
    add_known(json, "shutter_s", info->shutter_s);
    add_known(json, "aperture", info->aperture);
    add_known(json, "focal_mm", info->focal_mm);
    add_known(json, "timestamp", (double)info->timestamp);
    if (info->has_preview) {
        cJSON *preview = cJSON_AddObjectToObject(json, "preview");
        cJSON_AddNumberToObject(preview, "width", (double)info->preview_width);
        cJSON_AddNumberToObject(preview, "height", (double)info->preview_height);
    } else {
        cJSON_AddNullToObject(json, "preview");
    }
    return json;
}

static int print_info(l2l_context *context, const struct options *options) {
    struct source source;
    if (!source_open(context, options->inputs[0], options, &source)) return EXIT_FAILED;
    cJSON *json = describe(source.path, source.info);
    char *text = cJSON_Print(json);
    if (text) puts(text);
    cJSON_free(text);
    cJSON_Delete(json);
    source_close(&source);
    if (!text) fail("out of memory while describing '%s'", options->inputs[0]);
    return text ? EXIT_OK : EXIT_FAILED;
}

int command_info(const struct options *options) {
    if (options->input_count != 1)
        return usage("info takes one FILE, %d were given", options->input_count);
    l2l_context *context = context_from_options(options);
    if (!context) return EXIT_FAILED;
    int code = print_info(context, options);
    l2l_context_destroy(context);
    return code;
}
