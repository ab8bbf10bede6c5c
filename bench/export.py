#!/usr/bin/env python3
"""Times `timeslice export` of a run with a million slices, for each format.

    bench/export.py build/release/timeslice [SLICES]

The timeline is made up: 64 threads take turns on 8 CPUs (run, wait for the GIL, block), with a
wake-up for every third slice and a GIL hold for each stretch of running. It is put into a database
that the program itself made, so that only reading and writing are measured.
"""

import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCENARIO = """\
timeslice: 1
name: seed
machine: ideal-2
tasks: {job: [{native: 1ms}]}
executors: {crew: {kind: threads, workers: 2}}
main: [{map: {task: job, items: 2, executor: crew}}]
"""
THREADS = 64
CPUS = 8


def fill(path, slices):
    database = sqlite3.connect(path)
    for table in ("slice", "task", "wake", "gil_hold"):
        database.execute(f"DELETE FROM {table}")
    rounds = slices // (3 * THREADS) + 1

    def rows():
        for turn in range(rounds):
            for thread in range(THREADS):
                name = f"crew-{thread}"
                start = (turn * THREADS + thread) * 3000 // CPUS
                end = start + THREADS * 3000 // CPUS
                yield (1, name, thread % CPUS, start, start + 2500, "running")
                yield (1, name, None, start + 2500, start + 9000, "blocked")
                yield (1, name, None, start + 9000, end, "gil_wait")

    database.executemany("INSERT INTO slice VALUES (?, ?, ?, ?, ?, ?)", rows())
    database.execute("DELETE FROM slice WHERE rowid > (SELECT min(rowid) FROM slice) + ? - 1",
                     (slices,))
    database.execute("INSERT INTO wake SELECT run, start_ns, entity, 'crew-0' FROM slice "
                     "WHERE state = 'running'")
    database.execute("INSERT INTO gil_hold SELECT run, 'main', entity, start_ns, start_ns + 300 "
                     "FROM slice WHERE state = 'running'")
    database.execute("INSERT INTO task SELECT run, 'job', rowid, 'crew', entity, start_ns, "
                     "start_ns, end_ns, end_ns FROM slice WHERE state = 'running'")
    database.commit()
    counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
              for table in ("slice", "wake", "gil_hold", "task")]
    database.close()
    return counts


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    program = Path(sys.argv[1]).resolve()
    slices = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "seed.yaml").write_text(SCENARIO, encoding="utf-8")
        subprocess.run([program, "run", "seed.yaml", "--db", "r.db", "--keep", "tasks,timeline",
                        "-q"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        counts = fill(folder / "r.db", slices)
        print("{} slices, {} wake-ups, {} GIL holds, {} items".format(*counts))
        print(f"{'format':<10} {'wall s':>7} {'CPU s':>7} {'MB':>7}")
        for name in ("perfetto", "json", "ftrace", "csv"):
            begin, before = time.perf_counter(), cpu_seconds()
            subprocess.run([program, "export", "r.db", "1", "--format", name, "-o", "trace", "-q"],
                           cwd=folder, check=True)
            wall = time.perf_counter() - begin
            cpu = cpu_seconds() - before
            size = (folder / "trace").stat().st_size / 1e6
            print(f"{name:<10} {wall:>7.2f} {cpu:>7.2f} {size:>7.1f}")


if __name__ == "__main__":
    main()
