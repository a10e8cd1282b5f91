/* lens2logit develop: raw files become images. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "commands.h"
#include "flight.h"
#include "image.h"
#include "pipeline.h"
#include "say.h"
#include "stages_out.h"

typedef enum file_kind { PNG, TIFF_FILE, NPY, UNKNOWN } file_kind;

static const struct {
    const char *extension;
    file_kind kind;
} kinds[] = { { ".png", PNG }, { ".tif", TIFF_FILE }, { ".tiff", TIFF_FILE }, { ".npy", NPY } };

static file_kind kind_of(const char *path) {
    const char *extension = path_extension(path);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcasecmp(kinds[i].extension, extension) == 0) return kinds[i].kind;
    return UNKNOWN;
}

/* One develop command: where each input goes. */
struct job {
    const struct options *options;
    struct recipe recipe;
    bool folder;    /* outputs go into one */
    char **outputs; /* a path an input; NULL where two inputs would share it */
    int workers;    /* that take inputs side by side, each with a context of its own */
    l2l_context **contexts;
};

static l2l_dtype picture_dtype(const struct job *job) {
    int64_t depth = job->options->depth;
    return depth == 8 ? L2L_U8 : depth == 32 ? L2L_F32 : L2L_U16;
}

static bool write_image(const struct job *job, const struct source *source, const l2l_tensor *image,
                        const char *path) {
    file_kind kind = kind_of(path);
    if (kind == NPY) return npy_write(path, image);
    l2l_tensor picture;
    if (!picture_of_image(image, source->orientation, picture_dtype(job), 1, &picture))
        return false;
    bool done = kind == PNG ? png_write(path, &picture) : tiff_write(path, &picture);
    tensor_free(&picture);
    return done;
}

/* Every stage; of many inputs each has a folder of its own. */
static bool write_taps(l2l_context *context, const struct job *job, const struct pipeline *pipeline,
                       const struct source *source) {
    const char *taps = job->options->taps;
    if (!taps) return true;
    char *stem = path_stem(source->path);
    char *folder = stem && job->folder ? path_join(taps, stem, "") : stem;
    bool done =
        folder && stages_write(context, pipeline, source, NULL, job->folder ? folder : taps, NULL);
    if (folder != stem) free(folder);
    free(stem);
    return done;
}

/* What opening a file takes, roughly: its bytes, and samples that it may hold compressed. */
static int64_t bytes_to_open(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? 3 * (int64_t)status.st_size : 0;
}

/* The image and its picture; with taps a stage's output and its picture beside the image. */
static int64_t bytes_to_develop(const struct job *job, const l2l_tensor *mosaic, l2l_dtype dtype) {
    int64_t values = 3 * tensor_count(mosaic);
    int64_t bytes = (int64_t)(l2l_dtype_size(dtype) + l2l_dtype_size(picture_dtype(job)));
    return values * bytes * (job->options->taps ? 2 : 1);
}

static bool develop(void *user, flight *f, int worker, int item) {
    const struct job *job = user;
    const char *input = job->options->inputs[item], *path = job->outputs[item];
    l2l_context *context = job->contexts[worker];
    struct source source;
    struct pipeline pipeline;
    l2l_tensor image = { 0 };
    if (!path) return false; /* told already */
    if (same_file(input, path)) return fail("'%s' is the input: it is not overwritten", path);
    flight_room(f, item, bytes_to_open(input));
    if (!source_open(context, input, job->options, &source)) return false;
    bool done = false;
    if (pipeline_open(context, &job->recipe, job->options, &source, &pipeline)) {
        size_t last = l2l_plan_stage_count(pipeline.plan) - 1;
        flight_room(f, item, bytes_to_develop(job, &source.mosaic, pipeline.dtype));
        done = pipeline_image(context, &pipeline, &source, last, &image) &&
               (l2l_plan_forward(context, pipeline.plan,
                                 pipeline.params.data ? &pipeline.params : NULL, &source.mosaic,
                                 &image, NULL) == L2L_OK ||
                fail_about(context, input)) &&
               write_image(job, &source, &image, path) &&
               write_taps(context, job, &pipeline, &source);
        tensor_free(&image);
        pipeline_close(&pipeline);
    }
    source_close(&source);
    return done;
}

