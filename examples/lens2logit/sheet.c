/* A page that shows all stages and their gradients side by side. */
#include "sheet.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>lens2logit "
    "grad</title>\n"
    "<style>\nbody { font: 15px sans-serif; margin: 2em; background: #fff; color: #222 }\n"
    "table { border-collapse: collapse } td, th { padding: 6px; vertical-align: top; "
    "text-align: left }\nimg { width: 30em; max-width: 42vw; image-rendering: auto }\n"
    ".n { color: #666; font-size: 13px }\n</style></head><body>\n";

static void escaped(FILE *file, const char *text) {
    for (; *text; text++) {
        if (*text == '<' || *text == '>' || *text == '&' || *text == '"')
            fprintf(file, "&#%d;", *text);
        else
            fputc(*text, file);
    }
}

static void row(FILE *file, const char *name, const char *image, const char *image_name,
                const char *grad, const char *grad_name, double scale) {
    fprintf(file,
            "<tr><th>%s</th><td><a href=\"%s%s.png\"><img src=\"%s%s.png\" alt=\"output\"></a></td>"
            "<td><a href=\"%s%s.png\"><img src=\"%s%s.png\" alt=\"gradient\"></a>"
            "<br><span class=\"n\">ends of the colours: &plusmn;%.3g</span></td></tr>\n",
            name, image, image_name, image, image_name, grad, grad_name, grad, grad_name, scale);
}

bool sheet_write(const char *folder, const char *title, const char *loss_name, double loss,
                 const stage_file *stages, const stage_file *gradients, size_t count,
                 double mosaic_scale) {
    char *path = path_join(folder, "index", ".html");
    output out;
    if (!path || !output_open(&out, path)) {
        free(path);
        return false;
    }
    free(path);
    fputs(head, out.file);
    fputs("<h1>", out.file);
    escaped(out.file, title);
    fprintf(out.file,
            "</h1>\n<p>Loss (%s): %.9g. Left what comes out of each stage (before gamma "
            "shown through x<sup>1/2.2</sup>), right the gradient of the loss there: one "
            "channel from blue (negative) over white (zero) to red, three channels each "
            "around middle grey, the square root of the magnitude away.</p>\n<table>\n",
            loss_name, loss);
    fprintf(out.file,
            "<tr><th>mosaic</th><td></td><td><a href=\"grad_mosaic.png\"><img "
            "src=\"grad_mosaic.png\" alt=\"gradient\"></a><br><span class=\"n\">ends of the "
            "colours: &plusmn;%.3g</span></td></tr>\n",
            mosaic_scale);
    for (size_t i = 0; i < count; i++)
        row(out.file, stages[i].name, "stages/", stages[i].name, "gradients/", gradients[i].name,
            gradients[i].scale);
    fputs("</table>\n</body></html>\n", out.file);
    return output_commit(&out);
}
