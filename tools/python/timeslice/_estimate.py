"""From measured calls to the parts of a task: bytecode, C code with and without the GIL, waiting."""

import math
import statistics
import sys

from timeslice import _clocks, _fit, _reference
from timeslice._fit import duration
from timeslice._probe import BYTECODE, KEPT, WITHOUT, tails_of

FEWEST_LOOKS = 10     # fewer tell nothing
FEW_LOOKS = 60        # a share is then known to about 6 points
SNAP = 0.04           # shares this near to none or all are none or all
QUEUED_SHARE = 0.05   # of the wall time: others wanted the CPU
BUSY = 0.3            # of the wall time, queued: the probe rarely runs beside the function
SEES = _clocks.SUPPORTED
FEW_CALLS = 8
QUIET = 0.1           # of the wall time, queued: such a call tells how long it waits


class Estimate:
    """Parts of a task as lists of ns, one a timed call; and what to say about them."""

    def __init__(self):
        self.python, self.kept, self.native, self.io = [], [], [], []
        self.turns = 1     # how often a call waits, where that is the same each time
        self.notes = []    # what was found
        self.doubts = []   # why a number may be wrong


def percent(share):
    return f"{100 * share:.0f} %"


def _total(calls, field):
    return sum(getattr(call.used, field) for call in calls)


def _normalised_cpu(calls, made):
    """CPU times on an undisturbed core, the machine's own spread taken out."""
    best = _reference.best()
    speeds = [(call.before_ns + call.after_ns) / (2 * best) for call in calls]
    cpu = [max(1.0, call.used.cpu / speed) for call, speed in zip(calls, speeds)]
    slowness = statistics.fmean(speeds)
    if slowness > 1.1:
        made.notes.append(f"CPU times are divided by how slow the machine was: {slowness:.2f} on "
                          "average")
    if len(calls) < 2:
        return cpu
    moves = [math.log(call.after_ns / call.before_ns) for call in calls]
    noise = math.sqrt(statistics.fmean(move * move for move in moves) / 2)
    raw = _fit.cv(cpu)
    if raw >= _fit.CONSTANT_CV and noise >= _fit.CONSTANT_CV:
        made.notes.append(f"CPU time varied by {percent(raw)}, the machine itself by "
                          f"{percent(noise)} meanwhile")
    return _fit.without_noise(cpu, noise)


def _shares(meter, made):
    """Shares of the CPU time: (bytecode, C code that keeps the GIL); the rest is without it."""
    looks = meter.looks
    total = sum(looks[WITHOUT:])
    if not _clocks.SUPPORTED:
        made.doubts.append("who holds the GIL can only be seen on Linux: all taken as bytecode")
        return 1.0, 0.0
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        made.doubts.append("this Python has no GIL: all taken as bytecode, C code included")
        return 1.0, 0.0
    if total < FEWEST_LOOKS:
        if _total(meter.timed or [meter.first], "cpu") > 0.02 * _total(
                meter.timed or [meter.first], "wall"):
            made.doubts.append(f"{total} looks at the GIL tell nothing: all its CPU time is taken "
                               "as bytecode; call it more often")
        return 1.0, 0.0
    if meter.stuck_ns > 0.1 * _total(meter.probed, "wall"):
        made.doubts.append("it holds the GIL while it waits, which no step of a scenario does")
    share = 1 - looks[WITHOUT] / total
    error = math.sqrt(max(share * (1 - share), 0.25 / total) / total)
    made.notes.append(f"GIL held in {percent(share)} (+-{100 * error:.0f}) of its CPU time, by "
                      f"{total} looks in {len(meter.probed)} calls")
    if total < FEW_LOOKS:
        made.doubts.append(f"only {total} looks at the GIL: its share may be off by "
                           f"{200 * error:.0f} points")
    held = looks[BYTECODE] + looks[KEPT]  # the others are taken to be alike
    tails = min(looks[BYTECODE], tails_of(meter.kept_waits, meter.kept_waited))
    kept = share * (looks[KEPT] + tails) / held if held else 0.0
    return _snapped(share - kept, kept)


