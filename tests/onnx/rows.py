"""What a rule returns: rows for the Rust test, or the reason why there are none; and how shapes become types.

The first axis of a tensor counts the samples, and the others are the shape of a sample. Where ONNX has its axes in
another order than chainrule, the row says in which order it reads them: `x(0, 2, 1)` is `x.transpose(0, 2, 1)`. The
border computes nothing: README.md says what it does.
"""

import dataclasses
from fractions import Fraction
from math import prod

import numpy as np

FLOATS = {"float32": "", "float64": "f64"}

# Cases whose numbers ONNX has typed in, with few digits: only its own tolerance holds.
ROUNDED = ["test_averagepool_2d_ceil_last_window_starts_on_pad"]


def tolerance(case):
    """rtol and atol, and how many EPSILON of the largest number of the tensor an error may be."""
    bound = "f64::INFINITY" if case.name in ROUNDED else "80.0"
    return f"[{case.rtol:g}, {case.atol:g}, {bound}]"


class Absent(Exception):
    """Why a case cannot be expressed."""


@dataclasses.dataclass
class Row:
    """`layer` on `input`, one sample of which is made of `parts`: names of tensors of the case, `x(1, 0)` with other
    axes, `x*` for a part that every sample gets. `parameters` are `path = tensor` or `path = number`."""

    layer: str
    input: str
    parts: list
    output: str
    parameters: list = ()
    training: bool = False
    moves: bool = False  # it only moves numbers, so that integers can be tried as floats
    derived: dict = dataclasses.field(default_factory=dict)  # tensors that are stored in addition to those of the case
    buffer: str = ""  # it compares this buffer after a step of training, instead of the output

    def rust(self, case):
        strings = lambda these: "[" + ", ".join(f'"{x}"' for x in these) + "]"
        macro = "buffer" if self.buffer else "training" if self.training else "layer"
        output = f'("{self.buffer}", "{self.output}")' if self.buffer else f'"{self.output}"'
        return (
            f'    {macro}!(cases, "{case.name}", {self.layer}, {self.input}, {strings(self.parts)}, '
            f"{strings(self.parameters)}, {output}, {tolerance(case)});"
        )

    def outputs(self):
        """The tensors that are compared."""
        return [plain_name(self.output)]

    def sources(self):
        return [*self.parts, *(p.split(" = ")[1] for p in self.parameters), self.output]


@dataclasses.dataclass
class LossRow:
    """A loss of outputs `x` and labels `y`. `loss` is a function of the case. The label `ignored` does not count."""

    loss: str
    input: str
    target: str
    x: str
    y: str
    ignored: int
    reduction: str
    output: str
    others: list = ()

    @property
    def layer(self):
        """How the row is shown."""
        return self.loss.removeprefix("|_| ").removeprefix("|case| ").split("::")[0].split("(")[0]

    def rust(self, case):
        ignored = "None" if self.ignored is None else f"Some({self.ignored})"
        return (
            f'    loss!(cases, "{case.name}", {self.loss}, {self.input}, {self.target}, '
            f'["{self.x}", "{self.y}"], {ignored}, '
            f'"{self.reduction}", "{self.output}", {tolerance(case)});'
        )

    def outputs(self):
        return [self.output]

    def sources(self):
        return [self.x, self.y, *self.others, self.output]


@dataclasses.dataclass
class StepRow:
    """A step of an optimizer on each number of `x`, by its gradient. `optimizer` is a function of its state."""

    optimizer: str
    x: str
    gradient: str
    state: str
    output: str

    @property
    def layer(self):
        """How the row is shown."""
        return "Sgd" if "Sgd" in self.optimizer else "Adagrad"

    def rust(self, case):
        return (
            f'    step!(cases, "{case.name}", {self.optimizer}, ["{self.x}", "{self.gradient}", "{self.state}"], '
            f'"{self.output}", {tolerance(case)});'
        )

    def outputs(self):
        return [self.output]

    def sources(self):
        return [self.x, self.gradient, self.state, self.output]


def plain_name(source):
    """The tensor of a source."""
    return source.split("(")[0].rstrip("*")


def scalar(*arrays):
    """The scalar of these tensors, as the last argument of a type."""
    kinds = {str(x.dtype) for x in arrays}
    if len(kinds) > 1:
        raise Absent(f"scalars of several types: {', '.join(sorted(kinds))}")
    (kind,) = kinds
    if kind not in FLOATS:
        raise Absent(f"numbers are `f32` or `f64`, not `{kind}`")
    return FLOATS[kind]


def tensor(shape, scalar=""):
    """The tensor type of this shape."""
    names = {1: "Vector", 2: "Sequence", 3: "Image"}
    if 0 in shape:
        raise Absent("a tensor without numbers")
    if len(shape) not in names:
        raise Absent(f"a sample of {len(shape)} axes: `Image` has three")
    return f"{names[len(shape)]}<{', '.join(map(str, shape))}{', ' + scalar if scalar else ''}>"


def sample(shape):
    """The shape of a sample of a batch of this shape: without the first axis, if there is one to spare."""
    return list(shape[1:]) if len(shape) > 1 else list(shape) or [1]


def any_sample(shape):
    """The same for maps of single numbers: further axes count samples too, until three are left."""
    return sample(shape)[-3:]


def order(name, axes):
    """A source with its axes in this order; plainly its name if it is theirs."""
    return name if list(axes) == sorted(axes) else f"{name}({', '.join(map(str, axes))})"


def moved_last(rank, axis):
    axis %= rank
    return [a for a in range(rank) if a != axis] + [axis]


def last_axis(case, axis):
    """For maps along one axis: the type of a sample, and the order of axes that puts this one last."""
    shape = case.x.shape
    axes = moved_last(len(shape), axis)
    shape = [shape[a] for a in axes]
    return tensor(sample(shape)[-2:], scalar(case.x)), axes


def ratio(value, limit=10**9):
    """An attribute (a float of 32 bits) as the constants of a type, `1, 10`."""
    exact = Fraction(float(value)).limit_denominator(limit)
    for digits in range(10):
        rounded = Fraction(round(float(value) * 10**digits), 10**digits)
        if np.float32(float(rounded)) == np.float32(value):
            return rounded.numerator, rounded.denominator
    assert np.float32(float(exact)) == np.float32(value), value
    return exact.numerator, exact.denominator


def constants(name, value, default):
    """`name<NUM, DEN>`, or the plain name with its default."""
    num, den = ratio(value)
    if num < 0:
        raise Absent(f"`{name}` has no negative constant")
    if default is not None and Fraction(num, den) == Fraction(str(default)):
        return name
    return f"{name}<{num}>" if den == 1 else f"{name}<{num}, {den}>"


def merged(shape):
    """The shape with all axes of a sample as one."""
    return [prod(shape)]
