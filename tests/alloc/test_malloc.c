/* For every n: the nth allocation of the whole process fails, once or from then on. Each piece of
   work then either succeeds with its usual result or says that memory is out, and leaks nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "failing_malloc.h"
#include "scenarios.h"

enum { PATIENCE = 20000 }; /* more requests than any scenario makes */

/* LibRaw's constructor uses an allocation that it has not checked, and would crash. So for the
   library libraw_init is one request, which may fail as a whole. */
static void *(*real_libraw_init)(unsigned flags);

void *libraw_init(unsigned flags);
void *libraw_init(unsigned flags) {
    if (failing_refuses()) return NULL;
    bool was = failing_pause(true);
    void *result = real_libraw_init(flags);
    failing_pause(was);
    return result;
}

/* What stays after a failure is a leak unless it is a cache of the C library's, which is as large
   as ever after another run. */
static long leak(const scenario *s, long held) {
    double sum;
    if (atomic_load(&failing.held) != held) run_scenario(s, NULL, &sum);
    return atomic_load(&failing.held) - held;
}

/* Returns the number of failures that were handled, or −1. */
static long loop(const scenario *s, bool lasting) {
    double expected, sum;
    if (run_scenario(s, NULL, &expected) != L2L_OK || run_scenario(s, NULL, &expected) != L2L_OK) {
        printf("FAILED: %s does not work at all\n", s->name);
        return -1;
    }
    for (long n = 1; n < PATIENCE; n++) {
        long held = atomic_load(&failing.held);
        failing_arm(n, lasting);
        l2l_status status = run_scenario(s, NULL, &sum);
        long requests = atomic_load(&failing.requests);
        failing_arm(0, false);
        long leaked = leak(s, held);
        bool good = status == L2L_OK ? sum == expected : status == L2L_OUT_OF_MEMORY;
        if (!good || leaked) {
            printf("FAILED: %s, request %ld%s: %s, %ld blocks leaked, sum %.17g for %.17g\n",
                   s->name, n, lasting ? " and later" : "", l2l_status_name(status), leaked, sum,
                   expected);
            return -1;
        }
        if (requests < n) return n - 1;
    }
    printf("FAILED: %s never ends\n", s->name);
    return -1;
}

int main(void) {
    char folder[] = "/tmp/l2l-alloc-XXXXXX";
    int failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 4096);
    *(void **)&real_libraw_init = dlsym(RTLD_NEXT, "libraw_init");
    if (!real_libraw_init) return printf("FAILED: no libraw_init\n"), 1;
    if (!mkdtemp(folder) || !make_inputs(folder)) return perror(folder), 1;
    for (int i = 0; i < SCENARIO_COUNT; i++)
        for (int lasting = 0; lasting < 2 && scenario_applies(&scenarios[i]); lasting++) {
            long handled = loop(&scenarios[i], lasting);
            failed += handled <= 0;
            printf("%-18s %5ld failures%s\n", scenarios[i].name, handled,
                   lasting ? ", each lasting" : "");
        }
    remove_inputs(folder);
    printf("%s\n", failed ? "FAILED" : "every failed allocation was handled");
    return failed != 0;
}
