/* lens2logit: develops raw files and differentiates what it does. Here: which command is meant. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <lens2logit/lens2logit.h>

#include "commands.h"
#include "output.h"
#include "say.h"

static const struct command {
    const char *name;
    int bit, (*run)(const struct options *options);
    const char *takes, *help;
} commands[] = {
    { "info", FOR_INFO, command_info, "FILE", "print what a raw file says about itself, as JSON" },
    { "develop", FOR_DEVELOP, command_develop, "FILE... -o PATH",
      "make images from raw files (preset photo unless told otherwise)" },
    { "grad", FOR_GRAD, command_grad, "FILE -o DIR",
      "develop, and differentiate a loss in the mosaic and every parameter (preset lens2logit)" },
    { "fit", FOR_FIT, command_fit, "FILE -o DIR",
      "fit the pipeline so that it matches a target, by default the camera's own preview" },
    { "bench", FOR_BENCH, command_bench, "", "time every stage and the plans" },
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *find_command(const char *name) {
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static int help(const char *name) {
    const struct command *one = name ? find_command(name) : NULL;
    if (name && !one) return usage("there is no command '%s' to help with", name);
    if (one) {
        printf("lens2logit %s %s\n%s\n\n", one->name, one->takes, one->help);
        options_help(one->bit);
        return EXIT_OK;
    }
    printf("lens2logit develops raw photographs and differentiates what it does.\n\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  lens2logit %-7s %-16s %s\n", commands[i].name, commands[i].takes,
               commands[i].help);
    printf("  lens2logit help    [COMMAND]        the options of a command\n"
           "  lens2logit --version\n\n"
           "Exit status: 0 done, 1 something failed, 2 the command line makes no sense.\n");
    return EXIT_OK;
}

static bool means_help(const char *argument) {
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static int run(int argc, char **argv) {
    if (argc < 2) return usage("a command is missing");
    if (means_help(argv[1]) || strcmp(argv[1], "help") == 0) return help(argc > 2 ? argv[2] : NULL);
    if (strcmp(argv[1], "--version") == 0) {
        printf("lens2logit %s\n", l2l_version());
        return EXIT_OK;
    }
    const struct command *command = find_command(argv[1]);
    if (!command)
        return usage(argv[1][0] == '-' ? "unknown option '%s' before the command"
                                       : "unknown command '%s'",
                     argv[1]);
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (means_help(argv[i])) return help(command->name);
    struct options options;
    int code = options_parse(&options, command->bit, argc - 2, argv + 2);
    if (code != EXIT_OK) return code;
    if (options.quiet) say_quietly();
    output_guard_signals();
    return command->run(&options);
}

int main(int argc, char **argv) {
    int code = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fail("cannot write to standard output: %s", strerror(errno));
        return EXIT_FAILED;
    }
    return code;
}
