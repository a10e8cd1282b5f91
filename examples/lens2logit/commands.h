/* The commands of the program: each takes its parsed options and returns an exit code. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "options.h"

int command_info(const struct options *options);
int command_develop(const struct options *options);
int command_grad(const struct options *options);
int command_fit(const struct options *options);
int command_bench(const struct options *options);

#endif
