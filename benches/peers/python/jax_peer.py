"""JAX on the CPU: the whole step (forward, loss, backward, optimizer) in one jit, its buffers donated, each call waited for.

It takes as many threads as the process has cores. Variant "scan" (D only) rolls the blocks up in a lax.scan.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import common  # noqa: E402

job = common.job()
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402

# Each call is waited for in any case: run it on this thread, which saves handing it over.
jax.config.update("jax_cpu_enable_async_dispatch", False)
map_tree = jax.tree_util.tree_map


def perceptron_parameters(sizes, first=0):
    return [(jnp.array(weight.T), jnp.array(bias)) for weight, bias in common.layers(sizes, first)]


def perceptron(parameters, x, activation=jax.nn.relu):
    for weight, bias in parameters[:-1]:
        x = activation(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias


def conv_parameters(k, channels, filters):
    weight, bias = common.layer(k, channels * 25, filters)
    return jnp.array(weight.reshape(filters, channels, 5, 5)), jnp.array(bias)


def conv(parameters, x, pad):
    weight, bias = parameters
    layout = ("NCHW", "OIHW", "NCHW")
    x = lax.conv_general_dilated(x, weight, (1, 1), [(pad, pad)] * 2, dimension_numbers=layout)
    x = jax.nn.relu(x + bias[:, None, None])
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def lenet(parameters, x):
    first, second, head = parameters
    x = conv(second, conv(first, x, 2), 0)
    return perceptron(head, x.reshape(x.shape[0], -1))


def block(x, parameters):
    (w, b), (v, c) = parameters
    return x + jnp.tanh(x @ w + b) @ v + c


def deep(parameters, x):
    for pair in zip(parameters[::2], parameters[1::2]):
        x = block(x, pair)
    return x


def deep_scan(parameters, x):
    return lax.scan(lambda x, pair: (block(x, pair), None), x, parameters)[0]


def lstm(parameters, x):
    """The hidden state after the last step. The inputs' share of all steps is one product."""
    (w, b), (u, c) = parameters

    def step(state, z):
        hidden, cell = state
        i, f, g, o = jnp.split(z + hidden @ u + c, 4, axis=1)
        cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(cell), cell), None

    zero = jnp.zeros((x.shape[0], u.shape[0]))
    (hidden, _), _ = lax.scan(step, (zero, zero), jnp.swapaxes(x @ w + b, 0, 1))
    return hidden


def characters_parameters():
    pair = lambda k, i, o: (lambda weight, bias: (jnp.array(weight.T), jnp.array(bias)))(*common.layer(k, i, o))  # noqa: E731
    norm = lambda: (jnp.ones(128), jnp.zeros(128))  # noqa: E731

    def block(at):
        qkv = [pair(6 * at + k, 128, 128) for k in range(3)]
        qkv = tuple(jnp.concatenate(parts, axis=-1) for parts in zip(*qkv))
        return norm(), qkv, pair(6 * at + 3, 128, 128), norm(), pair(6 * at + 4, 128, 512), pair(6 * at + 5, 512, 128)

    embedding = jnp.array(common.uniform(900, 65 * 128, 1).reshape(65, 128))
    positions = jnp.array(common.uniform(901, 64 * 128, 0.1).reshape(64, 128))
    return embedding, positions, [block(at) for at in range(4)], norm(), pair(24, 128, 65)


def normalized(parameters, x):
    gain, bias = parameters
    mean = x.mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-5) * gain + bias


def transformer_block(parameters, x, attention):
    norm, (qkv, qkv_bias), (output, output_bias), second, (w, b), (v, c) = parameters
    samples, steps, _ = x.shape
    heads = jnp.split(normalized(norm, x) @ qkv + qkv_bias, 3, axis=-1)
    q, k, v_ = (part.reshape(samples, steps, 4, 32).transpose(0, 2, 1, 3) for part in heads)
    x = x + attention(q, k, v_).transpose(0, 2, 1, 3).reshape(samples, steps, 128) @ output + output_bias
    return x + jax.nn.gelu(normalized(second, x) @ w + b, approximate=False) @ v + c


def attended(q, k, v, mask):
    scores = jnp.where(mask, q @ k.swapaxes(2, 3) / np.sqrt(32), -jnp.inf)
    return jax.nn.softmax(scores, axis=-1) @ v


def characters(parameters, x):
    embedding, positions, blocks, norm, (w, b) = parameters
    mask = np.tril(np.ones((64, 64), bool))
    x = embedding[x] + positions
    for block in blocks:
        x = transformer_block(block, x, lambda q, k, v: attended(q, k, v, mask))
    return normalized(norm, x) @ w + b


