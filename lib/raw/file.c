/* Reading a whole file into memory, so that every reader works on bytes alone. */
#define _POSIX_C_SOURCE 200809L
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "raw/raw.h"

/* strerror is not safe among threads; strerror_r comes in two incompatible kinds. */
static const char *reason(int error) {
    static const struct {
        int error;
        const char *text;
    } reasons[] = {
        { ENOENT, "there is no such file" },
        { EACCES, "permission denied" },
        { ENOTDIR, "part of the path is not a folder" },
        { EISDIR, "it is a folder" },
        { ENAMETOOLONG, "the name is too long" },
        { ELOOP, "too many symbolic links" },
        { EMFILE, "too many files are open" },
        { ENFILE, "too many files are open" },
        { EIO, "the device failed" },
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].error == error) return reasons[i].text;
    return "the operating system refused";
}

/* Reads until `size` bytes are there; an earlier end is an error, for the size was asked before. */
static int read_fully(int file, unsigned char *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        size_t chunk = size - done < (1u << 30) ? size - done : 1u << 30;
        ssize_t count = read(file, bytes + done, chunk);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count ? errno : EIO;
        done += (size_t)count;
    }
    return 0;
}

static l2l_status read_open_file(l2l_context *context, const char *path, int file,
                                 int64_t max_bytes, unsigned char **bytes, size_t *size) {
    struct stat status;
    if (fstat(file, &status))
        return l2l_fail(context, L2L_IO, "%s: %s (error %d)", path, reason(errno), errno);
    if (!S_ISREG(status.st_mode))
        return l2l_fail(context, L2L_IO, "%s: %s", path,
                        S_ISDIR(status.st_mode) ? "it is a folder" : "it is not a regular file");
    if (status.st_size == 0) return l2l_fail(context, L2L_BAD_DATA, "%s: the file is empty", path);
    if (status.st_size > max_bytes || (uintmax_t)status.st_size > SIZE_MAX)
        return l2l_fail(context, L2L_UNSUPPORTED, "%s: %lld bytes are over the limit of %lld", path,
                        (long long)status.st_size, (long long)max_bytes);
    l2l_allocator allocator = l2l_context_allocator(context);
    *size = (size_t)status.st_size;
    *bytes = l2l_allocate(&allocator, *size);
    if (!*bytes)
        return l2l_fail(context, L2L_OUT_OF_MEMORY, "%s: no memory for %zu bytes", path, *size);
    int error = read_fully(file, *bytes, *size);
    if (!error) return L2L_OK;
    l2l_release(&allocator, *bytes, *size);
    return l2l_fail(context, L2L_IO, "%s: %s while reading %zu bytes (error %d)", path,
                    reason(error), *size, error);
}

l2l_status l2l_raw_read_file(l2l_context *context, const char *path, int64_t max_bytes,
                             unsigned char **bytes, size_t *size) {
    /* Without O_NONBLOCK, opening a FIFO would wait for a writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return l2l_fail(context, L2L_IO, "%s: %s (error %d)", path, reason(errno), errno);
    l2l_status status = read_open_file(context, path, file, max_bytes, bytes, size);
    close(file);
    return status;
}
