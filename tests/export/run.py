"""Checks the ONNX files that `cargo test -p chainrule-tests --test export` wrote, and runs them: README.md.

    python tests/export/run.py FOLDER
"""

import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-5  # of max(1, |y|)
SCALARS = {"f32": numpy.float32, "f64": numpy.float64}


def arrays(values, scalar):
    return {
        name: numpy.array(value["numbers"], numpy.int64 if value.get("labels") else scalar).reshape(-1, *value["sides"])
        for name, value in values.items()
    }


def run(path):
    """Returns the worst relative error of a file, or None if onnxruntime has no kernel of one of its nodes in f64."""
    case = json.loads(path.with_suffix(".json").read_text())
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    scalar = SCALARS[case["scalar"]]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        if case["scalar"] == "f64" and "NOT_IMPLEMENTED" in str(error):
            return None
        raise
    inputs, expected = arrays(case["inputs"], scalar), arrays(case["outputs"], scalar)
    names = [output.name for output in session.get_outputs()]
    assert set(names) == set(expected), f"the outputs are {names}"
    worst = 0.0
    # The batch of the case, and each sample of it alone: the axis of the batch is open.
    samples = len(next(iter(inputs.values())))
    for part in [slice(None), *(slice(at, at + 1) for at in range(samples))]:
        found = session.run(names, {name: value[part] for name, value in inputs.items()})
        for name, y in zip(names, found):
            wanted = expected[name][part]
            assert y.shape == wanted.shape, f"{name} is {y.shape} and not {wanted.shape}"
            assert y.dtype == scalar, f"{name} is of {y.dtype}"
            assert numpy.isfinite(wanted).all() and numpy.isfinite(y).all(), f"{name} is not finite"
            worst = max(worst, float((abs(y - wanted) / numpy.maximum(1, abs(wanted))).max()))
    return worst


def main():
    files = sorted(Path(sys.argv[1]).glob("*.onnx"))
    assert files, "there is no file"
    failed, skipped, errors = [], [], []
    for path in files:
        try:
            error = run(path)
        except Exception as problem:
            failed.append(f"{path.stem}: {str(problem)[:600]}")
            continue
        if error is None:
            skipped.append(path.stem)
        elif error <= TOLERANCE:
            errors.append((error, path.stem))
        else:
            failed.append(f"{path.stem}: a relative error of {error:.1e}")
    print(f"{len(files)} files are valid ONNX; onnxruntime {onnxruntime.__version__} runs {len(errors)} of them")
    for error, name in sorted(errors, reverse=True)[:5]:
        print(f"  {name}: a relative error of {error:.1e}")
    if skipped:
        print(f"not run, as onnxruntime has no kernels of f64 for them: {', '.join(skipped)}")
    if failed:
        sys.exit("\n".join(failed))


main()