def characters_step(parameters, caches, token, at):
    """One token, whose key and value join those before it, in arrays of a constant size."""
    embedding, positions, blocks, norm, (w, b) = parameters
    x = embedding[token] + positions[at]
    new = []
    for block, (keys, values) in zip(blocks, caches):

        def attention(q, k, v):
            new.append(tuple(lax.dynamic_update_slice(all, one, (0, 0, at, 0)) for all, one in ((keys, k), (values, v))))
            return attended(q, *new[-1], jnp.arange(64) <= at)

        x = transformer_block(block, x, attention)
    return normalized(norm, x) @ w + b, new


def token():
    """Token after token of a text of 64; then it starts again."""
    parameters, text = characters_parameters(), jnp.array(common.texts(job)[0])
    function = jax.jit(characters_step, donate_argnums=1)
    caches, at = [tuple(jnp.zeros((1, 4, 64, 32)) for _ in range(2)) for _ in range(4)], -1
    inputs = [(text[:, at : at + 1], jnp.array(at)) for at in range(64)]

    def step():
        nonlocal caches, at
        at = (at + 1) % 64
        logits, caches = jax.block_until_ready(function(parameters, caches, *inputs[at]))
        return logits

    common.run(job, step, common.digest)


def network():
    if job.workload[0] == "M":
        return characters, characters_parameters()
    if job.workload[0] == "C":
        return lenet, (conv_parameters(0, 1, 6), conv_parameters(1, 6, 16), perceptron_parameters([400, 120, 84, 10], 2))
    if job.workload == "D":
        parameters = perceptron_parameters([64] * 101)
        if job.variant == "scan":
            stack = lambda pairs: tuple(jnp.stack(arrays) for arrays in zip(*pairs))  # noqa: E731
            return deep_scan, (stack(parameters[::2]), stack(parameters[1::2]))
        return deep, parameters
    if job.workload[0] == "R":
        gates = [(jnp.array(weight.T), jnp.array(bias)) for weight, bias in common.recurrent(28, 64, 4)]
        return lambda parameters, x: perceptron(parameters[1], lstm(parameters[0], x)), (gates, perceptron_parameters([64, 10], 2))
    sizes, tanh = common.widths(job.workload)
    activation = jnp.tanh if tanh else jax.nn.relu
    return lambda parameters, x: perceptron(parameters, x, activation), perceptron_parameters(sizes)


def infer():
    forward, parameters = network()
    forward = jax.jit(forward)
    data = common.uniform(1000, common.widths(job.workload)[0][0], 1)[None]
    x = jnp.array(data)
    if job.copies:
        common.run(job, lambda: np.asarray(forward(parameters, data)), common.digest)
    else:
        common.run(job, lambda: forward(parameters, x).block_until_ready(), common.digest)


def squared(outputs, targets):
    return jnp.mean((outputs - targets) ** 2)


def cross_entropy(scores, classes):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(scores), classes[..., None], axis=-1))


def train():
    forward, parameters = network()
    x, y = map(jnp.array, common.texts(job) if job.workload[0] == "M" else common.data(job))
    compare = squared if job.workload in "DS" else cross_entropy
    gradient = jax.value_and_grad(lambda parameters, x, y: compare(forward(parameters, x), y))
    rate = job.learning_rate

    def sgd(parameters, moments, x, y):
        loss, g = gradient(parameters, x, y)
        return map_tree(lambda p, g: p - rate * g, parameters, g), moments, loss

    def adam(parameters, moments, x, y):
        t, m, v = moments
        loss, g = gradient(parameters, x, y)
        t = t + 1
        m = map_tree(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = map_tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        first, second = 1 - 0.9**t, 1 - 0.999**t
        update = lambda p, m, v: p - rate * (m / first) / (jnp.sqrt(v / second) + 1e-8)  # noqa: E731
        return map_tree(update, parameters, m, v), (t, m, v), loss

    zeros = lambda: map_tree(jnp.zeros_like, parameters)  # noqa: E731
    if job.workload in "DE":
        update, moments = sgd, ()
    else:
        update, moments = adam, (jnp.zeros(()), zeros(), zeros())
    update = jax.jit(update, donate_argnums=(0, 1))

    def step():
        nonlocal parameters, moments
        parameters, moments, loss = jax.block_until_ready(update(parameters, moments, x, y))
        return loss

    common.run(job, step)


{"A": infer, "M1": token}.get(job.workload if job.workload == "M1" else job.workload[0], train)()
