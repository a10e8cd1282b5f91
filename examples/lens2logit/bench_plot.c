/* Draws the results of bench as SVG: speed against image size, and the roofline. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "say.h"

/* A panel with two logarithmic axes, in decades. */
struct panel {
    FILE *file;
    double left, top, width, height;   /* on the page */
    double x_from, x_to, y_from, y_to; /* log10 */
};

static const char *const colors[] = { "#1f4e9c", "#c2410c", "#15803d", "#7c3aed",
                                      "#b8860b", "#0e7490", "#be185d", "#52525b",
                                      "#65a30d", "#38bdf8", "#78350f", "#f472b6" };
enum { COLORS = sizeof colors / sizeof colors[0] };
enum { LEGEND = 490, LINE = 18 }; /* where the names begin, below the panels */

static double place_x(const struct panel *p, double x) {
    return p->left + p->width * (log10(x) - p->x_from) / (p->x_to - p->x_from);
}

static double place_y(const struct panel *p, double y) {
    return p->top + p->height * (1 - (log10(y) - p->y_from) / (p->y_to - p->y_from));
}

/* Whole decades that hold the values; begins with an empty range. */
static void hold(double value, double *from, double *to) {
    if (!(value > 0)) return;
    *from = fmin(*from, floor(log10(value)));
    *to = fmax(*to, ceil(log10(value)));
    if (*to <= *from) *to = *from + 1;
}

static struct panel panel_new(FILE *file, double left) {
    return (struct panel){ .file = file,
                           .left = left,
                           .top = 60,
                           .width = 420,
                           .height = 360,
                           .x_from = INFINITY,
                           .x_to = -INFINITY,
                           .y_from = INFINITY,
                           .y_to = -INFINITY };
}

static void text(FILE *file, double x, double y, const char *anchor, const char *words) {
    fprintf(file, "<text x='%.1f' y='%.1f' text-anchor='%s'>%s</text>\n", x, y, anchor, words);
}

