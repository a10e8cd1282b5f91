/* Draws the results of bench as SVG: speed against image size, and the roofline. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench_panel.h"
#include "output.h"
#include "say.h"

static const char *const colors[] = { "#1f4e9c", "#c2410c", "#15803d", "#7c3aed",
                                      "#b8860b", "#0e7490", "#be185d", "#52525b",
                                      "#65a30d", "#38bdf8", "#78350f", "#f472b6" };
enum { COLORS = sizeof colors / sizeof colors[0] };
enum { LEGEND = 490, LINE = 18 }; /* where the names begin, below the panels */
enum { LEFT = 70, RIGHT = 590, WIDE = 1060, NARROW = RIGHT - 50 }; /* panels and page */

/* How a pass is drawn: its curve's dashes, and the inside of its mark at the roofline, where "both"
   would stand between its two calls and is left out. */
static const struct {
    const char *dashes, *fill, *ink;
} looks[BENCH_PASSES] = {
    [BENCH_FORWARD] = { "", "#1f4e9c", "white" },
    [BENCH_BACKWARD] = { "stroke-dasharray='9 4'", "white", "#1f4e9c" },
    [BENCH_BOTH] = { "stroke-dasharray='5 4'", NULL, NULL },
    [BENCH_LOSS] = { "stroke-dasharray='1.5 3'", "#c7d8f5", "#1f4e9c" },
};

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
    size_t made = 0;
    for (bench_pass pass = 0; pass < BENCH_PASSES; pass++) {
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
    snprintf(style, sizeof style, "stroke='%s' stroke-width='2' %s", color, looks[pass].dashes);
    const struct point *last = NULL;
    for (size_t i = 0; i < count; i++) {
        if (points[i].pass != pass || strcmp(points[i].name, name) != 0) continue;
        double x = panel_x(p, points[i].megapixels), y = panel_y(p, points[i].speed);
        if (last)
            svg_line(p->file, panel_x(p, last->megapixels), panel_y(p, last->speed), x, y, style);
        fprintf(p->file, "<circle cx='%.1f' cy='%.1f' r='3.5' fill='%s'/>\n", x, y, color);
        last = &points[i];
    }
}

static bool is_new(const struct point *points, size_t i) {
    for (size_t before = 0; before < i; before++)
        if (strcmp(points[before].name, points[i].name) == 0) return false;
    return true;
}

static size_t count_names(const struct point *points, size_t count) {
    size_t names = 0;
    for (size_t i = 0; i < count; i++) names += is_new(points, i);
    return names;
}

/* Above the panel: which dashes are which pass. */
static void draw_passes(const struct panel *p) {
    char style[96];
    for (int pass = 0; pass < BENCH_PASSES; pass++) {
        double x = p->left + 60 + 92 * pass, y = p->top - 16;
        snprintf(style, sizeof style, "stroke='#333' stroke-width='2' %s", looks[pass].dashes);
        svg_line(p->file, x, y, x + 28, y, style);
        svg_text(p->file, x + 33, y + 4, "start", bench_pass_names[pass]);
    }
}

static void draw_speed(FILE *file, const struct point *points, size_t count) {
    struct panel p = panel_new(file, LEFT);
    for (size_t i = 0; i < count; i++) {
        panel_hold(points[i].megapixels, &p.x_from, &p.x_to);
        panel_hold(points[i].speed, &p.y_from, &p.y_to);
    }
    panel_axes(&p, "Speed against size", "megapixels in a call", "MP/s");
    draw_passes(&p);
    int drawn = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_new(points, i)) continue;
        const char *color = colors[drawn % COLORS];
        for (bench_pass pass = 0; pass < BENCH_PASSES; pass++)
            draw_curve(&p, points, count, points[i].name, pass, color);
        double y = LEGEND + LINE * drawn++;
        fprintf(file, "<rect x='%d' y='%.1f' width='22' height='4' fill='%s'/>\n", LEFT, y - 6,
                color);
        svg_text(file, LEFT + 30, y, "start", points[i].name);
    }
}

/* ---- the roofline ---- */

/* A numbered circle, filled as the pass is. */
static void mark(FILE *file, double x, double y, int number, bench_pass pass) {
    char digits[12];
    snprintf(digits, sizeof digits, "%d", number);
    fprintf(file, "<circle cx='%.1f' cy='%.1f' r='8' fill='%s' stroke='%s'/>\n", x, y,
            looks[pass].fill, colors[0]);
    fprintf(file,
            "<text x='%.1f' y='%.1f' text-anchor='middle' font-size='10' fill='%s'>%s</text>\n", x,
            y + 3.5, looks[pass].ink, digits);
}

static bool on_roofline(const struct bench_result *row, bench_pass pass) {
    return looks[pass].fill && row->pass[pass].seconds > 0 && row->pass[pass].operations > 0;
}

static double intensity(const struct bench_time *pass) {
    return pass->operations / pass->bytes;
}

static double speed_of(const struct bench_time *pass) { /* in GFLOP/s */
    return pass->operations / pass->seconds * 1e-9;
}

