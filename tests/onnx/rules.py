"""One rule for each operator of which chainrule has a layer: how a case becomes rows.

A rule raises `Absent` with a reason where the case cannot be expressed. `LEFT_OUT` of `expressed` names the outputs that
no row compares.
"""

from math import prod

from rows import (
    Absent, LossRow, Row, any_sample, constants, last_axis, merged, moved_last, order, ratio, sample, scalar, tensor,
)

RULES = {}


def rule(*operators):
    def register(function):
        for operator in operators:
            RULES[operator] = function
        return function

    return register


def express(case):
    """The rows of a case."""
    rows = RULES[case.operator](case)
    return rows if isinstance(rows, list) else [rows]


# Maps of single numbers.


def each_number(case, layer):
    return Row(layer, tensor(any_sample(case.x.shape), scalar(case.x)), [case.names[0]], case.y_name)


PLAIN = {
    "Relu": "Relu", "Sigmoid": "Sigmoid", "Tanh": "Tanh", "Softplus": "Softplus", "Softsign": "Softsign", "Mish": "Mish",
}


@rule(*PLAIN)
def plain(case):
    return each_number(case, PLAIN[case.operator])


@rule("LeakyRelu")
def leaky_relu(case):
    return each_number(case, constants("LeakyRelu", case.get("alpha", 0.01), "0.01"))


@rule("Elu")
def elu(case):
    return each_number(case, constants("Elu", case.get("alpha", 1.0), "1"))


@rule("Selu")
def selu(case):
    if "alpha" in case.attributes:
        raise Absent("`Selu` has the constants of its paper")
    return each_number(case, "Selu")


@rule("Gelu")
def gelu(case):
    return each_number(case, {"none": "Gelu", "tanh": "GeluTanh"}[case.get("approximate", "none")])


@rule("Swish")
def swish(case):
    if case.get("alpha", 1.0) != 1.0:
        raise Absent("`Silu` has the factor 1")
    return each_number(case, "Silu")


@rule("HardSigmoid")
def hard_sigmoid(case):
    raise Absent("`HardSigmoid` has PyTorch's slope of 1/6 and offset of 1/2")


@rule("Clip")
def clip(case):
    limits = [None if x is None else float(x) for x in (case.input(1), case.input(2))]
    if limits != [-1.0, 1.0]:
        raise Absent("`HardTanh` clips to -1 and 1")
    return each_number(case, "HardTanh")


@rule("Identity")
def identity(case):
    if isinstance(case.x, list):
        raise Absent("optional values and lists of tensors")
    return each_number(case, "Identity")


@rule("Dropout")
def dropout(case):
    ratio = case.input(1)
    percent = round(100 * float(ratio if ratio is not None else case.get("ratio", 0.5)))
    training = case.input(2) is not None and bool(case.input(2))
    if training and percent:
        raise Absent("what is dropped is drawn by NumPy's generator")
    row = each_number(case, f"Dropout<{percent}>")
    row.training = training
    return row


@rule("PRelu")
def prelu(case):
    raise Absent("`PRelu` has one slope")


# Softmax, along one axis.


@rule("Softmax", "LogSoftmax")
def softmax(case):
    kind, axes = last_axis(case, case.get("axis", -1))
    return Row(case.operator, kind, [order(case.names[0], axes)], order(case.y_name, axes))


# Norms.


def epsilon(case, default="1, 100000"):
    ours = "{}, {}".format(*ratio(case.get("epsilon", 1e-5)))
    return "" if ours == default else f"Epsilon<{ours}>"


@rule("LayerNormalization", "RMSNormalization")
def layer_norm(case):
    shape, t = case.x.shape, scalar(case.x)
    axis = case.get("axis", -1) % len(shape)
    normalized = list(shape[axis:])
    kind = tensor(normalized if len(normalized) < 4 else merged(normalized), t)
    if case.operator == "LayerNormalization":
        arguments = [kind, epsilon(case)]
        parameters = [f"gain = {case.names[1]}", f"bias = {case.names[2]}"]
    else:
        arguments = [kind, epsilon(case, default=None)]
        parameters = [f"gain = {case.names[1]}"]
    name = {"LayerNormalization": "LayerNorm", "RMSNormalization": "RmsNorm"}[case.operator]
    return Row(f"{name}<{', '.join(filter(None, arguments))}>", kind, [case.names[0]], case.y_name, parameters)


