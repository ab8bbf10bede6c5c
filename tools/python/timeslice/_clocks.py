"""What the operating system counts for the calling thread and its process."""

import os
import threading
import time
from collections import namedtuple

try:
    import resource
    THREAD = resource.RUSAGE_THREAD
except (ImportError, AttributeError):  # not Linux
    resource = None

# Times in ns. `queued`: runnable without a CPU. `blocks`: voluntary switches, each a wait.
Reading = namedtuple("Reading", "wall cpu process children queued blocks")

SUPPORTED = resource is not None


def queue_file(native_id):
    """A descriptor of the thread's schedstat, or None where the kernel does not count it."""
    try:
        return os.open(f"/proc/self/task/{native_id}/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def queued_ns(descriptor):
    """Time that the thread of queue_file() was runnable without a CPU; 0 where unknown."""
    if descriptor is None:
        return 0
    try:
        return int(os.pread(descriptor, 100, 0).split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def blocks():
    """Voluntary switches of the calling thread."""
    return resource.getrusage(THREAD).ru_nvcsw


def _children_ns():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((usage.ru_utime + usage.ru_stime) * 1e9)


TIGHT_NS = 1_000_000  # a longer reading was itself interrupted by other programs


def begin(descriptor):
    """A reading whose own cost falls before it. An interrupted one is taken again."""
    for _ in range(5):
        queued, children, waits = queued_ns(descriptor), _children_ns(), blocks()
        start = time.perf_counter_ns()
        process = time.process_time_ns()
        cpu = time.thread_time_ns()
        wall = time.perf_counter_ns()
        if wall - start < TIGHT_NS:
            break
    return Reading(wall, cpu, process, children, queued, waits)


def end(descriptor):
    """A reading whose own cost falls after it."""
    wall = time.perf_counter_ns()
    cpu = time.thread_time_ns()
    process = time.process_time_ns()
    waits = blocks()
    queued = queued_ns(descriptor)
    late = time.perf_counter_ns() - wall
    queued -= late if late > TIGHT_NS else 0  # interrupted here, not in the call
    return Reading(wall, cpu, process, _children_ns(), queued, waits)


def between(first, last):
    """What was used from one reading to the next."""
    used = Reading(*(b - a for a, b in zip(first, last)))
    return used._replace(queued=max(0, min(used.queued, used.wall - used.cpu)))


def thread_clock():
    """The CPU clock of the calling thread, for cpu_of() in any other thread."""
    return time.pthread_getcpuclockid(threading.get_ident())


def cpu_of(clock):
    """CPU time of the thread whose clock that is [ns]."""
    return time.clock_gettime_ns(clock)


def status_file(native_id):
    """A descriptor for state_of()."""
    return os.open(f"/proc/self/task/{native_id}/status", os.O_RDONLY | os.O_CLOEXEC)


def state_of(descriptor):
    """(on a CPU or waiting for one, voluntary switches so far) of that thread; proc(5)."""
    text = os.pread(descriptor, 4000, 0)
    at = text.index(b"\nState:") + 7
    waits = text.index(b"\nvoluntary_ctxt_switches:") + 25
    return text[at:at + 3].strip()[:1] == b"R", int(text[waits:text.index(b"\n", waits)])

