/* The results of bench as a table and as JSON. */
#include "bench.h"

#include "say.h"

const char *const bench_pass_names[BENCH_PASSES] = { "forward", "backward", "both", "loss" };

double bench_pixels(const struct bench_result *result) {
    return (double)result->batch * (double)result->height * (double)result->width;
}

double bench_speed(const struct bench_result *result, bench_pass pass) {
    double seconds = result->pass[pass].seconds;
    return seconds > 0 ? bench_pixels(result) / seconds : 0;
}

static double mib(double bytes) {
    return bytes / (1 << 20);
}

void bench_table_head(const struct bench_setup *setup, size_option size) {
    printf("%lld x %lldx%lld, %s in, %s out, %s, %d threads, %s; copies %.1f GB/s, computes %.0f "
           "GFLOP/s\n",
           (long long)setup->batch, (long long)size.width, (long long)size.height,
           l2l_dtype_name(setup->input), l2l_dtype_name(setup->output),
           l2l_dtype_name(setup->arithmetic), setup->threads, l2l_isa_name(setup->isa),
           setup->copy_speed * 1e-9, setup->peak_speed * 1e-9);
    printf("%-52s %-8s %9s %9s %7s %7s  %s\n", "", "", "ns/pixel", "MP/s", "GB/s", "of copy",
           "MiB: arrays scratch    peak");
}

void bench_table_row(const struct bench_setup *setup, const struct bench_result *result) {
    for (int i = 0; i < BENCH_PASSES; i++) {
        const struct bench_time *pass = &result->pass[i];
        if (!(pass->seconds > 0)) continue;
        double moved = pass->bytes / pass->seconds;
        printf("%-52s %-8s %9.3f %9.1f %7.1f %6.0f%%", result->name, bench_pass_names[i],
               pass->seconds * 1e9 / bench_pixels(result),
               bench_speed(result, (bench_pass)i) * 1e-6, moved * 1e-9,
               100 * moved / setup->copy_speed);
        if (i == (result->is_plan ? BENCH_LOSS : BENCH_BOTH))
            printf("  %11.1f %7.1f %7.1f", mib((double)result->array_bytes),
                   mib((double)result->scratch_bytes), mib((double)result->peak_bytes));
        putchar('\n');
    }
    fflush(stdout);
}

void bench_table_peer(const struct bench_peer *peer) {
    char name[64];
    snprintf(name, sizeof name, "%s %s%s", peer->name, peer->version,
             peer->tuned ? ", malloc tuned" : "");
    for (int i = 0; i < BENCH_PASSES; i++)
        if (peer->speed[i] > 0)
            printf("%-52s %-8s %9.3f %9.1f   lens2logit: %.1f times; peak %.0f MiB\n", name,
                   bench_pass_names[i], 1e9 / peer->speed[i], peer->speed[i] * 1e-6, peer->ratio[i],
                   mib(peer->peak_bytes));
    fflush(stdout);
}

/* ---- JSON; cJSON's calls do nothing to a NULL, so that only the end must be checked ---- */

static cJSON *result_json(const struct bench_setup *setup, const struct bench_result *result) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", result->name);
    cJSON_AddNumberToObject(json, "width", (double)result->width);
    cJSON_AddNumberToObject(json, "height", (double)result->height);
    for (int i = 0; i < BENCH_PASSES; i++) {
        const struct bench_time *pass = &result->pass[i];
        if (!(pass->seconds > 0)) continue;
        cJSON *one = cJSON_AddObjectToObject(json, bench_pass_names[i]);
        cJSON_AddNumberToObject(one, "ns_per_pixel", pass->seconds * 1e9 / bench_pixels(result));
        cJSON_AddNumberToObject(one, "mp_per_s", bench_speed(result, (bench_pass)i) * 1e-6);
        cJSON_AddNumberToObject(one, "calls", (double)pass->calls);
        cJSON_AddNumberToObject(one, "bytes", pass->bytes);
        cJSON_AddNumberToObject(one, "gb_per_s", pass->bytes / pass->seconds * 1e-9);
        cJSON_AddNumberToObject(one, "of_copy", pass->bytes / pass->seconds / setup->copy_speed);
        if (pass->operations > 0)
            cJSON_AddNumberToObject(one, "gflop_per_s", pass->operations / pass->seconds * 1e-9);
    }
    cJSON_AddNumberToObject(json, "array_bytes", (double)result->array_bytes);
    cJSON_AddNumberToObject(json, "scratch_bytes", (double)result->scratch_bytes);
    cJSON_AddNumberToObject(json, "peak_bytes", (double)result->peak_bytes);
    return json;
}

static cJSON *peer_json(const struct bench_peer *peer) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", peer->name);
    cJSON_AddStringToObject(json, "version", peer->version);
    cJSON_AddBoolToObject(json, "malloc_tuned", peer->tuned);
    cJSON_AddNumberToObject(json, "width", (double)peer->width);
    cJSON_AddNumberToObject(json, "height", (double)peer->height);
    for (int i = 0; i < BENCH_PASSES; i++) {
        if (!(peer->speed[i] > 0)) continue;
        cJSON *one = cJSON_AddObjectToObject(json, bench_pass_names[i]);
        cJSON_AddNumberToObject(one, "mp_per_s", peer->speed[i] * 1e-6);
        cJSON_AddNumberToObject(one, "ratio", peer->ratio[i]);
    }
    cJSON_AddNumberToObject(json, "peak_bytes", peer->peak_bytes);
    return json;
}

bool bench_json(const struct bench_setup *setup, const struct bench_result *results, size_t count,
                const struct bench_peer *peers, size_t peer_count) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "isa", l2l_isa_name(setup->isa));
    cJSON_AddNumberToObject(json, "threads", setup->threads);
    cJSON_AddStringToObject(json, "dtype", l2l_dtype_name(setup->arithmetic));
    cJSON_AddStringToObject(json, "input", l2l_dtype_name(setup->input));
    cJSON_AddStringToObject(json, "output", l2l_dtype_name(setup->output));
    cJSON_AddNumberToObject(json, "batch", (double)setup->batch);
    cJSON_AddNumberToObject(json, "copy_gb_per_s", setup->copy_speed * 1e-9);
    cJSON_AddNumberToObject(json, "peak_gflop_per_s", setup->peak_speed * 1e-9);
    cJSON *rows = cJSON_AddArrayToObject(json, "rows");
    for (size_t i = 0; i < count; i++) cJSON_AddItemToArray(rows, result_json(setup, &results[i]));
    cJSON *others = setup->options->compare ? cJSON_AddArrayToObject(json, "peers") : NULL;
    for (size_t i = 0; i < peer_count; i++) cJSON_AddItemToArray(others, peer_json(&peers[i]));
    char *text = rows ? cJSON_Print(json) : NULL;
    cJSON_Delete(json);
    if (!text) return fail("out of memory while making JSON");
    puts(text);
    cJSON_free(text);
    return true;
}
