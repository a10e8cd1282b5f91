/* Status codes: how every call of liblens2logit says that it worked or why it did not. */
#ifndef LENS2LOGIT_STATUS_H
#define LENS2LOGIT_STATUS_H

#if defined(L2L_BUILDING) && defined(__GNUC__)
#define L2L_API __attribute__((visibility("default")))
#else
#define L2L_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define L2L_VERSION_MAJOR 0
#define L2L_VERSION_MINOR 1
#define L2L_VERSION_PATCH 0

/* The values are part of the ABI and never change. A call that does not return L2L_OK leaves a
   sentence about the failure in the context that it was given (l2l_context_error). */
typedef enum l2l_status {
    L2L_OK = 0,
    L2L_INVALID_ARGUMENT = 1, /* the caller asked for something that makes no sense */
    L2L_UNSUPPORTED = 2,      /* it makes sense, and this build or this file cannot do it */
    L2L_BAD_DATA = 3,         /* a file or a buffer does not hold what it promises */
    L2L_OUT_OF_MEMORY = 4,
    L2L_STATE = 5,            /* the right call at the wrong time */
    L2L_IO = 6,               /* the operating system said no */
    L2L_DEVICE = 7,
    L2L_CANCELLED = 8
} l2l_status;

/* The name of a status without its prefix, "bad data" for instance. Never NULL; static storage. */
L2L_API const char *l2l_status_name(l2l_status status);

/* The version of the library that is running, "0.1.0" for instance. Static storage. */
L2L_API const char *l2l_version(void);

#ifdef __cplusplus
}
#endif
#endif
