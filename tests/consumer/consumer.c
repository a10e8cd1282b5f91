/* A program outside the project: develops a small synthetic mosaic and compares gradients with
   central differences. Exit status 0 if they agree. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <lens2logit/lens2logit.h>

enum { HEIGHT = 9, WIDTH = 12, SAMPLES = HEIGHT * WIDTH, VALUES = 3 * SAMPLES, PARAMS = 132 };

static l2l_context *context;
static l2l_plan *plan;
static double samples[SAMPLES], weights[VALUES], params[PARAMS];

static void need(l2l_status status, const char *what) {
    if (status == L2L_OK) return;
    fprintf(stderr, "%s: %s: %s\n", what, l2l_status_name(status), l2l_context_error(context));
    exit(1);
}

static double loss(void) {
    static double values[VALUES];
    const int64_t mosaic_shape[] = { HEIGHT, WIDTH };
    l2l_tensor mosaic = l2l_tensor_of(samples, L2L_F64, 2, mosaic_shape);
    l2l_tensor image = l2l_image(values, L2L_F64, 3, HEIGHT, WIDTH);
    l2l_tensor vector = l2l_vector(params, L2L_F64, PARAMS);
    double sum = 0;
    need(l2l_plan_forward(context, plan, &vector, &mosaic, &image, NULL), "forward");
    for (int i = 0; i < VALUES; i++) sum += weights[i] * values[i];
    return sum;
}

static int agrees(const char *what, double *variable, double gradient) {
    const double step = 1e-6, value = *variable;
    double above, below, difference;
    *variable = value + step;
    above = loss();
    *variable = value - step;
    below = loss();
    *variable = value;
    difference = (above - below) / (2 * step);
    printf("%s: gradient %.9g, difference %.9g\n", what, gradient, difference);
    return fabs(gradient - difference) <= 1e-6 * (1 + fabs(difference)) && difference != 0;
}

int main(void) {
    static double grad_samples[SAMPLES], grad_params[PARAMS];
    const int64_t mosaic_shape[] = { HEIGHT, WIDTH };
    l2l_tensor mosaic = l2l_tensor_of(samples, L2L_F64, 2, mosaic_shape);
    l2l_tensor grad_mosaic = l2l_tensor_of(grad_samples, L2L_F64, 2, mosaic_shape);
    l2l_tensor vector = l2l_vector(params, L2L_F64, PARAMS);
    l2l_tensor grad_vector = l2l_vector(grad_params, L2L_F64, PARAMS);
    l2l_tensor cotangent = l2l_image(weights, L2L_F64, 3, HEIGHT, WIDTH);
    l2l_slice gain, gamma;
    int good = 1;

    for (int i = 0; i < SAMPLES; i++) samples[i] = 0.5 + 0.2 * sin(0.7 * i);
    for (int i = 0; i < VALUES; i++) weights[i] = cos(1.3 * i);
    need(l2l_context_create(NULL, &context), "context");
    need(l2l_plan_preset(context, "lens2logit", NULL, &plan), "plan");
    if (l2l_plan_param_count(plan) != PARAMS) return 1;
    need(l2l_plan_default_params(context, plan, &vector), "parameters");
    need(l2l_plan_find_slice(context, plan, "white_balance.gain", &gain), "slice");
    need(l2l_plan_find_slice(context, plan, "gamma.gamma", &gamma), "slice");
    need(l2l_plan_backward(context, plan, &vector, &mosaic, &cotangent, L2L_GRAD_WRITE,
                           &grad_mosaic, &grad_vector, NULL),
         "backward");

    good &= agrees("green gain", &params[gain.offset + 1], grad_params[gain.offset + 1]);
    good &= agrees("gamma", &params[gamma.offset], grad_params[gamma.offset]);
    good &= agrees("a sample", &samples[SAMPLES / 2], grad_samples[SAMPLES / 2]);
    l2l_plan_destroy(plan);
    l2l_context_destroy(context);
    printf("lens2logit %s: %s\n", l2l_version(), good ? "gradients agree" : "GRADIENTS DIFFER");
    return good ? 0 : 1;
}
