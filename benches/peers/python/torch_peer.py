"""PyTorch on the CPU. Variants:

eager    as one writes it: torch.nn, torch.optim
fused    the same with fused=True in the optimizer
jit      inference only: torch.jit.trace and freeze
compile  torch.compile of the forward and backward pass, and the fused optimizer (takes a C++ compiler, and half a minute)
double   eager, in f64: what the others are checked against, not a peer
"""

import common

job = common.job()
import numpy as np  # noqa: E402
import torch  # noqa: E402  after the arguments, so that a wrong one is told at once
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

torch.set_num_threads(job.threads)
torch.set_num_interop_threads(1)
torch.set_default_dtype(torch.float64 if job.variant == "double" else torch.float32)


def tensor(numbers):
    tensor = torch.from_numpy(numbers.copy())
    return tensor.to(torch.get_default_dtype()) if tensor.is_floating_point() else tensor


def with_weights(module, weight, bias):
    with torch.no_grad():
        module.weight.copy_(tensor(weight).reshape(module.weight.shape))
        module.bias.copy_(tensor(bias))
    return module


def recurrent(kind, inputs, hidden):
    module = kind(inputs, hidden, batch_first=True)
    (w, b), (u, c) = common.recurrent(inputs, hidden, 4 if kind is nn.LSTM else 3)
    with torch.no_grad():
        for name, numbers in dict(weight_ih=w, weight_hh=u, bias_ih=b, bias_hh=c).items():
            getattr(module, f"{name}_l0").copy_(tensor(numbers))
    return module


class Rows(nn.Module):
    """A class from the last step of a sequence."""

    def __init__(self):
        super().__init__()
        self.lstm, self.head = recurrent(nn.LSTM, 28, 64), with_weights(nn.Linear(64, 10), *common.layer(2, 64, 10))

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def perceptron(sizes, activation, first=0):
    modules = []
    for (i, o), weights in zip(zip(sizes, sizes[1:]), common.layers(sizes, first)):
        modules += [with_weights(nn.Linear(i, o), *weights), activation()]
    return nn.Sequential(*modules[:-1])


def lenet():
    first, second = common.layer(0, 25, 6), common.layer(1, 150, 16)
    return nn.Sequential(
        with_weights(nn.Conv2d(1, 6, 5, padding=2), *first), nn.ReLU(), nn.MaxPool2d(2),
        with_weights(nn.Conv2d(6, 16, 5), *second), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), *perceptron([400, 120, 84, 10], nn.ReLU, first=2),
    )  # fmt: skip


def color():
    first, second = common.layer(0, 27, 16), common.layer(1, 144, 32)
    return nn.Sequential(
        with_weights(nn.Conv2d(3, 16, 3, padding=1), *first), nn.ReLU(), nn.MaxPool2d(2),
        with_weights(nn.Conv2d(16, 32, 3, padding=1), *second), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), *perceptron([2048, 10], nn.ReLU, first=2),
    )  # fmt: skip


def filters():
    modules = []
    for k, (i, o, kernel, dilation) in enumerate(common.FILTERS):
        conv = with_weights(nn.Conv1d(i, o, kernel, dilation=dilation), *common.layer(k, i * kernel, o))
        modules += [nn.ConstantPad1d(((kernel - 1) * dilation, 0), 0.0), conv, nn.Tanh()]
    return nn.Sequential(*modules[:-1])


class Residual(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.branch = perceptron([64, 64, 64], nn.Tanh, first=2 * block)

    def forward(self, x):
        return x + self.branch(x)


class Block(nn.Module):
    """A block of the character model. Queries, keys and values are one layer, as one writes it."""

    def __init__(self, at):
        super().__init__()
        layers = [common.layer(6 * at + k, 128, 128) for k in range(4)]
        qkv = (np.concatenate(parts) for parts in zip(*layers[:3]))
        self.norm, self.qkv, self.output = nn.LayerNorm(128), with_weights(nn.Linear(128, 384), *qkv), nn.Linear(128, 128)
        with_weights(self.output, *layers[3])
        self.perceptron = nn.Sequential(
            nn.LayerNorm(128), with_weights(nn.Linear(128, 512), *common.layer(6 * at + 4, 128, 512)), nn.GELU(),
            with_weights(nn.Linear(512, 128), *common.layer(6 * at + 5, 512, 128)),
        )  # fmt: skip

    def attend(self, x, attention):
        samples, steps, _ = x.shape
        heads = (part.view(samples, steps, 4, 32).transpose(1, 2) for part in self.qkv(self.norm(x)).split(128, 2))
        x = x + self.output(attention(*heads).transpose(1, 2).reshape(samples, steps, 128))
        return x + self.perceptron(x)

    def forward(self, x):
        return self.attend(x, lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True))

    def step(self, x, keys, values, at, masked):
        """One token, whose key and value join those before it, in tensors of a constant size. Eager code can read the part
        that is filled; compiled code masks the rest, so that its shapes do not change."""

        def attention(q, k, v):
            if masked:
                keys.index_copy_(2, at, k)
                values.index_copy_(2, at, v)
                return F.scaled_dot_product_attention(q, keys, values, attn_mask=torch.arange(64) <= at)
            keys[:, :, at : at + 1] = k
            values[:, :, at : at + 1] = v
            return F.scaled_dot_product_attention(q, keys[:, :, : at + 1], values[:, :, : at + 1])

        return self.attend(x, attention)


