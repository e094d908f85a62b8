#!/usr/bin/env python3
"""Runs the peers of chainrule one after another, several rounds, and prints the ratios of their times to chainrule's.

    ./driver.py                                   everything that is built, one thread and two
    ./driver.py --only B32 D --threads 1          some workloads
    ./driver.py --only 'C.*' --peers 'torch.*'    regular expressions, for the whole of a name
    ./driver.py --check                           whether all compute the same thing, in place of the times

A ratio is taken within a round, where two peers run one after the other; a table shows the median of the rounds' ratios and
the least and the greatest of them. Above 1, chainrule is the faster. On a machine that does other things as well, the least
samples tell more than the medians: their ratio is in brackets.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get("PEERS_BUILD", Path.home() / ".cache/peers"))
PYTHON = os.environ.get("PEERS_PYTHON", str(BUILD / "venv/bin/python"))
POOLS = ["OMP", "MKL", "OPENBLAS", "RAYON", "MATMUL", "CANDLE"]

INFER = ["A1", "A1io", "A2", "A2io"]
DENSE = ["B32", "B128", "E", "EA"]
CONV, COLOR = ["C32", "C128"], ["H32", "H128"]
IMAGE, SOUND, SAMPLE = "C1", "V256", "V1"
STREAM = ["L8", "L16", "L32", "L64", "G8", "G16", "G32", "G64"]
RECURRENT = ["R32", "R128"]
TEXT, TOKEN = ["M16"], ["M1"]
SMALL = ["F1", "F8", "F32", "F128"]
PLAIN = [*DENSE[:2], *CONV, "D", *DENSE[2:], "S"]
TRAIN = [*PLAIN, *COLOR, *RECURRENT]
WORKLOADS = [*INFER, IMAGE, SOUND, SAMPLE, *STREAM, *TRAIN, *TEXT, *TOKEN, *SMALL, "P", "T", "PEAK"]
BASE, ORACLE = "chainrule", "torch-double"


@dataclass
class Peer:
    name: str
    program: str
    workloads: list
    threads: tuple = (1, 2)
    asked: bool = False  # runs only where --peers names it
    keep_memory: bool = False

    def argv(self):
        if self.program.endswith(".py"):
            return [PYTHON, str(HERE / "python" / self.program)]
        return [str(BUILD / "bin" / self.program)]

    def variant(self):
        return self.name.partition("-")[2] if self.program != self.name else ""

    def is_built(self):
        return all(Path(file).exists() for file in self.argv())


PEERS = [
    Peer(BASE, "chainrule", [*INFER, IMAGE, SOUND, SAMPLE, *STREAM, *TRAIN, *TEXT, *TOKEN, *SMALL, "P", "T"]),
    Peer("rtneural", "rtneural", [*INFER, SOUND, SAMPLE, *STREAM], threads=(1,)),
    Peer("rtneural-xsimd", "rtneural-xsimd", [*INFER, SOUND, SAMPLE, *STREAM], threads=(1,)),
    Peer("eigen", "eigen", STREAM, threads=(1,)),
    Peer("hand-gemm", "hand", [*INFER, *DENSE, "D", "S", *SMALL, "P"]),
    Peer("hand-nalgebra", "hand", [*INFER, *DENSE, "D", *SMALL, "P"], threads=(1,)),
    Peer("hand-tiled", "hand", SMALL, threads=(1,)),
    Peer("hand-openblas", "hand", [*SMALL, "P"]),
    Peer("hand-std", "hand", ["T"], threads=(1,)),
    Peer("hand-rational", "hand", ["T"], threads=(1,)),
    Peer("hand-fma", "hand", ["PEAK"], threads=(1,)),
    Peer("dfdx", "dfdx", [*INFER, *DENSE, "D", "S"]),
    Peer("dfdx-conv", "dfdx-conv", CONV),
    Peer("candle", "candle", [*INFER, IMAGE, SOUND, *PLAIN, *COLOR]),
    Peer("candle-keep", "candle", PLAIN, threads=(1,), keep_memory=True),
    Peer("burn-flex", "burn", [*INFER, *PLAIN]),
    Peer("torch-eager", "torch_peer.py", [*INFER, IMAGE, SOUND, *STREAM, *TRAIN, *TEXT, *TOKEN, "P"]),
    Peer("torch-fused", "torch_peer.py", [*TRAIN, *TEXT]),
    Peer("torch-jit", "torch_peer.py", [*INFER, IMAGE, SOUND], threads=(1,)),
    Peer("torch-compile", "torch_peer.py", [*INFER, *TRAIN, *TEXT, *TOKEN], asked=True),
    Peer("jax", "jax_peer.py", [*INFER, *TRAIN, *TEXT, *TOKEN]),
    Peer("jax-scan", "jax_peer.py", ["D"], threads=(1,)),
    Peer("onnxruntime", "onnx_peer.py", [*INFER, IMAGE, SOUND]),
    Peer("tract", "tract", [*INFER, IMAGE, SOUND], threads=(1,)),
]


def options():
    o = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    o.add_argument("--only", nargs="+", default=[".*"], metavar="WORKLOAD")
    o.add_argument("--peers", nargs="+", default=[], metavar="PEER", help="chainrule runs in any case")
    o.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    o.add_argument("--rounds", type=int, default=5)
    o.add_argument("--ms", type=int, default=700, help="how long a program takes samples in each round")
    o.add_argument("--check", action="store_true")
    o.add_argument("--markdown", metavar="FILE", help="write tables of the ratios there too")
    o.add_argument("--nice", type=int, default=0, help="as low as -20 where allowed: other work on the machine then waits")
    return o.parse_args()


def matches(name, patterns):
    return any(re.fullmatch(pattern, name) for pattern in patterns)


def launch(peer, workload, threads, o, *more):
    """The lines that it prints, split into words; None if it fails."""

    def settle():
        if threads == 1:  # one core, whatever pools the program makes
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(0, {int(os.environ.get("PEERS_CORE", cores[-1]))})
        if o.nice:
            os.nice(o.nice)

    env = os.environ | {f"{pool}_NUM_THREADS": str(threads) for pool in POOLS}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "RUST_BACKTRACE": "0"}
    if peer.keep_memory:  # glibc gives large buffers back to the system, and the next ones cost page faults; not so here
        env |= {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}
    argv = [*peer.argv(), workload, "--threads", str(threads), *more]
    if peer.variant():
        argv += ["--variant", "" if peer.keep_memory else peer.variant()]
    try:
        done = subprocess.run(argv, env=env, preexec_fn=settle, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        said = [line for line in done.stderr.splitlines() if line and not line.startswith("note:")] if done else []
        reason = said[-1] if said else "no message" if done else "no answer in 300 seconds"
        print(f"# {peer.name} fails at {workload}: {reason}", file=sys.stderr)
        return None
    return [line.split() for line in done.stdout.splitlines()]


def time(peers, workload, threads, o):
    """name -> (median of the rounds' medians, least sample, ratios)."""
    rounds, least = {peer.name: [] for peer in peers}, {}
    for turn in range(o.rounds):
        first = turn % len(peers)  # another one each time, so that none always runs after the same
        for peer in peers[first:] + peers[:first]:
            if peer.name in rounds and (lines := launch(peer, workload, threads, o, "--ms", str(o.ms))):
                _, median, low = lines[-1]
                rounds[peer.name].append(float(median))
                least[peer.name] = min(float(low), least.get(peer.name, float(low)))
            else:
                rounds.pop(peer.name, None)
    base = rounds.get(BASE, [])
    ratios = {name: sorted(t / b for t, b in zip(times, base)) for name, times in rounds.items()}
    return {name: (statistics.median(times), least[name], ratios[name]) for name, times in rounds.items()}


def show(workload, threads, figures):
    print(f"\n{workload}, {threads} thread{'s' * (threads > 1)}")
    print(f"  {'peer':14} {'median μs':>12} {'least μs':>12} {'ratio':>8} {'of least':>9}   ratio in each round")
    quickest = figures[BASE][1] if BASE in figures else 1.0
    for name, (median, least, ratios) in sorted(figures.items(), key=lambda item: item[1][0]):
        ratio = ""
        if ratios:
            ratio = f"{statistics.median(ratios):8.2f} {least / quickest:9.2f}   {ratios[0]:.2f} to {ratios[-1]:.2f}"
        print(f"  {name:14} {median:12.3f} {least:12.3f} {ratio}", flush=True)


# The columns of a table, each with the peers of which it shows the fastest. A bare product has a column for each peer.
COLUMNS = {
    "RTNeural": "rtneural.*",
    "by hand": "hand-.*|eigen",
    "PyTorch": "torch-.*",
    "JAX": "jax.*",
    "ONNX Runtime": "onnxruntime",
    "tract": "tract",
    "dfdx": "dfdx.*",
    "candle": "candle.*",
    "burn": "burn.*",
}
BARE = {"tiled": "hand-tiled", "OpenBLAS": "hand-openblas", "`gemm`": "hand-gemm", "nalgebra": "hand-nalgebra"}
BARE |= {"PyTorch": "torch-.*", "rational": "hand-rational", "libm": "hand-std"}


def short(number):
    """Three digits, or all digits of a large number."""
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def cell(figures, pattern, named):
    """The ratio of the least samples and, in brackets, the median of the rounds' ratios."""
    found = [name for name in figures if re.fullmatch(pattern, name)]
    if not found:
        return ""
    name = min(found, key=lambda name: figures[name][1])
    _, least, ratios = figures[name]
    ratio = f"{short(least / figures[BASE][1])} ({short(statistics.median(ratios))})"
    return f"{ratio} {name.removeprefix('hand-')}" if named else ratio


def markdown(results):
    """The tables of docs/performance.md: a row for each workload, chainrule's least sample in microseconds."""
    tables = []
    for threads in sorted({threads for _, threads in results}):
        for bare in (False, True):
            rows = {w: figures for (w, t), figures in results.items() if t == threads and BASE in figures}
            rows = {w: figures for w, figures in rows.items() if (w in [*SMALL, "P", "T"]) == bare}
            columns = [
                (title, pattern)
                for title, pattern in (BARE if bare else COLUMNS).items()
                if any(re.fullmatch(pattern, name) for figures in rows.values() for name in figures)
            ]
            if not rows:
                continue
            lines = [f"{threads} thread{'s' * (threads > 1)}", ""]
            lines.append(f"| | chainrule | {' | '.join(title for title, _ in columns)} |")
            lines.append("|---" * (len(columns) + 2) + "|")
            for workload, figures in rows.items():
                cells = [cell(figures, pattern, title == "by hand") for title, pattern in columns]
                lines.append(f"| {workload} | {short(figures[BASE][1])} | {' | '.join(cells)} |")
            tables.append("\n".join(lines) + "\n")
    return "\n".join(tables)


# What may differ, relative to the value in f64. A value in f32 is a sum of up to 1,024 products at each of a few layers, each
# rounded to 6e-8 of itself and added in any order: 1e-5 is some hundred and fifty such roundings. Training then makes more
# of them: Adam's first steps are a learning rate in the direction of each gradient's sign, and so change by the whole of it
# where rounding turns the sign of a gradient that is all but zero.
STEPS, FIRST, LATER = 20, 1e-5, 1e-3
# candle's gradient of max pooling is a quarter of what it should be: it multiplies by the share of the window that is the
# greatest, in place of dividing by its count. A step of Adam does not change with the size of a gradient, except for ε.
LATER_IN = {("candle", "C32"): 1e-2, ("candle", "C128"): 1e-2, ("candle-keep", "C32"): 1e-2, ("candle-keep", "C128"): 1e-2}


def check(peers, workload, o):
    """Prints how far each is from the same step in f64, or where that cannot be had from the first; whether all agree."""
    steps = STEPS if workload in [SAMPLE, *TRAIN, *STREAM] else 1
    oracle = Peer(ORACLE, "torch_peer.py", [])
    values = {}
    for peer in ([oracle] if oracle.is_built() and workload in [*INFER, IMAGE, SOUND, *STREAM, *TRAIN] else []) + peers:
        asked = workload.removesuffix("io") if peer is oracle else workload
        if lines := launch(peer, asked, 1, o, "--check", str(steps)):
            values[peer.name] = [float(value) for _, _, value in lines]
    wanted_by, wanted = next(iter(values.items()))
    print(f"\n{workload}, {wanted_by}: {wanted[0]:.6f} at first" + f", {wanted[-1]:.6f} after {steps} steps" * (steps > 1))
    agree = True
    for name, got in values.items():
        far = [abs(g - w) / abs(w) for g, w in zip(got, wanted)]
        fine = len(got) == len(wanted) and far[0] <= FIRST and max(far) <= LATER_IN.get((name, workload), LATER)
        agree &= fine
        print(f"  {name:14} {got[0]:14.6f} {got[-1]:14.6f}   off by {far[0]:.1e}, at most {max(far):.1e}   {'' if fine else 'DIFFERS'}")
    return agree


def main():
    o = options()
    if missing := [peer.name for peer in PEERS if not peer.is_built() and not peer.asked]:
        print(f"# not built: {' '.join(missing)}", file=sys.stderr)
    results, agree = {}, True
    for threads in [1] if o.check else o.threads:
        for workload in WORKLOADS:
            wanted = [
                peer
                for peer in PEERS
                if workload in peer.workloads and threads in peer.threads and peer.is_built()
                if (matches(peer.name, o.peers) if o.peers else not peer.asked) or peer.name == BASE
            ]
            if not matches(workload, o.only) or not wanted:
                continue
            if o.check:
                agree &= check(wanted, workload, o) if workload not in ("T", "PEAK") else True
            else:
                results[workload, threads] = time(wanted, workload, threads, o)
                show(workload, threads, results[workload, threads])
    if o.markdown:
        Path(o.markdown).write_text(markdown(results))
    if not agree:
        sys.exit("not all of them compute the same thing")


main()
