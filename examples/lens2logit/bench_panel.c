/* Panels with logarithmic axes, in decades, written as SVG. */
#include "bench_panel.h"

#include <math.h>

double panel_x(const struct panel *p, double x) {
    return p->left + p->width * (log10(x) - p->x_from) / (p->x_to - p->x_from);
}

double panel_y(const struct panel *p, double y) {
    return p->top + p->height * (1 - (log10(y) - p->y_from) / (p->y_to - p->y_from));
}

void panel_hold(double value, double *from, double *to) {
    if (!(value > 0)) return;
    *from = fmin(*from, floor(log10(value)));
    *to = fmax(*to, ceil(log10(value)));
    if (*to <= *from) *to = *from + 1;
}

struct panel panel_new(FILE *file, double left) {
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

void svg_text(FILE *file, double x, double y, const char *anchor, const char *words) {
    fprintf(file, "<text x='%.1f' y='%.1f' text-anchor='%s'>%s</text>\n", x, y, anchor, words);
}

void svg_line(FILE *file, double x1, double y1, double x2, double y2, const char *style) {
    fprintf(file, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' %s/>\n", x1, y1, x2, y2, style);
}

void panel_axes(const struct panel *p, const char *title, const char *x_name, const char *y_name) {
    double right = p->left + p->width, bottom = p->top + p->height;
    char number[32];
    for (double x = p->x_from; x <= p->x_to; x++) {
        double at = panel_x(p, pow(10, x));
        svg_line(p->file, at, p->top, at, bottom, "stroke='#ddd'");
        snprintf(number, sizeof number, "%g", pow(10, x));
        svg_text(p->file, at, bottom + 17, "middle", number);
    }
    for (double y = p->y_from; y <= p->y_to; y++) {
        double at = panel_y(p, pow(10, y));
        svg_line(p->file, p->left, at, right, at, "stroke='#ddd'");
        snprintf(number, sizeof number, "%g", pow(10, y));
        svg_text(p->file, p->left - 6, at + 4, "end", number);
    }
    svg_line(p->file, p->left, bottom, right, bottom, "stroke='#333'");
    svg_line(p->file, p->left, p->top, p->left, bottom, "stroke='#333'");
    fprintf(p->file, "<text x='%.1f' y='%.1f' font-size='15'>%s</text>\n", p->left, p->top - 34,
            title);
    svg_text(p->file, p->left - 6, p->top - 12, "start", y_name);
    svg_text(p->file, right, bottom + 36, "end", x_name);
}
