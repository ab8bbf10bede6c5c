#!/usr/bin/env python3
"""How long does sleep(1 ms) wait for the GIL beside threads of bytecode: simulated and native.

Usage: gil_waits.py PROGRAM [--naps N] [--native N] [--set PATH=VALUE ...] [PYTHON ...]
Simulates scenarios/validation/gil-naps.yaml with PROGRAM (build/release/timeslice), N naps a case
(2000), and runs N naps a case (`--native`, 2000) in each PYTHON on this machine. Prints the excess over
1 ms as p50 / p90 / p99 / mean [ms], and beside each native quantile its 95 % band: quantiles of runs
put together at random from stretches of 50 naps that followed one another. `*`: the simulated one is
inside. Other programs on this machine make the native waits longer.
"""

import argparse
import json
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "scenarios" / "validation" / "gil-naps.yaml"
CASES = [(interval, hogs) for interval in ("5ms", "500us") for hogs in (1, 2, 4)]
QUANTILES = {"p50": 0.50, "p90": 0.90, "p99": 0.99}
STRETCH = 50  # naps
RUNS = 400

NATIVE = """
import sys, threading, time
interval, hogs, naps = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
sys.setswitchinterval(interval)
def hog():
    value = 1
    while True:
        value = (value * 5 + 1) & 255
for _ in range(hogs):
    threading.Thread(target=hog, daemon=True).start()
time.sleep(0.05)
for _ in range(naps):
    begin = time.perf_counter_ns()
    time.sleep(0.001)
    print(time.perf_counter_ns() - begin - 1_000_000, end=" ")
sys.stdout.flush()
import os
os._exit(0)
"""


def simulated(program, naps, settings):
    """Excess by case: {(interval, hogs): {"p50": ms, ..., "mean": ms}}."""
    command = [program, "run", str(SCENARIO), "--no-db", "--quiet", "--json", "--set", f"naps={naps}"]
    for setting in settings:
        command += ["--set", setting]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    found = {}
    for point in document["points"]:
        params = point["params"]
        metrics = {metric["name"]: metric["mean"] for metric in point["metrics"]
                   if metric["entity"] == "nap"}
        found[params["interval"], int(params["hogs"])] = {
            name: (metrics[f"task_latency_{name}"] - 1e6) / 1e6 for name in (*QUANTILES, "mean")}
    return found


def measured(python, interval, hogs, naps):
    seconds = {"5ms": 0.005, "500us": 0.0005}[interval]
    text = subprocess.run([python, "-c", NATIVE, str(seconds), str(hogs), str(naps)],
                          capture_output=True, text=True, check=True).stdout
    return [int(word) / 1e6 for word in text.split()]


def figures(excess):
    ordered = sorted(excess)
    row = {name: ordered[int(q * (len(ordered) - 1))] for name, q in QUANTILES.items()}
    row["mean"] = sum(ordered) / len(ordered)
    return row


def bands(excess):
    """The 95 % band of each figure: naps that follow one another are not independent."""
    stretches = [excess[i:i + STRETCH] for i in range(0, len(excess), STRETCH)]
    draw = random.Random(1)
    runs = [figures([nap for stretch in draw.choices(stretches, k=len(stretches)) for nap in stretch])
            for _ in range(RUNS)]
    found = {}
    for name in (*QUANTILES, "mean"):
        values = sorted(run[name] for run in runs)
        found[name] = values[int(0.025 * RUNS)], values[int(0.975 * RUNS)]
    return found


def native_cell(excess, predicted):
    row, band = figures(excess), bands(excess)
    return " / ".join(
        f"{row[name]:.2f} ({low:.2f}-{high:.2f}){'*' if low <= predicted[name] <= high else ''}"
        for name, (low, high) in band.items())


def cell(row):
    return " / ".join(f"{row[name]:.2f}" for name in (*QUANTILES, "mean"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("pythons", nargs="*")
    parser.add_argument("--naps", type=int, default=2000)
    parser.add_argument("--native", type=int, default=2000)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    asked = parser.parse_args()
    found = simulated(asked.program, asked.naps, asked.settings)
    print("| case | simulated |", *(f" {python} |" for python in asked.pythons))
    for interval, hogs in CASES:
        cells = [cell(found[interval, hogs])]
        cells += [native_cell(measured(python, interval, hogs, asked.native), found[interval, hogs])
                  for python in asked.pythons]
        print(f"| {interval}, {hogs} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
