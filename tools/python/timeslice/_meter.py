"""Measures calls of one task. Timing and looking at the GIL happen on different calls, in turns."""

import threading

from timeslice import _clocks, _probe, _reference
from timeslice._travel import Parcel

ENOUGH_LOOKS = 600   # of the probe: a share is then known to about 2 points
MOST_WEIGHED = 20    # calls whose argument and result are pickled
SAMPLES = 100        # timing calls, where nobody says

busy = threading.Lock()  # one measurement at a time: others would disturb it
probe = _probe.Probe()
_inside = threading.local()


class Call:
    """One measured call: what the clocks say, and what the loop took before and after."""

    def __init__(self, used, before_ns, after_ns):
        self.used = used
        self.before_ns = before_ns
        self.after_ns = after_ns


class Meter:
    """All that is known of one task."""

    def __init__(self, name, samples=SAMPLES):
        self.name = name
        self.samples = samples
        self.kind = "function"
        self.calls = 0
        self.raised = 0
        self.nested = {}      # calls inside another task's measured call: its name, how many
        self.concurrent = 0   # calls while another thread was measured
        self.threads = 0      # most threads that the program had beside ours during a call
        self.first = None     # the first timing call: imports, caches, first pages
        self.timed = []
        self.probed = []
        self.looks = [0] * _probe.KINDS  # by what the probe saw
        self.stuck_ns = self.kept_waits = self.kept_waited = 0
        self.argument, self.result = Parcel(), Parcel()
        self._probe_next = False

    def wants_more(self):
        return len(self.timed) < self.samples or self._wants_looks()

    def _wants_looks(self):
        return _clocks.SUPPORTED and sum(self.looks[_probe.WITHOUT:]) < ENOUGH_LOOKS and \
            len(self.probed) < 2 * self.samples

    def enter(self):
        """Claims the measurement; a Running, or None when this call has to stay unmeasured."""
        self.calls += 1
        if not self.wants_more():
            return None
        around = getattr(_inside, "name", None)
        if around is not None:
            self.nested[around] = self.nested.get(around, 0) + 1
            return None
        if not busy.acquire(blocking=False):
            self.concurrent += 1
            return None
        _inside.name = self.name
        wanted = self._probe_next or len(self.timed) >= self.samples
        probes = wanted and self._wants_looks() and probe.is_idle()
        self._probe_next = not probes
        return (Probing if probes else Timing)(self)

    def guess_ns(self):
        walls = sorted(call.used.wall for call in self.timed)
        return walls[len(walls) // 2] if walls else self.first.used.wall if self.first else 0

    def weighs(self):
        return len(self.argument.sizes) < MOST_WEIGHED


class _Running:
    def __init__(self, meter):
        self.meter = meter
        self.queue_file = _clocks.queue_file(threading.get_native_id())

    def leave(self, failed):
        """Ends the measurement, whatever the call did."""
        try:
            call = self.stop()
            others = threading.active_count() - 1 - (probe.thread is not None)
            self.meter.threads = max(self.meter.threads, others)
            if failed:
                self.meter.raised += 1
            else:
                self.keep(call)
        finally:
            if self.queue_file is not None:
                _clocks.os.close(self.queue_file)
            _inside.name = None
            busy.release()


class Timing(_Running):
    def start(self):
        self.loop_ns = _reference.time_loop()
        self.begin = _clocks.begin(self.queue_file)

    def stop(self):
        used = _clocks.between(self.begin, _clocks.end(self.queue_file))
        return Call(used, self.loop_ns, _reference.time_loop())

    def keep(self, call):
        if self.meter.first is None:
            self.meter.first = call
        else:
            self.meter.timed.append(call)


class Probing(_Running):
    def start(self):
        probe.start(self.meter.guess_ns(), self.queue_file)
        self.begin = _clocks.begin(self.queue_file)
        probe.counts = True

    def stop(self):
        probe.counts = False
        used = _clocks.between(self.begin, _clocks.end(self.queue_file))
        self.looks = probe.finish()
        return Call(used, 0, 0)

    def keep(self, call):
        self.meter.probed.append(call)
        for kind, count in enumerate(self.looks.counts):
            self.meter.looks[kind] += count
        for field in ("stuck_ns", "kept_waits", "kept_waited"):
            setattr(self.meter, field, getattr(self.meter, field) + getattr(self.looks, field))
