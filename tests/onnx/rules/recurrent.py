"""Recurrent layers. ONNX has the gates of a cell in an order of its own, and both directions in one tensor: the weights
are stored in chainrule's order."""

import numpy as np
from registry import rule
from rows import Absent, Row, order

# The layer, and ONNX's numbers of its gates in chainrule's order: r, z, n of z, r, h; and i, f, g, o of i, o, f, c.
CELLS = {"RNN": ("Rnn", [0]), "GRU": ("Gru", [1, 0, 2]), "LSTM": ("Lstm", [0, 2, 3, 1])}


@rule(*CELLS)
def recurrent(case):
    name, gates = CELLS[case.operator]
    batch_first = case.get("layout", 0) == 1
    x = case.x if batch_first else case.x.transpose(1, 0, 2)
    (_, steps, inputs), hidden, count = x.shape, case.get("hidden_size"), len(gates)
    if case.input(7) is not None:
        raise Absent("peepholes, by which gates see the cell")
    if name == "Gru" and not case.get("linear_before_reset", 0) and steps > 1:
        raise Absent("the reset gate before the product (`linear_before_reset=0`); that of PyTorch is behind it")
    direction = case.get("direction", "forward")
    layers = [f"({name}<{inputs}, {hidden}>, LastStep)", f"(Reverse, {name}<{inputs}, {hidden}>, LastStep)"]
    network, paths = {
        "forward": (layers[0], ["0"]),
        "reverse": (layers[1], ["1"]),
        "bidirectional": (f"Concat<({', '.join(layers)})>", ["0.0", "1.1"]),
    }[direction]
    derived, parameters = {}, []
    for at, path in enumerate(paths):
        for parameter, tensor in weights(case, at, count, hidden, gates).items():
            derived[f"{parameter}.{at}"] = tensor
            parameters.append(f"{path}.{parameter} = {parameter}.{at}")
    kind = f"Sequence<{steps}, {inputs}>"
    parts = [case.names[0] if batch_first else order(case.names[0], [1, 0, 2])]
    last = "Y_h" if batch_first else order("Y_h", [1, 0, 2])
    rows = [Row(network, kind, parts, last, parameters, derived=derived)]
    if "Y" in case.outputs:
        assert direction == "forward" and batch_first
        parameters = [p.removeprefix("0.") for p in parameters]
        rows.append(Row(f"{name}<{inputs}, {hidden}>", kind, parts, "Y", parameters, derived=derived))
    return rows


def weights(case, direction, count, hidden, gates):
    """The weights of one direction, with the gates in chainrule's order."""
    split = lambda tensor: tensor.reshape(count, hidden, -1)[gates].transpose(2, 0, 1)
    biases = np.zeros((2, count, hidden), np.float32)
    if case.input(3) is not None:
        biases = case.input(3)[direction].reshape(2, count, hidden)[:, gates]
    w, u = case.input(1)[direction], case.input(2)[direction]
    return {"weight_ih": split(w), "weight_hh": split(u), "bias_ih": biases[0], "bias_hh": biases[1]}
