/* The same through the allocator hook: for every n the hook's nth answer is NULL, once or from then
   on. Everything the library holds goes back to the hook, with its size. */
#define _DEFAULT_SOURCE
#include "scenarios.h"
#include "../support/counting_allocator.h"

enum { PATIENCE = 20000 };

static bool loop(const scenario *s, bool lasting) {
    counting_allocator counter;
    double expected, sum;
    if (run_scenario(s, NULL, &expected) != L2L_OK) {
        printf("FAILED: %s does not work at all: %s\n", s->name, sentence);
        return false;
    }
    for (long n = 1; n < PATIENCE; n++) {
        l2l_allocator allocator = counting_hook(&counter);
        counting_start(&counter);
        if (lasting)
            atomic_store(&counter.fail_after, n - 1);
        else
            atomic_store(&counter.fail_at, n);
        l2l_status status = run_scenario(s, &allocator, &sum);
        long blocks = atomic_load(&counter.blocks), wrong = atomic_load(&counter.wrong);
        bool reached = atomic_load(&counter.requests) >= n;
        bool good = status == L2L_OK ? sum == expected : status == L2L_OUT_OF_MEMORY && reached;
        if (!good || blocks || wrong) {
            printf(
                "FAILED: %s, request %ld%s: %s, %ld blocks held, %ld wrong, sum %.17g for %.17g\n",
                s->name, n, lasting ? " and later" : "", l2l_status_name(status), blocks, wrong,
                sum, expected);
            return false;
        }
        if (!reached) {
            printf("%-18s %5ld failures%s\n", s->name, n - 1, lasting ? ", each lasting" : "");
            return n > 1;
        }
    }
    printf("FAILED: %s never ends\n", s->name);
    return false;
}

int main(void) {
    char folder[] = "/tmp/l2l-hook-XXXXXX";
    int failed = 0;
    if (!mkdtemp(folder) || !make_inputs(folder)) return printf("FAILED: no inputs\n"), 1;
    for (int i = 0; i < SCENARIO_COUNT; i++)
        if (scenario_applies(&scenarios[i]))
            failed += !loop(&scenarios[i], false) + !loop(&scenarios[i], true);
    remove_inputs(folder);
    printf("%s\n", failed ? "FAILED" : "every failed allocation was handled");
    return failed != 0;
}
