#!/usr/bin/env python3
"""Who gets the GIL next: of threads of bytecode alone, simulated and native.

Usage: gil_heirs.py PROGRAM [PYTHON ...] [--set PATH=VALUE ...]
Of the threads that do not hold it, how often each is next, by how long ago it held the GIL: first the one
that held it longest ago. Simulated from the trace of PROGRAM (build/release/timeslice) on vm-2c; natively
each thread notes the gaps in its own bytecode. Other programs on this machine blur the native part.
"""

import argparse
import collections
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MACHINE = Path(__file__).resolve().parents[2] / "scenarios" / "machines" / "vm-2c.yaml"
CASES = [("5ms", 3), ("5ms", 4), ("500us", 4)]
SECONDS = 3

SCENARIO = """timeslice: 1
name: heirs
machine: {machine}
runtime: {{python: "3.11", switch_interval: {interval}}}
tasks: {{hog: [{{python: {seconds}s}}]}}
executors: {{hogs: {{kind: thread-per-task}}}}
main: [{{map: {{task: hog, items: {hogs}, executor: hogs}}}}]
"""

NATIVE = """
import sys, threading, time
interval, hogs, seconds = float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
sys.setswitchinterval(interval)
held, over = [], False
def hog(number):
    clock, mine = time.perf_counter_ns, []
    begin = last = clock()
    while not over:
        now = clock()
        if now - last > 60_000:
            mine.append((begin, number))
            begin = now
        last = now
    held.extend(mine)
threads = [threading.Thread(target=hog, args=(number,)) for number in range(hogs)]
for thread in threads:
    thread.start()
time.sleep(seconds)
over = True
for thread in threads:
    thread.join()
print(*(number for _, number in sorted(held)))
"""


def shares(holders):
    """Holders in turn -> how often the next one held it longest ago, ..., just before [%]."""
    turns = [one for i, one in enumerate(holders) if i == 0 or holders[i - 1] != one]
    turns = turns[len(turns) // 10:len(turns) * 8 // 10]  # all of them run
    threads, counts, last = set(turns), collections.Counter(), {}
    for i, one in enumerate(turns):
        if len(last) == len(threads):
            others = sorted(threads - {turns[i - 1]}, key=last.get)
            counts[others.index(one)] += 1
        last[one] = i
    total = sum(counts.values())
    return " / ".join(f"{100 * counts[rank] / total:.0f}" for rank in range(len(threads) - 1))


def simulated(program, interval, hogs, settings):
    with tempfile.TemporaryDirectory() as folder:
        scenario, trace = Path(folder) / "heirs.yaml", Path(folder) / "heirs.trace"
        scenario.write_text(SCENARIO.format(machine=MACHINE, interval=interval, hogs=hogs,
                                            seconds=SECONDS), encoding="utf-8")
        command = [program, "run", scenario, "--no-db", "--quiet", "--trace", trace]
        for setting in settings:
            command += ["--set", setting]
        subprocess.run(command, capture_output=True, check=True)
        takes = re.findall(r" gil_take +subject=([1-9]\d*) ", trace.read_text(encoding="utf-8"))
    return shares(takes)  # subject 0 is main


def measured(python, interval, hogs):
    seconds = {"5ms": "0.005", "500us": "0.0005"}[interval]
    text = subprocess.run([python, "-c", NATIVE, seconds, str(hogs), str(SECONDS)],
                          capture_output=True, text=True, check=True).stdout
    return shares(text.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("pythons", nargs="*")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    asked = parser.parse_args()
    print("| interval, threads | simulated % |", *(f" {python} |" for python in asked.pythons))
    for interval, hogs in CASES:
        cells = [simulated(asked.program, interval, hogs, asked.settings)]
        cells += [measured(python, interval, hogs) for python in asked.pythons]
        print(f"| {interval}, {hogs} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
