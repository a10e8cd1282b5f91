/* Names of statuses, the version, and the sentence a context keeps about its last failure. */
#include <stdio.h>
#include <string.h>

#include "core/context_internal.h"

const char *l2l_status_name(l2l_status status) {
    static const char *const names[] = {
        [L2L_OK] = "ok",
        [L2L_INVALID_ARGUMENT] = "invalid argument",
        [L2L_UNSUPPORTED] = "unsupported",
        [L2L_BAD_DATA] = "bad data",
        [L2L_OUT_OF_MEMORY] = "out of memory",
        [L2L_STATE] = "state",
        [L2L_IO] = "io",
        [L2L_DEVICE] = "device",
        [L2L_CANCELLED] = "cancelled",
    };
    size_t index = (size_t)status;
    return index < sizeof names / sizeof *names ? names[index] : "unknown status";
}

#define TEXT_OF(x) #x
#define VERSION(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *l2l_version(void) {
    return VERSION(L2L_VERSION_MAJOR, L2L_VERSION_MINOR, L2L_VERSION_PATCH);
}

#undef VERSION
#undef TEXT_OF

l2l_status l2l_fail(l2l_context *context, l2l_status status, const char *format, ...) {
    if (!context) return status;
    /* Formatted aside, since an argument may be the sentence kept until now. */
    char text[L2L_ERROR_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0) text[0] = '\0';
    memcpy(context->error, text, sizeof text);
    return status;
}

bool l2l_options_copy(void *dst, size_t dst_size, const void *src) {
    if (!src) return true;
    size_t size;
    memcpy(&size, src, sizeof size);
    if (size < sizeof size) return false;
    memcpy(dst, src, size < dst_size ? size : dst_size);
    memcpy(dst, &dst_size, sizeof dst_size);
    return true;
}
