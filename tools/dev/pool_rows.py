#!/usr/bin/env python3
"""Prints what pools of processes cost: simulated, beside what was measured.

    tools/dev/pool_rows.py build/release/timeslice [--python EXE [--native]] [--machine vm-2c]

The constants are of the parts (docs/models/pool.md, process-executor.md), measured one by one; none
is fitted on a row. Those of the machine file are CPython 3.11.2's; with --python the parts of that
one are measured first and used. The published rows are of CPython 3.11.7 on the reference guest,
quiet; with --native the rows are measured here and now as well, medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HEAD = """timeslice: 1
name: rows
machine: {machine}
runtime: {{python: "3.11", costs: {costs}}}
tasks: {{nop: [{{python: 0}}], spin: [{{python: 1ms}}], sleep: [{{sleep: 1ms}}]}}
executors:
  pool: {{kind: {kind}, workers: 2{start}, create: start}}
main:
  - map: {{task: nop, items: {warm}, executor: pool, chunksize: 10}}
"""
FORK = ", start: fork"
SEEDS = 5
COSTS = "{}"  # of another Python than the machine file's


def costs_of(python):
    """The cost keys that the parts of `python` come to, as YAML."""
    us = native(python, "parts")
    write, read = us["os_write"], us["os_read"]
    put = us["result_put"] - write
    pool = {"item": us["worker_item"], "pool_put": us["task_handler_chunk"] - write,
            "pool_put_item": us["task_handler_item"],
            "pool_get": us["worker_chunk"] - us["result_put"] - read, "pool_result": put,
            "pool_store": us["result_handler_chunk"] - read,
            "pool_store_item": us["result_handler_item"]}
    executor = {"submit": us["executor_submit"] - write, "add": us["executor_add"],
                "feed": us["executor_feed"], "send": us["executor_send"] - write,
                "get": us["executor_get"] - read, "put": us["executor_put"] - write,
                "receive": us["executor_recv"] - read, "store": us["executor_store"],
                "result": us["future_result"], "wait": us["wait_base"],
                "wait_each": us["wait_per_object"], "poll": us["poll"] - 0.25,
                "take_byte": us["executor_clear"] - us["poll"] - read}

    def yaml(costs):
        return ", ".join(f"{key}: {max(1, round(value * 1e3))}ns" for key, value in costs.items())
    return f"{{{yaml(pool)}, executor: {{{yaml(executor)}}}}}"


def makespan_us(program, machine, kind, steps, warm=2):
    """Mean simulated makespan [us] of `steps` after a warm-up, over some seeds."""
    start = FORK if kind.startswith("process") else ""
    text = HEAD.format(machine=machine, kind=kind, start=start, warm=warm, costs=COSTS) + steps
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.yaml"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [program, "run", str(path), "--repeat", str(SEEDS), "--json", "--db",
             str(Path(folder) / "rows.db")], capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    runs = json.loads(done.stdout)["points"][0]["runs"]
    return statistics.mean(run["makespan_ns"] for run in runs) / 1e3


def difference_us(program, machine, kind, steps, count):
    """What `count` more of `steps` take, each [us]: start, first use and shutdown cancel out."""
    return (makespan_us(program, machine, kind, steps(2 * count))
            - makespan_us(program, machine, kind, steps(count))) / count


def a_map(task, chunk, times_chunk=True):
    part = f", chunksize: {chunk}" if chunk else ""

    def steps(count):
        items = count * (chunk or 1) if times_chunk else count
        return f"  - map: {{task: {task}, items: {items}, executor: pool{part}}}\n"
    return steps


def round_trips(count):
    return (f"  - repeat: {count}\n    do:\n"
            "      - submit: {task: nop, executor: pool, items: 1, as: f}\n      - join: f\n")


# name, kind, steps, chunks in the smaller run, published value in us and where it is from
ROWS = [
    ("Pool.map, a chunk of 1", "processes", a_map("nop", 1), 2000, 26.635),
    ("Pool.map, a chunk of 10", "processes", a_map("nop", 10), 2000, 27.85),
    ("Pool.map, a chunk of 100", "processes", a_map("nop", 100), 1000, 40.0),
    ("Pool.map, a chunk of 1000", "processes", a_map("nop", 1000), 200, 161.5),
    ("ProcessPoolExecutor.map, a chunk of 1", "process-executor", a_map("nop", 1), 1000, 135.0),
    ("ProcessPoolExecutor.map, a chunk of 10", "process-executor", a_map("nop", 10), 1000, 135.0),
    ("ThreadPoolExecutor.map, an item", "threads", a_map("nop", None), 5000, 13.0),
    ("Pool.apply, a round trip", "processes", round_trips, 500, 254.0),
    ("ProcessPoolExecutor.submit, a round trip", "process-executor", round_trips, 500, 286.0),
]
NATIVE = {"Pool.map, a chunk of 1": "pool.map chunk 1, us a chunk",
          "Pool.map, a chunk of 10": "pool.map chunk 10, us a chunk",
          "Pool.map, a chunk of 100": "pool.map chunk 100, us a chunk",
          "Pool.map, a chunk of 1000": "pool.map chunk 1000, us a chunk",
          "ProcessPoolExecutor.map, a chunk of 1": "ppe.map chunk 1, us a chunk",
          "ProcessPoolExecutor.map, a chunk of 10": "ppe.map chunk 10, us a chunk",
          "ThreadPoolExecutor.map, an item": "threads.map, us an item",
          "Pool.apply, a round trip": "pool.apply, us",
          "ProcessPoolExecutor.submit, a round trip": "ppe.submit round trip, us"}

# 1000 x 1 ms on 2 workers: overhead over 500 ms.
OVERHEAD = [
    ("pool spin default", "processes", "spin", None, 0),
    ("pool spin 10", "processes", "spin", 10, 5),
    ("pool spin 1", "processes", "spin", 1, 16),
    ("ppe spin 10", "process-executor", "spin", 10, 1),
    ("ppe spin 1", "process-executor", "spin", 1, 24),
    ("pool sleep default", "processes", "sleep", None, 1),
    ("pool sleep 10", "processes", "sleep", 10, 3), ("pool sleep 1", "processes", "sleep", 1, 18),
    ("ppe sleep 10", "process-executor", "sleep", 10, 7),
    ("ppe sleep 1", "process-executor", "sleep", 1, 9),
]


def native(python, what):
    script = Path(__file__).resolve().parents[2] / "validation/python/pool_parts.py"
    done = subprocess.run([python, str(script), what], capture_output=True, check=True)
    return json.loads(done.stdout)["us"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--python", metavar="EXE")
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--machine", default="vm-2c")
    options = parser.parse_args()
    global COSTS
    if options.python:
        COSTS = costs_of(options.python)
        print(f"costs: {COSTS}\n")
    measured = native(options.python, "rows") if options.native else {}
    print("| row | simulated us | published us | difference | here and now us |")
    print("|---|---|---|---|---|")
    for name, kind, steps, count, published in ROWS:
        took = difference_us(options.program, options.machine, kind, steps, count)
        here = measured.get(NATIVE[name], "")
        print(f"| {name} | {took:.1f} | {published} | {took / published - 1:+.0%} | {here} |")
    table = native(options.python, "table") if options.native else {}
    print("\n| 1000 x 1 ms, 2 workers | simulated overhead | published | points | here and now |")
    print("|---|---|---|---|---|")
    # Chunk by chunk the sleep takes longer than 1 ms; the unit is one nap or spin alone.
    naps = makespan_us(options.program, options.machine, "serial",
                       "  - repeat: 100\n    do: [{sleep: 1ms}]\n", 0) / 100
    for name, kind, task, chunk, published in OVERHEAD:
        unit = naps if task == "sleep" else 1000.0
        took = makespan_us(options.program, options.machine, kind, a_map(task, chunk, False)(1000))
        idle = makespan_us(options.program, options.machine, kind, "")
        over = ((took - idle) / (unit * 500) - 1) * 100
        here = f"{table[name]:+.0%}" if name in table else ""
        print(f"| {name} | {over:+.1f} % | {published:+} % | {over - published:+.1f} | {here} |")


if __name__ == "__main__":
    main()
