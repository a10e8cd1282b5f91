/* What the parts of `lens2logit bench` share: what is asked for, what one row measured, the
 * machine.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>
#include <lens2logit/lens2logit.h>

#include "options.h"

typedef enum bench_pass {
    BENCH_FORWARD,
    BENCH_BACKWARD,
    BENCH_BOTH, /* one call after the other */
    BENCH_LOSS, /* forward, a mean square and backward in one pass; of plans */
    BENCH_PASSES
} bench_pass;

/* "forward", "backward", "both", "loss". */
extern const char *const bench_pass_names[BENCH_PASSES];

struct bench_setup {
    const struct options *options;
    l2l_dtype arithmetic, input, output; /* of the plan's input and image; gradients: arithmetic */
    int64_t batch, repeat;               /* repeat 0: as many calls as give a steady median */
    int threads;
    l2l_isa isa;
    double copy_speed; /* bytes a second, read and written, that this machine copies */
    double peak_speed; /* floating-point operations a second, at most */
};

/* One pass of a row: the median of its calls, and what a call must move and compute at least. */
struct bench_time {
    double seconds, bytes, operations; /* seconds 0: not timed; operations 0: not counted */
    int64_t calls;
};

struct bench_result {
    char name[64];
    bool is_plan;
    int64_t batch, width, height;
    struct bench_time pass[BENCH_PASSES];
    int64_t array_bytes;   /* inputs, outputs and gradients */
    int64_t scratch_bytes; /* of the context */
    int64_t peak_bytes;    /* resident at most, beyond what the program held before */
};

double bench_pixels(const struct bench_result *result); /* of a call's input */
double bench_speed(const struct bench_result *result,
                   bench_pass pass); /* in pixels a second; 0: not timed */

/* ---- bench_rows.c: what is timed ---- */

size_t bench_row_count(const struct bench_setup *setup);
/* Times row `index` at a size. False: told. */
bool bench_row(const struct bench_setup *setup, size_t index, size_option size,
               struct bench_result *result);

/* ---- bench_machine.c: arrays, memory, the clock, and what the machine can do ---- */

double bench_seconds(void);
/* A contiguous tensor on pages of its own, huge ones where the system has them. False: told. */
bool bench_tensor_new(l2l_tensor *tensor, l2l_dtype dtype, int ndim, const int64_t *shape);
void bench_tensor_free(l2l_tensor *tensor);
int64_t bench_tensor_bytes(const l2l_tensor *tensor);
/* Fills with numbers in [0.05, 0.95] (integers: of their range), by a fixed generator. */
void bench_tensor_fill(const l2l_tensor *tensor, uint64_t seed);
/* Bytes resident now; and at most since the last bench_memory_forget, 0 where that is unknown. */
int64_t bench_memory_now(void);
int64_t bench_memory_peak(void);
void bench_memory_forget(void);
/* Sets copy_speed and peak_speed from threads, isa and arithmetic. False: told. */
bool bench_machine(struct bench_setup *setup);

/* bench_peak.c: `rounds` rounds of independent multiply-adds on the calling thread; returns how
   many operations those were, a multiply-add counting as two. */
double bench_peak_run(l2l_isa isa, l2l_dtype arithmetic, int64_t rounds);

/* ---- bench_peers.c: other ways to compute the same, where they are installed ---- */

struct bench_peer {
    const char *name; /* static */
    char version[32];
    bool tuned; /* malloc keeps its pages */
    int64_t batch, width, height;
    double speed[BENCH_PASSES]; /* pixels a second; 0: the peer has no such pass */
    double ratio[BENCH_PASSES]; /* ours to theirs */
    double peak_bytes;
};

enum { BENCH_PEER_RUNS = 6 };
/* Runs every peer at the size of `ours`, with and without tuned malloc, and fills `peers`. Peers
   that are not installed or fail are left out and told as notes; `absent`, all false at first,
   remembers for the next size those that are not installed. Returns how many runs there are. */
size_t bench_peers(const struct bench_setup *setup, const struct bench_result *ours,
                   struct bench_peer peers[BENCH_PEER_RUNS], bool absent[BENCH_PEER_RUNS]);

/* ---- bench_report.c: the table and the JSON ---- */

void bench_table_head(const struct bench_setup *setup, size_option size);
void bench_table_row(const struct bench_setup *setup, const struct bench_result *result);
void bench_table_peer(const struct bench_peer *peer);
/* Prints everything as JSON. False: told. */
bool bench_json(const struct bench_setup *setup, const struct bench_result *results, size_t count,
                const struct bench_peer *peers, size_t peer_count);

/* ---- bench_plot.c ---- */

/* Writes speed against size, and the roofline at the largest size, as SVG. False: told. */
bool bench_plot(const struct bench_setup *setup, const struct bench_result *results, size_t count,
                const struct bench_peer *peers, size_t peer_count, const char *path);

#endif
