// RTNeural, a C++ library for inference in real time: its compile-time API, with Eigen or xsimd underneath, as build.sh
// says. A1 and A2, L and G, one thread. The output stays in the model; A1io and A2io copy the input in and the output out.

#include "../common/peer.hpp"

#include <RTNeural/RTNeural.h>

#include <memory>
#include <utility>

using namespace RTNeural;
using Rows = std::vector<Numbers>;

static Rows rows(const Numbers& numbers, size_t length)
{
    Rows rows;
    for (auto row = numbers.begin(); row != numbers.end(); row += (long)length)
        rows.emplace_back(row, row + (long)length);
    return rows;
}

template <typename Dense>
static void set(Dense& dense, uint64_t k)
{
    float scale = 1.0f / std::sqrt((float)Dense::in_size);
    dense.setWeights(rows(uniform(2 * k + 1, (size_t)Dense::in_size * Dense::out_size, scale), Dense::in_size));
    dense.setBias(uniform(2 * k + 2, Dense::out_size, scale).data());
}

// The weights of layer `k`, a row for each input, and its biases. `order` has the place of each gate in them.
static std::pair<Rows, Numbers> gates(uint64_t k, size_t in, size_t hidden, const std::vector<size_t>& order)
{
    float scale = 1.0f / std::sqrt((float)in);
    size_t columns = order.size() * hidden;
    Numbers numbers = uniform(2 * k + 1, in * columns, scale), biases = uniform(2 * k + 2, columns, scale), ordered(columns);
    Rows weights(in, Numbers(columns));
    for (size_t column = 0; column < columns; ++column) {
        size_t from = order[column / hidden] * hidden + column % hidden;
        ordered[column] = biases[from];
        for (size_t row = 0; row < in; ++row)
            weights[row][column] = numbers[from * in + row];
    }
    return { weights, ordered };
}

template <int IN, int H>
static void set(LSTMLayerT<float, IN, H>& lstm)
{
    auto [w, bias] = gates(0, IN, H, { 0, 1, 2, 3 });
    auto [u, more] = gates(1, H, H, { 0, 1, 2, 3 });
    for (size_t at = 0; at < bias.size(); ++at)
        bias[at] += more[at];
    lstm.setWVals(w);
    lstm.setUVals(u);
    lstm.setBVals(bias);
}

// RTNeural has the update gate before the reset gate.
template <int IN, int H>
static void set(GRULayerT<float, IN, H>& gru)
{
    auto [w, bias] = gates(0, IN, H, { 1, 0, 2 });
    auto [u, more] = gates(1, H, H, { 1, 0, 2 });
    gru.setWVals(w);
    gru.setUVals(u);
    gru.setBVals({ bias, more });
}

// A causal convolution; its weights are a row of steps for each output and input. RTNeural has the latest step first.
template <int IN, int OUT, int KERNEL, int DILATION>
static void set(Conv1DT<float, IN, OUT, KERNEL, DILATION>& conv, uint64_t k)
{
    float scale = 1.0f / std::sqrt((float)(IN * KERNEL));
    Numbers numbers = uniform(2 * k + 1, (size_t)(OUT * IN * KERNEL), scale);
    std::vector<Rows> weights((size_t)OUT);
    auto output = numbers.begin();
    for (auto& taps : weights) {
        taps = rows(Numbers(output, output + IN * KERNEL), KERNEL);
        for (auto& steps : taps)
            std::reverse(steps.begin(), steps.end());
        output += IN * KERNEL;
    }
    conv.setWeights(weights);
    conv.setBias(uniform(2 * k + 2, OUT, scale));
}

template <int IN, int OUT, typename Model>
static void run(const Job& job, Model& model, bool copies)
{
    Numbers data = uniform(1000, IN, 1.0f);
    alignas(64) float x[IN], y[OUT];
    std::copy(data.begin(), data.end(), x);
    auto call = [&] {
        if (copies) {
            keep(data.data());
            std::copy(data.begin(), data.end(), x);
        }
        keep(x);
        keep(&model);
        model.forward(x);
        keep(&model);
        if (copies) {
            std::copy(model.getOutputs(), model.getOutputs() + OUT, y);
            keep(y);
        }
    };
    job.run(call, [&] { return model.getOutputs(); }, OUT);
}

template <int IN, int OUT, typename... Layers>
static void inference(const Job& job)
{
    auto model = std::make_unique<ModelT<float, IN, OUT, Layers...>>();
    set(model->template get<0>(), 0);
    set(model->template get<2>(), 1);
    set(model->template get<4>(), 2);
    run<IN, OUT>(job, *model, job.workload.size() == 4);
}

template <int H, typename Layer>
static void stream(const Job& job)
{
    auto model = std::make_unique<ModelT<float, 1, H, Layer>>();
    set(model->template get<0>());
    model->reset();
    run<1, H>(job, *model, false);
}

// V1 is a step of a stream, V256 are 256 steps from the start.
static void filters(const Job& job)
{
    using Model = ModelT<float, 1, 1, Conv1DT<float, 1, 16, 3, 1>, TanhActivationT<float, 16>, Conv1DT<float, 16, 16, 3, 2>,
        TanhActivationT<float, 16>, Conv1DT<float, 16, 16, 3, 4>, TanhActivationT<float, 16>, Conv1DT<float, 16, 1, 1, 1>>;
    auto model = std::make_unique<Model>();
    set(model->get<0>(), 0);
    set(model->get<2>(), 1);
    set(model->get<4>(), 2);
    set(model->get<6>(), 3);
    model->reset();
    if (job.workload == "V1")
        return run<1, 1>(job, *model, false);
    Numbers data = uniform(1000, 256, 1.0f), outputs(256);
    auto call = [&] {
        keep(data.data());
        model->reset();
        for (size_t step = 0; step < 256; ++step) {
            alignas(64) float x[1] = { data[step] };
            outputs[step] = model->forward(x);
        }
        keep(outputs.data());
    };
    job.run(call, [&] { return outputs.data(); }, 256);
}

template <int H>
static bool streams(const Job& job)
{
    if (job.workload == "L" + std::to_string(H))
        stream<H, LSTMLayerT<float, 1, H>>(job);
    else if (job.workload == "G" + std::to_string(H))
        stream<H, GRULayerT<float, 1, H>>(job);
    else
        return false;
    return true;
}

int main(int count, char** words)
{
    Job job(count, words);
    if (job.workload == "A1" || job.workload == "A1io")
        inference<16, 4, DenseT<float, 16, 64>, TanhActivationT<float, 64>, DenseT<float, 64, 64>,
            TanhActivationT<float, 64>, DenseT<float, 64, 4>>(job);
    else if (job.workload == "A2" || job.workload == "A2io")
        inference<784, 10, DenseT<float, 784, 128>, ReLuActivationT<float, 128>, DenseT<float, 128, 64>,
            ReLuActivationT<float, 64>, DenseT<float, 64, 10>>(job);
    else if (job.workload == "V1" || job.workload == "V256")
        filters(job);
    else if (!streams<8>(job) && !streams<16>(job) && !streams<32>(job) && !streams<64>(job))
        return std::fprintf(stderr, "rtneural has no workload %s\n", job.workload.c_str()), 1;
}
