#!/usr/bin/python3
"""Draws one picture from a results database; docs/PICTURES.md shows each kind.

    plot.py DB KIND -o F.png|F.svg [--csv F.csv] [--batch N | --run N] [--metric NAME]

The data of the picture is written as CSV too: beside the picture, to the file that --csv names, or
nowhere (--csv none). The database is only read. Exit codes are those of timeslice: 0 done, 2 usage,
3 not a database of ours or nothing in it to draw, 6 matplotlib is missing; and 74: not written.
"""

import argparse
import csv
import sqlite3
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))  # python3 -I leaves it out

try:
    import matplotlib

    matplotlib.use("Agg")
except ImportError:
    print("plot: matplotlib is missing: install python3-matplotlib", file=sys.stderr)
    sys.exit(6)

import amounts  # noqa: E402
import measured  # noqa: E402
import scaling  # noqa: E402
import timeline  # noqa: E402
from shared import APPLICATION_ID, Problem, open_database  # noqa: E402, F401

# Each takes (database, options) and gives (figure, CSV header, CSV rows).
KINDS = {
    "speedup": scaling.speedup,
    "efficiency": scaling.efficiency,
    "heatmap": scaling.heatmap,
    "gantt": timeline.gantt,
    "gil": timeline.gil,
    "timeline": timeline.timeline,
    "utilisation": timeline.utilisation,
    "latency": amounts.latency,
    "waterfall": amounts.waterfall,
    "memory": amounts.memory,
    "resources": amounts.resources,
    "validation": measured.validation,
    "error": measured.error,
}
BY_RUN = {"gantt", "gil", "timeline", "latency", "waterfall", "memory", "resources"}
BY_METRIC = {"heatmap", "error"}
NOT_WRITTEN = 74  # EX_IOERR; tools/report/plot_command.hpp knows it


def draw(database, kind, run=None, metric=None, batch=None):
    """(figure, CSV header, CSV rows) of one picture."""
    return KINDS[kind](database, argparse.Namespace(run=run, metric=metric, batch=batch))


def write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def is_database(path):
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(15) == b"SQLite format 3"


def check(given, output):
    if output.suffix not in {".png", ".svg"}:
        raise Problem(2, f"{output}: name a .png or .svg file")
    for path in (output, Path(given.csv or output.with_suffix(".csv"))):
        if is_database(path):
            raise Problem(NOT_WRITTEN, f"{path}: is a database, which would be lost; name another "
                          "file")
    if given.run is not None and given.kind not in BY_RUN:
        raise Problem(2, f"--run goes with {', '.join(sorted(BY_RUN))}: {given.kind} shows a batch")
    if given.run is not None and given.batch is not None:
        raise Problem(2, "--run and --batch: a run belongs to one batch, name one of the two")
    if given.metric is not None and given.kind not in BY_METRIC:
        raise Problem(2, f"--metric goes with {' and '.join(sorted(BY_METRIC))}")


def arguments(words):
    parser = argparse.ArgumentParser(prog="plot", description=__doc__.splitlines()[0])
    parser.add_argument("database")
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument("-o", "--output", required=True, help="picture: .png or .svg")
    parser.add_argument("--csv", help="the data; default: beside the picture; none: nowhere")
    parser.add_argument("--batch", type=int, help="a batch; default: the newest that has it")
    parser.add_argument("--run", type=int, help="a run of v_run; default: the first stored")
    parser.add_argument("--metric", help="heatmap, error: a metric; default: makespan")
    return parser.parse_args(words)


def main(words):
    given = arguments(words)
    output = Path(given.output)
    try:
        check(given, output)
        database = open_database(given.database)
        figure, header, rows = draw(database, given.kind, given.run, given.metric,
                                    given.batch)
        # Equal data gives equal bytes: no date, and no random ids in SVG.
        matplotlib.rcParams["svg.hashsalt"] = "timeslice"
        metadata = {"Date": None} if output.suffix == ".svg" else {}
        figure.savefig(output, dpi=130, metadata=metadata)
        if given.csv != "none":
            write_csv(given.csv or output.with_suffix(".csv"), header, rows)
    except Problem as problem:
        print(f"plot: {problem}", file=sys.stderr)
        return problem.code
    except (sqlite3.Error, UnicodeDecodeError) as error:
        print(f"plot: {given.database}: the database is damaged: {error}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"plot: {error.filename or output}: cannot be written: {error.strerror}", file=sys.stderr)
        return NOT_WRITTEN
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
