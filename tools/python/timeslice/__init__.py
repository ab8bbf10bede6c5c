"""Measures functions of a program run serially, and writes them as the tasks of a scenario.

    import timeslice

    @timeslice.task
    def resize(image): ...

    with timeslice.measure("load"):
        ...

When the program ends, a scenario is printed to stderr that `timeslice check` and `timeslice run`
take as it is (`timeslice.report(file=...)` writes it earlier, or elsewhere). With TIMESLICE_OFF=1
in the environment decorated functions are the plain functions. Linux, CPython 3.8 or later, only
the standard library. The page about it: docs/FROM-CODE.md.
"""

from timeslice._api import measure, report, task

__all__ = ["measure", "report", "task"]
