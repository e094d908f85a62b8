"""Convolution, pooling, padding, resizing."""

import numpy as np
from registry import rule
import resizing
from rows import Absent, Row, order, ratio, sample, tensor


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
        if axes > 2:
            raise Absent("three axes: `Image` has rows and columns")

    def square(self):
        """Kernel, stride and padding of the plain layers: one number each, no dilation, equal padding at both ends."""
        plain = set(self.dilation) == {1} and self.begin == self.end and not self.ceil and self.same == "NOTSET"
        if plain and all(len(set(each)) == 1 for each in (self.kernel, self.stride, self.begin)):
            return self.kernel[0], self.stride[0], self.begin[0]
        return None

    def settings(self, *others):
        """The settings of the `..With` layers."""
        two = lambda name, values: f"{name}<{', '.join(map(str, values[:1] if len(set(values)) == 1 else values))}>"
        named = [two("Kernel", self.kernel), two("Stride", self.stride)]
        if self.same == "SAME_UPPER":
            named.append("Same")
        elif self.same == "SAME_LOWER":
            named.append("SameLower")
        elif self.begin != self.end:
            ends = [end for both in zip(self.begin, self.end) for end in both]
            named.append(f"PaddingEnds<{', '.join(map(str, ends))}>")
        elif any(self.begin):
            named.append(two("Padding", self.begin))
        if set(self.dilation) != {1}:
            named.append(two("Dilation", self.dilation))
        return f"({', '.join([*named, *(['CeilMode'] if self.ceil else []), *others])})"


def steps_last(case):
    """Sources of input and output, and the type of a sample: a sequence has its steps before its features."""
    if case.x.ndim == 4:
        return case.names[0], case.y_name, tensor(case.x.shape[1:])
    if case.x.ndim != 3:
        raise Absent("three axes: `Image` has rows and columns")
    return order(case.names[0], [0, 2, 1]), order(case.y_name, [0, 2, 1]), tensor(case.x.shape[:0:-1])


@rule("Conv")
def conv(case):
    weight, axes, groups = case.input(1), case.x.ndim - 2, case.get("group", 1)
    windows = Windows(case, weight.shape[2:])
    x, y, kind = steps_last(case)
    channels = f"{weight.shape[1] * groups}, {weight.shape[0]}"
    square = windows.square() if groups == 1 else None
    if square:
        layer = f"Conv{axes}d<{channels}, {', '.join(map(str, square))}, f32, NoBias>"
    else:
        settings = windows.settings(*([f"Groups<{groups}>"] if groups > 1 else []))
        layer = f"Conv{axes}dWith<{channels}, {settings}, f32, NoBias>"
    return Row(layer, kind, [x], y, [f"weight = {order(case.names[1], [0, 1, 2, 3] if axes == 2 else [2, 1, 0])}"])


@rule("ConvTranspose")
def conv_transpose(case):
    weight, axes, groups = case.input(1), case.x.ndim - 2, case.get("group", 1)
    windows = Windows(case, weight.shape[2:])
    x, y, kind = steps_last(case)
    more = case.get("output_padding", [0] * axes)
    if "output_shape" in case.attributes:
        # Where the windows give less than the output, what is missing is at its end.
        filled = [
            (side - 1) * s + (k - 1) * d + 1
            for side, s, k, d in zip(case.x.shape[2:], windows.stride, windows.kernel, windows.dilation)
        ]
        more = [side - length for side, length in zip(case.get("output_shape"), filled)]
        if min(more) < 0:
            raise Absent("an output that is smaller than its windows")
    others = ([f"Groups<{groups}>"] if groups > 1 else []) + (
        [f"OutputPadding<{', '.join(map(str, more[:1] if len(set(more)) == 1 else more))}>"] if any(more) else []
    )
    channels = f"{weight.shape[0]}, {weight.shape[1] * groups}"
    square = None if others else windows.square()
    if square:
        layer = f"TransposedConv{axes}d<{channels}, {', '.join(map(str, square))}, f32, NoBias>"
    else:
        layer = f"TransposedConv{axes}dWith<{channels}, {windows.settings(*others)}, f32, NoBias>"
    return Row(layer, kind, [x], y, [f"weight = {order(case.names[1], [0, 1, 2, 3] if axes == 2 else [2, 1, 0])}"])


