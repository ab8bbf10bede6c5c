#!/usr/bin/python3
"""Draws one picture from a results database: speedup, gantt or validation.

    plot.py DB KIND -o F.png|F.svg [--csv F.csv] [--run N]

The data of the picture is written as CSV too (beside the picture unless --csv names a place).
The database is only read. Exit codes are those of timeslice: 0 done, 2 usage, 3 not a database of
ours or nothing in it to draw, 6 matplotlib is missing.
"""

import argparse
import csv
import sqlite3
import sys
from pathlib import Path
from urllib.parse import quote

try:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
except ImportError:
    print("plot: matplotlib is missing: install python3-matplotlib", file=sys.stderr)
    sys.exit(6)

APPLICATION_ID = 0x54534C43
MARKERS = "osD^vP*X<>"
LINES = ["-", "--", "-.", ":"]
# Colour-blind safe (Okabe & Ito 2008), and each state has a hatch of its own as well.
STATES = {
    "running": ("#0072B2", ""),
    "gil_wait": ("#D55E00", "////"),
    "ready": ("#E69F00", "...."),
    "blocked": ("#DDDDDD", ""),
}
TIME_UNITS = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")]
THREADS_MAX = 60  # more rows than that cannot be read


class Problem(Exception):
    """What the user can do something about: (exit code, message)."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def open_database(path):
    if not Path(path).is_file():
        raise Problem(3, f"{path}: there is no such file")
    database = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    try:
        found = database.execute("PRAGMA application_id").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise Problem(3, f"{path}: {error}") from error
    if found != APPLICATION_ID:
        raise Problem(3, f"{path}: this is not a database of timeslice")
    return database


def time_unit(largest_ns):
    return next(((scale, name) for scale, name in TIME_UNITS if largest_ns >= scale), (1.0, "ns"))


# Speed-up -------------------------------------------------------------------------------------


def speedup_data(database):
    """(header, rows) of the newest batch that has a numeric axis; the axis with most values."""
    axis = database.execute(
        "SELECT batch, scenario, axis FROM v_speedup WHERE number IS NOT NULL "
        "AND kind = 'simulated' GROUP BY batch, axis "
        "ORDER BY batch DESC, count(DISTINCT number) DESC, axis LIMIT 1").fetchone()
    if axis is None:
        raise Problem(3, "no sweep here has a numeric parameter with several values: "
                         "run a scenario with a matrix, e.g. workers: [1, 2, 4]")
    rows = database.execute(
        "SELECT scenario, axis, others, number, base_value, n, speedup, low, high "
        "FROM v_speedup WHERE batch = ? AND axis = ? AND kind = 'simulated' "
        "AND number IS NOT NULL ORDER BY others, number", (axis[0], axis[2])).fetchall()
    return ["scenario", "axis", "others", "value", "base_value", "n", "speedup", "low",
            "high"], rows


def speedup_figure(rows):
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.add_subplot()
    scenario, axis, base = rows[0][0], rows[0][1], rows[0][4]
    for index, others in enumerate(sorted({row[2] for row in rows})):
        line = [row for row in rows if row[2] == others]
        x = [row[3] for row in line]
        y = [row[6] for row in line]
        below = [row[6] - row[7] if row[7] is not None else 0.0 for row in line]
        above = [row[8] - row[6] if row[8] is not None else 0.0 for row in line]
        axes.errorbar(x, y, yerr=[below, above], label=others or "simulated", capsize=3,
                      marker=MARKERS[index % len(MARKERS)], linestyle=LINES[index % len(LINES)])
    values = sorted({row[3] for row in rows})
    if values[0] > 0:
        ideal = [value / values[0] for value in values]
        axes.plot(values, ideal, color="black", linewidth=1, linestyle=(0, (1, 3)), label="ideal")
    axes.set_xlabel(axis)
    axes.set_ylabel(f"speed-up over {axis} = {base} (times)")
    axes.set_title(f"{scenario}: speed-up by {axis}, 95 % intervals")
    axes.set_xticks(values if len(values) <= 12 else values[::len(values) // 12 + 1])
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


# Gantt ----------------------------------------------------------------------------------------


def gantt_data(database, run=None):
    if run is None:
        found = database.execute("SELECT min(run) FROM slice WHERE run IN (SELECT run FROM v_run "
                                 "WHERE batch = (SELECT max(batch) FROM v_run JOIN slice "
                                 "ON slice.run = v_run.run))").fetchone()
        run = found[0]
    rows = database.execute("SELECT run, entity, cpu, start_ns, end_ns, state FROM slice "
                            "WHERE run = ? ORDER BY start_ns, entity", (run,)).fetchall()
    if not rows:
        raise Problem(3, "no timeline is stored" + (f" for run {run}" if run else "") +
                      ": run with --keep timeline")
    return ["run", "thread", "cpu", "start_ns", "end_ns", "state"], rows


def bars(axes, lanes, rows, lane_of, scale):
    """Draws the slices of each lane; one call a state and lane keeps large timelines fast."""
    for position, lane in enumerate(lanes):
        for state, (colour, hatch) in STATES.items():
            spans = [(row[3] / scale, (row[4] - row[3]) / scale) for row in rows
                     if row[5] == state and lane_of(row) == lane]
            if spans:
                axes.broken_barh(spans, (position - 0.4, 0.8), facecolors=colour, hatch=hatch,
                                 edgecolor="black", linewidth=0.3)
    axes.set_yticks(range(len(lanes)), [str(lane) for lane in lanes])
    axes.set_ylim(len(lanes) - 0.5, -0.5)


def gantt_figure(title, rows):
    threads = list(dict.fromkeys(row[1] for row in rows))
    shown = threads[:THREADS_MAX]
    cpus = sorted({row[2] for row in rows if row[2] is not None})
    scale, unit = time_unit(max(row[4] for row in rows))
    height = 2.5 + 0.25 * (len(cpus) + len(shown))
    figure = Figure(figsize=(11, min(height, 40)), layout="constrained")
    upper, lower = figure.subplots(
        2, 1, sharex=True, height_ratios=[max(len(cpus), 1) + 1, len(shown) + 1])
    bars(upper, cpus, [row for row in rows if row[5] == "running"], lambda row: row[2], scale)
    bars(lower, shown, rows, lambda row: row[1], scale)
    upper.set_ylabel("CPU")
    lower.set_ylabel("thread")
    lower.set_xlabel(f"time since main's first step ({unit})")
    upper.set_title(title, loc="left")
    if len(shown) < len(threads):
        lower.set_title(f"the first {len(shown)} of {len(threads)} threads", fontsize="small")
    names = [Patch(facecolor=colour, hatch=hatch, edgecolor="black", label=state.replace("_", " "))
             for state, (colour, hatch) in STATES.items() if any(row[5] == state for row in rows)]
    upper.legend(handles=names, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(names))
    return figure


def gantt_title(database, run):
    scenario, params = database.execute(
        "SELECT scenario, params FROM v_point WHERE point = (SELECT point FROM run WHERE id = ?)",
        (run,)).fetchone()
    return f"{scenario}: who runs when (run {run})" + (f"\n{params}" if params else "")


# Validation -----------------------------------------------------------------------------------


def validation_data(database):
    rows = database.execute(
        "SELECT scenario, params, predicted, predicted_low, predicted_high, measured, error, "
        "error_raw, error_null FROM v_error WHERE name = 'makespan' AND measured > 0 "
        "AND predicted IS NOT NULL AND batch IN (SELECT max(id) FROM batch GROUP BY scenario) "
        "ORDER BY scenario, measured").fetchall()
    if not rows:
        raise Problem(3, "nothing was validated into this database: "
                         "timeslice validate FILE --db DB")
    return ["scenario", "params", "predicted_ns", "predicted_low_ns", "predicted_high_ns",
            "measured_ns", "error", "error_raw", "error_null"], rows


def validation_figure(rows):
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.add_subplot()
    scale, unit = time_unit(max(row[5] for row in rows))
    ends = [min(min(row[2], row[5]) for row in rows) / scale * 0.7,
            max(max(row[2], row[5]) for row in rows) / scale * 1.4]
    axes.fill_between(ends, [0.9 * end for end in ends], [1.1 * end for end in ends],
                      color="0.85", label="within 10 %")
    axes.plot(ends, ends, color="black", linewidth=1, label="predicted = measured")
    for index, scenario in enumerate(sorted({row[0] for row in rows})):
        points = [row for row in rows if row[0] == scenario]
        low = [max(row[2] - row[3], 0) / scale if row[3] is not None else 0 for row in points]
        high = [max(row[4] - row[2], 0) / scale if row[4] is not None else 0 for row in points]
        axes.errorbar([row[5] / scale for row in points], [row[2] / scale for row in points],
                      yerr=[low, high], linestyle="", capsize=3, label=scenario,
                      marker=MARKERS[index % len(MARKERS)])
    for row in rows:
        error = row[6] if row[6] is not None else row[2] / row[5] - 1
        axes.annotate(f"{100 * error:+.1f} %" + (f"  {row[1]}" if row[1] else ""),
                      (row[5] / scale, row[2] / scale), xytext=(6, -9),
                      textcoords="offset points", fontsize=7)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends,
             xlabel=f"measured makespan ({unit})", ylabel=f"predicted makespan ({unit})",
             title="Predicted against measured, 95 % intervals of the prediction")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("{x:g}")
    axes.legend(loc="upper left")
    return figure


# ----------------------------------------------------------------------------------------------


def draw(database, kind, run=None):
    """(figure, CSV header, CSV rows) of one picture."""
    if kind == "speedup":
        header, rows = speedup_data(database)
        return speedup_figure(rows), header, rows
    if kind == "validation":
        header, rows = validation_data(database)
        return validation_figure(rows), header, rows
    header, rows = gantt_data(database, run)
    return gantt_figure(gantt_title(database, rows[0][0]), rows), header, rows


def write_csv(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def arguments(words):
    parser = argparse.ArgumentParser(prog="plot", description=__doc__.splitlines()[0])
    parser.add_argument("database")
    parser.add_argument("kind", choices=["speedup", "gantt", "validation"])
    parser.add_argument("-o", "--output", required=True, help="picture: .png or .svg")
    parser.add_argument("--csv", help="the data; default: beside the picture")
    parser.add_argument("--run", type=int, help="gantt: a run of v_run; default: the first stored")
    return parser.parse_args(words)


def main(words):
    given = arguments(words)
    output = Path(given.output)
    try:
        if output.suffix not in {".png", ".svg"}:
            raise Problem(2, f"{output}: name a .png or .svg file")
        database = open_database(given.database)
        figure, header, rows = draw(database, given.kind, given.run)
        figure.savefig(output, dpi=130)
        write_csv(given.csv or output.with_suffix(".csv"), header, rows)
    except Problem as problem:
        print(f"plot: {problem}", file=sys.stderr)
        return problem.code
    except sqlite3.Error as error:
        print(f"plot: {given.database}: {error}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"plot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
