/* A panel with logarithmic axes in an SVG file, for bench --plot. */
#ifndef BENCH_PANEL_H
#define BENCH_PANEL_H

#include <stdio.h>

/* A panel with two logarithmic axes, in decades. */
struct panel {
    FILE *file;
    double left, top, width, height;   /* on the page */
    double x_from, x_to, y_from, y_to; /* log10 */
};

double panel_x(const struct panel *p, double x);
double panel_y(const struct panel *p, double y);
/* Widens a range to the whole decades that hold the value. */
void panel_hold(double value, double *from, double *to);
/* An empty panel, its ranges too. */
struct panel panel_new(FILE *file, double left);
/* Draws the grid, with the numbers beside it, and the names. */
void panel_axes(const struct panel *p, const char *title, const char *x_name, const char *y_name);

void svg_text(FILE *file, double x, double y, const char *anchor, const char *words);
void svg_line(FILE *file, double x1, double y1, double x2, double y2, const char *style);

#endif
