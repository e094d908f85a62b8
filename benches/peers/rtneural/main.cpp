// RTNeural, a C++ library for inference in real time: its compile-time API, with Eigen underneath. A1 and A2, one thread.
// The output stays in the model; A1io and A2io copy the input in and the output out.

#include <RTNeural/RTNeural.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

using Numbers = std::vector<float>;

// What every peer starts from: see ../common.
static Numbers uniform(uint64_t seed, size_t count, float scale)
{
    Numbers numbers(count);
    for (size_t n = 0; n < count; ++n) {
        uint64_t z = seed * 0xD1B54A32D192ED03u + (n + 1) * 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        uint64_t bits = (z ^ (z >> 31)) >> 40;
        numbers[n] = ((float)bits / (float)(1 << 23) - 1.0f) * scale;
    }
    return numbers;
}

template <typename Dense>
static void set(Dense& dense, uint64_t k)
{
    float scale = 1.0f / std::sqrt((float)Dense::in_size);
    Numbers weights = uniform(2 * k + 1, (size_t)Dense::in_size * Dense::out_size, scale);
    std::vector<Numbers> rows;
    for (auto row = weights.begin(); row != weights.end(); row += Dense::in_size)
        rows.emplace_back(row, row + Dense::in_size);
    dense.setWeights(rows);
    dense.setBias(uniform(2 * k + 2, Dense::out_size, scale).data());
}

// The compiler must take what it points to as changed, and as read.
template <typename T>
static void keep(T* pointer)
{
    asm volatile("" : : "r"(pointer) : "memory");
}

template <typename Call>
static void time(Call call, double budget)
{
    using Clock = std::chrono::steady_clock;
    auto since = [](Clock::time_point start) { return std::chrono::duration<double, std::micro>(Clock::now() - start).count(); };
    auto start = Clock::now();
    long calls = 0;
    for (; calls < 3 || since(start) < 150e3; ++calls)
        call();
    calls = (long)std::max(1.0, std::ceil(50.0 * (double)calls / since(start)));
    std::vector<double> samples;
    for (start = Clock::now(); samples.size() < 5 || since(start) < budget;) {
        auto sample = Clock::now();
        for (long n = 0; n < calls; ++n)
            call();
        samples.push_back(since(sample) / (double)calls);
    }
    std::sort(samples.begin(), samples.end());
    std::printf("time %.4f %.4f\n", samples[samples.size() / 2], samples[0]);
}

template <int IN, int OUT, typename Model>
static void run(bool copies, bool check, double budget)
{
    auto model = std::make_unique<Model>();
    set(model->template get<0>(), 0);
    set(model->template get<2>(), 1);
    set(model->template get<4>(), 2);
    Numbers data = uniform(1000, IN, 1.0f);
    alignas(64) float x[IN], y[OUT];
    std::copy(data.begin(), data.end(), x);
    auto call = [&] {
        if (copies) {
            keep(data.data());
            std::copy(data.begin(), data.end(), x);
        }
        keep(x);
        keep(model.get());
        model->forward(x);
        keep(model.get());
        if (copies) {
            std::copy(model->getOutputs(), model->getOutputs() + OUT, y);
            keep(y);
        }
    };
    if (!check)
        return time(call, budget);
    call();
    double sum = 0.0;
    for (int place = 0; place < OUT; ++place)
        sum += std::fabs((double)model->getOutputs()[place] - place % 7 + 3.0);
    std::printf("check 1 %.9e\n", sum / OUT);
}

int main(int count, char** words)
{
    using namespace RTNeural;
    using Control = ModelT<float, 16, 4, DenseT<float, 16, 64>, TanhActivationT<float, 64>, DenseT<float, 64, 64>,
        TanhActivationT<float, 64>, DenseT<float, 64, 4>>;
    using Mnist = ModelT<float, 784, 10, DenseT<float, 784, 128>, ReLuActivationT<float, 128>, DenseT<float, 128, 64>,
        ReLuActivationT<float, 64>, DenseT<float, 64, 10>>;
    std::string workload = count > 1 ? words[1] : "";
    bool check = false;
    double budget = 700e3;
    for (int n = 2; n + 1 < count; n += 2) {
        check |= std::string(words[n]) == "--check";
        if (std::string(words[n]) == "--ms")
            budget = std::atof(words[n + 1]) * 1e3;
    }
    bool copies = workload.size() == 4;
    if (workload == "A1" || workload == "A1io")
        run<16, 4, Control>(copies, check, budget);
    else if (workload == "A2" || workload == "A2io")
        run<784, 10, Mnist>(copies, check, budget);
    else
        return std::fprintf(stderr, "rtneural has no workload %s\n", words[1]), 1;
}
