"""`task`, `measure` and `report`: what a program calls."""

import atexit
import contextlib
import functools
import inspect
import os
import sys

from timeslice import _meter, _scenario

_meters = {}
_reported = False


def _off():
    """Asked for, or a worker of multiprocessing: only the main program is measured."""
    if os.environ.get("TIMESLICE_OFF", "") not in ("", "0"):
        return True
    processes = sys.modules.get("multiprocessing.process")
    return processes is not None and processes.parent_process() is not None


def _meter_of(name, samples):
    if not isinstance(name, str) or not name:
        raise TypeError("the name of a task is a text that is not empty")
    if not isinstance(samples, int) or isinstance(samples, bool) or samples < 1:
        raise ValueError("samples is a whole number, 1 or more")
    if name not in _meters:
        if not _meters:
            atexit.register(_report_at_exit)
        _meters[name] = _meter.Meter(name, samples)
    return _meters[name]


def _kind_of(function):
    if inspect.iscoroutinefunction(function):
        return "coroutine"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return "generator"
    return "function"


def _free_name(function):
    """A function's own name, or the longer one where another task has that already."""
    name = function.__name__
    if name in _meters:
        name = function.__qualname__.replace("<locals>.", "")
    if name in _meters:
        name = f"{function.__module__}.{name}"
    return name


def task(function=None, *, name=None, samples=_meter.SAMPLES):
    """Measures calls of a function: `@task`, or `@task(name="resize", samples=50)`.

    `samples` timing calls are kept, and about as many more serve to see who holds the GIL; later
    calls go straight to the function. Coroutines and generators are left as they are, with a word
    in the report: their work is not done in the call.
    """
    if function is None:
        return functools.partial(task, name=name, samples=samples)
    if not callable(function):
        raise TypeError("task decorates a function; for a block use `with timeslice.measure(name):`")
    if _off():
        return function
    meter = _meter_of(name if name is not None else _free_name(function), samples)
    meter.kind = _kind_of(function)
    if meter.kind != "function":
        return function

    @functools.wraps(function)
    def measured(*args, **kwargs):
        running = None if _is_off else meter.enter()
        if running is None:
            return function(*args, **kwargs)
        weighs = meter.weighs()
        failed = True
        try:
            if weighs:
                meter.argument.weigh((args, kwargs) if kwargs else args)
            running.start()
            result = function(*args, **kwargs)
            failed = False
        finally:
            running.leave(failed)
        if weighs:
            meter.result.weigh(result)
        return result

    return measured


@contextlib.contextmanager
def measure(name, *, samples=_meter.SAMPLES):
    """Measures a block as a task of that name; each time it runs is one call."""
    running = None if _off() or _is_off else _meter_of(name, samples).enter()
    if running is None:
        yield
        return
    failed = True
    try:
        running.start()
        yield
        failed = False
    finally:
        running.leave(failed)


def report(file=None):
    """Writes the scenario: to a path, an open text file, or stderr. Returns its text.

    With a path, measured durations that no formula describes go into .csv files beside it. A
    report written by hand replaces the one at the end of the program.
    """
    global _reported
    _reported = True
    if _off() or _is_off:
        return ""
    path = file if isinstance(file, (str, os.PathLike)) else None
    text, tables = _scenario.write(list(_meters.values()), path)
    if path is None:
        print(text, file=sys.stderr if file is None else file, end="", flush=True)
        return text
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    for table, rows in tables.items():
        with open(table, "w", encoding="utf-8") as out:
            out.write(rows)
    return text


def _report_at_exit():
    if not _reported and not _is_off and any(meter.calls for meter in _meters.values()):
        report()


_is_off = False


def _after_fork():
    """A forked worker is not the program that is measured, and has no probe thread."""
    global _is_off
    _is_off = True


os.register_at_fork(after_in_child=_after_fork)
