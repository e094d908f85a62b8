"""Products, and arithmetic of several inputs."""

from registry import rule
from rows import Absent, Row, any_sample, constants, order, sample, scalar, tensor


@rule("Gemm")
def gemm(case):
    a, b, c = (case.names + [None])[:3]
    alpha, beta, bias = case.get("alpha", 1.0), case.get("beta", 1.0), case.input(2)
    a, x = (order(a, [1, 0]), case.x.T) if case.get("transA") else (a, case.x)
    b, w = (order(b, [1, 0]), case.input(1).T) if case.get("transB") else (b, case.input(1))
    scalar(case.x)
    inputs, outputs = w.shape
    if bias is not None and alpha == beta == 1.0 and bias.size in (1, outputs):
        parameters = [f"weight = {b}", f"bias = {c}"]
        return Row(f"Linear<{inputs}, {outputs}>", f"Vector<{inputs}>", [a], case.y_name, parameters)
    product = f"Linear<{inputs}, {outputs}, f32, NoBias>"
    if bias is None and alpha == 1.0:
        return Row(product, f"Vector<{inputs}>", [a], case.y_name, [f"weight = {b}"])
    # The bias is an input too: a row for each sample, or one row for all.
    scaled = lambda layer, factor: layer if factor == 1.0 else constants("Scale", factor, None)
    first = product if alpha == 1.0 else f"({product}, {scaled('', alpha)})"
    layer = f"(Parallel<{first}, {scaled('Identity', beta)}>, Sum)"
    weight = "0.first.weight" if alpha == 1.0 else "0.first.0.weight"
    parts = [a, c if bias.shape[0] > 1 else f"{c}*"]
    return Row(layer, f"Pair<Vector<{inputs}>, Vector<{outputs}>>", parts, case.y_name, [f"{weight} = {b}"])


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


def halves(case, combine, behind=None):
    """Two inputs are a pair, three a pair of a pair and the third. `behind` is a layer on what combines them."""
    kind = tensor(any_sample(case.x.shape), scalar(*case.inputs))
    if any(x.shape != case.x.shape for x in case.inputs):
        raise Absent("inputs of several shapes")
    if len(case.inputs) == 1:
        return Row("Identity", kind, case.names, case.y_name)
    if len(case.inputs) == 2:
        pair, layers = f"Pair<{kind}, {kind}>", [combine]
    else:
        pair, layers = f"Pair<Pair<{kind}, {kind}>, {kind}>", [f"Parallel<{combine}, Identity>", combine]
    layers += [behind] if behind else []
    return Row(f"({', '.join(layers)})" if len(layers) > 1 else layers[0], pair, case.names, case.y_name)


@rule("Sum", "Max", "Min", "Mean")
def combined(case):
    combine = {"Sum": "Sum", "Max": "Maximum", "Min": "Minimum", "Mean": "Sum"}[case.operator]
    count = len(case.inputs)
    mean = f"Scale<1, {count}>" if case.operator == "Mean" and count > 1 else None
    return halves(case, combine, mean)


@rule("Add", "Mul", "Sub", "Div")
def arithmetic(case):
    x, y, t = case.x, case.input(1), scalar(*case.inputs)
    if x.shape != y.shape and y.ndim == 1 and not t:
        # A vector for all samples: trained numbers of `Affine`, or the half of each pair.
        n, kind = y.shape[0], tensor(any_sample(x.shape))
        if case.operator in ("Add", "Mul"):
            part, without = {"Add": ("bias", "NoGain"), "Mul": ("gain", "NoBias")}[case.operator]
            layer = f"Affine<{n}, f32, {without}>"
            return Row(layer, kind, [case.names[0]], case.y_name, [f"{part} = {case.names[1]}"])
        layer = {"Sub": "Difference", "Div": "Quotient"}[case.operator]
        return Row(layer, f"Pair<Vector<{n}>, Vector<{n}>>", [case.names[0], f"{case.names[1]}*"], case.y_name)
    layer = {"Add": "Sum", "Mul": "Product", "Sub": "Difference", "Div": "Quotient"}[case.operator]
    return halves(case, layer)
