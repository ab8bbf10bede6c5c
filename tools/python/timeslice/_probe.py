"""Who holds the GIL while a function runs: a second thread looks, at random instants.

The probe sleeps until an instant drawn beforehand and then takes the GIL, as every Python thread
does. The kernel counts its voluntary switches: one for the sleep, and one more for each time that
it had to wait for the GIL (CPython waits in steps of the switch interval). So

    no further switch    the GIL was free: C code without it where the function goes on using CPU
                         time; a wait where it is not runnable
    a few                taken, and given up soon after it was asked for: bytecode
    many                 taken, and not given up when asked for: C code that keeps it, where the
                         function used CPU time meanwhile; else it only waited for a CPU itself

whatever the machine's wake-up latency is. CPU time of the function that passes while the probe
waits for the GIL was with the GIL, and counts for the instants in it: calls that keep it long are
not under-represented. Looks at a function that does not get a CPU do not count at all.
"""

import os
import random
import sys
import threading
import time

from timeslice import _clocks

# During a probing call [s]: how soon bytecode is asked for the GIL. The probe waits in steps of it.
INTERVAL = 100e-6
# A wait step takes the interval, and timer slack (Linux: 50 us) and the wake-up [s].
STEP = INTERVAL + 60e-6
# Bytecode gave the GIL up within 2 to 4 waits (CPython 3.10 to 3.13, 2-CPU guest, loaded); C code
# that keeps it for 2 ms takes 12.
SOON = 8
# Mean time between two looks [s], for functions of 1 ms and more. A look at bytecode takes 10 to 60
# us of it (2-CPU guest).
LONGEST_GAP = 2e-3
SHORTEST_GAP = 200e-6

# CPU time since the last look that says: it runs [ns]. Taking the GIL back needs less.
RUNS = 50_000
WATCH = 30_000  # how long a free GIL is kept from the function, to see whether it runs [ns]
LONGEST_START = 0.05  # a busy machine may not delay the program for longer [s]
PAUSE = 100e-6  # least time between two looks [s]

# TAKEN: no telling by what.
KINDS = 5
BLOCKED, WITHOUT, BYTECODE, KEPT, TAKEN = range(KINDS)


class Looks:
    """What the probe saw in one call."""

    def __init__(self):
        self.counts = [0] * KINDS
        self.kept_waits = 0    # of the probe, for C code that kept the GIL
        self.kept_waited = 0.0  # all of them together [s]
        self.stuck_ns = 0  # the GIL was taken, and no CPU used or waited for


class Probe:
    """One thread for all probing calls of the program; it sleeps while there is none."""

    def __init__(self, seed=1):
        self._random = random.Random(seed)
        self._asked = threading.Semaphore(0)
        self._looking = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self.counts = False
        self.thread = None

    def start(self, wall_guess_ns, queue_file):
        """Begins to look at the calling thread; returns when the probe is about to sleep, or soon
        where it gets no CPU. Requires: is_idle()."""
        if self.thread is None:
            self.thread = threading.Thread(target=self._serve, name="timeslice-probe", daemon=True)
            self.thread.start()
        self._idle.clear()
        self._looking.clear()
        self._looks = Looks()
        self._ended = False
        self.counts = False  # set by the measured thread itself, right around the function
        self._queue_file = queue_file
        self._clock = _clocks.thread_clock()
        self._native_id = threading.get_native_id()
        self._gap = min(LONGEST_GAP, max(SHORTEST_GAP, wall_guess_ns * 1e-9 / 4))
        self._interval_before = sys.getswitchinterval()
        sys.setswitchinterval(INTERVAL)
        self._asked.release()
        self._looking.wait(LONGEST_START)

    def is_idle(self):
        return self._idle.is_set()

    def finish(self):
        """Ends the looking; returns what was seen."""
        self._ended = True
        looks, self._looks = self._looks, Looks()
        sys.setswitchinterval(self._interval_before)
        return looks

    def _serve(self):
        while True:
            self._asked.acquire()
            status_file = _clocks.status_file(self._native_id)
            try:
                self._look(status_file)
            finally:
                os.close(status_file)
                self._idle.set()

    def _look(self, status_file):
        cpu = _clocks.cpu_of(self._clock)
        queued = _clocks.queued_ns(self._queue_file)
        switches = _clocks.state_of(status_file)[1]
        self._looking.set()
        while True:
            pause = PAUSE + self._random.expovariate(1 / self._gap)
            instant = time.perf_counter() + pause
            before = _clocks.blocks()
            time.sleep(pause)
            waits = _clocks.blocks() - before - 1
            if self._ended:
                return
            waited = min(time.perf_counter() - instant, waits * STEP) if waits > 0 else 0.0
            cpu_now = _clocks.cpu_of(self._clock)
            queued_now = queued
            runnable, switches_now = _clocks.state_of(status_file)
            if not self.counts:
                pass  # the function has not begun, or has ended
            elif waits <= 0:
                self._saw_free(runnable, cpu_now - cpu, switches_now == switches)
            else:
                if waits >= SOON:
                    queued_now = _clocks.queued_ns(self._queue_file)
                self._saw_taken(waits, waited, (cpu_now - cpu, pause * 1e9), queued_now - queued)
            cpu, queued, switches = cpu_now, queued_now, switches_now

    def _saw_free(self, runnable, used_ns, never_waited):
        if not runnable:
            self._looks.counts[BLOCKED] += 1
        elif self._goes_on() or (never_waited and used_ns >= RUNS):
            self._looks.counts[WITHOUT] += 1
        # else: it waits for a CPU, to take the GIL or with work in C: no telling

    def _goes_on(self):
        """Whether the function uses CPU time while this thread has the GIL."""
        before = _clocks.cpu_of(self._clock)
        end = time.perf_counter_ns() + WATCH
        while time.perf_counter_ns() < end:
            if _clocks.cpu_of(self._clock) - before > WATCH // 10:
                return True
        return False

    def _saw_taken(self, waits, waited, used, queued_ns):
        """`used`: CPU time of the function since the last look, and the pause before the wait."""
        since_ns, pause_ns = used
        used_ns = max(0, since_ns - pause_ns)  # while the probe waited, at the least
        kind = BYTECODE
        if waits >= SOON:
            self._looks.stuck_ns += max(0.0, waited * 1e9 - used_ns - queued_ns)
            if used_ns < 0.5e9 * waited:  # it kept the GIL because it waited for a CPU itself
                self._looks.counts[TAKEN] += since_ns >= RUNS
                return
            kind = KEPT
            self._looks.kept_waits += 1
            self._looks.kept_waited += waited
        self._looks.counts[kind] += 1
        ran = min(waited, used_ns * 1e-9)
        while True:  # instants that passed meanwhile
            ran -= PAUSE + self._random.expovariate(1 / self._gap)
            if ran <= 0:
                return
            self._looks.counts[kind] += 1


def tails_of(kept_waits, kept_waited):
    """Looks at C code that keeps the GIL which came so near to its end that they seem to be looks
    at bytecode. A look is equally likely everywhere in a call of length L, so waits that are long
    enough to be recognised are (L + SOON steps) / 2 on average."""
    if kept_waits == 0:
        return 0.0
    hidden = SOON * STEP
    recognised = 2 * (kept_waited / kept_waits - hidden)
    return kept_waits * hidden / max(recognised, hidden)
