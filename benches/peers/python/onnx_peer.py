"""ONNX Runtime: inference only. A1 and A2 bind input and output once; A1io and A2io give and take numpy arrays.

With `--save FILE` before the other options it writes the model to a file, for a program that reads one.
"""

import math
import sys

import common

save = sys.argv.pop(sys.argv.index("--save") + 1) if "--save" in sys.argv else None
if save:
    sys.argv.remove("--save")
job = common.job()
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


class Graph:
    """Nodes one after the other."""

    def __init__(self):
        self.nodes, self.weights, self.last = [], [], "x"

    def add(self, kind, *parameters, **attributes):
        at = len(self.nodes)
        names = [f"p{at}_{k}" for k in range(len(parameters))]
        self.weights += [numpy_helper.from_array(*pair) for pair in zip(parameters, names)]
        self.nodes.append(helper.make_node(kind, [self.last, *names], [f"y{at}"], **attributes))
        self.last = f"y{at}"

    def conv(self, k, i, o, window, **attributes):
        weight, bias = common.layer(k, i * math.prod(window), o)
        self.add("Conv", weight.reshape(o, i, *window), bias, **attributes)

    def perceptron(self, sizes, activation, first=0):
        for k, (weight, bias) in enumerate(common.layers(sizes, first)):
            if k:
                self.add(activation)
            self.add("Gemm", weight, bias, transB=1)


def model():
    graph, output = Graph(), [1, 10]
    if job.workload == "C1":
        for k, (i, o, pad) in enumerate([(1, 6, 2), (6, 16, 0)]):
            graph.conv(k, i, o, [5, 5], pads=[pad] * 4)
            graph.add("Relu")
            graph.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        graph.add("Flatten")
        graph.perceptron([400, 120, 84, 10], "Relu", first=2)
    elif job.workload[0] == "V":
        for k, (i, o, kernel, dilation) in enumerate(common.FILTERS):
            if k:
                graph.add("Tanh")
            graph.conv(k, i, o, [kernel], dilations=[dilation], pads=[(kernel - 1) * dilation, 0])
        output = [1, 1, 256]
    else:
        sizes, tanh = common.widths(job.workload)
        graph.perceptron(sizes, "Tanh" if tanh else "Relu")
        output = [1, sizes[-1]]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(data.shape))
    wanted = helper.make_tensor_value_info(graph.last, TensorProto.FLOAT, output)
    graph = helper.make_graph(graph.nodes, job.workload, [given], [wanted], graph.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), wanted.name


data = common.inference(job)
graph, output = model()
if save:
    with open(save, "wb") as file:
        file.write(graph.SerializeToString())
    sys.exit()

import onnxruntime  # noqa: E402

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = job.threads
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
if job.copies:
    common.run(job, lambda: session.run(None, {"x": data})[0], common.digest)
else:
    binding = session.io_binding()
    binding.bind_cpu_input("x", data)
    binding.bind_output(output, "cpu")
    step = lambda: session.run_with_iobinding(binding)  # noqa: E731
    common.run(job, step, lambda _: common.digest(binding.copy_outputs_to_cpu()[0]))
