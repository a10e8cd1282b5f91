/* What LibRaw says about a file, in the library's terms. */
#ifndef L2L_RAW_LIBRAW_INFO_H
#define L2L_RAW_LIBRAW_INFO_H

#include <libraw/libraw.h>

#include "raw/raw.h"

/* Finds the CFA of the visible area; false if it is none that a l2l_cfa can say. */
bool l2l_libraw_cfa(libraw_data_t *camera, l2l_cfa *cfa);

/* Fills everything of info but cfa, reader and preview, after unpacking. */
void l2l_libraw_fill_info(libraw_data_t *camera, l2l_raw_info *info);

#endif
