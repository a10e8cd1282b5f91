/* lens2logit bench: times every stage and the plans at several sizes, and tells the results. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "commands.h"
#include "pipeline.h"
#include "say.h"

static const size_option usual_sizes[] = {
    { 64, 64 }, { 256, 256 }, { 1024, 1024 }, { 3000, 2000 }, { 6000, 4000 }
};

struct results {
    struct bench_result *rows;
    struct bench_peer *peers;
    size_t row_count, peer_count;
    bool absent[BENCH_PEER_RUNS];
};

static l2l_dtype find_dtype(const char *name, l2l_dtype otherwise) {
    for (int dtype = L2L_U8; name && l2l_dtype_group((l2l_dtype)dtype); dtype++)
        if (strcmp(name, l2l_dtype_name((l2l_dtype)dtype)) == 0) return (l2l_dtype)dtype;
    return otherwise;
}

/* All rows at one size, and after the plan that the peers compute too, the peers. */
static bool bench_size(const struct bench_setup *setup, size_option size, struct results *all) {
    bool table = !setup->options->json;
    if (table) bench_table_head(setup, size);
    for (size_t i = 0; i < bench_row_count(setup); i++) {
        struct bench_result *row = &all->rows[all->row_count];
        if (!bench_row(setup, i, size, row)) return false;
        all->row_count++;
        if (table) bench_table_row(setup, row);
        if (!setup->options->compare || strcmp(row->name, "lens2logit") != 0) continue;
        struct bench_peer *peers = all->peers + all->peer_count;
        size_t count = bench_peers(setup, row, peers, all->absent);
        all->peer_count += count;
        for (size_t p = 0; table && p < count; p++) bench_table_peer(&peers[p]);
    }
    return true;
}

static bool bench_sizes(const struct bench_setup *setup, const size_option *sizes, size_t count,
                        struct results *all) {
    const struct options *options = setup->options;
    for (size_t i = 0; i < count; i++) {
        if (i && !options->json) putchar('\n');
        if (!bench_size(setup, sizes[i], all)) return false;
    }
    if (options->json && !bench_json(setup, all->rows, all->row_count, all->peers, all->peer_count))
        return false;
    return !options->plot ||
           bench_plot(setup, all->rows, all->row_count, all->peers, all->peer_count, options->plot);
}

static bool bench(const struct bench_setup *setup) {
    const struct options *options = setup->options;
    size_t count = (size_t)options->sizes.count;
    const size_option *sizes = count ? options->sizes.at : usual_sizes;
    if (!count) count = sizeof usual_sizes / sizeof usual_sizes[0];
    struct results all = { .rows = calloc(count * bench_row_count(setup), sizeof *all.rows),
                           .peers = calloc(count * BENCH_PEER_RUNS, sizeof *all.peers) };
    bool done = all.rows && all.peers ? bench_sizes(setup, sizes, count, &all)
                                      : fail("out of memory for %zu sizes", count);
    free(all.rows);
    free(all.peers);
    return done;
}

static int check(const struct options *options) {
    if (options->input_count) return usage("bench takes no FILE");
    if (options->preset && strcmp(options->preset, "photo") == 0)
        return usage("--preset photo is made for a file; bench takes the library's presets");
    if (options->compare && options->preset && strcmp(options->preset, "lens2logit") != 0)
        return usage("--compare is about preset lens2logit, not '%s'", options->preset);
    if (options->compare && options->dtype && strcmp(options->dtype, "f64") == 0)
        return usage("--compare is in single precision: not with --dtype f64");
    if (l2l_dtype_group(find_dtype(options->input_dtype, L2L_F32)) > 1 && !options->preset)
        return usage("--input %s is a mosaic: only with --preset", options->input_dtype);
    if (options->output_dtype && options->dtype && strcmp(options->dtype, "f64") == 0)
        return usage("--output is for --dtype f32: f64 writes f64");
    return EXIT_OK;
}

int command_bench(const struct options *options) {
    int code = check(options);
    if (code != EXIT_OK) return code;
    l2l_context *context = context_from_options(options);
    if (!context) return EXIT_FAILED;
    struct bench_setup setup = { .options = options,
                                 .arithmetic = find_dtype(options->dtype, L2L_F32),
                                 .batch = options->batch ? options->batch : 1,
                                 .repeat = options->repeat,
                                 .threads = l2l_context_threads(context),
                                 .isa = l2l_context_isa(context) };
    l2l_context_destroy(context);
    setup.input = find_dtype(options->input_dtype, setup.arithmetic);
    setup.output = find_dtype(options->output_dtype, setup.arithmetic);
    return bench_machine(&setup) && bench(&setup) ? EXIT_OK : EXIT_FAILED;
}
