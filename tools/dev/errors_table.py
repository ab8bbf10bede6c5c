#!/usr/bin/env python3
"""Validates scenarios on this machine and prints the table of errors that README shows.

    tools/dev/errors_table.py build/release/timeslice [SCENARIO ...]

Without scenarios: threads-or-processes and all of scenarios/validation. Errors of makespans, in per
cent: given each run's speed index, without it (raw), and of the null model; the skill is one minus
the model's mean absolute error over the null model's. Takes a few minutes on a quiet machine.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Its machine has one CPU, to which native runs are bound.
MACHINES = {"one-cpu-burners": "vm-1c"}


def default_scenarios() -> list[Path]:
    validation = sorted((ROOT / "scenarios/validation").glob("*.yaml"))
    return [ROOT / "scenarios/teaching/threads-or-processes.yaml", *validation]


def validated(program: str, scenario: Path) -> dict:
    machine = MACHINES.get(scenario.stem)
    command = [program, "validate", str(scenario), "--no-db", "--json"]
    command += ["--machine", machine] if machine else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(f"{scenario}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def makespans(report: dict) -> list[dict]:
    """The comparisons of the makespans of the points that had accepted runs."""
    return [
        row
        for point in report["points"]
        for row in point["comparison"]
        if row["name"] == "makespan"
    ]


def per_cent(rows: list[dict], key: str) -> list[float]:
    return [abs(row[key]) * 100 for row in rows]


def table_row(name: str, points: int, rows: list[dict]) -> str:
    error, raw, null = (per_cent(rows, key) for key in ("error", "error_raw", "error_null"))
    skill = 1 - sum(error) / sum(null)
    inside = sum(row["covered"] for row in rows)
    return (f"| {name} | {len(rows)} of {points} | {statistics.median(error):.1f} %, "
            f"{max(error):.1f} % | {statistics.median(raw):.1f} % | "
            f"{statistics.median(null):.1f} % | {skill:.2f} | {inside} |")


def main() -> None:
    program, *given = sys.argv[1:]
    print("| scenario | points | error: median, worst | raw: median | null: median | skill "
          "| inside their interval |")
    print("|---|---|---|---|---|---|---|")
    everything: list[dict] = []
    rejected: dict[str, int] = {}
    all_points = 0
    for scenario in [Path(name) for name in given] or default_scenarios():
        report = validated(program, scenario)
        rows = makespans(report)
        points = len(report["points"])
        for point in report["points"]:
            for reason, runs in point["native"]["rejected_by_reason"].items():
                rejected[reason] = rejected.get(reason, 0) + runs
        if rows:
            print(table_row(scenario.stem, points, rows), flush=True)
        else:
            print(f"| {scenario.stem} | 0 of {points} | no run was accepted | | | | |", flush=True)
        everything += rows
        all_points += points
    if everything:
        print(table_row("**all**", all_points, everything))
        error = sorted(per_cent(everything, "error"))
        print(f"\n90th percentile of the errors: {error[round(0.9 * (len(error) - 1))]:.1f} %")
    print("rejected runs:", ", ".join(f"{n} for {why}" for why, n in rejected.items()) or "none")


if __name__ == "__main__":
    main()
