"""Makes the files of this folder that are made, and docs/coverage.md, from ONNX's own backend tests.

    pip install onnx==1.23.2 numpy==2.4.6 safetensors==0.8.0 torch==2.15.0
    python tests/onnx/make.py

README.md describes the files.
"""

import dataclasses
import pathlib

import backend
import coverage
import numpy as np
from rows import Absent, plain_name
import rules  # noqa: F401
from registry import RULES, express
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent


def stored(tensor, as_float):
    """A tensor as it is stored. A row that only moves numbers takes integers as floats, which are exact."""
    if tensor.dtype.kind not in "iu":
        return np.ascontiguousarray(tensor)
    if as_float:
        assert np.abs(tensor).max() < 2**24
    return np.ascontiguousarray(tensor.astype(np.float32 if as_float else np.int64))


@dataclasses.dataclass
class Outcome:
    """A case, and its rows or the reason why there are none."""

    case: backend.Case
    rows: list
    reason: str

    def left_out(self):
        compared = {source for row in self.rows for source in row.outputs()}
        return [name for name in self.case.outputs if self.rows and name not in compared]


def outcome(case):
    try:
        return Outcome(case, express(case), "")
    except Absent as reason:
        return Outcome(case, [], str(reason))


def main():
    outcomes = [outcome(case) for case in backend.collect() if case.operator in RULES]
    tensors, lines = {}, []
    for o in outcomes:
        for row in o.rows:
            lines.append(row.rust(o.case))
            for source in row.sources():
                name, own = plain_name(source), o.case.tensors | getattr(row, "derived", {})
                if name in own:
                    tensors[f"{o.case.name}/{name}"] = stored(own[name], getattr(row, "moves", False))
                else:
                    float(name)
    save_file(tensors, HERE / "cases.safetensors", {"made_by": f"onnx {backend.VERSION}, numpy {np.__version__}"})
    (HERE / "cases.safetensors").chmod(0o644)
    (HERE / "rows.rs").write_text(ROWS % (sum(not o.reason for o in outcomes), len(lines), "\n".join(lines)))
    coverage.write(outcomes)


ROWS = """//! The rows of ONNX's cases: made by make.py, which README.md describes.

use super::{compare_buffer, compare_loss, compare_step, run, with_velocity};
use crate::data::Cases;
use chainrule::layer::*;
use chainrule::loss::*;
use chainrule::optimizer::*;
use chainrule::prelude::*;

/// The cases below: those that can be expressed.
pub(crate) const CASES: usize = %d;
/// Their rows: a case of several outputs has several.
pub(crate) const ROWS: usize = %d;

/// A layer in evaluation mode.
macro_rules! layer {
    ($cases:ident, $case:literal, $layer:ty, $input:ty, $parts:expr, $parameters:expr, $output:expr, $within:expr) => {
        run::<$layer, $input>($cases, $case, false, [&$parts, &$parameters], $output, $within);
    };
}

/// A layer in training mode.
macro_rules! training {
    ($cases:ident, $case:literal, $layer:ty, $input:ty, $parts:expr, $parameters:expr, $output:expr, $within:expr) => {
        run::<$layer, $input>($cases, $case, true, [&$parts, &$parameters], $output, $within);
    };
}

/// A buffer of a layer after a step of training.
macro_rules! buffer {
    ($cases:ident, $case:literal, $layer:ty, $input:ty, $parts:expr, $parameters:expr, $output:expr, $within:expr) => {
        compare_buffer::<$layer, $input>($cases, $case, [&$parts, &$parameters], $output, $within);
    };
}

/// A loss.
macro_rules! loss {
    (
        $cases:ident, $case:literal, $loss:expr, $input:ty, $target:ty, $sources:expr, $ignored:expr, $reduction:expr,
        $output:expr, $within:expr
    ) => {
        let reduced = ($reduction, $output);
        compare_loss::<$input, $target, _, _>($cases, $case, $loss, $sources, $ignored, reduced, $within);
    };
}

/// A step of an optimizer.
macro_rules! step {
    ($cases:ident, $case:literal, $optimizer:expr, $sources:expr, $output:expr, $within:expr) => {
        compare_step($cases, $case, $optimizer, $sources, $output, $within);
    };
}

#[rustfmt::skip]
pub(crate) fn run_all(cases: &mut Cases) {
%s
}
"""

if __name__ == "__main__":
    main()
