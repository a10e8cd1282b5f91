/* What the program tells the person at the terminal: sentences and progress, all on stderr. */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static bool quiet;
static bool bar_drawn;            /* a bar stands on the terminal's current line */
static _Thread_local FILE *aside; /* where this thread's sentences wait to be told; or NULL */

void say_quietly(void) {
    quiet = true;
}

void say_aside(FILE *stream) {
    aside = stream;
}

/* Where a sentence goes now. */
static FILE *listener(void) {
    if (aside) return aside;
    if (bar_drawn) fputs("\r\033[K", stderr);
    bar_drawn = false;
    return stderr;
}

void say_told(const char *text) {
    if (*text) fputs(text, listener());
}

static void sentence(const char *format, va_list arguments) {
    FILE *stream = listener();
    fputs("lens2logit: ", stream);
    vfprintf(stream, format, arguments);
    fputc('\n', stream);
}

bool fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    sentence(format, arguments);
    va_end(arguments);
    return false;
}

int usage(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    sentence(format, arguments);
    va_end(arguments);
    fputs("Run `lens2logit help` for the commands and their options.\n", stderr);
    return EXIT_USAGE;
}

void note(const char *format, ...) {
    if (quiet) return;
    FILE *stream = listener();
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stream, format, arguments);
    va_end(arguments);
    fputc('\n', stream);
}

progress progress_begin(int64_t total, int lines) {
    return (progress){ total < 1 ? 1 : total, 0, lines < 1 ? 1 : lines, !quiet };
}

static void draw_bar(const progress *bar, int64_t done) {
    enum { WIDTH = 28 };
    char cells[WIDTH + 1];
    int64_t full = done * WIDTH / bar->total;
    for (int i = 0; i < WIDTH; i++) cells[i] = i < full ? '#' : '.';
    cells[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K[%s] %lld/%lld ", cells, (long long)done, (long long)bar->total);
    bar_drawn = true;
}

void progress_step(progress *bar, int64_t done, const char *format, ...) {
    if (!bar->open) return;
    int64_t part = done * bar->lines / bar->total;
    bool terminal = isatty(STDERR_FILENO);
    if (!terminal && part == bar->told) return;
    bar->told = part;

    if (terminal)
        draw_bar(bar, done);
    else
        fprintf(stderr, "%lld/%lld ", (long long)done, (long long)bar->total);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (!terminal) fputc('\n', stderr);
    fflush(stderr);
}

void progress_end(progress *bar) {
    if (bar->open && bar_drawn) fputc('\n', stderr);
    bar_drawn = false;
    bar->open = false;
}
