"""Writes measured tasks as a scenario that `timeslice check` and `timeslice run` take as it is."""

import datetime
import os
import platform
import re
import statistics
import sys

from timeslice import _fit, _reference
from timeslice._estimate import estimate

WORDS = {"on", "off", "yes", "no", "true", "false", "null", "none", "y", "n"}
MOST_ITEMS = 1_000_000
WORTH_SAYING = 1000    # bytes; less costs no more than an empty message
WORTH_COUNTING = 100  # objects; a few cost less than the message around them
OUTSIDE = re.compile(r"[^\x20-\x7e]")


def plain_name(name, taken=()):
    """A name that YAML, the format's paths and a shell take as it is; another one than `taken`."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", name)[:60]
    if not name or not name[0].isalpha() or name.lower() in WORDS:
        name = f"task_{name}"
    tries = [name, *(f"{name}_{number}" for number in range(2, len(taken) + 3))]
    return next(one for one in tries if one not in taken)


def comment_text(text):
    return OUTSIDE.sub("?", text)[:300]


def size_text(size):
    """A payload's size, in bytes or in thousands of them."""
    if size < 1000:
        return f"{round(size)}B"
    return f"{_fit.number(size / 1e3)}kB" if size < 1e6 else f"{_fit.number(size / 1e6)}MB"


class _Tables:
    """Files of measured durations that a report on disk has beside it."""

    def __init__(self, path):
        self.folder = None if path is None else os.path.dirname(os.path.abspath(path))
        self.stem = None if path is None else os.path.splitext(os.path.basename(path))[0]
        self.rows = {}

    def name(self):
        if self.folder is None:
            return None
        return f"{plain_name(self.stem)}-{len(self.rows) + 1}.csv"

    def keep(self, name, rows):
        self.rows[os.path.join(self.folder, name)] = rows


def _step_lines(made, tables):
    """Steps of a task; in `turns` rounds where it waits several times a call."""
    lines = []
    turns = made.turns if made.io else 1
    for key, values, more in (("python", made.python, ""), ("native", made.kept, "held"),
                              ("native", made.native, ""), ("io", made.io, "")):
        if not values or statistics.fmean(values) < 1:
            continue
        if turns > 1:  # the rounds' own spread averages out: each gets more of it
            mean = statistics.fmean(values)
            values = [mean + turns ** 0.5 * (value - mean) for value in values]
            values = [max(0.01 * mean, value) / turns for value in values]
        table = tables.name() if turns == 1 else None
        found = _fit.fit(values, table)
        if found.rows:
            tables.keep(table, found.rows)
        if found.warning:
            made.doubts.append(f"{key}: {found.warning}")
        lines.append(f"- {key}: {found.text}" if not more else
                     f"- native: {found.text}\n  holds_gil: true")
    if turns > 1:
        inner = "\n".join(lines).replace("\n", "\n    ")
        return [f"- repeat: {turns}\n  do:\n    {inner}"]
    return lines


def _parcel_notes(word, parcel, made):
    if parcel.problem:
        made.doubts.append(f"its {word} cannot travel to a process: {parcel.problem}")
    elif parcel.sizes and statistics.fmean(parcel.sizes) >= WORTH_SAYING:
        made.notes.append(
            f"{word}: {size_text(statistics.fmean(parcel.sizes))} pickled, dumps "
            f"{_fit.duration(statistics.median(parcel.dumps))}, loads "
            f"{_fit.duration(statistics.median(parcel.loads))}")


def _payload(meter):
    """`payload: {...}` of an executor for this task, or nothing."""
    parts = []
    for key, parcel in (("argument", meter.argument), ("result", meter.result)):
        if parcel.sizes and not parcel.problem and statistics.fmean(parcel.sizes) >= WORTH_SAYING:
            parts.append(f"{key}: {size_text(statistics.fmean(parcel.sizes))}")
    objects = max([statistics.fmean(parcel.objects) for parcel in (meter.argument, meter.result)
                   if parcel.objects and not parcel.problem], default=1)
    if objects >= WORTH_COUNTING:
        parts.append(f"objects: {round(objects)}")
    return f", payload: {{{', '.join(parts)}}}" if parts else ""


def _unmeasured(meter):
    if meter.kind != "function":
        return f"{meter.name} is a {meter.kind}, which does its work later: not measured"
    if meter.calls == 0:
        return f"{meter.name} was never called"
    why = ", ".join(f"inside {around}" for around in sorted(meter.nested))
    reason = f"called only {why}" if why else "its calls raised, or other threads were measured"
    return f"{meter.name} was not measured: {reason}"


def _task_lines(meter, name, tables):
    made = estimate(meter)
    if name != meter.name:
        made.notes.insert(0, f"in the program: {meter.name}")
    _parcel_notes("argument", meter.argument, made)
    _parcel_notes("result", meter.result, made)
    steps = _step_lines(made, tables) or ["- python: 1ns"]
    lines = [f"  {name}:"]
    lines += [f"    # {comment_text(note)}" for note in made.notes]
    lines += [f"    # DOUBTFUL: {comment_text(doubt)}" for doubt in made.doubts]
    for step in steps:
        lines += ["    " + line for line in step.split("\n")]
    return lines


def _program_name():
    return plain_name(os.path.splitext(os.path.basename(sys.argv[0] if sys.argv else ""))[0])


def _names(meters):
    names = []
    for meter in meters:
        names.append(plain_name(meter.name, names))
    return names


def _use_lines(measured, names):
    """executors, main and variants: the calls that were seen, on pools of threads or processes."""
    lines = ["", "executors:"]
    lines += [f'  {name}_workers: {{kind: threads, workers: "${{workers}}"}}' for name in names]
    lines += ["", "main:"]
    lines += [f"  - map: {{task: {name}, items: {min(meter.calls, MOST_ITEMS)}, "
              f"executor: {name}_workers}}" for meter, name in zip(measured, names)]
    lines += ["", "params: {workers: 4}", "variants:", "  serial:", "    executors:"]
    lines += [f"      {name}_workers: {{kind: serial}}" for name in names]
    lines += ["  processes:", "    executors:"]
    lines += [f"      {name}_workers: {{kind: processes{_payload(meter)}}}"
              for meter, name in zip(measured, names)]
    return [*lines, "repeat: 5", ""]


def write(meters, path=None):
    """(text, {path of a table: its text}) of a scenario of what was measured so far."""
    measured = [meter for meter in meters if meter.first is not None]
    left_out = [f"# {comment_text(_unmeasured(meter))}" for meter in meters if meter.first is None]
    head = [
        f"# Measured by the Python module timeslice on {datetime.date.today()}, with "
        f"{platform.python_implementation()} {platform.python_version()}.",
        "# Durations are times on an undisturbed core of this machine. `tasks` is what was measured;",
        "# executors and main are a start: the same calls on a pool of threads, then of processes.",
        *left_out,
    ]
    if not measured:
        return "\n".join([*head, "# Nothing was measured.", ""]), {}
    _reference.look_for_best()
    tables = _Tables(path)
    version = ".".join(platform.python_version_tuple()[:2])
    lines = [*head, "timeslice: 1", f"name: {_program_name()}", "machine: host",
             f'runtime: {{python: "{version}"}}', "", "tasks:"]
    names = _names(measured)
    for meter, name in zip(measured, names):
        lines += _task_lines(meter, name, tables)
    lines += _use_lines(measured, names)
    return "\n".join(lines), tables.rows
