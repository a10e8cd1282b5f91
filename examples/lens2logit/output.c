/* Output files that appear whole or not at all: written beside their place, then renamed. */
#define _GNU_SOURCE
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

/* Files that are being written. Who holds the list has the signals blocked, so that the handler,
   which takes it too, never waits for its own thread. */
static output *being_written;
static atomic_flag held = ATOMIC_FLAG_INIT;
static mode_t mask; /* of the process, which can only be read by changing it */

static const int guarded[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
enum { GUARDED = sizeof guarded / sizeof guarded[0], BUFFER = 1 << 20 };

static void take_list(void) {
    while (atomic_flag_test_and_set(&held)) poll(NULL, 0, 1); /* a handler may call poll */
}

static void interrupted(int number) {
    take_list(); /* for good: no file is begun any more, and none completed */
    for (const output *out = being_written; out; out = out->next) unlink(out->temporary);
    /* SA_RESETHAND has put the default action back, so this ends the program as it should. */
    raise(number);
}

static sigset_t guarded_set(void) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < GUARDED; i++) sigaddset(&set, guarded[i]);
    return set;
}

void output_guard_signals(void) {
    mask = umask(0);
    umask(mask);
    struct sigaction action = { .sa_handler = interrupted,
                                .sa_mask = guarded_set(),
                                .sa_flags = (int)SA_RESETHAND };
    for (int i = 0; i < GUARDED; i++) {
        struct sigaction old;
        /* What the caller had us ignore (nohup) stays ignored. */
        if (sigaction(guarded[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(guarded[i], &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN); /* too large a file is then an error of write() */
}

static sigset_t hold_list(void) {
    sigset_t set = guarded_set(), old;
    pthread_sigmask(SIG_BLOCK, &set, &old);
    take_list();
    return old;
}

static void let_go(sigset_t old) {
    atomic_flag_clear(&held);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void forget(output *out) {
    sigset_t old = hold_list();
    output **link = &being_written;
    while (*link != out) link = &(*link)->next;
    *link = out->next;
    let_go(old);
}

/* Makes the temporary file and enters it in the list in one step. */
static int make_temporary(output *out) {
    sigset_t old = hold_list();
    int fd = mkstemp(out->temporary), error = errno;
    if (fd >= 0) {
        out->next = being_written;
        being_written = out;
    }
    let_go(old);
    errno = error;
    return fd;
}

static void release(output *out) {
    free(out->path);
    free(out->temporary);
    free(out->buffer);
    memset(out, 0, sizeof *out);
}

bool output_open(output *out, const char *path) {
    memset(out, 0, sizeof *out);
    if (is_folder(path)) return fail("cannot write '%s': it is a folder", path);
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    out->path = strdup(path);
    if (!out->path || asprintf(&out->temporary, "%.*s.lens2logit-XXXXXX", folder, path) < 0) {
        out->temporary = NULL;
        release(out);
        return fail("out of memory while opening '%s'", path);
    }
    int fd = make_temporary(out);
    if (fd < 0) {
        fail("cannot write '%s': %s", path, strerror(errno));
        release(out);
        return false;
    }
    (void)!fchmod(fd, 0666 & ~mask); /* mkstemp makes files that only their owner may read */
    out->file = fdopen(fd, "w+b");
    if (!out->file) {
        close(fd);
        return output_fail(out, strerror(errno));
    }
    /* Without one of ours, the C library may stay with the few kilobytes it likes. */
    out->buffer = malloc(BUFFER);
    if (out->buffer) setvbuf(out->file, out->buffer, _IOFBF, BUFFER);
    return true;
}

bool output_fail(output *out, const char *why) {
    fail("cannot write '%s': %s", out->path, why);
    if (out->file) fclose(out->file);
    unlink(out->temporary);
    forget(out);
    release(out);
    return false;
}

bool output_commit(output *out) {
    if (ferror(out->file) || fflush(out->file) != 0) return output_fail(out, strerror(errno));
    /* Some file systems cannot sync; that loses nothing they had promised. */
    if (fsync(fileno(out->file)) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
        return output_fail(out, strerror(errno));
    int closed = fclose(out->file);
    out->file = NULL;
    if (closed != 0 || rename(out->temporary, out->path) != 0)
        return output_fail(out, strerror(errno));
    forget(out);
    release(out);
    return true;
}

bool output_text(const char *path, const char *text) {
    output out;
    if (!output_open(&out, path)) return false;
    size_t length = strlen(text);
    if (fwrite(text, 1, length, out.file) != length) return output_fail(&out, strerror(errno));
    if (length && text[length - 1] != '\n') fputc('\n', out.file);
    return output_commit(&out);
}

bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool same_file(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

bool folder_make(const char *path) {
    char *copy = strdup(path);
    if (!copy) return fail("out of memory while making the folder '%s'", path);
    for (char *end = copy + 1; copy[0]; end++) {
        if (*end != '/' && *end != '\0') continue;
        char kept = *end;
        *end = '\0';
        if (mkdir(copy, 0777) != 0 && !is_folder(copy)) {
            fail("cannot make the folder '%s': %s", copy, strerror(errno));
            free(copy);
            return false;
        }
        if (kept == '\0') break;
        *end = kept;
    }
    free(copy);
    return is_folder(path) ? true : fail("cannot make the folder '%s'", path);
}

char *path_join(const char *folder, const char *name, const char *extension) {
    char *joined;
    size_t length = strlen(folder);
    const char *slash = length && folder[length - 1] == '/' ? "" : "/";
    if (asprintf(&joined, "%s%s%s%s", folder, slash, name, extension) >= 0) return joined;
    fail("out of memory while naming '%s'", name);
    return NULL;
}

const char *path_extension(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot : "";
}

char *path_stem(const char *path) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *stem = strndup(name, strlen(name) - strlen(path_extension(path)));
    if (!stem) fail("out of memory while naming the output of '%s'", path);
    return stem;
}

char *file_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status) != 0) {
        fail("cannot open '%s': %s", path, strerror(errno));
        if (file) fclose(file);
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        fclose(file);
        fail("cannot read '%s': it is not a regular file", path);
        return NULL;
    }
    size_t length = (size_t)status.st_size;
    char *bytes = malloc(length + 1);
    bool whole = bytes && fread(bytes, 1, length, file) == length;
    fclose(file);
    if (!whole) {
        fail(bytes ? "cannot read '%s': it ended early" : "out of memory while reading '%s'", path);
        free(bytes);
        return NULL;
    }
    bytes[length] = '\0';
    *size = length;
    return bytes;
}