static bool name_outputs(struct job *job) {
    const struct options *o = job->options;
    char extension[8] = ".png";
    if (o->format) strcpy(extension + 1, o->format);
    job->outputs = calloc((size_t)o->input_count, sizeof *job->outputs);
    if (!job->outputs) return fail("out of memory: no room for %d names", o->input_count);
    for (int i = 0; i < o->input_count; i++) {
        char *stem = job->folder ? path_stem(o->inputs[i]) : NULL;
        job->outputs[i] =
            job->folder ? (stem ? path_join(o->output, stem, extension) : NULL) : strdup(o->output);
        free(stem);
        if (!job->outputs[i]) return false;
        for (int k = 0; k < i; k++) {
            if (!job->outputs[k] || strcmp(job->outputs[k], job->outputs[i]) != 0) continue;
            fail("'%s' and '%s' would both become '%s': the second is left out", o->inputs[k],
                 o->inputs[i], job->outputs[i]);
            free(job->outputs[i]);
            job->outputs[i] = NULL;
            break;
        }
    }
    return true;
}

static void close_contexts(struct job *job) {
    for (int i = 0; job->contexts && i < job->workers; i++) l2l_context_destroy(job->contexts[i]);
    free(job->contexts);
}

/* Decoding and encoding keep one thread busy each, so there are as many inputs under way as
   threads, and one more, since now and then one waits for the disk; but not more threads than were
   asked for. A single input has them all for its plan. */
static bool open_contexts(struct job *job) {
    struct options options = *job->options;
    l2l_context *all = context_from_options(&options);
    if (!all) return false;
    int threads = l2l_context_threads(all);
    l2l_context_destroy(all);
    if (!options.threads) threads++;
    job->workers = threads < options.input_count ? threads : options.input_count;
    job->contexts = calloc((size_t)job->workers, sizeof(l2l_context *));
    if (!job->contexts) return fail("out of memory: no room for %d threads", threads);
    for (int i = 0; i < job->workers; i++) {
        if (job->workers > 1) options.threads = threads / job->workers;
        job->contexts[i] = context_from_options(&options);
        if (!job->contexts[i]) return false;
    }
    return true;
}

static int develop_all(struct job *job) {
    const struct options *o = job->options;
    int count = o->input_count, failed = 0;
    if (job->folder && !folder_make(o->output)) return EXIT_FAILED;
    if (!name_outputs(job)) return EXIT_FAILED;
    flight *f = flight_begin(job->workers, count, develop, job);
    if (!f) return EXIT_FAILED;
    progress bar = progress_begin(count, count);
    for (int i = 0; i < count; i++) {
        if (count > 1) progress_step(&bar, i, "%s", o->inputs[i]);
        if (!flight_wait(f, i))
            failed++;
        else if (count > 1)
            progress_step(&bar, i + 1, "%s", job->outputs[i]);
    }
    progress_end(&bar);
    flight_end(f);
    if (failed && count > 1) fail("%d of %d inputs failed", failed, count);
    return failed ? EXIT_FAILED : EXIT_OK;
}

/* What can be said about the options before any file is opened. */
static int check(const struct job *job) {
    const struct options *o = job->options;
    if (o->input_count < 1) return usage("develop takes at least one FILE");
    if (!o->output) return usage("develop needs -o PATH");
    file_kind kind = kind_of(o->output);
    if (job->folder)
        kind = !o->format ? PNG : o->format[0] == 'p' ? PNG : o->format[0] == 't' ? TIFF_FILE : NPY;
    else if (o->format)
        return usage("--format is for folders; '%s' is a file", o->output);
    if (kind == UNKNOWN)
        return usage("-o '%s': the name ends in none of .png, .tif, .tiff and .npy", o->output);
    if (o->depth && kind == NPY) return usage("--depth is for pictures; for .npy there is --dtype");
    if (o->depth != 0 && o->depth != 8 && o->depth != 16 && o->depth != 32)
        return usage("--depth: %lld is none of 8, 16 and 32", (long long)o->depth);
    if (o->depth == 32 && kind != TIFF_FILE) return usage("--depth 32 is for .tif only");
    return EXIT_OK;
}

int command_develop(const struct options *options) {
    struct job job = { .options = options };
    const char *out = options->output;
    if (out) job.folder = options->input_count > 1 || is_folder(out) || out[strlen(out) - 1] == '/';
    int code = check(&job);
    if (code == EXIT_OK) code = recipe_from_options(options, "photo", &job.recipe);
    if (code != EXIT_OK) return code;
    code = open_contexts(&job) ? develop_all(&job) : EXIT_FAILED;
    close_contexts(&job);
    for (int i = 0; job.outputs && i < options->input_count; i++) free(job.outputs[i]);
    free(job.outputs);
    recipe_free(&job.recipe);
    return code;
}
