"""Maps along one axis, and reductions: softmax, norms."""

import dataclasses
from math import prod

from registry import rule
from rows import Absent, Row, last_axis, merged, order, ratio, sample, scalar, tensor
from rules.numbers import each_number


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
    row = channel_norm(case, "BatchNorm", [case.x.shape[1]], training, running)
    if not training:
        return row
    # ONNX moves the running variance towards that of the batch, and chainrule (as PyTorch) towards n / (n - 1) of it.
    return [row, dataclasses.replace(row, buffer="running_mean", output=list(case.outputs)[1])]


@rule("MeanVarianceNormalization")
def mean_variance(case):
    if sorted(case.get("axes", [0, 2, 3])) != [0, 2, 3]:
        raise Absent("axes other than samples, rows and columns")
    channels = case.x.shape[1]
    layer = f"BatchNorm<{channels}, f32, Epsilon<1, 1_000_000_000>, NoAffine>"
    running = ["running_mean = 0", "running_variance = 1"]
    return Row(layer, tensor(sample(case.x.shape)), [case.names[0]], case.y_name, running, training=True)


@rule("LRN")
def local_response(case):
    size = case.get("size")
    if size % 2 == 0:
        raise Absent("an even window has its extra channel before, as PyTorch has it")
    ratios = [("Alpha", "alpha", 1e-4), ("Beta", "beta", 0.75), ("Offset", "bias", 1.0)]
    ratios = [(name, ratio(case.get(attribute, default))) for name, attribute, default in ratios]
    numbers = [f"{name}<{num}, {den}>" for name, (num, den) in ratios]
    layer = f"LocalResponseNorm<{size}, ({', '.join(numbers)})>"
    return Row(layer, tensor(sample(case.x.shape), scalar(case.x)), [case.names[0]], case.y_name)


# Reductions.

OVER = {
    "ReduceMean": "MeanOver<{}>",
    "ReduceSum": "SumOver<{}>",
    "ReduceMax": "MaxOver<{}>",
    "ReduceMin": "MinOver<{}>",
    "ReduceL1": "(Abs, SumOver<{}>)",
    "ReduceL2": "(Square, SumOver<{}>, Sqrt)",
    "ReduceSumSquare": "(Square, SumOver<{}>)",
    "ReduceLogSum": "(SumOver<{}>, Log)",
    "ReduceLogSumExp": "(Exp, SumOver<{}>, Log)",
}


@rule(*OVER)
def reduce(case):
    shape, rank, t = case.x.shape, case.x.ndim, scalar(case.x)
    axes = case.get("axes", [] if case.input(1) is None else case.input(1).tolist())
    axes = [axis % rank for axis in axes]
    if 0 in shape:
        raise Absent("a tensor without numbers")
    if not axes and case.get("noop_with_empty_axes", 0):
        return each_number(case, without_sum(case))
    axes = axes or list(range(rank))
    if rank == 3 and axes == [1]:
        return Row(OVER[case.operator].format("Steps"), tensor(shape[1:], t), [case.names[0]], case.y_name)
    # All axes that are reduced, last, are the features of a sample.
    others = [axis for axis in range(rank) if axis not in axes]
    kind = tensor([prod(shape[axis] for axis in axes)], t)
    return Row(OVER[case.operator].format("Features"), kind, [order(case.names[0], others + axes)], case.y_name)


def without_sum(case):
    """What a reduction of no axis computes of each number."""
    layers = OVER[case.operator].strip("()").split(", ")
    layers = [layer for layer in layers if "Over" not in layer]
    return "Identity" if not layers else f"({', '.join(layers)},)"