@rule("MaxPool", "AveragePool", "LpPool")
def pool(case):
    windows, axes = Windows(case, case.get("kernel_shape")), case.x.ndim - 2
    x, y, kind = steps_last(case)
    name = {"MaxPool": "MaxPool", "AveragePool": "AvgPool", "LpPool": "LpPool"}[case.operator] + f"{axes}d"
    power = [case.get("p", 2)] if case.operator == "LpPool" else []
    padded = windows.same != "NOTSET" or any(windows.begin + windows.end)
    exclude = case.operator == "AveragePool" and padded and not case.get("count_include_pad", 0)
    square = None if exclude else windows.square()
    if square and 2 * square[2] <= square[0] and not (power and square[2]):
        numbers = [*power, *square] if square[2] else [*power, *square[:2]]
        layer = f"{name}<{', '.join(map(str, numbers))}>"
    else:
        settings = windows.settings(*(["ExcludePadding"] if exclude else []))
        layer = f"{name}With<{', '.join(map(str, [*power, settings]))}>"
    row = Row(layer, kind, [x], y)
    row.moves = case.operator == "MaxPool"
    return row


@rule("GlobalAveragePool", "GlobalMaxPool")
def global_pool(case):
    layer = {"GlobalAveragePool": "GlobalAvgPool", "GlobalMaxPool": "GlobalMaxPool"}[case.operator]
    return Row(layer, tensor(sample(case.x.shape)), [case.names[0]], case.y_name)


@rule("Pad")
def pad(case):
    modes = {"constant": "Constant", "reflect": "Reflect", "edge": "Replicate", "wrap": "Circular"}
    rank, mode, value = case.x.ndim, modes[case.get("mode", "constant")], case.input(2)
    axes = range(rank) if case.input(3) is None else [axis % rank for axis in case.input(3)]
    pads = case.input(1).reshape(2, -1).T
    ends = {axis: both.tolist() for axis, both in zip(axes, pads)}
    if rank != 4 or any(sum(ends.get(axis, [0, 0])) for axis in (0, 1)):
        raise Absent("padding of channels")
    if mode == "Constant" and value is not None and value != 0:
        mode = "Constant<{}, {}>".format(*ratio(value))
    numbers = [*ends.get(3, [0, 0]), *ends.get(2, [0, 0])]
    row = Row(f"Pad2d<{mode}, {', '.join(map(str, numbers))}>", tensor(case.x.shape[1:]), [case.names[0]], case.y_name)
    row.moves = True
    return row


@rule("Upsample", "Resize")
def resize(case):
    kind, y = tensor(sample(case.x.shape)), case.y.shape
    if case.x.shape[:2] != y[:2]:
        raise Absent("other axes than rows and columns")
    wanted = resizing.onnx_map(case)
    for layer, map in resizing.candidates(case.x.shape[2:], y[2:]):
        if np.allclose(map, wanted, rtol=0, atol=1e-6):
            return Row(layer, kind, [case.names[0]], case.y_name)
    names = {"cubic": "cubic interpolation", "linear": "linear interpolation", "nearest": "nearest numbers"}
    why = [names[case.get("mode", "nearest")]]
    if case.get("antialias"):
        why.append("smoothed")
    coordinates = case.get("coordinate_transformation_mode", "half_pixel")
    if coordinates != "half_pixel":
        why.append(f"`{coordinates}`")
    elif case.input(2) is not None and case.input(2).size:
        why.append("of a factor that is not the ratio of the sides" if case.get("mode") != "cubic" else "")
    raise Absent(", ".join(filter(None, why)))
