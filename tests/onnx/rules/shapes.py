"""Shapes: the same numbers in another order."""

from math import prod

from registry import rule
from rows import Row, moved_last, order, sample, scalar, tensor


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


@rule("Transpose")
def transpose(case):
    axes = case.get("perm", list(range(case.x.ndim))[::-1])
    return Row(f"Permute<{', '.join(map(str, axes))}>", tensor(case.x.shape), [case.names[0]], case.y_name)


@rule("DepthToSpace", "SpaceToDepth")
def blocks(case):
    shuffles = {"DepthToSpace": "PixelShuffle", "SpaceToDepth": "PixelUnshuffle"}
    name = {"DCR": case.operator, "CRD": shuffles[case.operator]}[case.get("mode", "DCR")]
    layer = f"{name}<{case.get('blocksize')}>"
    return Row(layer, tensor(sample(case.x.shape)), [case.names[0]], case.y_name)


@rule("Concat")
def concat(case):
    axes = moved_last(case.x.ndim, case.get("axis"))
    last = [f"Vector<{x.shape[axes[-1]]}>" for x in case.inputs]
    parts = [order(name, axes) for name in case.names]
    return Row("Join", f"Pair<{last[0]}, {last[1]}>", parts, order(case.y_name, axes))