def _snapped(python, kept):
    """Shares that are none or all but for the error of sampling."""
    kept = 0.0 if kept < SNAP else kept
    python = 0.0 if python < SNAP else python
    native = 1 - python - kept
    if native < SNAP and python + kept > 0:
        whole = python + kept
        python, kept = python / whole, kept / whole
    return python, kept


def _waits(calls, made):
    """Time off the CPU that was no queue for it, without the machine's own delay of a wake-up."""
    overshoot = _reference.sleep_overshoot_ns()
    quiet = [call for call in calls if call.used.queued <= QUIET * call.used.wall]
    calls = quiet if len(quiet) >= FEW_CALLS else calls
    waits = []
    for call in calls:
        used = call.used
        # Without a voluntary switch it waited for nothing: something stopped the machine.
        off = max(0, used.wall - used.cpu - used.queued) if used.blocks or not SEES else 0
        late = min(off / 2, used.blocks * overshoot) if SEES else 0
        waits.append(off - late)
    share = sum(waits) / max(1, _total(calls, "wall") - _total(calls, "queued"))
    if share < 0.02:
        return []
    waited = sum(wait > 0 for wait in waits)
    busy = _total(calls, "queued") > QUEUED_SHARE * _total(calls, "wall")
    if waited <= max(1, len(waits) // (4 if busy else 20)) < len(waits) // 2:
        made.doubts.append(f"{waited} of {len(waits)} calls waited, up to {duration(max(waits))}: "
                           "left out, as the machine's doing")
        return []
    counts = sorted(call.used.blocks for call in calls)
    tenth = len(counts) // 10
    low, middle, high = counts[tenth], counts[len(counts) // 2], counts[-1 - tenth]
    if middle >= 2 and high - low <= middle // 5:
        made.turns = middle
        made.notes.append(f"it waits {middle} times a call")
    elif high >= 2:
        made.notes.append(f"it waits {low} to {high} times a call: written as one wait")
    return [max(1.0, wait) for wait in waits]


def _doubt_surroundings(meter, calls, made):
    queued = _total(calls, "queued") / max(1, _total(calls, "wall"))
    if queued > QUEUED_SHARE:
        made.doubts.append(f"it waited for a CPU in {percent(queued)} of the time (left out): "
                           "other programs ran")
    if meter.probed and _total(meter.probed, "queued") > BUSY * _total(meter.probed, "wall"):
        made.doubts.append("the GIL was looked at on a busy machine: its share may be far off")
    others = _total(calls, "process") - _total(calls, "cpu")
    if others > max(0.05 * _total(calls, "cpu"), 50_000 * len(calls)):
        made.doubts.append(f"other threads of the program used {duration(others / len(calls))} CPU "
                           "a call, which is not in the task: does it start threads?")
    elif meter.threads > 0:
        made.doubts.append(f"{meter.threads} other threads were there: waiting for one of them, or "
                           "for the GIL, counts as io")
    children = _total(calls, "children")
    if children > 0:
        made.doubts.append(f"child processes used {duration(children / len(calls))} CPU a call: "
                           "waiting for them counts as io")
    if meter.raised:
        made.doubts.append(f"{meter.raised} calls raised an exception and are left out")
    for around, count in sorted(meter.nested.items()):
        made.doubts.append(f"{count} calls inside {around} were measured there, not here")
    if meter.concurrent:
        made.doubts.append(f"{meter.concurrent} calls came while another thread was measured: run "
                           "it serially")


def estimate(meter):
    """Requires: the meter has timed a call."""
    made = Estimate()
    calls = meter.timed or [meter.first]
    made.notes.append(f"{len(calls)} of {meter.calls} calls timed")
    if len(calls) < FEW_CALLS:
        made.doubts.append(f"only {len(calls)} timed calls: the spread is a guess")
    cpu = _normalised_cpu(calls, made)
    python, kept = _shares(meter, made)
    made.python = [python * one for one in cpu] if python else []
    made.kept = [kept * one for one in cpu] if kept else []
    native = 1 - python - kept
    made.native = [native * one for one in cpu] if native > 1e-9 else []
    made.io = _waits(calls, made)
    if meter.timed and meter.first.used.wall > 2 * statistics.median(
            call.used.wall for call in meter.timed):
        made.notes.append(f"the first call took {duration(meter.first.used.wall)} and is left out")
    _doubt_surroundings(meter, calls, made)
    return made
