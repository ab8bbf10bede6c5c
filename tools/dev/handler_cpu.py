#!/usr/bin/env python3
"""CPU time that the parent of a pool of processes takes for each item, thread by thread.

    tools/dev/handler_cpu.py build/release/timeslice [executor|pool]

Measured from /proc on this machine beside the simulation of vm-2c: a ProcessPoolExecutor with items
of 0 to 1 ms of bytecode, or a multiprocessing.Pool with longer ones, in chunks of one. What grows
with the items' length natively, and not in the simulation, is the price of caches that went cold
while the workers ran. `slow` is the speed of this machine just then against its best; measured
values are not divided by it.
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

REPEAT = 5
# Workers, items, us of bytecode, how they are given.
EXECUTOR_CASES = [(2, 600, 0, "map"), (2, 600, 100, "map"), (4, 600, 100, "map"),
                  (2, 600, 1000, "map")]
POOL_CASES = [(2, 239, 2600, "submit"), (2, 200, 1000, "map"), (4, 8, 20000, "map"),
              (3, 10, 19000, "map")]
SCENARIO = """timeslice: 1
name: handler-cpu
machine: vm-2c
runtime: {{python: "3.11"}}
tasks: {{work: [{{python: {us}us}}]}}
executors: {{pool: {{kind: {kind}, workers: {workers}, start: fork, create: start}}}}
main: [{main}]
repeat: 5
"""
STEPS = {"map": "{{map: {{task: work, items: {items}, executor: pool, chunksize: 1}}}}",
         "submit": "{{submit: {{task: work, items: {items}, executor: pool, as: all}}}}, "
                   "{{join: all}}"}


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


class Executor:
    kind = "process-executor"
    cases = EXECUTOR_CASES
    simulated = {"main": "MainThread", "pool-manager": "manager",
                 "pool-feeder": "QueueFeederThread"}

    def __init__(self, workers: int):
        self.pool = ProcessPoolExecutor(workers, multiprocessing.get_context("fork"))

    def names(self) -> dict[int, str]:
        return {thread.native_id: "manager" if "Thread-" in thread.name else thread.name
                for thread in threading.enumerate()}

    def run(self, _how: str, turns: list[int]) -> None:
        list(self.pool.map(work, turns))


class Pool:
    kind = "processes"
    cases = POOL_CASES
    simulated = {"main": "main", "pool-workers": "worker handler", "pool-tasks": "task handler",
                 "pool-results": "result handler"}

    def __init__(self, workers: int):
        self.pool = multiprocessing.get_context("fork").Pool(workers)

    def names(self) -> dict[int, str]:
        handlers = {"worker handler": self.pool._worker_handler,
                    "task handler": self.pool._task_handler,
                    "result handler": self.pool._result_handler}
        return {threading.get_native_id(): "main",
                **{thread.native_id: name for name, thread in handlers.items()}}

    def run(self, how: str, turns: list[int]) -> None:
        if how == "map":
            self.pool.map(work, turns, 1)
        else:
            for result in [self.pool.apply_async(work, (one,)) for one in turns]:
                result.get()


def measured(design: type, case: tuple, turns: int) -> dict[str, float]:
    """us of CPU an item, by thread of the parent."""
    workers, items, _, how = case
    made = design(workers)
    with made.pool:
        made.run("map", [1] * 2 * workers)
        names = made.names()
        before = cpu_by_thread()
        made.run(how, [turns] * items)
        after = cpu_by_thread()
    return {name: (after[tid] - before[tid]) / items / 1e3 for tid, name in names.items()}


def simulated(program: str, design: type, case: tuple) -> dict[str, float]:
    workers, items, us, how = case
    text = SCENARIO.format(kind=design.kind, us=us, workers=workers,
                           main=STEPS[how].format(items=items))
    done = subprocess.run([program, "run", "-", "--json", "--no-db"], input=text, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    metrics = json.loads(done.stdout)["points"][0]["metrics"]
    return {design.simulated[metric["entity"]]: metric["mean"] / items / 1e3 for metric in metrics
            if metric["name"] == "cpu_time" and metric["entity"] in design.simulated}


def main() -> None:
    design = {"executor": Executor, "pool": Pool}[sys.argv[2] if len(sys.argv) > 2 else "executor"]
    best = turn_ns()
    print("us of CPU an item: measured (median), simulated")
    for case in design.cases:
        workers, items, us, how = case
        runs = []
        slow = []
        for _ in range(REPEAT):
            slow.append(turn_ns() / best)
            runs.append(measured(design, case, max(1, round(us * 1e3 / best))))
        model = simulated(sys.argv[1], design, case)
        row = ", ".join(f"{name} {statistics.median(run[name] for run in runs):.0f} / "
                        f"{model[name]:.0f}" for name in model)
        print(f"{how} of {items} x {us} us on {workers} workers: {row}; "
              f"slow {statistics.median(slow):.2f}")


if __name__ == "__main__":
    main()
