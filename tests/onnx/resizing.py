"""Which of chainrule's layers resizes as a case does: compared as linear maps, whatever the case's numbers are."""

from math import floor

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def onnx_map(case):
    """The matrix from pixels of the input to pixels of the output, by ONNX's reference implementation."""
    sides = case.x.shape[2:]
    float_info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    others = {n: x for n, x in zip(case.names[1:], case.inputs[1:]) if x is not None}
    names = [n if x is not None else "" for n, x in zip(case.names, case.inputs)]
    operator, attributes = case.operator, dict(case.attributes)
    if operator == "Upsample":  # the operator that it became
        operator, names = "Resize", [names[0], "", names[1]]
        attributes |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    node = helper.make_node(operator, names, [case.y_name], **attributes)
    infos = [float_info(names[0])] + [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), None) for n, x in others.items()
    ]
    graph = helper.make_graph([node], "resize", infos, [float_info(case.y_name)])
    evaluator = ReferenceEvaluator(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)]))
    columns = []
    for row, column in np.ndindex(*sides):
        x = np.zeros((1, 1, *sides), np.float32)
        x[0, 0, row, column] = 1
        (y,) = evaluator.run(None, {names[0]: x, **others})
        columns.append(y.ravel())
    return np.array(columns).T


def half_pixel(at, before, after):
    return np.clip((at + 0.5) * before / after - 0.5, 0, before - 1)


RULES = {
    "HalfPixel": half_pixel,
    "AlignCorners": lambda at, before, after: at * (before - 1) / max(after - 1, 1),
    "Nearest": lambda at, before, after: floor(at * before / after),
    "NearestExact": lambda at, before, after: floor((at + 0.5) * before / after),
}


def taps(rule, before, after):
    """The matrix along one axis."""
    matrix = np.zeros((after, before))
    for at in range(after):
        place = RULES[rule](at, before, after)
        first = min(floor(place), before - 1)
        matrix[at, first] += 1 - (place - first)
        matrix[at, min(first + 1, before - 1)] += place - first
    return matrix


def candidates(before, after):
    """The layers that make `after` of `before`, with their matrices: those of a factor first."""
    factors = [a // b for a, b in zip(after, before) if a % b == 0]
    for layer, rule in [("Upsample2d<{}>", "Nearest"), ("UpsampleBilinear2d<{}>", "HalfPixel")]:
        if len(factors) == 2:
            numbers = factors[:1] if factors[0] == factors[1] else factors
            yield layer.format(", ".join(map(str, numbers))), matrix(rule, before, after)
    for rule in RULES:
        yield f"Resize2d<{after[0]}, {after[1]}, {rule}>", matrix(rule, before, after)


def matrix(rule, before, after):
    rows, columns = [taps(rule, b, a) for b, a in zip(before, after)]
    return np.kron(rows, columns)
