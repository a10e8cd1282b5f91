/* Output files that appear whole or not at all: written beside their place, then renamed. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

typedef struct output {
    char *path, *temporary, *buffer;
    FILE *file;
    struct output *next; /* in the list of files that an interrupt removes */
} output;

/* To be called before other threads start. From now on an interrupt removes the files that are
   being written, then ends the program. */
void output_guard_signals(void);

/* Starts a file; *out must stay in place until it is ended. False: told, nothing to clean up. */
bool output_open(output *out, const char *path);
/* Ends it: everything is on the disk, under its name. False: told, and the temporary is gone. */
bool output_commit(output *out);
/* Gives it up. `why` is told with the file's name. Returns false. */
bool output_fail(output *out, const char *why);

/* Writes a whole text. */
bool output_text(const char *path, const char *text);

/* Makes a folder and those above it; one that exists is fine. */
bool folder_make(const char *path);
bool is_folder(const char *path);
/* Whether both names exist and mean one file. */
bool same_file(const char *a, const char *b);

/* "folder/name" + extension, to be freed. NULL: told. */
char *path_join(const char *folder, const char *name, const char *extension);
/* The file's name without folders and without its last extension, to be freed. NULL: told. */
char *path_stem(const char *path);
/* The extension with its dot, "" if there is none. */
const char *path_extension(const char *path);
/* A whole file with a terminating 0 after it, to be freed. NULL: told. */
char *file_read(const char *path, size_t *size);

#endif
