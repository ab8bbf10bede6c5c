#!/usr/bin/env python3
"""Checks the rules about our code that no compiler knows.

Run it from anywhere: it needs no build. Prints one line a finding and exits 1 if there is any.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A layer may include itself and the layers to its left.
LAYERS = ["sim", "models", "scenarios", "validation", "tools"]

MAX_FILE_LINES = 500
MAX_LINE_COLUMNS = 100

# (where, pattern, what to do instead)
BANNED = [
    ("sim models scenarios", r"\bstd::chrono::(system|steady|high_resolution)_clock\b",
     "simulated time comes from the engine"),
    ("sim models scenarios", r"\b(std::random_device|std::rand|srand)\b",
     "draw from the run's own stream (sim/random.hpp)"),
    ("sim models", r"\bstd::(log|log2|log10|log1p|exp|exp2|expm1|pow|sin|cos|tan|cbrt|hypot|erf)\(",
     "the C library's last bit differs between CPUs: use sim/math.hpp"),
    ("sim models scenarios", r"\bstd::unordered_(map|set)\b",
     "its order changes from run to run: use a sorted container"),
    ("sim models scenarios validation", r"\bstd::\w+_distribution\b",
     "its results differ between libraries: use sim/random.hpp"),
    ("sim models", r"#include <(fstream|iostream|filesystem|thread|yaml|sqlite3)",
     "no input, output or threads inside the simulated world"),
    ("sim models scenarios validation tools", r"^\s*#\s*define\b", "write a constexpr or a function"),
    ("sim models scenarios validation tools tests", r"\bFIXME\b", "fix it, or open an issue"),
]
EXEMPT = {"sim/expect.cpp": "iostream"}  # it prints its last words


def findings(path: Path):
    name = path.relative_to(ROOT).as_posix()
    layer = name.split("/")[0]
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > MAX_FILE_LINES:
        yield f"{name}:1: {len(lines)} lines; split it ({MAX_FILE_LINES} at most)"
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE_COLUMNS:
            yield f"{name}:{number}: {len(line)} columns ({MAX_LINE_COLUMNS} at most)"
        included = re.match(r'\s*#include "(\w+)/', line)
        if included and layer in LAYERS and included[1] in LAYERS:
            if LAYERS.index(included[1]) > LAYERS.index(layer):
                yield f"{name}:{number}: {layer} must not know {included[1]}"
        for layers, pattern, advice in BANNED:
            hit = layer in layers.split() and re.search(pattern, line)
            if hit and EXEMPT.get(name, "\0") not in line:
                yield f"{name}:{number}: '{hit[0]}': {advice}"


def main() -> int:
    found = [
        finding
        for folder in [*LAYERS, "tests"]
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".hpp", ".cpp"}
        for finding in findings(path)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
