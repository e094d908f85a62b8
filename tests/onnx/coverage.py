"""Writes docs/coverage.md, cases.md, and the names that a Rust program must find, by coverage.txt and the cases."""

import collections
import dataclasses
import functools
import inspect
import pathlib
import re

import onnx
from registry import RULES

HERE = pathlib.Path(__file__).parent
DOCS = HERE.parent.parent / "docs"


@dataclasses.dataclass
class Entry:
    theirs: str
    state: str
    ours: list
    note: str


STATES = {"=": "whole", "~": "in part", "-": "absent"}


def read():
    """The sections of coverage.txt."""
    sections, section = {}, None
    for line in (HERE / "coverage.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), [])
            continue
        words = line.split()
        at = next(i for i, word in enumerate(words) if word in STATES)
        ours, _, note = " ".join(words[at + 1 :]).partition(" ; ")
        if words[at] == "-":
            ours, note = "", ours
        assert at and bool(note) == (words[at] != "="), line
        names = [name.strip() for name in ours.split(",") if name]
        section.extend(Entry(theirs, STATES[words[at]], names, note) for theirs in words[:at])
    for name, entries in sections.items():
        found, wanted = [e.theirs for e in entries], names_of(name)
        assert len(found) == len(set(found)), collections.Counter(found).most_common(3)
        assert set(found) == wanted, (name, set(found) ^ wanted)
    return sections


def names_of(section):
    """What the package has: public, and not deprecated (except for `Upsample`, which has cases)."""
    if section == "onnx":
        return {s.name for s in onnx.defs.get_all_schemas() if not s.deprecated or s.name in RULES}
    import torch

    if section == "torch.nn":
        public = vars(torch.nn).items()
        return {n for n, v in public if inspect.isclass(v) and issubclass(v, torch.nn.Module)}
    if section == "torch.optim":
        public = vars(torch.optim).items()
        return {n for n, v in public if inspect.isclass(v) and v is not torch.optim.Optimizer}
    if section == "torch.optim.lr_scheduler":
        return set(torch.optim.lr_scheduler.__all__)
    public = vars(torch.nn.init).items()
    functions = {n for n, v in public if inspect.isfunction(v) and v.__module__ == "torch.nn.init"}
    return {n for n in functions if n.endswith("_") and not n.startswith("_")} | {"calculate_gain"}


def versions():
    import torch

    return f"ONNX {onnx.__version__} and PyTorch {torch.__version__.split('+')[0]}"


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def ticks(names):
    return ", ".join(f"`{name}`" for name in names)


def with_cases(entries, outcomes):
    """The ONNX operators that have rules get state and note by their cases."""
    for entry in entries:
        if entry.theirs not in RULES:
            continue
        mine = [outcome for outcome in outcomes if outcome.case.operator == entry.theirs]
        missing = collections.Counter(outcome.reason for outcome in mine if outcome.reason)
        entry.cases, entry.passed = len(mine), len(mine) - missing.total()
        notes = [f"{reason} ({count})" if count > 1 else reason for reason, count in missing.items()]
        left_out = dict.fromkeys(name for outcome in mine for name in outcome.left_out())
        notes += [f"not compared: {ticks(left_out)}"] if left_out else []
        entry.note, entry.state = "; ".join(notes), "in part" if missing else "whole"
        if not entry.passed:
            entry.state, entry.ours = "absent", []


def table(name, entries):
    """The lines of the table of a section, the whole names first."""
    cases = name == "onnx"
    head = [NOUNS[name], "state", "chainrule", *(["cases passed"] if cases else []), "what is missing, or why"]
    lines = ["", f"## {TITLES[name]}", "", row(*head), row(*["---"] * len(head))]
    states = list(STATES.values())
    for e in sorted(entries, key=lambda e: (states.index(e.state), e.theirs.lower())):
        passed = [f"{e.passed} of {e.cases}" if hasattr(e, "cases") else ""] if cases else []
        lines.append(row(f"`{e.theirs}`", e.state, ticks(e.ours), *passed, e.note))
    return lines


def write(outcomes):
    sections = read()
    with_cases(sections["onnx"], outcomes)
    states = list(STATES.values())
    head = [row("", *states, "all"), row(*["---"] * 5)]
    for name, entries in sections.items():
        counts = collections.Counter(e.state for e in entries)
        head.append(row(TITLES[name], *(counts[state] for state in states), len(entries)))
    passed = [o for o in outcomes if not o.reason]
    with_bodies = lambda outcomes: sum(1 + len(o.case.expanded) for o in outcomes)
    text = COVERAGE.format(
        versions=versions(),
        head="\n".join(head),
        passed=len(passed),
        cases=len(outcomes),
        further=sum(bool(o.left_out()) for o in passed),
        all_passed=with_bodies(passed),
        all_cases=with_bodies(outcomes),
        tables="\n".join(line for name, entries in sections.items() for line in table(name, entries)),
    )
    (DOCS / "coverage.md").write_text(text)
    write_cases(outcomes, len(passed))
    ours = {name for entries in sections.values() for e in entries for name in e.ours}
    (HERE / "names.rs").write_text(NAMES.format(uses="\n".join(sorted(map(use, ours)))))


def write_cases(outcomes, passed):
    lines = [row("case", "operator", "function bodies", "passed by"), row(*["---"] * 4)]
    for o in sorted(outcomes, key=lambda o: (o.case.operator, o.case.name)):
        how = f"not expressible: {o.reason}" if o.reason else ", ".join(dict.fromkeys(f"`{r.layer}`" for r in o.rows))
        left = o.left_out()
        how += f" (not compared: {ticks(left)})" if left else ""
        lines.append(row(f"`{o.case.name}`", o.case.operator, len(o.case.expanded), how))
    (HERE / "cases.md").write_text(CASES.format(passed=passed, cases=len(outcomes), lines="\n".join(lines)))


OPTIMIZERS = "Adadelta Adagrad Adam AdamW Adamax Asgd Lbfgs NAdam RAdam RmsProp Rprop Sgd".split()

# Methods that take whatever becomes something: an argument says what they are called with.
CALLS = {"Schedule::multi_step": "|steps: Vec<u64>| chainrule::Schedule::multi_step(steps, 0.5)"}


def use(name):
    """A line of Rust that compiles if the crate has this item."""
    if name in CALLS:
        return f"    let _ = {CALLS[name]};"
    owner, _, method = name.partition("::")
    if not method:
        return f"    use {path(owner)} as _;"
    generics = "<Network>" if owner in OPTIMIZERS else ""
    return f"    let _ = <{path(owner)}{generics}>::{method};"


@functools.cache
def path(name):
    """Where the crate exports a name: at its root, or in a module."""
    source = HERE.parent.parent / "src"
    exports = r"pub use [^;]*;|pub (?:struct|trait) \w+"
    if re.search(rf"\b{name}\b", " ".join(re.findall(exports, (source / "lib.rs").read_text()))):
        return f"chainrule::{name}"
    for module in ["layer", "stack", "infer", "loss", "stream", "optimizer", "schedule", "init"]:
        text = (source / module / "mod.rs").read_text()
        if re.search(rf"\b{name}\b", " ".join(re.findall(exports, text))):
            return f"chainrule::{module}::{name}"
    raise AssertionError(f"chainrule has no {name}")


TITLES = {
    "onnx": "ONNX operators",
    "torch.nn": "`torch.nn`",
    "torch.optim": "`torch.optim`",
    "torch.optim.lr_scheduler": "`torch.optim.lr_scheduler`",
    "torch.nn.init": "`torch.nn.init`",
}
NOUNS = dict(zip(TITLES, ["operator", "module", "optimizer", "schedule", "function"]))

COVERAGE = """# What chainrule has of ONNX and PyTorch

<!-- Made by tests/onnx/make.py of tests/onnx/coverage.txt; tests/onnx checks the counts and the names. -->

All names of {versions}: the operators of ONNX, and the modules, optimizers, schedules and
initializers of PyTorch. A name of PyTorch is *whole* if each of its options can be expressed, *in part* if some can,
and *absent* if none can; an operator of ONNX is whole if all of its test cases pass. Options that change no number
(`inplace`, `device`, `dtype`, `foreach`) do not count, and a constant that is part of a type is a ratio of whole
numbers or, in dropout, a whole per cent. A loss of chainrule is a mean over the batch, and `Loss::value` is the loss of
one sample, so that all reductions of PyTorch's losses can be expressed.

{head}

Of ONNX's own backend tests, {cases} cases have an operator for which chainrule has something; {passed} of them can be
expressed, and pass. ({further} of these have further outputs, such as masks and indices, that no layer gives and
that are not compared.) For many cases ONNX has others with the operator's function body; with these, {all_passed} of
{all_cases} pass. `tests/onnx/cases.md` lists each case, and `tests/onnx/README.md` says what counts.
{tables}
"""

CASES = """# The cases of ONNX's backend tests

<!-- Made by make.py. -->

{passed} of {cases} cases can be expressed, and pass. README.md says what counts.

{lines}
"""

NAMES = """//! The names of docs/coverage.md: made by make.py (README.md). It compiles if the crate has them all.

#![allow(dead_code, unused_imports)]

/// A network, for optimizers.
type Network = chainrule::Linear<1, 1>;

#[rustfmt::skip]
fn every_name_exists() {{
{uses}
}}
"""