class Characters(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(65, 128), nn.Embedding(64, 128)
        with torch.no_grad():
            self.embedding.weight.copy_(tensor(common.uniform(900, 65 * 128, 1)).view(65, 128))
            self.positions.weight.copy_(tensor(common.uniform(901, 64 * 128, 0.1)).view(64, 128))
        self.blocks = nn.ModuleList(Block(at) for at in range(4))
        self.head = nn.Sequential(nn.LayerNorm(128), with_weights(nn.Linear(128, 65), *common.layer(24, 128, 65)))

    def forward(self, x):
        x = self.embedding(x) + self.positions.weight
        for block in self.blocks:
            x = block(x)
        return self.head(x).transpose(1, 2)

    def step(self, x, caches, at, masked):
        x = self.embedding(x) + self.positions.weight[at]
        for block, (keys, values) in zip(self.blocks, caches):
            x = block.step(x, keys, values, at, masked)
        return self.head(x)


def token():
    """Token after token of a text of 64; then it starts again."""
    net, text = Characters().eval(), tensor(common.texts(job)[0])
    caches = [[torch.zeros(1, 4, 64, 32) for _ in range(2)] for _ in range(4)]
    compiled = job.variant == "compile"
    function, at = torch.compile(net.step) if compiled else net.step, -1

    def step():
        nonlocal at
        at = (at + 1) % 64
        return function(text[:, at : at + 1], caches, torch.tensor([at]) if compiled else at, compiled)

    with torch.no_grad():
        common.run(job, step, common.digest)


def network():
    if job.workload[0] == "M":
        return Characters()
    if job.workload[0] == "C":
        return lenet()
    if job.workload[0] == "H":
        return color()
    if job.workload[0] == "V":
        return filters()
    if job.workload == "D":
        return nn.Sequential(*(Residual(block) for block in range(50)))
    if job.workload[0] == "R":
        return Rows()
    sizes, tanh = common.widths(job.workload)
    return perceptron(sizes, nn.Tanh if tanh else nn.ReLU)


def infer():
    net = network().eval()
    data = common.inference(job)
    x = tensor(data)
    with torch.inference_mode():
        if job.variant == "jit":
            net = torch.jit.freeze(torch.jit.trace(net, x))
        if job.variant == "compile":
            net = torch.compile(net)
        if job.copies:
            common.run(job, lambda: net(torch.from_numpy(data)).numpy(), common.digest)
        else:
            common.run(job, lambda: net(x), common.digest)


def stream():
    hidden = int(job.workload[1:])
    net = recurrent(nn.LSTM if job.workload[0] == "L" else nn.GRU, 1, hidden).eval()
    x, state = tensor(common.uniform(1000, 1, 1)).reshape(1, 1, 1), None

    def step():
        nonlocal state
        y, state = net(x, state)
        return y

    with torch.inference_mode():
        common.run(job, step, common.digest)


def train():
    net = network()
    x, y = map(tensor, common.texts(job) if job.workload[0] == "M" else common.data(job))
    compare = F.mse_loss if job.workload in "DS" else F.cross_entropy
    kind = torch.optim.SGD if job.workload in "DE" else torch.optim.Adam
    fused = job.variant in ("fused", "compile") or None
    optimizer = kind(net.parameters(), lr=job.learning_rate, fused=fused)

    def objective(x, y):
        return compare(net(x), y)

    if job.variant == "compile":
        objective = torch.compile(objective)

    def step():
        optimizer.zero_grad()
        loss = objective(x, y)
        loss.backward()
        optimizer.step()
        return loss.item()

    common.run(job, step)


def product():
    x, y = (tensor(common.uniform(seed, 1024 * 1024, 1)).reshape(1024, 1024) for seed in (2, 1))
    y, z = y.T.contiguous(), torch.empty(1024, 1024)
    common.run(job, lambda: torch.mm(x, y, out=z), common.digest)


{"A": infer, "C1": infer, "M1": token, "V": infer, "L": stream, "G": stream, "P": product}.get(job.workload if job.workload in ("C1", "M1") else job.workload[0], train)()
