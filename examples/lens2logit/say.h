/* What the program tells the person at the terminal: sentences and progress, all on stderr. */
#ifndef SAY_H
#define SAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* No progress from now on; failures are still told. */
void say_quietly(void);

/* Tells a failure as "lens2logit: SENTENCE". Returns false, so that `return fail(...)` reads well.
 */
bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a command line that makes no sense: adds where to read on. Returns EXIT_USAGE. */
int usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Tells something that is good to know, unless quiet. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* This thread's sentences go into `stream` from now on; NULL: to the person again. */
void say_aside(FILE *stream);
/* Tells what went aside. */
void say_told(const char *text);

/* A bar that is drawn over itself on a terminal; elsewhere a plain line for every `lines`-th part
   of the way. Quiet: nothing. */
typedef struct progress {
    int64_t total, told;
    int lines;
    bool open;
} progress;

progress progress_begin(int64_t total, int lines);
void progress_step(progress *bar, int64_t done, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void progress_end(progress *bar);

#endif