static void line(FILE *file, double x1, double y1, double x2, double y2, const char *style) {
    fprintf(file, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' %s/>\n", x1, y1, x2, y2, style);
}

static void axes(const struct panel *p, const char *title, const char *x_name, const char *y_name) {
    double right = p->left + p->width, bottom = p->top + p->height;
    char number[32];
    for (double x = p->x_from; x <= p->x_to; x++) {
        double at = place_x(p, pow(10, x));
        line(p->file, at, p->top, at, bottom, "stroke='#ddd'");
        snprintf(number, sizeof number, "%g", pow(10, x));
        text(p->file, at, bottom + 17, "middle", number);
    }
    for (double y = p->y_from; y <= p->y_to; y++) {
        double at = place_y(p, pow(10, y));
        line(p->file, p->left, at, right, at, "stroke='#ddd'");
        snprintf(number, sizeof number, "%g", pow(10, y));
        text(p->file, p->left - 6, at + 4, "end", number);
    }
    line(p->file, p->left, bottom, right, bottom, "stroke='#333'");
    line(p->file, p->left, p->top, p->left, bottom, "stroke='#333'");
    fprintf(p->file, "<text x='%.1f' y='%.1f' font-size='15'>%s</text>\n", p->left, p->top - 34,
            title);
    text(p->file, p->left - 6, p->top - 12, "start", y_name);
    text(p->file, right, bottom + 36, "end", x_name);
}

/* ---- speed against size ---- */

struct point {
    char name[96];
    bench_pass pass;
    double megapixels, speed; /* MP/s */
};

static int by_size(const void *a, const void *b) {
    double x = ((const struct point *)a)->megapixels, y = ((const struct point *)b)->megapixels;
    return (x > y) - (x < y);
}

/* Plans and peers, in order of size; passes that a peer lacks stay out. */
static size_t gather(const struct bench_result *results, size_t count,
                     const struct bench_peer *peers, size_t peer_count, struct point *points) {
    static const bench_pass passes[] = { BENCH_FORWARD, BENCH_BOTH };
    size_t made = 0;
    for (int i = 0; i < 2; i++) {
        bench_pass pass = passes[i];
        for (size_t r = 0; r < count; r++) {
            if (!results[r].is_plan) continue;
            struct point *point = &points[made++];
            snprintf(point->name, sizeof point->name, "%s", results[r].name);
            point->pass = pass;
            point->megapixels = bench_pixels(&results[r]) * 1e-6;
            point->speed = bench_speed(&results[r], pass) * 1e-6;
        }
        for (size_t r = 0; r < peer_count; r++) {
            if (!(peers[r].speed[pass] > 0)) continue;
            struct point *point = &points[made++];
            snprintf(point->name, sizeof point->name, "%s%s", peers[r].name,
                     peers[r].tuned ? ", malloc tuned" : "");
            point->pass = pass;
            point->megapixels =
                1e-6 * (double)peers[r].batch * (double)peers[r].width * (double)peers[r].height;
            point->speed = peers[r].speed[pass] * 1e-6;
        }
    }
    qsort(points, made, sizeof *points, by_size);
    return made;
}

static void draw_curve(const struct panel *p, const struct point *points, size_t count,
                       const char *name, bench_pass pass, const char *color) {
    char style[96];
    snprintf(style, sizeof style, "stroke='%s' stroke-width='2'%s", color,
             pass == BENCH_BOTH ? " stroke-dasharray='6 4'" : "");
    const struct point *last = NULL;
    for (size_t i = 0; i < count; i++) {
        if (points[i].pass != pass || strcmp(points[i].name, name) != 0) continue;
        double x = place_x(p, points[i].megapixels), y = place_y(p, points[i].speed);
        if (last) line(p->file, place_x(p, last->megapixels), place_y(p, last->speed), x, y, style);
        fprintf(p->file, "<circle cx='%.1f' cy='%.1f' r='3.5' fill='%s'/>\n", x, y, color);
        last = &points[i];
    }
}

static void draw_speed(FILE *file, const struct point *points, size_t count) {
    struct panel p = panel_new(file, 70);
    for (size_t i = 0; i < count; i++) {
        hold(points[i].megapixels, &p.x_from, &p.x_to);
        hold(points[i].speed, &p.y_from, &p.y_to);
    }
    axes(&p, "Speed against size (dashed: forward and backward)", "megapixels in a call", "MP/s");
    int drawn = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t before = 0; before < i; before++)
            seen = seen || strcmp(points[before].name, points[i].name) == 0;
        if (seen) continue;
        const char *color = colors[drawn % COLORS];
        draw_curve(&p, points, count, points[i].name, BENCH_FORWARD, color);
        draw_curve(&p, points, count, points[i].name, BENCH_BOTH, color);
        double y = LEGEND + LINE * drawn++;
        fprintf(file, "<rect x='70' y='%.1f' width='22' height='4' fill='%s'/>\n", y - 6, color);
        text(file, 100, y, "start", points[i].name);
    }
}

/* ---- the roofline ---- */

/* A numbered circle: filled for forward, hollow for backward. */
static void mark(FILE *file, double x, double y, int number, bool filled) {
    char digits[12];
    snprintf(digits, sizeof digits, "%d", number);
    fprintf(file, "<circle cx='%.1f' cy='%.1f' r='8' fill='%s' stroke='%s'/>\n", x, y,
            filled ? colors[0] : "white", colors[0]);
    fprintf(file,
            "<text x='%.1f' y='%.1f' text-anchor='middle' font-size='10' fill='%s'>%s</text>\n", x,
            y + 3.5, filled ? "white" : colors[0], digits);
}

static double intensity(const struct bench_time *pass) {
    return pass->operations / pass->bytes;
}

static void draw_roofs(const struct panel *p, const struct bench_setup *setup) {
    const char *style = "stroke='#c2410c' stroke-width='2'";
    double peak = setup->peak_speed * 1e-9, copy = setup->copy_speed * 1e-9;
    double ridge = peak / copy, from = fmax(pow(10, p->x_from), pow(10, p->y_from) / copy);
    line(p->file, place_x(p, from), place_y(p, from * copy), place_x(p, ridge), place_y(p, peak),
         style);
    line(p->file, place_x(p, ridge), place_y(p, peak), p->left + p->width, place_y(p, peak), style);
    char label[64];
    snprintf(label, sizeof label, "%.0f GFLOP/s multiply-add, copy %.1f GB/s", peak, copy);
    text(p->file, p->left + p->width, p->top - 12, "end", label);
}

