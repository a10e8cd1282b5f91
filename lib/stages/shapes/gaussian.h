/* The Gaussian that sharpen.unsharp and denoise.gaussian share. */
#ifndef L2L_STAGES_SHAPES_GAUSSIAN_H
#define L2L_STAGES_SHAPES_GAUSSIAN_H

/* Taps exp(−k²/2σ²), |k| ≤ radius, normalised to the sum 1, and their derivatives in σ. */
void l2l_gaussian_taps(double sigma, int radius, double *taps, double *slopes);

/* Coefficients that l2l_gaussian_kernel reads for y = α x + β G_σ x. */
void l2l_gaussian_coefs(double alpha, double beta, double sigma, int radius, double *coefs);
static inline int l2l_gaussian_coef_count(int radius) { return 2 + 2 * (2 * radius + 1); }

#endif
