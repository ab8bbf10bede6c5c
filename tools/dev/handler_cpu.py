#!/usr/bin/env python3
"""CPU time that the parent of a ProcessPoolExecutor takes for each item, thread by thread.

    tools/dev/handler_cpu.py build/release/timeslice

Measured from /proc on this machine beside the simulation of vm-2c, for items of 0 to 1 ms of
bytecode. What grows with the items' length natively, and not in the simulation, is the price of
caches that went cold while the workers ran. `slow` is the speed of this machine just then against
its best; measured values are not divided by it.
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor

ITEMS = 600
REPEAT = 5
CASES = [(2, 0), (2, 100), (4, 100), (2, 1000)]  # workers, us of bytecode
SIMULATED = {"main": "MainThread", "pool-manager": "manager", "pool-feeder": "QueueFeederThread"}
SCENARIO = """timeslice: 1
name: handler-cpu
machine: vm-2c
runtime: {{python: "3.11"}}
tasks: {{work: [{{python: {us}us}}]}}
executors: {{pool: {{kind: process-executor, workers: {workers}, start: fork, create: start}}}}
main: [{{map: {{task: work, items: {items}, executor: pool, chunksize: 1}}}}]
repeat: 5
"""


def work(turns: int) -> int:
    total = 0
    for turn in range(turns):
        total += turn
    return total


def turn_ns() -> float:
    def once() -> float:
        begin = time.thread_time_ns()
        work(2000)
        return (time.thread_time_ns() - begin) / 2000
    return min(once() for _ in range(300))


def cpu_by_thread() -> dict[int, int]:
    return {int(task): int(open(f"/proc/self/task/{task}/schedstat", encoding="ascii")
                           .read().split()[0]) for task in os.listdir("/proc/self/task")}


def measured(workers: int, turns: int) -> dict[str, float]:
    """us of CPU an item, by thread of the parent."""
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        list(pool.map(work, [1] * 2 * workers))
        names = {thread.native_id: thread.name for thread in threading.enumerate()}
        before = cpu_by_thread()
        list(pool.map(work, [turns] * ITEMS))
        after = cpu_by_thread()
    return {name if "Thread-" not in name else "manager": (after[tid] - before[tid]) / ITEMS / 1e3
            for tid, name in names.items()}


def simulated(program: str, workers: int, us: int) -> dict[str, float]:
    text = SCENARIO.format(us=us, workers=workers, items=ITEMS)
    done = subprocess.run([program, "run", "-", "--json", "--no-db"], input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    metrics = json.loads(done.stdout)["points"][0]["metrics"]
    return {SIMULATED[metric["entity"]]: metric["mean"] / ITEMS / 1e3 for metric in metrics
            if metric["name"] == "cpu_time" and metric["entity"] in SIMULATED}


def main() -> None:
    best = turn_ns()
    print("us of CPU an item: measured (median), simulated")
    for workers, us in CASES:
        runs = []
        slow = []
        for _ in range(REPEAT):
            slow.append(turn_ns() / best)
            runs.append(measured(workers, max(1, round(us * 1e3 / best))))
        model = simulated(sys.argv[1], workers, us)
        row = ", ".join(f"{name} {statistics.median(run[name] for run in runs):.0f} / "
                        f"{model[name]:.0f}" for name in model)
        print(f"{workers} workers, {us} us: {row}; slow {statistics.median(slow):.2f}")


if __name__ == "__main__":
    main()
