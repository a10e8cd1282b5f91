/* What is tested: the library, called for a problem as a stage or as a plan, in guarded memory. */
#ifndef OPCHECK_SUBJECT_H
#define OPCHECK_SUBJECT_H

#include "guarded.h"
#include "problem.h"

/* How the library is called. All zero: see setup_plain. */
typedef struct setup {
    l2l_isa isa;
    int threads, tile_width, tile_height;
    l2l_dtype src, dst, param; /* dst: of the image and of the gradients */
    layout layout;
    l2l_grad_mode mode;
    int plan;                     /* a single stage as a plan; chains always are */
    int skip_source, skip_params; /* gradients not asked for */
    int default_params;           /* params NULL */
    const double *cotangent;      /* NULL: the problem's */
} setup;

setup setup_plain(l2l_isa isa, l2l_dtype type);

/* What came out, as double. `trouble` is "" or says what went wrong beside the values. */
typedef struct outcome {
    char trouble[512];
    double *image, *grad_source, *grad_params[MOST_STAGES];
    double *tap[MOST_STAGES], *grad_tap[MOST_STAGES];
} outcome;

void outcome_free(outcome *o);

outcome run_forward(problem *p, const setup *s);
outcome run_backward(problem *p, const setup *s);
/* Of a plan, with taps at every stage: the images, and the gradients at them. */
outcome run_taps(problem *p, const setup *s, int backward);
/* Seconds that one forward or backward of contiguous data takes, the best of some; < 0: it failed.
 */
double run_timed(problem *p, const setup *s, int backward);

/* The context with these settings; kept until subject_end. */
l2l_context *subject_context(const setup *s);
void subject_end(void);

/* Faults put into what the library delivered, to see that the checks notice. */
typedef enum fault {
    FAULT_NONE,
    FAULT_VALUE,   /* one element of each image and gradient moved by a thousandth */
    FAULT_SWAP,    /* the first two elements of each gradient change places */
    FAULT_BIT,     /* the last bit of one element flipped, when threads or tiles are not 0 or 1 */
    FAULT_OUTSIDE, /* a byte outside of the output written */
    FAULT_SOURCE,  /* a byte of the source written */
    FAULTS
} fault;

extern fault subject_fault;

#endif
