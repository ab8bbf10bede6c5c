#!/usr/bin/env python3
"""What a sweep costs: a second core's gain, bytes a run, the store's share, merging of parts.

    bench/store.py build/release/timeslice [--repeat 400] [--scenario FILE]
                   [--small 20000] [--parts 100] [--points 1000] [--runs 100000]

Prints figures; asserts nothing. Of each command the fastest of three is taken: a machine that does
other things only makes it slower. The gain of the second core is wall time with `--jobs 1` on one
CPU over that with `--jobs 2` on two, with a database, beside what the machine itself allows: two
programs at once, each on its CPU. The store's share is CPU time of one worker with a database over
that without. Small points and parts are of a scenario of one step.
"""

import argparse
import contextlib
import os
import sqlite3
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
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


def cost(program, *words, cpus=None):
    """(CPU seconds, wall seconds, peak MiB) of a command, bound to `cpus`."""
    began = time.monotonic()
    bind = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
    child = subprocess.Popen([program, *map(str, words)], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, preexec_fn=bind)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{words}: status {status}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024


def runs_in(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM run").fetchone()[0]


def fastest(program, words, folder):
    """The least (CPU, wall) seconds on one CPU without a database and with one, on two CPUs with
    one, and of two programs at once without.

    They take turns, so that slow moments of the machine hit none of them alone."""
    first, second = sorted(os.sched_getaffinity(0))[:2]
    path = folder / "sweep.db"
    alone = (program, "run", *words, "--no-db", "--jobs", 1)
    stored = (program, "run", *words, "--db", path, "--jobs")
    found = []
    for _ in range(3):
        found.append([cost(*alone, cpus={first})[:2]])
        for jobs, cpus in ((1, {first}), (2, {first, second})):
            path.unlink(missing_ok=True)
            found[-1].append(cost(*stored, jobs, cpus=cpus)[:2])
        began = time.monotonic()
        with ThreadPoolExecutor(2) as both:
            list(both.map(lambda cpu: cost(*alone, cpus={cpu}), (first, second)))
        found[-1].append((0.0, time.monotonic() - began))
    return [tuple(map(min, zip(*turns))) for turns in zip(*found)]


def sweeping(program, title, words, folder):
    """A second core's gain and what the store takes."""
    (without, alone), (own, wall), (_, two), (_, both) = fastest(program, words, folder)
    path = folder / "sweep.db"
    runs = runs_in(path)
    print(f"{title:20} {runs} runs, {path.stat().st_size / runs:.0f} bytes a run; stored by 1 CPU "
          f"{runs / wall:.0f} a second, by 2 {runs / two:.0f}: {wall / two:.2f} times "
          f"(two programs at once: {2 * alone / both:.2f}); "
          f"{100 * (own / without - 1):+.1f} % of CPU against no database", flush=True)


def one_step(folder, points, repeat):
    path = folder / "one-step.yaml"
    path.write_text(ONE_STEP.format(values=", ".join(map(str, range(1, points + 1))),
                                    repeat=repeat), encoding="utf-8")
    return path


def merging(program, options, folder):
    parts = options.parts
    path = one_step(folder, options.points, options.runs // options.points)
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
    parser.add_argument("--repeat", type=int, default=400, help="0: no such measurement")
    parser.add_argument("--small", type=int, default=20_000, help="points of one run; 0: none")
    parser.add_argument("--parts", type=int, default=100, help="0: no such measurement")
    parser.add_argument("--points", type=int, default=1000, help="of the sweep in parts")
    parser.add_argument("--runs", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.repeat:
            words = [options.scenario, "--repeat", options.repeat]
            sweeping(options.program, options.scenario.stem, words, Path(folder))
            path = Path(folder) / "threads.db"
            cost(options.program, "run", *words, "--keep", "threads", "--db", path)
            print(f"with --keep threads  {path.stat().st_size / runs_in(path):.0f} bytes a run")
        if options.small:
            path = one_step(Path(folder), options.small, 1)
            sweeping(options.program, "points of one step", [path], Path(folder))
        if options.parts:
            merging(options.program, options, Path(folder))


if __name__ == "__main__":
    main()
