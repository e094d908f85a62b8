// What C++ peers share: the numbers they start from, and the clock. src/lib.rs does the same for the Rust peers, and has
// the comments.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using Numbers = std::vector<float>;

inline Numbers uniform(uint64_t seed, size_t count, float scale)
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

// The compiler must take what it points to as changed, and as read.
template <typename T>
void keep(T* pointer)
{
    asm volatile("" : : "r"(pointer) : "memory");
}

template <typename Call>
void time(Call call, double budget)
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

// One number that equal outputs share, and others hardly do.
inline double digest(const float* output, int count)
{
    double sum = 0.0;
    for (int place = 0; place < count; ++place)
        sum += std::fabs((double)output[place] - place % 7 + 3.0);
    return sum / count;
}

// The command line: PROGRAM WORKLOAD [--ms MILLISECONDS] [--check STEPS], and others that a peer of one thread ignores.
struct Job {
    std::string workload;
    int check = 0;
    double budget = 700e3;

    Job(int count, char** words) : workload(count > 1 ? words[1] : "")
    {
        for (int n = 2; n + 1 < count; n += 2) {
            if (std::string(words[n]) == "--check")
                check = std::atoi(words[n + 1]);
            if (std::string(words[n]) == "--ms")
                budget = std::atof(words[n + 1]) * 1e3;
        }
    }

    // Times a call that leaves `count` numbers at what `output` gives, or checks it.
    template <typename Call, typename Output>
    void run(Call call, Output output, int count) const
    {
        for (int n = 1; n <= check; ++n) {
            call();
            std::printf("check %d %.9e\n", n, digest(output(), count));
        }
        if (!check)
            time(call, budget);
    }
};
