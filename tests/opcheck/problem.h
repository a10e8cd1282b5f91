/* A case made concrete: one stage or a chain of them, data, parameters, and what the oracle says.
 */
#ifndef OPCHECK_PROBLEM_H
#define OPCHECK_PROBLEM_H

#include <lens2logit/plan.h>

#include "oracle.h"

typedef enum data_kind {
    DATA_PLAIN,  /* within (0, 1) */
    DATA_SIGNED, /* within (−0.5, 1.5) */
    DATA_LEVELS, /* 0.25, 0.5 or 0.75: ties, and the end points of clip rows */
    DATA_DARK,   /* negative, 0, and tiny values too */
    DATA_MILD,   /* near 0.5, a few dark: chains stay clear of the limits of clip but for those */
    DATA_CALM    /* near 0.5 */
} data_kind;

/* One row of the case table. `linear`: in the source, affine included. */
typedef struct case_row {
    int channels; /* of the source */
    data_kind data;
    int linear;
    int least; /* pixels below which single precision says nothing: statistics of two samples */
    int count; /* of stages */
    const oracle_stage *stages;
    const char *preset; /* of a chain: made by l2l_plan_preset, not l2l_plan_create */
    l2l_border preset_border;
    int preset_additive, preset_normalize;
    double scale; /* sample_scale of a plan, for samples that are that much larger; 0: 1 */
} case_row;

enum { MOST_STAGES = 12 };

typedef struct problem {
    const case_row *row;
    int n, h, w;
    unsigned seed;
    l2l_dtype type;              /* in which the source is stored without loss */
    double *samples;             /* the source before sample_scale */
    double *params[MOST_STAGES]; /* representable in single precision */
    int param_count[MOST_STAGES];
    oracle_image image[MOST_STAGES + 1]; /* the source, and what comes out of each stage */
    double *cotangent;                   /* of the last image */
    double *grad[MOST_STAGES + 1];       /* of each image; NaN: not computed */
    double *grad_params[MOST_STAGES];    /* NaN: not computed */
    double *typical[MOST_STAGES]; /* size of those for a random cotangent: √Σ (ḡ ∂y/∂p)² */
    l2l_plan *plan;               /* made when first run */
} problem;

/* Fills in source, parameters, cotangent and the forward pass. Integer types hold whole counts. */
problem problem_new(const case_row *row, int n, int h, int w, l2l_dtype type, unsigned seed);
void problem_free(problem *p);
/* Whether the rows' stages can take that size at all. */
int problem_fits(const case_row *row, int h, int w);

/* Gradients of ⟨cotangent, image⟩ at every image and parameter, stage by stage from the last. A
   single stage is differentiated at `most` elements of its source and of its parameters at most,
   chosen at random but for the corners (0: all of them); a chain always at all. */
void problem_differentiate(problem *p, int most);

const oracle_image *problem_result(const problem *p);
/* Whether stage k's parameters are in the plan's vector (additive: no). */
int problem_in_vector(const problem *p, int k);
int problem_vector_count(const problem *p);
int problem_additive(const problem *p); /* the stage; −1: none */

/* Parameters of stage k fall into slices; the number of those in the first (the rest, if any, are
   the second). */
int problem_first_slice(const problem *p, int k);

double random_unit(unsigned *state); /* [0, 1) */

#endif
