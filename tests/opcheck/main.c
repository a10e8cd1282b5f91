/* opcheck: checks, and times, every stage of the library against an oracle of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modes.h"

static const struct {
    const char *name;
    void (*run)(const options *);
    int in_all;
} modes[] = { { "check", mode_check, 1 },   { "grad", mode_grad, 1 }, { "guard", mode_guard, 1 },
              { "repeat", mode_repeat, 1 }, { "flat", mode_flat, 1 }, { "inject", mode_inject, 1 },
              { "bench", mode_bench, 0 } };
enum { MODES = sizeof modes / sizeof *modes };

static int usage(void) {
    fprintf(stderr,
            "usage: opcheck [check|grad|guard|repeat|flat|inject|bench|all]\n"
            "               [--stage NAME|chain] [--isa baseline|avx2|avx512|neon]\n"
            "               [--slow] [--every N]\n");
    return 2;
}

static int parse_isa(const char *name, l2l_isa *isa) {
    for (int i = L2L_ISA_BASELINE; i <= L2L_ISA_NEON; i++)
        if (strcmp(name, l2l_isa_name((l2l_isa)i)) == 0) *isa = (l2l_isa)i;
    if (*isa != L2L_ISA_BEST && l2l_isa_available(*isa)) return 1;
    fprintf(stderr, "opcheck: this machine has no %s\n", name);
    return 0;
}

int main(int count, char **words) {
    options o = { NULL, L2L_ISA_BEST, 0, 1 };
    const char *mode = "all";
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--slow") == 0)
            o.slow = 1;
        else if (strcmp(words[i], "--stage") == 0 && i + 1 < count)
            o.stage = words[++i];
        else if (strcmp(words[i], "--every") == 0 && i + 1 < count) {
            if ((o.every = atoi(words[++i])) < 1) return usage();
        } else if (strcmp(words[i], "--isa") == 0 && i + 1 < count) {
            if (!parse_isa(words[++i], &o.isa)) return 2;
        } else if (words[i][0] != '-')
            mode = words[i];
        else
            return usage();
    }
    int ran = 0;
    for (int i = 0; i < MODES; i++) {
        int all = strcmp(mode, "all") == 0 && modes[i].in_all;
        if (!all && strcmp(mode, modes[i].name) != 0) continue;
        modes[i].run(&o);
        ran++;
    }
    subject_end();
    if (ran == 0) return usage();
    printf("%d passed, %d failed\n", report_passed, report_failed);
    return report_failed > 0 || report_passed == 0;
}
