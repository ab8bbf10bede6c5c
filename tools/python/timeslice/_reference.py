"""How slow the machine is just now, against its own best.

The speed of a CPU of a shared machine wanders by a factor of 1.7 within milliseconds, and a
scenario's durations are times on an undisturbed core. So a loop that stays in the first cache is
timed on the thread CPU clock right before and right after each timing call.
"""

import time

LOOPS = 1200  # about 60 us of bytecode
TURNS = 3     # the fastest counts: the first one may find cold caches, which the best never has
_seen = []


def _loop():
    value = 1
    for _ in range(LOOPS):
        value = (value * 5 + 1) & 255
    return value


def time_loop():
    """CPU time of the loop now [ns]."""
    taken = []
    for _ in range(TURNS):
        before = time.thread_time_ns()
        _loop()
        taken.append(time.thread_time_ns() - before)
    _seen.append(min(taken))
    return _seen[-1]


def look_for_best(budget_ns=100_000_000):
    """Goes on until so much CPU time is spent, since a best needs a fast spell to be seen."""
    left = budget_ns
    while left > 0:
        left -= TURNS * time_loop()


def best():
    """CPU time of the loop on an undisturbed core [ns]: the 5 % quantile of all seen."""
    ordered = sorted(_seen)
    return ordered[len(ordered) // 20]


def sleep_overshoot_ns():
    """How much longer than asked for a wait takes: the machine's own, which a prediction adds. A
    low quantile, since other programs delay it further."""
    late = []
    for _ in range(21):
        before = time.perf_counter_ns()
        time.sleep(0.001)
        late.append(time.perf_counter_ns() - before - 1_000_000)
    return sorted(late)[len(late) // 5]
