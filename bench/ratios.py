#!/usr/bin/env python3
"""Runs the benchmarks and prints how many times the raw loop's rate the engine reaches.

    bench/ratios.py BUILD/bench/timeslice_bench [--repetitions 7] [--write bench/baseline.json]

Engine and raw runs are interleaved at random, so that both see the same noise of the machine; a
ratio is that of the medians, and its spread the quartiles of the ratios repetition by repetition.
Below them the cost of a decision with 10 000 threads on 384 CPUs, as a multiple of that with 64 on
8: it may grow as the logarithm of the threads.
Exits 1 when a hold ratio is below its target, a ratio below 0.8 of the baseline's, a rate below its
target, or a cost above what it may have grown to.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

TARGETS = {"hold/1000": 1.3, "hold/100000": 2.0, "hold/1000000": 2.0}
# Scheduler decisions a second with full accounting, whatever the raw loop does.
RATE_TARGETS = {"round_robin": 10e6, "eevdf": 5e6, "eevdf_linux": 5e6}
# What grows from the first load to the second, each "threads/CPUs".
GROWING = ("eevdf_many", "eevdf_linux_many")
FEW, MANY = "64/8", "10000/384"
MOST_GROWTH = math.log(10_000) / math.log(64)
TOLERATED_LOSS = 0.8
BASELINE = Path(__file__).with_name("baseline.json")


def rates(binary: str, repetitions: int, seconds: float) -> dict[str, list[float]]:
    """Items a second of CPU time, by benchmark, in the order of the repetitions."""
    command = [
        binary,
        f"--benchmark_filter=/(engine|raw)|({'|'.join(GROWING)})/({FEW}|{MANY})",
        "--benchmark_format=json",
        f"--benchmark_repetitions={repetitions}",
        f"--benchmark_min_time={seconds}",
        "--benchmark_enable_random_interleaving=true",
    ]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    found: dict[str, list[float]] = {}
    for run in report["benchmarks"]:
        if run["run_type"] == "iteration":
            name = run["run_name"].split("/repeats:")[0]
            found.setdefault(name, []).append(run["items_per_second"])
    return found


def ratios(found: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    table = {}
    for name, engine in found.items():
        raw = found.get(name.replace("/engine", "/raw"))
        if "/engine" not in name or raw is None:
            continue
        each = sorted(e / r for e, r in zip(engine, raw))
        table[name.replace("/engine", "")] = {
            "engine_per_second": round(statistics.median(engine)),
            "raw_per_second": round(statistics.median(raw)),
            "ratio": round(statistics.median(engine) / statistics.median(raw), 3),
            "low": round(each[len(each) // 4], 3),
            "high": round(each[-1 - len(each) // 4], 3),
        }
    return table


def growths(found: dict[str, list[float]]) -> dict[str, float]:
    """How many times the cost of a decision with many threads is that with few."""
    median = {name: statistics.median(each) for name, each in found.items()}
    return {name: median[f"{name}/{FEW}"] / median[f"{name}/{MANY}"] for name in GROWING}


def complaints(table: dict, baseline: dict, growth: dict[str, float]):
    for name, times in growth.items():
        if times > MOST_GROWTH:
            yield f"{name}: {times:.2f} times the cost at {MANY}, logarithmic is {MOST_GROWTH:.2f}"
    for name, row in table.items():
        target = TARGETS.get(name, 0.0)
        if row["ratio"] < target:
            yield f"{name}: {row['ratio']} is below the target of {target}"
        wanted = RATE_TARGETS.get(name, 0.0)
        if row["engine_per_second"] < wanted:
            yield f"{name}: {row['engine_per_second']} a second, the target is {wanted:.0f}"
        before = baseline.get(name, {}).get("ratio", 0.0)
        if row["ratio"] < TOLERATED_LOSS * before:
            yield f"{name}: {row['ratio']}, but the baseline has {before}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.2, help="least time of a repetition")
    parser.add_argument("--write", type=Path, help="write the table as a new baseline")
    options = parser.parse_args()

    found = rates(options.binary, options.repetitions, options.seconds)
    table = ratios(found)
    growth = growths(found)
    print(f"{'':24}{'engine M/s':>12}{'raw M/s':>10}{'ratio':>8}   quartiles")
    for name, row in table.items():
        print(
            f"{name:24}{row['engine_per_second'] / 1e6:12.1f}{row['raw_per_second'] / 1e6:10.1f}"
            f"{row['ratio']:8.2f}   {row['low']:.2f} to {row['high']:.2f}"
        )
    for name, times in growth.items():
        print(f"{name:24}{MANY}: {times:.2f} times the cost of {FEW} (log: {MOST_GROWTH:.2f})")
    if options.write:
        options.write.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    wrong = list(complaints(table, baseline, growth))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
