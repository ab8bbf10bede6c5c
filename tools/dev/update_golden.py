#!/usr/bin/env python3
"""Rewrites, or with --check compares, the golden traces below tests/golden.

Usage: update_golden.py [--check] PROGRAM
Each tests/golden/<topic>/<name>.yaml has a <name>.trace beside it: the trace of its first point,
repetition 0. Simulated time is exact, so a plain comparison decides. The rewrite is reviewed like code.
"""

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN_LINES = 20


def trace_of(program: str, scenario: Path) -> str:
    """The text trace that `program` writes for `scenario`."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "trace"
        command = [program, "run", str(scenario), "--no-db", "--quiet", "--trace", str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
        return target.read_text()


def main() -> int:
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    check = len(arguments) < len(sys.argv) - 1
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    wrong = 0
    scenarios = sorted((ROOT / "tests" / "golden").rglob("*.yaml"))
    for scenario in scenarios:
        golden = scenario.with_suffix(".trace")
        now = trace_of(arguments[0], scenario)
        before = golden.read_text() if golden.exists() else ""
        if now == before:
            continue
        wrong += 1
        if check:
            lines = difflib.unified_diff(before.splitlines(), now.splitlines(), str(golden), "now", lineterm="")
            print(*list(lines)[:SHOWN_LINES], sep="\n")
        else:
            golden.write_text(now)
            print(f"rewrote {golden.relative_to(ROOT)}")
    print(f"{len(scenarios)} golden traces, {wrong} {'differ' if check else 'rewritten'}")
    return 1 if check and (wrong or not scenarios) else 0


if __name__ == "__main__":
    sys.exit(main())
