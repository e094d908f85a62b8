"""Losses and optimizers."""

from math import prod

import numpy as np
from registry import rule
from rows import Absent, LossRow, Row, StepRow, moved_last, order, sample


@rule("SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss")
def class_loss(case):
    shape, reduction = case.x.shape, case.get("reduction", "mean")
    weights = f'.weights(case.numbers("{case.names[2]}"))' if case.input(2) is not None else ""
    loss = {"SoftmaxCrossEntropyLoss": "CrossEntropy::default()", "NegativeLogLikelihoodLoss": "NllLoss"}[case.operator]
    argument = "case" if weights else "_"
    # The classes are the second axis. A sample is a vector, a sequence or an image with a class at each position. Where
    # the loss of each position is wanted, each is a sample.
    x, label = case.names[0], f"Option<Label<{shape[1]}>>"
    positions = moved_last(len(shape), 1)
    vector = f"Vector<{shape[1]}>"
    if reduction == "none" or len(shape) == 2:
        x, kind, target = order(x, positions), vector, label
    elif len(shape) == 3:
        x, kind, target = order(x, positions), f"Sequence<{shape[2]}, {shape[1]}>", f"[{label}; {shape[2]}]"
    else:
        sides = shape[2], prod(shape[3:])
        kind, target = f"Image<{shape[1]}, {sides[0]}, {sides[1]}>", f"[[{label}; {sides[1]}]; {sides[0]}]"
    ignored = case.get("ignore_index")
    rows = [LossRow(f"|{argument}| {loss}{weights}", kind, target, x, case.names[1], ignored, reduction, case.y_name)]
    rows[0].others = [case.names[2]] if weights else []
    if len(case.outputs) > 1:
        log_prob = list(case.outputs)[1]
        rows.append(Row("LogSoftmax", vector, [order(case.names[0], positions)], order(log_prob, positions)))
    return rows


@rule("Momentum", "Adagrad", "Adam")
def step(case):
    if case.operator == "Adam":
        raise Absent("ONNX does not correct the moments at step 0")
    rate, at, *tensors = case.inputs
    names = case.names[2:]
    assert at == 0
    decay = case.get("norm_coefficient")
    if case.operator == "Momentum":
        method = {"standard": "momentum", "nesterov": "nesterov"}[case.get("mode")]
        step = f"Sgd::new({number(rate)}).{method}({number(case.get('alpha'))}).weight_decay({number(decay)})"
        step = f"|velocity| with_velocity({step}, velocity)"
    else:
        step = (
            f"|sum| Adagrad::new({number(rate)}).rate_decay({number(case.get('decay_factor'))}).initial_sum(sum)"
            f".epsilon({number(case.get('epsilon'))}).weight_decay({number(decay)})"
        )
    count = len(tensors) // 3
    sources = zip(names[:count], names[count : 2 * count], names[2 * count :], case.outputs)
    return [StepRow(step, *each) for each in sources]


def number(value):
    """A float of 32 bits in as few digits as it needs."""
    return str(float(np.format_float_positional(np.float32(value), unique=True)))
