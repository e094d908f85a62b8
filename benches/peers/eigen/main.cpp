// A step of an LSTM and of a GRU by hand, with Eigen: sizes known at compile time, one product for the input, the hidden
// state and the bias together, Eigen's own vectorized tanh and logistic function. L and G, one thread.

#include "../common/peer.hpp"

#include <Eigen/Dense>
#include <memory>

// The numbers of a layer `k`: a column for each input, and the biases.
template <typename Weights, typename Bias>
static void set(uint64_t k, Weights weights, Bias bias)
{
    float scale = 1.0f / std::sqrt((float)weights.cols());
    Numbers numbers = uniform(2 * k + 1, (size_t)weights.size(), scale);
    for (int row = 0; row < weights.rows(); ++row)
        for (int column = 0; column < weights.cols(); ++column)
            weights(row, column) = numbers[(size_t)(row * weights.cols() + column)];
    numbers = uniform(2 * k + 2, (size_t)bias.size(), scale);
    for (int row = 0; row < bias.size(); ++row)
        bias(row) += numbers[(size_t)row];
}

template <int N, int M = 1>
using Matrix = Eigen::Matrix<float, N, M>;

template <int IN, int H>
struct Lstm {
    static constexpr int hidden = H;
    Matrix<4 * H, IN + H + 1> weights = Matrix<4 * H, IN + H + 1>::Zero();
    Matrix<IN + H + 1> given = Matrix<IN + H + 1>::Zero(); // the input, the hidden state, 1
    Matrix<4 * H> sums, gates;
    Matrix<H> cell = Matrix<H>::Zero(), output = Matrix<H>::Zero();

    Lstm()
    {
        set(0, weights.leftCols(IN), weights.col(IN + H));
        set(1, weights.middleCols(IN, H), weights.col(IN + H));
        given(IN + H) = 1.0f;
    }

    void forward(const float* x)
    {
        for (int n = 0; n < IN; ++n)
            given(n) = x[n];
        given.template segment<H>(IN) = output;
        sums.noalias() = weights * given;
        gates.template head<2 * H>() = sums.template head<2 * H>().array().logistic();
        gates.template segment<H>(2 * H) = sums.template segment<H>(2 * H).array().tanh();
        gates.template tail<H>() = sums.template tail<H>().array().logistic();
        cell = gates.template segment<H>(H).cwiseProduct(cell)
            + gates.template head<H>().cwiseProduct(gates.template segment<H>(2 * H));
        output = gates.template tail<H>().array() * cell.array().tanh();
    }
};

template <int IN, int H>
struct Gru {
    static constexpr int hidden = H;
    Matrix<3 * H, IN + 1> weights = Matrix<3 * H, IN + 1>::Zero();
    Matrix<3 * H, H + 1> hidden_weights = Matrix<3 * H, H + 1>::Zero();
    Matrix<IN + 1> given = Matrix<IN + 1>::Zero();
    Matrix<H + 1> given_hidden = Matrix<H + 1>::Zero();
    Matrix<3 * H> sums, from_hidden;
    Matrix<2 * H> gates;
    Matrix<H> candidate, output = Matrix<H>::Zero();

    Gru()
    {
        set(0, weights.leftCols(IN), weights.col(IN));
        set(1, hidden_weights.leftCols(H), hidden_weights.col(H));
        given(IN) = given_hidden(H) = 1.0f;
    }

    void forward(const float* x)
    {
        for (int n = 0; n < IN; ++n)
            given(n) = x[n];
        given_hidden.template head<H>() = output;
        sums.noalias() = weights * given;
        from_hidden.noalias() = hidden_weights * given_hidden;
        gates = (sums.template head<2 * H>() + from_hidden.template head<2 * H>()).array().logistic();
        candidate = (sums.template tail<H>()
            + gates.template head<H>().cwiseProduct(from_hidden.template tail<H>())).array().tanh();
        output = candidate.array() + gates.template tail<H>().array() * (output - candidate).array();
    }
};

template <typename Net>
static void run(const Job& job)
{
    auto net = std::make_unique<Net>();
    float x = uniform(1000, 1, 1.0f)[0];
    auto call = [&] {
        keep(&x);
        keep(net.get());
        net->forward(&x);
        keep(net.get());
    };
    job.run(call, [&] { return net->output.data(); }, Net::hidden);
}

int main(int count, char** words)
{
    Job job(count, words);
    if (job.workload == "L8")
        run<Lstm<1, 8>>(job);
    else if (job.workload == "L16")
        run<Lstm<1, 16>>(job);
    else if (job.workload == "L32")
        run<Lstm<1, 32>>(job);
    else if (job.workload == "L64")
        run<Lstm<1, 64>>(job);
    else if (job.workload == "G8")
        run<Gru<1, 8>>(job);
    else if (job.workload == "G16")
        run<Gru<1, 16>>(job);
    else if (job.workload == "G32")
        run<Gru<1, 32>>(job);
    else if (job.workload == "G64")
        run<Gru<1, 64>>(job);
    else
        return std::fprintf(stderr, "eigen has no workload %s\n", job.workload.c_str()), 1;
}
