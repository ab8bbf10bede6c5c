#!/usr/bin/env python3
"""What storing a sweep costs: bytes a run, share of the time, merging of many parts.

    bench/store.py build/release/timeslice [--repeat 1000] [--scenario FILE]
                   [--parts 100] [--points 1000] [--runs 100000]

Prints figures; asserts nothing. The share compares CPU time of one worker with and without a
database; on a machine that does other things it is off by some per cent. Parts are made by the program from a scenario of one step.
"""

import argparse
import contextlib
import os
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

SCENARIO = Path(__file__).resolve().parents[1] / "scenarios/decisions/chunk-size.yaml"
ONE_STEP = """\
timeslice: 1
name: one-step
machine: ideal-1
main: [{{native: "exp(${{d}}us)"}}]
params: {{d: 1}}
matrix: {{d: [{values}]}}
repeat: {repeat}
"""


def cost(program, *words):
    """(CPU seconds, wall seconds, peak MiB) of a command."""
    began = time.monotonic()
    child = subprocess.Popen([program, *map(str, words)], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{words}: status {status}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024


def runs_in(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM run").fetchone()[0]


def storing(program, scenario, repeat, folder):
    words = ["run", scenario, "--repeat", repeat, "--jobs", 1]
    without = cost(program, *words, "--no-db")[0]
    for keep in ([], ["--keep", "threads"]):
        path = folder / "".join(["store", *keep, ".db"])
        with_it = cost(program, *words, "--db", path, *keep)[0]
        runs = runs_in(path)
        print(f"{' '.join(keep) or 'default':15} {runs} runs, {path.stat().st_size / runs:.0f} "
              f"bytes a run, {runs / with_it:.0f} runs a second of CPU, "
              f"{100 * (with_it / without - 1):+.1f} % against no database", flush=True)


def merging(program, options, folder):
    parts, points, runs = options.parts, options.points, options.runs
    path = folder / "one-step.yaml"
    path.write_text(ONE_STEP.format(values=", ".join(map(str, range(1, points + 1))),
                                    repeat=runs // points), encoding="utf-8")
    files = [folder / f"part-{part}.db" for part in range(parts)]
    began = time.monotonic()
    for part, file in enumerate(files):
        cost(program, "run", path, "--shard", f"{part}/{parts}", "--db", file)
    print(f"{parts} parts of a one-step scenario in {time.monotonic() - began:.1f} s", flush=True)
    for title in ("merge", "merge again"):
        cpu, wall, mib = cost(program, "merge", folder / "all.db", *files)
        print(f"{title:15} {runs_in(folder / 'all.db')} runs of {parts} parts: {wall:.1f} s wall, "
              f"{cpu:.1f} s CPU, {mib:.0f} MiB, {(folder / 'all.db').stat().st_size / 1e6:.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--scenario", type=Path, default=SCENARIO)
    parser.add_argument("--repeat", type=int, default=1000, help="0: no such measurement")
    parser.add_argument("--parts", type=int, default=100, help="0: no such measurement")
    parser.add_argument("--points", type=int, default=1000, help="of the sweep in parts")
    parser.add_argument("--runs", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.repeat:
            storing(options.program, options.scenario, options.repeat, Path(folder))
        if options.parts:
            merging(options.program, options, Path(folder))


if __name__ == "__main__":
    main()
