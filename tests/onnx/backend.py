"""The node cases of ONNX's backend tests, as plain Python objects."""

import dataclasses
import functools
import re
import warnings

import numpy as np
import onnx
from onnx import GraphProto, TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

VERSION = onnx.__version__


@dataclasses.dataclass
class Case:
    """A case of one node. `inputs` are those of the node, in order, with None for one that is left out; `tensors` are
    all inputs and outputs by name. `expanded` are the cases whose graph is the operator's function body: they have the
    same tensors."""

    name: str
    operator: str
    domain: str
    attributes: dict
    names: list
    inputs: list
    outputs: dict
    rtol: float
    atol: float
    expanded: list

    @functools.cached_property
    def tensors(self):
        named = {n: x for n, x in zip(self.names, self.inputs) if x is not None}
        return named | self.outputs

    def get(self, attribute, default=None):
        return self.attributes.get(attribute, default)

    @property
    def x(self):
        return self.inputs[0]

    def input(self, at):
        return self.inputs[at] if at < len(self.inputs) else None

    @property
    def y(self):
        return next(iter(self.outputs.values()))

    @property
    def y_name(self):
        return next(iter(self.outputs))


def array(value):
    if value is None or isinstance(value, list):
        return value
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def plain(value):
    if isinstance(value, bytes):
        return value.decode()
    return "graph" if isinstance(value, (GraphProto, TensorProto)) else value


def collect():
    """Returns all cases, and checks that each expanded case has the tensors of its operator's case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collected = collect_testcases(None)
    cases, expanded = {}, []
    for test in collected:
        (inputs, outputs), *others = test.data_sets
        assert not others, test.name
        graph = test.model.graph
        given = {i.name: array(x) for i, x in zip(graph.input, inputs, strict=True)}
        results = {o.name: array(y) for o, y in zip(graph.output, outputs, strict=True)}
        if "_expanded" in test.name:
            expanded.append((re.sub("_expanded.*", "", test.name), test.name, given, results))
            continue
        (node,) = graph.node
        attributes = {a.name: plain(helper.get_attribute_value(a)) for a in node.attribute}
        cases[test.name] = Case(
            test.name, node.op_type, node.domain, attributes, list(node.input), [given.get(n) for n in node.input],
            results, test.rtol, test.atol, [],
        )
    for base, name, given, results in expanded:
        case = cases[base]
        same(list(given.values()), [x for x in case.inputs if x is not None], name)
        same(list(results.values()), list(case.outputs.values()), name)
        case.expanded.append(name)
    return list(cases.values())


def same(ours, theirs, name):
    """Function bodies may leave out inputs that they do not read; what they have must be equal."""
    for one in ours:
        if not any(equal(one, other) for other in theirs):
            raise AssertionError(f"{name} has a tensor that its operator's case does not have")


def equal(a, b):
    if isinstance(a, list) or isinstance(b, list):
        return type(a) is type(b) and len(a) == len(b) and all(map(equal, a, b))
    if a is None or b is None:
        return a is b
    return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
