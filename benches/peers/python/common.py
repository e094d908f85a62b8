"""What the Python peers share: their command line, the numbers they start from, and the clock. ../common does the same,
bit for bit, for the Rust peers, and has the comments."""

import argparse
import time

import numpy as np


def job():
    options = argparse.ArgumentParser()
    options.add_argument("workload")
    options.add_argument("--variant", default="")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--ms", type=int, default=700)
    options.add_argument("--check", type=int, default=0)
    job = options.parse_args()
    job.learning_rate = {"D": 1e-2, "E": 1e-1, "EA": 1e-4}.get(job.workload, 1e-3) if job.check else 1e-6
    job.copies = job.workload.endswith("io")
    if job.workload[0] in "BCDEHRSM":
        sizes = {"D": 32, "E": 128, "EA": 128, "S": 10_000}
        job.batch = sizes.get(job.workload) or int(job.workload[1:])
    return job


WIDTHS = {
    "A1": [16, 64, 64, 4],
    "A2": [784, 128, 64, 10],
    "B": [784, 128, 64, 10],
    "E": [1024, 1024, 1024, 10],
    "S": [4, 32, 16, 4],
}


def widths(workload):
    """Those of a perceptron, and whether its activation is tanh (or else ReLU)."""
    return WIDTHS.get(workload[:2]) or WIDTHS[workload[0]], workload[:2] in ("A1", "S")


def uniform(seed, count, scale):
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(seed * 0xD1B54A32D192ED03 % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = (z ^ (z >> np.uint64(31))) >> np.uint64(40)
    return (bits.astype(np.float32) / np.float32(2**23) - np.float32(1)) * np.float32(scale)


def layer(k, inputs, outputs):
    scale = np.float32(1) / np.sqrt(np.float32(inputs))
    return uniform(2 * k + 1, outputs * inputs, scale).reshape(outputs, inputs), uniform(2 * k + 2, outputs, scale)


def layers_of(pairs, first=0):
    return [layer(first + k, *pair) for k, pair in enumerate(pairs)]


def layers(sizes, first=0):
    return layers_of(zip(sizes, sizes[1:]), first)


# The layers of V: input features, output features, steps of the window, dilation.
FILTERS = [(1, 16, 3, 1), (16, 16, 3, 2), (16, 16, 3, 4), (16, 1, 1, 1)]


def recurrent(inputs, hidden, gates):
    """The weights and biases of the gates: a layer from the input, and another from the hidden state."""
    return layers_of([(inputs, gates * hidden), (hidden, gates * hidden)])


def data(job):
    """The inputs and targets of a training step."""
    shape = {"C": (1, 28, 28), "D": (64,), "H": (3, 32, 32), "R": (28, 28)}.get(job.workload[0]) or (widths(job.workload)[0][0],)
    x = uniform(1000, job.batch * int(np.prod(shape)), 1).reshape(job.batch, *shape)
    if job.workload == "D":
        return x, uniform(2000, x.size, 1).reshape(x.shape)
    if job.workload == "S":
        a, b, c, d = x.T
        return x, np.stack([a * a + b * c, a * b + b * d, c * a + d * c, c * b + d * d], axis=1)
    return x, np.arange(job.batch) % 10


def inference(job):
    """The one sample of an inference."""
    if job.workload[0] == "V":  # 256 steps of one feature
        return uniform(1000, 256, 1).reshape(1, 1, 256)
    if job.workload[0] == "C":
        return uniform(1000, 784, 1).reshape(1, 1, 28, 28)
    return uniform(1000, widths(job.workload)[0][0], 1)[None]


def texts(job):
    """The texts of the character model, and in each the token after every token."""
    text, at = np.arange(job.batch)[:, None], np.arange(65)
    tokens = (7 * text + 3 * at * at + at) % 65
    return tokens[:, :-1], tokens[:, 1:]


def digest(output):
    output = np.asarray(output, dtype=np.float64).reshape(-1)
    return float(np.mean(np.abs(output - (np.arange(output.size) % 7 - 3))))


def run(job, step, value=float):
    """Times a step, which must be done when it returns, or checks it."""
    for n in range(1, job.check + 1):
        print(f"check {n} {value(step()):.9e}", flush=True)
    if job.check:
        return
    for _ in range(3):  # whatever compiles has now done so
        step()
    clock = time.perf_counter
    start, calls = clock(), 0
    while calls < 3 or clock() - start < 0.15:
        step()
        calls += 1
    calls = max(1, int(np.ceil(50e-6 * calls / (clock() - start))))
    start, samples = clock(), []
    while len(samples) < 5 or clock() - start < job.ms / 1e3:
        sample = clock()
        for _ in range(calls):
            step()
        samples.append((clock() - sample) * 1e6 / calls)
    samples.sort()
    print(f"time {samples[len(samples) // 2]:.4f} {samples[0]:.4f}")
