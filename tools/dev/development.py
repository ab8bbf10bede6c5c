#!/usr/bin/env python3
"""Validates the development set and keeps the result in validation/development.jsonl.

    tools/dev/development.py build/release/timeslice [--runs 10] [--ablation] [--python EXE]

The set: scenarios/validation, threads-or-processes, and the drawn scenarios of seed 1. The models
were made and mended with these in view, so their errors are no proof; validation_page.py shows them
apart from the hold-out. Each Python version has its line, which a new result replaces. --ablation
also predicts every run without each effect; it takes several times as long to simulate.
"""

import argparse
import json
import tempfile
from pathlib import Path

import evaluations

DRAWN_SEED = 1
# Its machine has one CPU, to which native runs are bound.
MACHINES = {"one-cpu-burners": "vm-1c"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the built timeslice")
    parser.add_argument("--runs", type=int, default=10, help="accepted native runs of each point")
    parser.add_argument("--python", default="/usr/bin/python3", help="runs the scenarios natively")
    parser.add_argument("--machine", default="host", help="machine file, such as of `calibrate`")
    parser.add_argument("--drawn", type=int, default=44, help="drawn scenarios beside the others")
    parser.add_argument("--ablation", action="store_true", help="also without each effect")
    parser.add_argument("--time-limit", default="90min", help="for all native runs together")
    parser.add_argument("--only", nargs="*", type=Path, help="these scenarios instead of the set")
    parser.add_argument("--out", type=Path, default=evaluations.DEVELOPMENT)
    return parser.parse_args()


def written_by_hand() -> list[Path]:
    folder = evaluations.ROOT / "scenarios"
    return [folder / "teaching/threads-or-processes.yaml",
            *sorted((folder / "validation").glob("*.yaml"))]


def store(out: Path, result: dict) -> None:
    others = [entry for entry in evaluations.read(out) if entry["python"] != result["python"]]
    lines = sorted([*others, result], key=lambda entry: entry["python"])
    out.write_text("".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in lines),
                   encoding="utf-8")


def main() -> None:
    given = arguments()
    about = {"date": evaluations.now(), **evaluations.frozen(given.program, trial=True),
             **evaluations.host(given.python), "wanted_runs": given.runs}
    options = ["--repeat", str(given.runs), "--python", given.python,
               "--time-limit", given.time_limit] + (["--costs"] if given.ablation else [])
    files = given.only if given.only is not None else written_by_hand()
    special = [file for file in files if file.stem in MACHINES]
    points = []
    with tempfile.TemporaryDirectory() as folder:
        files = [file for file in files if file not in special]
        if given.drawn > 0:
            files += evaluations.drawn(given.program, DRAWN_SEED, given.drawn, Path(folder))
        points += evaluations.validated(given.program, files,
                                        options + ["--machine", given.machine])
    for file in special:
        points += evaluations.validated(given.program, [file],
                                        options + ["--machine", MACHINES[file.stem]])
    store(given.out, {**about, "points": points})
    print(f"{len(points)} points kept in {given.out}")


if __name__ == "__main__":
    evaluations.run(main)
