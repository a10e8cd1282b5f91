// Finds white-balance gains and gamma by gradient descent, on a tape:
//
//     c++ -std=c++17 fit.cpp $(pkg-config --cflags --libs lens2logit) -o fit && ./fit
//
// A mosaic is developed with known parameters; starting from neutral ones, the loss against that
// picture is brought down. Exit status 0 if the parameters are found again.
#include <lens2logit/lens2logit.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Free {
    void operator()(l2l_context *context) const { l2l_context_destroy(context); }
    void operator()(l2l_plan *plan) const { l2l_plan_destroy(plan); }
    void operator()(l2l_tape *tape) const { l2l_tape_destroy(tape); }
};
template <class Handle> using Owned = std::unique_ptr<Handle, Free>;

l2l_context *current; // whose sentence explains a failure

void need(l2l_status status)
{
    if (status != L2L_OK)
        throw std::runtime_error(std::string(l2l_status_name(status)) + ": " +
                                 l2l_context_error(current));
}

template <class Handle, class Make> Owned<Handle> make(Make call)
{
    Handle *handle = nullptr;
    need(call(&handle));
    return Owned<Handle>(handle);
}

Owned<l2l_plan> make_plan(l2l_context *context)
{
    const l2l_stage stages[] = { { L2L_DEMOSAIC, nullptr },
                                 { L2L_WHITE_BALANCE, nullptr },
                                 { L2L_GAMMA, nullptr } };
    return make<l2l_plan>(
        [&](l2l_plan **plan) { return l2l_plan_create(context, nullptr, stages, 3, plan); });
}

// One recording: loss = mean((develop(params) − target)²) and its gradient.
double step(l2l_tape *tape, const l2l_plan *plan, const l2l_tensor &params,
            const l2l_tensor &mosaic, const l2l_tensor &target, std::vector<double> &grad)
{
    l2l_var p, x, t, image, difference, square, loss;
    l2l_tensor value, slope;
    l2l_tape_clear(tape);
    need(l2l_tape_leaf(tape, &params, 1, &p));
    need(l2l_tape_leaf(tape, &mosaic, 0, &x));
    need(l2l_tape_leaf(tape, &target, 0, &t));
    need(l2l_tape_plan(tape, plan, p, x, L2L_NO_VAR, &image));
    need(l2l_tape_sub(tape, image, t, &difference));
    need(l2l_tape_square(tape, difference, &square));
    need(l2l_tape_mean(tape, square, &loss));
    need(l2l_tape_backward(tape, loss));
    need(l2l_tape_grad(tape, p, &slope));
    need(l2l_tape_value(tape, loss, &value));
    const double *slopes = static_cast<const double *>(slope.data);
    grad.assign(slopes, slopes + slope.shape[0]);
    return *static_cast<const double *>(value.data);
}

int run()
{
    auto context = make<l2l_context>(
        [](l2l_context **handle) { return l2l_context_create(nullptr, handle); });
    current = context.get();
    auto plan = make_plan(context.get());
    auto tape = make<l2l_tape>(
        [&](l2l_tape **handle) { return l2l_tape_create(context.get(), handle); });

    constexpr std::int64_t size = 32;
    const std::int64_t shape[] = { size, size };
    std::vector<double> samples(size * size), pixels(3 * size * size);
    for (std::size_t i = 0; i < samples.size(); i++)
        samples[i] = 0.3 + 0.25 * std::sin(0.1 * static_cast<double>(i * i % 97));
    const l2l_tensor mosaic = l2l_tensor_of(samples.data(), L2L_F64, 2, shape);
    const l2l_tensor target = l2l_image(pixels.data(), L2L_F64, 3, size, size);

    std::vector<double> truth = { 1.9, 1.0, 1.4, 2.4 }, fitted = { 1, 1, 1, 2.2 }, grad;
    const l2l_tensor known = l2l_vector(truth.data(), L2L_F64, 4);
    const l2l_tensor params = l2l_vector(fitted.data(), L2L_F64, 4);
    need(l2l_plan_forward(context.get(), plan.get(), &known, &mosaic, &target, nullptr));

    // Adam, with momentum 0.9 and 0.99.
    std::vector<double> mean(4), variance(4);
    for (int i = 1; i <= 600; i++) {
        const double loss = step(tape.get(), plan.get(), params, mosaic, target, grad);
        if (i % 100 == 1) std::printf("step %3d: loss %.3e\n", i, loss);
        for (std::size_t k = 0; k < 4; k++) {
            mean[k] += 0.1 * (grad[k] - mean[k]);
            variance[k] += 0.01 * (grad[k] * grad[k] - variance[k]);
            fitted[k] -= 0.02 * (mean[k] / (1 - std::pow(0.9, i))) /
                         (std::sqrt(variance[k] / (1 - std::pow(0.99, i))) + 1e-9);
        }
    }
    double error = 0;
    for (std::size_t k = 0; k < 4; k++) error = std::fmax(error, std::fabs(fitted[k] - truth[k]));
    std::printf("gains %.4f %.4f %.4f, gamma %.4f; largest error %.1e\n", fitted[0], fitted[1],
                fitted[2], fitted[3], error);
    return error < 1e-2 ? 0 : 1;
}

} // namespace

int main()
{
    try {
        return run();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