def channel_norm(case, name, arguments, training=False, parameters=()):
    shape, t = case.x.shape, scalar(case.x)
    settings = [x for x in [t or "f32" if epsilon(case) else t, epsilon(case)] if x]
    layer = f"{name}<{', '.join(map(str, [*arguments, *settings]))}>"
    kind = tensor(sample(shape), t)
    parameters = [f"gain = {case.names[1]}", f"bias = {case.names[2]}", *parameters]
    return Row(layer, kind, [case.names[0]], case.y_name, parameters, training)


@rule("GroupNormalization")
def group_norm(case):
    return channel_norm(case, "GroupNorm", [case.get("num_groups"), case.x.shape[1]])


@rule("InstanceNormalization")
def instance_norm(case):
    return channel_norm(case, "GroupNorm", [case.x.shape[1]] * 2)


@rule("BatchNormalization")
def batch_norm(case):
    running = [f"running_mean = {case.names[3]}", f"running_variance = {case.names[4]}"]
    training = case.get("training_mode", 0) == 1
    return channel_norm(case, "BatchNorm", [case.x.shape[1]], training, running)


@rule("MeanVarianceNormalization")
def mean_variance(case):
    if sorted(case.get("axes", [0, 2, 3])) != [0, 2, 3]:
        raise Absent("axes other than samples, rows and columns")
    channels = case.x.shape[1]
    layer = f"BatchNorm<{channels}, f32, Epsilon<1, 1_000_000_000>, NoAffine>"
    running = ["running_mean = 0", "running_variance = 1"]
    return Row(layer, tensor(sample(case.x.shape)), [case.names[0]], case.y_name, running, training=True)


# Products.


@rule("Gemm")
def gemm(case):
    a, b, c = (case.names + [None])[:3]
    t = scalar(case.x)
    if case.get("alpha", 1.0) != 1.0 or case.get("beta", 1.0) != 1.0:
        raise Absent("factors of the product and of the bias")
    a, x = (order(a, [1, 0]), case.x.T) if case.get("transA") else (a, case.x)
    b, w = (order(b, [1, 0]), case.input(1).T) if case.get("transB") else (b, case.input(1))
    sizes = [*w.shape, *filter(None, [t])]
    weight = f"weight = {b}"
    bias = case.input(2)
    arguments = ", ".join(map(str, sizes))
    if bias is None:
        return Row(f"Linear<{arguments}, {t or 'f32'}, NoBias>", tensor(sample(x.shape), t), [a], case.y_name, [weight])
    if bias.ndim == 2 and bias.shape[0] > 1:
        branch = f"Linear<{arguments}, {t or 'f32'}, NoBias>"
        kind = f"Pair<{tensor(sample(x.shape), t)}, {tensor(sample(bias.shape), t)}>"
        layer = f"(Parallel<{branch}, Identity>, Sum)"
        return Row(layer, kind, [a, c], case.y_name, [f"0.first.{weight}"])
    return Row(f"Linear<{arguments}>", tensor(sample(x.shape), t), [a], case.y_name, [weight, f"bias = {c}"])


@rule("MatMul")
def matmul(case):
    (a, b), x, w, t = case.names, case.x, case.input(1), scalar(case.x)
    if w.ndim == 3 and x.ndim == 1:
        # A vector times each matrix: the rows of the matrices are the samples, and the vector the weights.
        sizes = f"{x.shape[0]}, 1"
        return Row(
            f"Linear<{sizes}, f32, NoBias>", tensor([x.shape[0]], t), [order(b, [0, 2, 1])], case.y_name,
            [f"weight = {a}"],
        )
    if w.ndim > 2:
        raise Absent("a product of two tensors that are both inputs: attention is planned")
    inputs, outputs = (w.shape[0], w.shape[1] if w.ndim == 2 else 1)
    return Row(
        f"Linear<{inputs}, {outputs}, f32, NoBias>", tensor([inputs], t), [a], case.y_name, [f"weight = {b}"],
    )


# Convolution and pooling.


