"""Maps of single numbers."""

from fractions import Fraction
from math import lcm

from registry import rule
from rows import Absent, Row, any_sample, constants, merged, ratio, sample, scalar, tensor


def each_number(case, layer):
    return Row(layer, tensor(any_sample(case.x.shape), scalar(case.x)), [case.names[0]], case.y_name)


SAME_NAME = "Abs Cos Erf Exp HardSwish Log Mish Neg Reciprocal Relu Sigmoid Sin Softplus Softsign Sqrt Tanh".split()


@rule(*SAME_NAME)
def same_name(case):
    return each_number(case, case.operator)


ONE_CONSTANT = {
    "LeakyRelu": ("LeakyRelu", "alpha", 0.01), "Elu": ("Elu", "alpha", 1), "Celu": ("Celu", "alpha", 1),
    "ThresholdedRelu": ("ThresholdedRelu", "alpha", 1),
}


@rule(*ONE_CONSTANT)
def one_constant(case):
    name, attribute, default = ONE_CONSTANT[case.operator]
    return each_number(case, constants(name, case.get(attribute, default), default))


@rule("Pow")
def power(case):
    exponent = case.input(1)
    scalar(case.x)
    if exponent.size != 1 or float(exponent) not in (2.0, 0.5):
        raise Absent("powers other than 2 and 1/2")
    return each_number(case, "Square" if float(exponent) == 2.0 else "Sqrt")


@rule("Selu")
def selu(case):
    if "alpha" not in case.attributes:
        return each_number(case, "Selu")
    elu = constants("Elu", case.get("alpha"), 1)
    return each_number(case, f"({elu}, {constants('Scale', case.get('gamma'), None)})")


@rule("Gelu")
def gelu(case):
    return each_number(case, {"none": "Gelu", "tanh": "GeluTanh"}[case.get("approximate", "none")])


def swish_of(factor):
    """x σ(a x): with a = 1 it is `Silu`."""
    num, den = ratio(factor)
    return "Silu" if num == den else f"(Scale<{num}, {den}>, Silu, Scale<{den}, {num}>)"


@rule("Swish")
def swish(case):
    return each_number(case, swish_of(case.get("alpha", 1.0)))


@rule("SwiGLU")
def swiglu(case):
    (a, b), kind = case.names, tensor(any_sample(case.x.shape), scalar(case.x))
    if case.get("alpha", 1.0) == 1.0:
        return Row("(Join, SwiGlu)", f"Pair<{kind}, {kind}>", [b, a], case.y_name)
    layer = f"(Parallel<{swish_of(case.get('alpha'))}, Identity>, Product)"
    return Row(layer, f"Pair<{kind}, {kind}>", [a, b], case.y_name)


@rule("HardSigmoid")
def hard_sigmoid(case):
    slope, start = ratio(case.get("alpha", 0.2)), ratio(case.get("beta", 0.5))
    default = [] if start == (1, 2) else start
    return each_number(case, f"HardSigmoid<{', '.join(map(str, [*slope, *default]))}>")


@rule("Shrink")
def shrink(case):
    limit, bias = case.get("lambd", 0.5), case.get("bias", 0.0)
    if bias not in (0.0, limit):
        raise Absent("a bias that is neither 0 nor the limit")
    return each_number(case, constants("SoftShrink" if bias else "HardShrink", limit, 0.5))


@rule("Clip")
def clip(case):
    scalar(case.x)
    low, high = [None if x is None else Fraction(float(x)) for x in (case.input(1), case.input(2))]
    if low is not None and high is not None and low > high:
        raise Absent("a lower limit above the upper one")
    den = lcm(*(x.denominator for x in (low, high) if x is not None))
    low = "{ i32::MIN }" if low is None else low * den
    high = "{ i32::MAX }" if high is None else high * den
    return each_number(case, f"Clamp<{low}, {high}>" if den == 1 else f"Clamp<{low}, {high}, {den}>")


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
    slope = case.input(1)
    shape = sample(case.x.shape)
    if slope.shape == case.x.shape:
        shape = merged(slope.shape)  # a slope for each number: all numbers are the features of one sample
    elif slope.ndim != 1:
        raise Absent("slopes of several axes")
    return Row(
        f"ChannelPRelu<{shape[-1]}>", tensor(shape, scalar(case.x)), [case.names[0]], case.y_name,
        [f"slope = {case.names[1]}"],
    )
