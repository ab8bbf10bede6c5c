#!/usr/bin/env python3
"""Runs every shipped teaching and decisions scenario: each states its claim as `expect:`.

Usage: claims.py PROGRAM
Prints one line a scenario; exits 1 when a claim is false or a scenario does not run.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    wrong = 0
    scenarios = [
        path
        for folder in ("teaching", "decisions")
        for path in sorted((ROOT / "scenarios" / folder).glob("*.yaml"))
    ]
    for scenario in scenarios:
        command = [sys.argv[1], "run", str(scenario), "--no-db", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        verdicts = [line for line in done.stdout.splitlines() if line.startswith(("  holds", "  FAILS"))]
        failed = done.returncode != 0 or not verdicts
        wrong += failed
        print(f"{scenario.relative_to(ROOT)}: {len(verdicts)} claims, exit {done.returncode}")
        if failed:
            print(done.stdout, done.stderr, sep="\n")
    return 1 if wrong or not scenarios else 0


if __name__ == "__main__":
    sys.exit(main())
