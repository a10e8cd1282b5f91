/* A page that shows all stages and their gradients side by side. */
#ifndef SHEET_H
#define SHEET_H

#include "stages_out.h"

/* Writes folder/index.html, which shows folder/stages/NAME.png and folder/gradients/NAME.png of
   `count` stages, the image and the gradient of the mosaic. False: told. */
bool sheet_write(const char *folder, const char *title, const char *loss_name, double loss,
                 const stage_file *stages, const stage_file *gradients, size_t count,
                 double mosaic_scale);

#endif