static void draw_roofs(const struct panel *p, const struct bench_setup *setup) {
    const char *style = "stroke='#c2410c' stroke-width='2'";
    double peak = setup->peak_speed * 1e-9, copy = setup->copy_speed * 1e-9;
    double ridge = peak / copy, from = fmax(pow(10, p->x_from), pow(10, p->y_from) / copy);
    svg_line(p->file, panel_x(p, from), panel_y(p, from * copy), panel_x(p, ridge),
             panel_y(p, peak), style);
    svg_line(p->file, panel_x(p, ridge), panel_y(p, peak), p->left + p->width, panel_y(p, peak),
             style);
    char label[64];
    snprintf(label, sizeof label, "%.0f GFLOP/s multiply-add, copy %.1f GB/s", peak, copy);
    svg_text(p->file, p->left + p->width, p->top - 12, "end", label);
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

static size_t count_stages(const struct bench_result *const *rows, size_t count) {
    size_t stages = 0;
    for (size_t i = 0; i < count; i++) stages += !rows[i]->is_plan;
    return stages;
}

/* Names are in two columns, as stages' are short; then the plans', which are long. */
static size_t name_lines(const struct bench_result *const *rows, size_t count) {
    size_t stages = count_stages(rows, count);
    return (stages + 1) / 2 + count - stages;
}

static void draw_names(const struct panel *p, const struct bench_result *const *rows,
                       size_t count) {
    size_t stages = count_stages(rows, count), half = (stages + 1) / 2;
    for (size_t i = 0; i < count; i++) {
        bool right = i >= half && i < stages;
        size_t at = i < half ? i : right ? i - half : half + i - stages;
        double x = p->left + (right ? 190 : 8), y = LEGEND + LINE * (double)at;
        mark(p->file, x, y - 4, (int)i + 1, BENCH_FORWARD);
        svg_text(p->file, x + 14, y, "start", rows[i]->name);
    }
}

static void draw_roofline(FILE *file, double left, const struct bench_setup *setup,
                          const struct bench_result *const *rows, size_t count) {
    struct panel p = panel_new(file, left);
    panel_hold(setup->peak_speed / setup->copy_speed, &p.x_from, &p.x_to);
    panel_hold(setup->peak_speed * 1e-9, &p.y_from, &p.y_to);
    for (size_t i = 0; i < count; i++)
        for (bench_pass pass = 0; pass < BENCH_PASSES; pass++) {
            if (!on_roofline(rows[i], pass)) continue;
            panel_hold(intensity(&rows[i]->pass[pass]), &p.x_from, &p.x_to);
            panel_hold(speed_of(&rows[i]->pass[pass]), &p.y_from, &p.y_to);
        }
    char title[128];
    snprintf(title, sizeof title, "Roofline at %.3g MP (white: backward; light: loss)",
             count ? bench_pixels(rows[0]) * 1e-6 : 0);
    panel_axes(&p, title, "operations per byte that must move", "GFLOP/s");
    draw_roofs(&p, setup);
    for (size_t i = 0; i < count; i++)
        for (bench_pass pass = 0; pass < BENCH_PASSES; pass++)
            if (on_roofline(rows[i], pass))
                mark(file, panel_x(&p, intensity(&rows[i]->pass[pass])),
                     panel_y(&p, speed_of(&rows[i]->pass[pass])), (int)i + 1, pass);
    draw_names(&p, rows, count);
}

/* The panels and how the figures came about. A single size makes no curve: then the roofline is
   all. The page is as high as the names below need. */
static void draw_page(FILE *file, const struct bench_setup *setup, const struct point *points,
                      size_t point_count, const struct bench_result *const *largest, size_t count) {
    bool curves = point_count && points[0].megapixels < points[point_count - 1].megapixels;
    size_t listed = curves ? count_names(points, point_count) : 0,
           lines = name_lines(largest, count);
    int width = curves ? WIDE : NARROW;
    int height = LEGEND + LINE * (int)(listed > lines ? listed : lines) + 40;
    fprintf(file,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
            "viewBox='0 0 %d %d' font-family='sans-serif' font-size='12' fill='#222' "
            "stroke='none'>\n<rect width='%d' height='%d' fill='white'/>\n",
            width, height, width, height, width, height);
    if (curves) draw_speed(file, points, point_count);
    draw_roofline(file, curves ? RIGHT : LEFT, setup, largest, count);
    char how[160];
    snprintf(how, sizeof how, "lens2logit %s, batch %lld, %s in, %s out, %d threads, %s",
             l2l_version(), (long long)setup->batch, l2l_dtype_name(setup->input),
             l2l_dtype_name(setup->output), setup->threads, l2l_isa_name(setup->isa));
    svg_text(file, LEFT, height - 12, "start", how);
    fputs("</svg>\n", file);
}

bool bench_plot(const struct bench_setup *setup, const struct bench_result *results, size_t count,
                const struct bench_peer *peers, size_t peer_count, const char *path) {
    struct point *points = calloc(BENCH_PASSES * (count + peer_count), sizeof *points);
    const struct bench_result **largest = calloc(count, sizeof *largest);
    output out;
    bool done = points && largest ? output_open(&out, path) : fail("out of memory for a plot");
    if (done) {
        size_t made = gather(results, count, peers, peer_count, points);
        draw_page(out.file, setup, points, made, largest, pick_largest(results, count, largest));
        done = output_commit(&out);
    }
    free(points);
    free(largest);
    return done;
}
