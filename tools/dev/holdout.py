#!/usr/bin/env python3
"""Evaluates the frozen model on scenarios that nobody has seen, and logs the result for good.

    tools/dev/holdout.py build/release/timeslice [--count 60] [--runs 10] [--pairs]
    tools/dev/holdout.py --check        # the log only grows: nothing committed has gone

The order is what makes it honest: the tree must be clean and the program built from it; then the
operating system draws a seed; seed and fingerprints enter validation/holdout.log.jsonl before
anything runs; then the scenarios are drawn, run natively in turns, and the result is appended. An
evaluation that was drawn and never finished stays visible as such. Commit the log afterwards.

--trial tries the flow in a tree with changes; it needs a --log outside of the repository.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import evaluations


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", help="the built timeslice")
    parser.add_argument("--count", type=int, default=60, help="scenarios, or pairs")
    parser.add_argument("--runs", type=int, default=10, help="accepted native runs of each point")
    parser.add_argument("--pairs", action="store_true", help="rank two designs for the same work")
    parser.add_argument("--python", default="/usr/bin/python3", help="runs the scenarios natively")
    parser.add_argument("--machine", default="host", help="machine file, such as of `calibrate`")
    parser.add_argument("--time-limit", default="60min", help="for all native runs together")
    parser.add_argument("--noise-limit", default="10%", help="as of validate; for trials")
    parser.add_argument("--log", type=Path, default=evaluations.LOG)
    parser.add_argument("--keep", type=Path, help="an empty folder that keeps the drawn files")
    parser.add_argument("--trial", action="store_true", help="not an evaluation: tries the flow")
    parser.add_argument("--check", action="store_true", help="only checks that the log has grown")
    given = parser.parse_args()
    if not given.check and given.program is None:
        parser.error("name the built program")
    return given


def check() -> None:
    lost = evaluations.lost_lines(evaluations.LOG)
    if lost:
        sys.exit(lost)


def evaluate(given: argparse.Namespace) -> None:
    inside = evaluations.ROOT in given.log.resolve().parents
    if given.trial and inside:
        raise evaluations.Refusal("a trial is logged elsewhere: name a --log outside of the tree")
    if not given.trial and given.log != evaluations.LOG:
        raise evaluations.Refusal("an evaluation enters the repository's log: no --log but for a "
                                  "--trial")
    about = {"date": evaluations.now(), "pairs": given.pairs,
             **evaluations.frozen(given.program, given.trial)}
    if given.trial:
        about["trial"] = True
    seed = int.from_bytes(os.urandom(6), "little")  # only now, after the freeze
    about |= {"seed": seed, "count": given.count, "noise_limit": given.noise_limit}
    evaluations.append(given.log, {"event": "drawn", **about})
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        files = evaluations.drawn(given.program, seed, given.count, folder, given.pairs)
        options = ["--repeat", str(given.runs), "--python", given.python, "--machine",
                   given.machine, "--time-limit", given.time_limit,
                   "--noise-limit", given.noise_limit]
        try:
            points = evaluations.validated(given.program, files, options)
        except evaluations.Refusal as why:
            evaluations.append(given.log, {"event": "failed", **about, "why": str(why)})
            raise
    evaluations.append(given.log, {"event": "evaluated", **about,
                                   **evaluations.host(given.python),
                                   "wanted_runs": given.runs, "points": points})
    errors = sorted(abs(point["error"]) for point in points if point.get("error") is not None)
    print(f"seed {seed}: {len(errors)} of {len(points)} points compared"
          + (f", median error {errors[len(errors) // 2]:.1%}, worst {errors[-1]:.1%}"
             if errors else "")
          + f"; logged in {given.log}")


def main() -> None:
    given = arguments()
    if given.check:
        check()
    else:
        evaluate(given)


if __name__ == "__main__":
    evaluations.run(main)
