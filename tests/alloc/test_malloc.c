/* For every n: the nth allocation of the whole process fails, once or from then on. Each piece of
   work then either succeeds with its usual result or returns a status with a sentence, and leaks
   nothing.

   The codecs do not check all of their own allocations. So each n has a process of its own, and a
   crash inside a codec, or a block or two that it loses, after an allocation of its own was
   refused, is counted apart; and what it reports as damaged data may be its way of telling. What
   the library holds itself is watched through an allocator that counts. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_malloc.h"
#include "scenarios.h"
#include "../support/counting_allocator.h"

enum { PATIENCE = 20000, EXIT_OURS = 98, EXIT_CODEC = 99, CODEC_LOSS = 2 };

/* What a process reports to the one that started it. */
typedef struct outcome {
    bool crashed_in_codec, ours; /* ours: the refused request was the library's */
    l2l_status status;
    double sum;
    long requests, leaked, held; /* leaked: by anybody; held: by the library */
} outcome;

/* The object that the code at an address belongs to: this program, the language runtimes (with the
   malloc that stands in for theirs), or one of the libraries that this one links. */
typedef enum owner { OURS, RUNTIME, CODEC } owner;

static bool any_within(const char *text, const char *const *words, size_t count) {
    for (size_t i = 0; text && i < count; i++)
        if (strstr(text, words[i])) return true;
    return false;
}

static owner owner_of(void *address) {
    static const char *const runtimes[] = { "/libc.",    "/libstdc++.", "/libgcc_s.",
                                            "/ld-linux", "/libm.",      "[vdso]" };
    static const char *const allocators[] = { "alloc", "free", "memalign" };
    Dl_info here, there;
    if (!dladdr((void *)&failing, &here) || !dladdr(address, &there)) return RUNTIME;
    if (here.dli_fbase != there.dli_fbase)
        return any_within(there.dli_fname, runtimes, 6) ? RUNTIME : CODEC;
    return any_within(there.dli_sname, allocators, 3) ? RUNTIME : OURS;
}

static void on_crash(int signal_number) {
    void *frames[64];
    (void)signal_number;
    failing_arm(0, false);
    int count = backtrace(frames, 64);
    owner guilty = RUNTIME;
    /* The first frame is this function. */
    for (int i = 1; i < count && guilty == RUNTIME; i++) guilty = owner_of(frames[i]);
    if (guilty == CODEC && owner_of(atomic_load(&failing.refused_to)) != OURS) _exit(EXIT_CODEC);
    backtrace_symbols_fd(frames, count, STDOUT_FILENO);
    _exit(EXIT_OURS);
}

/* What stays after a failure is a leak unless it is a cache of the C library's, which is as large
   as ever after another run. */
static long leak(const scenario *s, long held) {
    double sum;
    if (atomic_load(&failing.held) != held) run_scenario(s, NULL, &sum);
    return atomic_load(&failing.held) - held;
}

/* Half of the runs are with the default allocator, half with one that counts. */
static void run_and_report(const scenario *s, long n, bool lasting, int out) {
    outcome result = { 0 };
    counting_allocator counter;
    l2l_allocator allocator = counting_hook(&counter);
    const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], on_crash);
    counting_start(&counter);
    long held = atomic_load(&failing.held);
    failing_arm(n, lasting);
    result.status = run_scenario(s, lasting ? &allocator : NULL, &result.sum);
    result.requests = atomic_load(&failing.requests);
    failing_arm(0, false);
    result.ours = owner_of(atomic_load(&failing.refused_to)) == OURS;
    result.held = atomic_load(&counter.blocks);
    result.leaked = leak(s, held);
    _exit(write(out, &result, sizeof result) == sizeof result ? 0 : EXIT_OURS);
}

/* False if the process crashed in code of this library's. */
static bool run_apart(const scenario *s, long n, bool lasting, outcome *result) {
    int ends[2], status;
    if (pipe(ends)) return false;
    pid_t child = fork();
    if (child == 0) run_and_report(s, n, lasting, ends[1]);
    close(ends[1]);
    bool good = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
    if (good && WEXITSTATUS(status) == EXIT_CODEC)
        *result = (outcome){ .crashed_in_codec = true, .requests = n };
    else
        good = good && read(ends[0], result, sizeof *result) == sizeof *result;
    close(ends[0]);
    return good;
}

static bool is_handled(const outcome *now, double expected) {
    if (now->held || now->leaked < 0 || now->leaked > (now->ours ? 0 : CODEC_LOSS)) return false;
    if (now->status == L2L_OK) return now->sum == expected;
    return now->status == L2L_OUT_OF_MEMORY || (!now->ours && now->status == L2L_BAD_DATA);
}

static bool loop(const scenario *s, bool lasting) {
    const char *how = lasting ? " and all later" : "";
    double expected;
    outcome now = { 0 };
    long lost = 0;
    if (run_scenario(s, NULL, &expected) != L2L_OK || run_scenario(s, NULL, &expected) != L2L_OK) {
        printf("FAILED: %s does not work at all: %s\n", s->name, sentence);
        return false;
    }
    for (long n = 1; n < PATIENCE && now.requests >= n - 1; n++) {
        if (!run_apart(s, n, lasting, &now)) {
            printf("FAILED: %s, request %ld%s: it crashes\n", s->name, n, how);
            return false;
        }
        if (!now.crashed_in_codec && !is_handled(&now, expected)) {
            printf(
                "FAILED: %s, request %ld%s: %s, %ld blocks leaked, %ld held, sum %.17g for %.17g\n",
                s->name, n, how, l2l_status_name(now.status), now.leaked, now.held, now.sum,
                expected);
            return false;
        }
        lost += now.crashed_in_codec || now.leaked;
    }
    printf("%-18s %5ld requests refused%s, %ld of them not survived by a codec\n", s->name,
           now.requests, how, lost);
    return now.requests > 0 && now.requests < PATIENCE - 1;
}

/* Whether the C library's own requests, strdup's for instance, come to the malloc here. */
static bool stands_in(void) {
    failing_arm(0, false);
    free(strdup("a request"));
    return atomic_load(&failing.requests) == 1;
}

int main(void) {
    char folder[] = "/tmp/l2l-alloc-XXXXXX";
    void *frame;
    int failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 4096);
    backtrace(&frame, 1); /* loads what it needs while there is memory */
    if (!stands_in()) return printf("FAILED: malloc is not replaced\n"), 1;
    if (!mkdtemp(folder) || !make_inputs(folder)) return printf("FAILED: no inputs\n"), 1;
    for (int i = 0; i < SCENARIO_COUNT; i++)
        if (scenario_applies(&scenarios[i]))
            failed += !loop(&scenarios[i], false) + !loop(&scenarios[i], true);
    remove_inputs(folder);
    printf("%s\n", failed ? "FAILED" : "every failed allocation was handled");
    return failed != 0;
}