/* Of the rows at the largest size, those whose operations are counted. */
static size_t pick_largest(const struct bench_result *results, size_t count,
                           const struct bench_result **picked) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, bench_pixels(&results[i]));
    size_t made = 0;
    for (size_t i = 0; i < count; i++)
        if (bench_pixels(&results[i]) >= largest && results[i].pass[BENCH_BOTH].operations > 0)
            picked[made++] = &results[i];
    return made;
}

static void draw_roofline(FILE *file, const struct bench_setup *setup,
                          const struct bench_result *const *rows, size_t count) {
    struct panel p = panel_new(file, 590);
    hold(setup->peak_speed / setup->copy_speed, &p.x_from, &p.x_to);
    hold(setup->peak_speed * 1e-9, &p.y_from, &p.y_to);
    for (size_t i = 0; i < 2 * count; i++) {
        const struct bench_time *pass = &rows[i / 2]->pass[i % 2]; /* forward, backward */
        hold(intensity(pass), &p.x_from, &p.x_to);
        hold(pass->operations / pass->seconds * 1e-9, &p.y_from, &p.y_to);
    }
    char title[128];
    snprintf(title, sizeof title, "Roofline at %.3g MP (hollow: backward)",
             count ? bench_pixels(rows[0]) * 1e-6 : 0);
    axes(&p, title, "operations per byte that must move", "GFLOP/s");
    draw_roofs(&p, setup);
    for (size_t i = 0; i < 2 * count; i++) {
        const struct bench_time *pass = &rows[i / 2]->pass[i % 2];
        mark(file, place_x(&p, intensity(pass)),
             place_y(&p, pass->operations / pass->seconds * 1e-9), (int)(i / 2) + 1, i % 2 == 0);
    }
    size_t stages = 0; /* short names: two columns; then the plans', which are long */
    for (size_t i = 0; i < count; i++) stages += !rows[i]->is_plan;
    size_t half = (stages + 1) / 2;
    for (size_t i = 0; i < count; i++) {
        bool right = i >= half && i < stages;
        size_t at = i < half ? i : right ? i - half : half + i - stages;
        double x = right ? 780 : 598, y = LEGEND + LINE * (double)at;
        mark(file, x, y - 4, (int)i + 1, true);
        text(file, x + 14, y, "start", rows[i]->name);
    }
}

bool bench_plot(const struct bench_setup *setup, const struct bench_result *results, size_t count,
                const struct bench_peer *peers, size_t peer_count, const char *path) {
    struct point *points = calloc(2 * (count + peer_count), sizeof *points);
    const struct bench_result **largest = calloc(count, sizeof *largest);
    output out;
    bool done = points && largest ? output_open(&out, path) : fail("out of memory for a plot");
    if (done) {
        fprintf(out.file,
                "<svg xmlns='http://www.w3.org/2000/svg' width='1060' height='740' "
                "viewBox='0 0 1060 740' font-family='sans-serif' font-size='12' fill='#222' "
                "stroke='none'>\n"
                "<rect width='1060' height='740' fill='white'/>\n");
        draw_speed(out.file, points, gather(results, count, peers, peer_count, points));
        draw_roofline(out.file, setup, largest, pick_largest(results, count, largest));
        char how[160];
        snprintf(how, sizeof how, "lens2logit %s, batch %lld, %s in, %s out, %d threads, %s",
                 l2l_version(), (long long)setup->batch, l2l_dtype_name(setup->input),
                 l2l_dtype_name(setup->output), setup->threads, l2l_isa_name(setup->isa));
        text(out.file, 70, 728, "start", how);
        fputs("</svg>\n", out.file);
        done = output_commit(&out);
    }
    free(points);
    free(largest);
    return done;
}