class Windows:
    """The windows of a convolution or a pooling: kernel, strides, paddings at the begins and the ends, dilations."""

    def __init__(self, case, kernel):
        axes = len(kernel)
        self.kernel = list(kernel)
        self.stride = case.get("strides", [1] * axes)
        self.dilation = case.get("dilations", [1] * axes)
        pads = case.get("pads", [0] * 2 * axes)
        self.begin, self.end = pads[:axes], pads[axes:]
        self.same = case.get("auto_pad", "NOTSET")
        self.ceil = case.get("ceil_mode", 0) == 1
        sides = case.x.shape[2:]
        if self.same in ("SAME_UPPER", "SAME_LOWER"):
            missing = [
                max((-(-side // s) - 1) * s + (k - 1) * d + 1 - side, 0)
                for side, k, s, d in zip(sides, self.kernel, self.stride, self.dilation)
            ]
            small, large = [m // 2 for m in missing], [m - m // 2 for m in missing]
            self.begin, self.end = (small, large) if self.same == "SAME_UPPER" else (large, small)
        if axes > 2:
            raise Absent("three axes: `Image` has rows and columns")

    def square(self):
        """Kernel, stride and padding, where each is one number."""
        if set(self.dilation) != {1}:
            raise Absent("dilation")
        if self.begin != self.end:
            raise Absent("paddings that differ by side")
        if any(len(set(each)) > 1 for each in (self.kernel, self.stride, self.begin)):
            raise Absent("windows that differ by axis")
        return self.kernel[0], self.stride[0], self.begin[0]


def steps_last(case):
    """Sources of input and output, and the type of a sample: a sequence has its steps before its features."""
    t = scalar(case.x)
    if case.x.ndim == 4:
        return case.names[0], case.y_name, tensor(case.x.shape[1:], t)
    if case.x.ndim != 3:
        raise Absent("three axes: `Image` has rows and columns")
    return order(case.names[0], [0, 2, 1]), order(case.y_name, [0, 2, 1]), tensor(case.x.shape[:0:-1], t)


@rule("Conv")
def conv(case):
    weight = case.input(1)
    windows = Windows(case, weight.shape[2:])
    kernel, stride, padding = windows.square()
    x, y, kind = steps_last(case)
    layer = f"Conv2d<{weight.shape[1]}, {weight.shape[0]}, {kernel}, {stride}, {padding}, f32, NoBias>"
    return Row(layer, kind, [x], y, [f"weight = {case.names[1]}"])


@rule("ConvTranspose")
def conv_transpose(case):
    weight = case.input(1)
    windows = Windows(case, weight.shape[2:])
    if "output_shape" in case.attributes or "output_padding" in case.attributes or windows.same != "NOTSET":
        raise Absent("an output that its windows do not fill")
    if case.get("group", 1) > 1:
        raise Absent("groups")
    kernel, stride, padding = windows.square()
    x, y, kind = steps_last(case)
    if case.x.ndim == 3:
        raise Absent("`TransposedConv2d` takes images")
    layer = f"TransposedConv2d<{weight.shape[0]}, {weight.shape[1]}, {kernel}, {stride}, {padding}, f32, NoBias>"
    return Row(layer, kind, [x], y, [f"weight = {case.names[1]}"])


@rule("MaxPool", "AveragePool")
def pool(case):
    windows = Windows(case, case.get("kernel_shape"))
    x, y, kind = steps_last(case)
    kernel, stride, padding = windows.square()
    if windows.ceil:
        raise Absent("`ceil_mode`")
    if 2 * padding > kernel:
        raise Absent("a padding of more than half a window")
    if case.operator == "AveragePool" and padding and not case.get("count_include_pad", 0):
        raise Absent("means without the padding")
    name = {"MaxPool": "MaxPool", "AveragePool": "AvgPool"}[case.operator] + f"{case.x.ndim - 2}d"
    return Row(f"{name}<{kernel}, {stride}, {padding}>", kind, [x], y)


@rule("GlobalAveragePool")
def global_average(case):
    return Row("GlobalAvgPool", tensor(sample(case.x.shape)), [case.names[0]], case.y_name)


@rule("Upsample", "Resize")
def resize(case):
    scales = case.input(1) if case.operator == "Upsample" else case.input(2)
    if case.get("mode", "nearest") != "nearest":
        raise Absent(f"{case.get('mode')} interpolation")
    if scales is None:
        raise Absent("sizes in place of a factor")
    factors = [float(s) for s in scales]
    if len(set(factors[-2:])) > 1 or factors[-1] != round(factors[-1]):
        raise Absent("`Upsample2d` has one whole factor")
    return Row(f"Upsample2d<{round(factors[-1])}>", tensor(sample(case.x.shape)), [case.names[0]], case.y_name)


# Shapes.


def as_sequences(shape, rank):
    """The shape of a sample, and the order of all `rank` axes, where a sample of two axes is a sequence. A network of
    PyTorch or ONNX has the features of a sequence first, and `Flatten` and `Reshape` order its numbers as it does."""
    if len(shape) != 2:
        return shape, range(rank)
    return shape[::-1], [*range(rank - 2), rank - 1, rank - 2]


@rule("Flatten")
def flatten(case):
    rank = case.x.ndim
    shape = list(case.x.shape[case.get("axis", 1) % rank :])
    if len(shape) > 3:
        shape = [prod(shape[:-2]), *shape[-2:]]  # four axes as an image: the same numbers in the same order
    shape, axes = as_sequences(shape, rank)
    return Row("Flatten", tensor(shape), [order(case.names[0], axes)], case.y_name)


@rule("Reshape", "Squeeze", "Unsqueeze")
def reshape(case):
    before, after = list(case.x.shape), list(case.y.shape)
    samples = min(len(before), len(after)) > 1 and before[0] == after[0]
    kinds, sources = [], []
    for shape, name in ((before, case.names[0]), (after, case.y_name)):
        rank = len(shape)
        shape = shape[1:] if samples or (rank > 3 and shape[0] == 1) else shape
        shape, axes = as_sequences(shape, rank)
        if len(before) == len(after) == 2 + samples:
            shape, axes = shape[::-1], range(rank)  # `Reshape` keeps the memory of two sequences
        kinds.append(tensor(shape, scalar(case.x)))
        sources.append(order(name, axes))
    return Row(f"Reshape<{kinds[1]}>", kinds[0], [sources[0]], sources[1])


# Several inputs.


def halves(case, layers):
    """Two inputs are a pair, three a pair of a pair and the third."""
    shapes = {x.shape for x in case.inputs}
    t = scalar(*case.inputs)
    if len(shapes) > 1:
        raise Absent("inputs of several shapes, one of which is broadcast")
    kind = tensor(any_sample(case.x.shape), t)
    if len(case.inputs) == 1:
        return Row("Identity", kind, case.names, case.y_name)
    if len(case.inputs) == 2:
        return Row(layers, f"Pair<{kind}, {kind}>", case.names, case.y_name)
    layer = f"(Parallel<{layers}, Identity>, {layers})"
    return Row(layer, f"Pair<Pair<{kind}, {kind}>, {kind}>", case.names, case.y_name)


@rule("Add", "Sum")
def add(case):
    return halves(case, "Sum")


@rule("Concat")
def concat(case):
    axes = moved_last(case.x.ndim, case.get("axis"))
    last = [f"Vector<{x.shape[axes[-1]]}>" for x in case.inputs]
    parts = [order(name, axes) for name in case.names]
    return Row("Join", f"Pair<{last[0]}, {last[1]}>", parts, order(case.y_name, axes))


# Losses.


@rule("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss")
def class_loss(case):
    if case.input(2) is not None or "ignore_index" in case.attributes:
        raise Absent("weights of classes, and a label that does not count")
    if case.operator == "NegativeLogLikelihoodLoss":
        raise Absent("a loss of logarithms")
    # The classes are the second axis. Each position is a sample.
    kind, axes = last_axis(case, 1)
    kind = tensor(sample(case.x.shape)[:1])
    x, y = order(case.names[0], axes), case.names[1]
    loss = "|_| CrossEntropy::default()"
    label = f"Label<{case.x.shape[1]}>"
    rows = [LossRow(loss, kind, label, x, y, None, case.get("reduction", "mean"), case.y_name)]
    if len(case.outputs) > 1:
        log_prob = list(case.outputs)[1]
        rows.append(Row("LogSoftmax", kind, [x], order(log_prob, axes)))
    return rows
