"""ONNX Runtime: inference only. A1 and A2 bind input and output once; A1io and A2io give and take numpy arrays."""

import common

job = common.job()
import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def model():
    sizes, tanh = common.widths(job.workload)
    nodes, weights, x = [], [], "x"
    for k, (weight, bias) in enumerate(common.layers(sizes)):
        weights += [numpy_helper.from_array(weight, f"w{k}"), numpy_helper.from_array(bias, f"b{k}")]
        nodes.append(helper.make_node("Gemm", [x, f"w{k}", f"b{k}"], [f"z{k}"], transB=1))
        nodes.append(helper.make_node("Tanh" if tanh else "Relu", [f"z{k}"], [f"a{k}"]))
        x = f"a{k}"
    nodes.pop()  # the last layer is linear
    ends = (("x", sizes[0]), (f"z{len(sizes) - 2}", sizes[-1]))
    given, wanted = ([helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])] for name, size in ends)
    graph = helper.make_graph(nodes, "perceptron", given, wanted, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), wanted[0].name


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = job.threads
options.inter_op_num_threads = 1
graph, output = model()
session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
data = common.uniform(1000, common.widths(job.workload)[0][0], 1)[None]
if job.copies:
    common.run(job, lambda: session.run(None, {"x": data})[0], common.digest)
else:
    binding = session.io_binding()
    binding.bind_cpu_input("x", data)
    binding.bind_output(output, "cpu")
    step = lambda: session.run_with_iobinding(binding)  # noqa: E731
    common.run(job, step, lambda _: common.digest(binding.copy_outputs_to_cpu()[0]))
