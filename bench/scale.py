#!/usr/bin/env python3
"""Simulates a million tasks on 64 workers and checks time and memory.

    bench/scale.py build/release/timeslice

Prints CPU seconds and peak memory for each kind of executor; exits 1 above 10 s or 1 GiB.
"""

import os
import subprocess
import sys
from pathlib import Path

SCENARIO = Path(__file__).with_name("million-tasks.yaml")
MOST_SECONDS = 10.0
MOST_MIB = 1024.0


def cost(program: str, kind: str) -> tuple[float, float]:
    """(CPU seconds, peak MiB) of one run."""
    command = [program, "run", str(SCENARIO), "--set", f"kind={kind}", "--no-db", "--quiet", "--json"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: status {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> int:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    over = False
    for kind in ("threads", "processes"):
        seconds, mib = cost(sys.argv[1], kind)
        over |= seconds > MOST_SECONDS or mib > MOST_MIB
        print(f"{kind:12} {seconds:6.2f} s CPU {mib:8.0f} MiB")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
