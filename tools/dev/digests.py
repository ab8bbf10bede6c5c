#!/usr/bin/env python3
"""Checks that shipped scenarios give the same bytes whatever builds or runs them.

Usage: digests.py [--jobs 1,2,8] [--mask-fma] [--repeat N] PROGRAM [PROGRAM...]
Runs every scenario below scenarios/ with each program and each number of jobs and compares the
runs' digests and makespans. Prints one line a scenario; exits 1 at the first kind of difference.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ["teaching", "decisions", "validation"]
NO_FMA = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL,-AVX512DQ"


def fingerprint(program: str, scenario: Path, jobs: int, repeat: int | None, mask_fma: bool):
    """[(point key, repetition, digest, makespan)] of one scenario, or None if it cannot run."""
    command = [program, "run", str(scenario), "--json", "--no-db", "--jobs", str(jobs)]
    command += ["--machine", "vm-2c"] if "host" in scenario.read_text().split() else []
    command += ["--repeat", str(repeat)] if repeat else []
    environment = os.environ | ({"GLIBC_TUNABLES": NO_FMA} if mask_fma else {})
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode not in (0, 5):
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return [
        (point["key"], run["rep"], run["digest"], run.get("makespan_ns"))
        for point in json.loads(done.stdout)["points"]
        for run in point["runs"]
    ]


def variations(options):
    """(label, program, jobs, mask_fma), the first being the one that the others must equal."""
    for program in options.programs:
        for jobs in options.jobs:
            yield f"{program} --jobs {jobs}", program, jobs, False
    if options.mask_fma:
        yield f"{options.programs[0]} without FMA", options.programs[0], options.jobs[0], True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=lambda text: [int(n) for n in text.split(",")], default=[2])
    parser.add_argument("--mask-fma", action="store_true")
    parser.add_argument("--repeat", type=int)
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    scenarios = [path for folder in SHIPPED for path in sorted((ROOT / "scenarios" / folder).glob("*.yaml"))]
    if not scenarios:
        raise SystemExit("no scenarios found")
    different = 0
    for scenario in scenarios:
        seen = {
            label: fingerprint(program, scenario, jobs, options.repeat, mask)
            for label, program, jobs, mask in variations(options)
        }
        reference = next(iter(seen.values()))
        odd = [label for label, runs in seen.items() if runs != reference]
        different += bool(odd)
        name = scenario.relative_to(ROOT)
        print(f"{name}: {len(reference)} runs, " + (f"DIFFER: {', '.join(odd)}" if odd else "equal"))
    print(f"{len(scenarios)} scenarios, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
