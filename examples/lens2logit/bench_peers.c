/* Runs what else computes such a pipeline, where it is installed: scripts that lie beside the
   program, each a process of its own that prints one line of JSON. */
#include "bench.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output.h"
#include "say.h"

extern char **environ;

static const struct peer {
    const char *name, *script;
} scripts[] = {
    { "PyTorch", "torch_pipeline.py" },
    { "OpenCV", "opencv_pipeline.py" },
    { "NumPy", "numpy_pipeline.py" },
};
enum { SCRIPTS = sizeof scripts / sizeof scripts[0], TUNINGS = 2, NOT_INSTALLED = 77 };
_Static_assert((int)SCRIPTS *(int)TUNINGS == (int)BENCH_PEER_RUNS, "a place for every run");

/* The default gives large blocks back to the system at once and pays for their pages again. */
static const char *const tunables =
    "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184";

/* Folders of the scripts, relative to the program's: of an installation, and of a build. */
static const char *const folders[] = { L2L_PEERS_FROM_BIN, "peers" };
/* The one on the path may lack what the system's has. */
static const char *const pythons[] = { "python3", "/usr/bin/python3" };

/* The path of a script, to be freed; NULL: told. */
static char *find_script(const char *name) {
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash) *slash = '\0';
    for (size_t i = 0; slash && i < sizeof folders / sizeof folders[0]; i++) {
        char *folder = path_join(self, folders[i], "");
        char *path = folder ? path_join(folder, name, "") : NULL;
        free(folder);
        if (path && access(path, R_OK) == 0) return path;
        free(path);
    }
    note("%s is not beside the program", name);
    return NULL;
}

/* Starts it with its standard output in a pipe, of which the reading end is returned; -1: not. */
static int start(char *const argv[], pid_t *process) {
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0) return -1;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        close(ends[0]), close(ends[1]);
        return -1;
    }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int code = posix_spawnp(process, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (code == 0) return ends[0];
    close(ends[0]);
    return -1;
}

/* Runs it and keeps what it prints; its exit status, or -1 where it did not end by itself. */
static int run(char *const argv[], char *text, size_t size) {
    pid_t process;
    int from = start(argv, &process), status;
    if (from < 0) return -1;
    size_t length = 0;
    for (;;) {
        char rest[256]; /* read on when the text is full, or the writer would wait for ever */
        bool full = length + 1 >= size;
        ssize_t got =
            read(from, full ? rest : text + length, full ? sizeof rest : size - 1 - length);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        if (!full) length += (size_t)got;
    }
    text[length] = '\0';
    close(from);
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static double number(const cJSON *json, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool read_peer(const char *text, const struct bench_result *ours, struct bench_peer *peer) {
    static const char *const keys[BENCH_PASSES] = { "forward_mp_s", NULL, "forward_backward_mp_s",
                                                    "loss_mp_s" };
    cJSON *json = cJSON_Parse(text);
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(json, "version");
    snprintf(peer->version, sizeof peer->version, "%s",
             cJSON_IsString(version) ? version->valuestring : "");
    for (int i = 0; i < BENCH_PASSES; i++) {
        peer->speed[i] = keys[i] ? number(json, keys[i]) * 1e6 : 0;
        if (peer->speed[i] > 0) peer->ratio[i] = bench_speed(ours, (bench_pass)i) / peer->speed[i];
    }
    peer->peak_bytes = number(json, "peak_gib") * (1 << 30);
    cJSON_Delete(json);
    return peer->speed[BENCH_FORWARD] > 0;
}

/* With the first Python that has what the script needs. */
static bool run_peer(const struct bench_setup *setup, const struct bench_result *ours, char *script,
                     struct bench_peer *peer, bool *absent) {
    char threads[16], shape[80], repeats[16], text[4096];
    snprintf(threads, sizeof threads, "%d", setup->threads);
    snprintf(shape, sizeof shape, "%lldx%lldx%lld", (long long)ours->batch, (long long)ours->height,
             (long long)ours->width);
    snprintf(repeats, sizeof repeats, "%lld", (long long)setup->repeat);
    int code = NOT_INSTALLED;
    for (size_t i = 0; code == NOT_INSTALLED && i < sizeof pythons / sizeof pythons[0]; i++) {
        char *malloc_setting = peer->tuned ? (char *)tunables : "--unset=GLIBC_TUNABLES";
        char *argv[] = { "env",     malloc_setting, (char *)pythons[i],
                         "-B",      script,         "--threads",
                         threads,   "--repeats",    repeats,
                         "--shape", shape,          NULL };
        code = run(argv, text, sizeof text);
        if (code == 127) code = NOT_INSTALLED; /* no such Python */
    }
    if (code == 0 && read_peer(text, ours, peer)) return true;
    *absent = code == NOT_INSTALLED;
    if (*absent)
        note("%s is not installed", peer->name);
    else
        note("%s failed at %s (status %d)", peer->name, shape, code);
    return false;
}

size_t bench_peers(const struct bench_setup *setup, const struct bench_result *ours,
                   struct bench_peer peers[BENCH_PEER_RUNS], bool absent[BENCH_PEER_RUNS]) {
    size_t count = 0;
    for (int i = 0; i < SCRIPTS; i++) {
        if (absent[i]) continue;
        char *script = find_script(scripts[i].script);
        bool going = script != NULL;
        absent[i] = !going;
        for (int tuned = 0; going && tuned < TUNINGS; tuned++) {
            peers[count] = (struct bench_peer){ .name = scripts[i].name,
                                                .tuned = tuned,
                                                .batch = ours->batch,
                                                .width = ours->width,
                                                .height = ours->height };
            going = run_peer(setup, ours, script, &peers[count], &absent[i]);
            count += going;
        }
        free(script);
    }
    return count;
}
