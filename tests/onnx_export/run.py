"""Checks the ONNX files that `cargo test -p chainrule-tests --test onnx_export` wrote, and runs them: README.md.

    python tests/onnx_export/run.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnx.reference
import onnxruntime

TOLERANCE = 1e-5  # of max(1, |y|)
SCALARS = {"f32": numpy.float32, "f64": numpy.float64}

# What ONNX's reference implementation gets wrong, or lacks: onnxruntime runs the same rows in f32.
REFERENCE_LACKS = {
    "local_response_norm-f64": "it computes as many channels as there are samples",
    "rnn_relu_learned_state-f64": "it has no `Relu` in `RNN`",
    "transposed1d_with_groups-f64": "it has no groups in `ConvTranspose` of other numbers of channels",
    "transposed_with_groups-f64": "it has no groups in `ConvTranspose` of other numbers of channels",
}


def arrays(values, scalar):
    return {
        name: numpy.array(value["numbers"], numpy.int64 if value["integers"] else scalar).reshape(-1, *value["sides"])
        for name, value in values.items()
    }


def runtime(path, model, scalar):
    """Returns what runs a model, and its name: onnxruntime, or ONNX's reference where that has no kernel of f64."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        inputs = {value.name: numpy.ones([1, *[dim.dim_value for dim in value.type.tensor_type.shape.dim[1:]]],
                  scalar if value.type.tensor_type.elem_type != onnx.TensorProto.INT64 else numpy.int64)
                  for value in model.graph.input}
        session.run(None, inputs)
        return session.run, "onnxruntime"
    except Exception as error:
        if path.stem in REFERENCE_LACKS:
            return None, "valid"
        if scalar == numpy.float64 and ("NOT_IMPLEMENTED" in str(error) or "does not support double" in str(error)):
            return onnx.reference.ReferenceEvaluator(model).run, "reference"
        raise


def run(path):
    """Returns the worst relative error of a file, and by what it ran."""
    case = json.loads(path.with_suffix(".json").read_text())
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    scalar = SCALARS[case["scalar"]]
    run, by = runtime(path, model, scalar)
    if run is None:
        return 0, by
    inputs, expected = arrays(case["inputs"], scalar), arrays(case["outputs"], scalar)
    names = [output.name for output in model.graph.output]
    assert set(names) == set(expected), f"the outputs are {names}"
    worst = 0.0
    # The batch of the case, and each sample of it alone: the axis of the batch is open.
    samples = len(next(iter(inputs.values())))
    for part in [slice(None), *(slice(at, at + 1) for at in range(samples))]:
        found = run(names, {name: value[part] for name, value in inputs.items()})
        for name, y in zip(names, found):
            wanted = expected[name][part]
            assert y.shape == wanted.shape, f"{name} is {y.shape} and not {wanted.shape}"
            assert y.dtype == wanted.dtype, f"{name} is of {y.dtype}"
            assert numpy.isfinite(wanted).all() and numpy.isfinite(y).all(), f"{name} is not finite"
            worst = max(worst, float((abs(y - wanted) / numpy.maximum(1, abs(wanted))).max()))
    return worst, by


def main():
    files = sorted(Path(sys.argv[1]).glob("*.onnx"))
    assert files, "there is no file"
    failed, errors = [], {"onnxruntime": [], "reference": [], "valid": []}
    for path in files:
        try:
            error, by = run(path)
        except Exception as problem:
            failed.append(f"{path.stem}: {str(problem)[:600]}")
            continue
        errors[by].append((error, path.stem))
        if error > TOLERANCE:
            failed.append(f"{path.stem}: a relative error of {error:.1e}")
    print(f"{len(files)} files are valid ONNX; onnxruntime {onnxruntime.__version__} runs"
          f" {len(errors['onnxruntime'])} of them, ONNX's reference {len(errors['reference'])} of f64, of which onnxruntime"
          " lacks a kernel")
    print("not run: " + "; ".join(f"{name} ({REFERENCE_LACKS[name]})" for _, name in errors.pop("valid")))
    for by, found in errors.items():
        for error, name in sorted(found, reverse=True)[:5]:
            print(f"  {by}, {name}: a relative error of {error:.1e}")
    if failed:
        sys.exit("\n".join(failed))


main()
