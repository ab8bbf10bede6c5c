"""What all pictures share: the database, units, looks that work without colour, refusals."""

import math
import sqlite3
import sys
from pathlib import Path
from urllib.parse import quote

from matplotlib.figure import Figure

APPLICATION_ID = 0x54534C43
MARKERS = "osD^vP*X<>"
LINES = ["-", "--", "-.", ":"]
# Okabe & Ito 2008: can be told apart with every kind of colour blindness.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555"]
HATCHES = ["", "////", "....", "xxxx", "\\\\\\\\", "++++", "oooo"]
# Each state of a thread has a hatch of its own beside its colour.
STATES = {
    "running": ("#0072B2", ""),
    "gil_wait": ("#D55E00", "////"),
    "ready": ("#E69F00", "...."),
    "blocked": ("#DDDDDD", ""),
}
STATE_NAMES = {"running": "running", "gil_wait": "waits for the GIL",
               "ready": "ready, no CPU free", "blocked": "blocked"}
# How a CPU is busy, as the metrics state_* count it.
CPU_STATES = {
    "parallel": ("#009E73", "", "alone on its core"),
    "smt": ("#CC79A7", "xxxx", "beside a busy sibling"),
    "timeshared": ("#F0E442", "||||", "time-shared"),
}
TIME_UNITS = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")]
BYTE_UNITS = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B")]
THREADS_MAX = 60  # more rows than that cannot be read
LINES_MAX = 12  # and more lines


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


def has_table(database, name):
    return database.execute("SELECT count(*) FROM sqlite_master WHERE name = ?",
                            (name,)).fetchone()[0] > 0


def unit_of(units, largest):
    return next(((scale, name) for scale, name in units if largest >= scale), units[-1])


def time_unit(largest_ns):
    return unit_of(TIME_UNITS, largest_ns)


def scale_of(unit, largest):
    """(divisor, unit to write) for values of one unit of the metric table."""
    if unit == "ns":
        return time_unit(largest)
    if unit == "B":
        return unit_of(BYTE_UNITS, largest)
    if unit == "1":
        return 0.01, "%"
    return 1.0, {"count": "", "1/s": "1/s"}.get(unit, unit)


def three_digits(value):
    """1234567 -> 1.23e+06, 12.345 -> 12.3: a number for a cell or the end of a bar."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "-"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{max(digits, 0)}f}" if abs(value) < 1e5 else f"{value:.2e}"


def new_figure(width, height):
    return Figure(figsize=(width, height), layout="constrained")


def look(index):
    """Colour, marker and line of the series `index`: no two of the first 70 are alike."""
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)],
            "linestyle": LINES[index % len(LINES)]}


def wrapped(title, width=88):
    """A title of several parameters on as many lines as it needs."""
    lines = [""]
    for part in title.split(", "):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += (", " if lines[-1] else "") + part
    return ",\n".join(lines)


def point_title(database, point):
    scenario, params = database.execute(
        "SELECT scenario, params FROM v_point WHERE point = ?", (point,)).fetchone()
    return scenario, params


def run_title(database, run, what):
    point = database.execute("SELECT point FROM run WHERE id = ?", (run,)).fetchone()[0]
    scenario, params = point_title(database, point)
    return f"{scenario}: {what} (run {run})" + (f"\n{wrapped(params)}" if params else "")


def the_batch(database, wanted, having, needs):
    """The batch to draw: `wanted`, or the newest of `having` (a query for one column of batches).

    Says so where a newer batch has runs, but not what the picture needs."""
    found = sorted(row[0] for row in database.execute(having))
    if wanted is not None and wanted not in found:
        known = database.execute("SELECT 1 FROM batch WHERE id = ?", (wanted,)).fetchone()
        raise Problem(3, f"batch {wanted}: {needs}" if known else
                      f"there is no batch {wanted}: see `timeslice query DB batches`")
    if not found:
        raise Problem(3, needs)
    if wanted is not None:
        return wanted
    newest = database.execute("SELECT max(batch) FROM run JOIN point ON point.id = run.point"
                              ).fetchone()[0]
    if newest > found[-1]:
        print(f"plot: this is batch {found[-1]}: the newest, {newest}, has nothing for this picture"
              f" ({needs})", file=sys.stderr)
    return found[-1]


def chosen_run(database, options, table, needs):
    """The run that was asked for, or the first one with rows in `table` of the batch to draw."""
    if options.run is not None:
        if database.execute("SELECT 1 FROM run WHERE id = ?", (options.run,)).fetchone() is None:
            raise Problem(3, f"there is no run {options.run}: see `timeslice query DB v_run`")
        return options.run
    if not has_table(database, table):  # a file of an older version
        raise Problem(3, needs)
    batch = the_batch(database, options.batch, "SELECT DISTINCT point.batch FROM point JOIN run "
                      f"ON run.point = point.id WHERE run.id IN (SELECT run FROM {table})", needs)
    return database.execute(
        "SELECT min(run.id) FROM run JOIN point ON point.id = run.point WHERE point.batch = ? "
        f"AND run.id IN (SELECT run FROM {table})", (batch,)).fetchone()[0]


def points_with(database, options, metric, needs):
    """(SQL for a column `point`, its values): the points of the run or batch to draw.

    The batch is one with simulated values of the series where `metric` holds."""
    if options.run is not None:
        return "point = (SELECT point FROM run WHERE id = ?)", (options.run,)
    batch = the_batch(database, options.batch, batches_with(metric), needs)
    return "batch = ?", (batch,)


def batches_with(metric):
    """A query for them. Not of v_summary, which would sum up all runs of the file."""
    return ("SELECT DISTINCT point.batch FROM series JOIN sample ON sample.series = series.id "
            "JOIN run ON run.id = sample.run JOIN point ON point.id = run.point "
            f"WHERE {metric} AND run.kind = 'simulated' AND run.status = 'ok' "
            "AND sample.value IS NOT NULL")
