"""Measures what becomes of payload of four sizes: an echo of fresh bytes between two processes.

Called as `python3 payload_parts.py SIZE PARENT_PID`, in a fresh interpreter for each size: the C
library moves its thresholds by what was freed before, so one size would change the next. Prints the
same JSON as runtime_parts.py. Each step by the thread's CPU clock and its count of page faults, in the
process that makes it, in the order in which a Pool makes them. What a fault costs is measured
beside it, in the same process.
"""

import json
import mmap
import os
import pickle
import resource
import struct
import sys
from multiprocessing import connection
from multiprocessing.reduction import ForkingPickler
from time import thread_time_ns

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402: isolated mode leaves this folder off the path

SMALLEST = 30_000  # bytes
REPEATS = 24
PAGE = 4096


def faults():
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt


def step(call):
    """What `call` yields, its CPU time and its page faults."""
    before, seen = thread_time_ns(), faults()
    result = call()
    used = thread_time_ns() - before
    return result, used, faults() - seen


def fault_cost():
    """CPU time of the first touch of a page, by slices that each touch 256 of them."""
    pages = 256
    area = mmap.mmap(-1, pages * PAGE)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        area.madvise(mmap.MADV_NOHUGEPAGE)
    zeros = bytes(pages)
    _, used, count = step(lambda: area.__setitem__(slice(0, pages * PAGE, PAGE), zeros))
    _, warm, _ = step(lambda: area.__setitem__(slice(0, pages * PAGE, PAGE), zeros))
    area.close()
    return (used - warm) / max(1, count)


def serve(source, sink):
    """The worker: reads, loads, builds a result of the same size, dumps and sends it."""
    while True:
        message, *read = step(source.recv_bytes)
        if not message:
            os._exit(0)
        argument, *loads = step(lambda: pickle.loads(message))
        del message
        size = len(argument)
        del argument
        result, *build = step(lambda: b"\x01" * size)
        text, *dumps = step(lambda: ForkingPickler.dumps(result))
        del result
        sink.send_bytes(text)
        del text
        sink.send_bytes(struct.pack("<8q", *read, *loads, *build, *dumps))


NAMES = ("argument_read", "argument_loads", "result_build", "result_dumps")


class Echo:
    """A forked worker and the pipes to it."""

    def __init__(self):
        self.there, own = [None, None], os.getpid()
        task_source, task_sink = connection.Pipe(duplex=False)
        result_source, result_sink = connection.Pipe(duplex=False)
        self.child = os.fork()
        if self.child == 0:
            harness.die_with_parent(own)
            task_sink.close()
            serve(task_source, result_sink)
        self.tasks, self.results = task_sink, result_source

    def once(self, size):
        """CPU time and faults of each step of one echo."""
        argument = os.urandom(64) * (size // 64)
        text, *dumps = step(lambda: ForkingPickler.dumps(argument))
        self.tasks.send_bytes(text)
        del text, argument
        message, *read = step(self.results.recv_bytes)
        _, *loads = step(lambda: pickle.loads(message))
        del message
        inside = struct.unpack("<8q", self.results.recv_bytes())
        found = {"argument_dumps": dumps, "result_read": read, "result_loads": loads}
        for index, name in enumerate(NAMES):
            found[name] = list(inside[2 * index:2 * index + 2])
        return found

    def close(self):
        self.tasks.send_bytes(b"")
        os.waitpid(self.child, 0)


def echoes(size):
    """Samples `payload.STEP.SIZE.cpu` and `.faults`, without the first ones."""
    echo = Echo()
    found = {}
    try:
        for repeat in range(REPEATS + 4):
            for name, (used, count) in echo.once(size).items():
                if repeat >= 4:
                    found.setdefault(f"payload.{name}.{size}.cpu", []).append(used)
                    found.setdefault(f"payload.{name}.{size}.faults", []).append(count)
    finally:
        echo.close()
    return found


def shared_blocks():
    """SharedMemory: making, mapping and releasing a block, by its size."""
    from multiprocessing.shared_memory import SharedMemory
    found = {}
    SharedMemory(create=True, size=PAGE).unlink()  # starts the resource tracker
    for label, size in (("small", PAGE), ("large", 1024 * PAGE)):
        for _ in range(12):
            block, created, _ = step(lambda size=size: SharedMemory(create=True, size=size))
            touched = slice(0, size, PAGE)
            ones = b"\x01" * (size // PAGE)
            _, filled, _ = step(lambda: block.buf.__setitem__(touched, ones))
            other, attached, _ = step(lambda: SharedMemory(block.name))
            _, mapped, _ = step(lambda: bytes(other.buf[touched]))
            other.close()

            def release():
                block.close()
                block.unlink()
            _, released, _ = step(release)
            for name, used in (("create", created), ("fill", filled), ("attach", attached),
                               ("map", mapped), ("release", released)):
                found.setdefault(f"shared_{name}.{label}", []).append(used)
    return found


def measure(size):
    """All samples, by name; blocks of shared memory beside the smallest size only."""
    found, missing = echoes(size), {}
    found["payload.fault"] = [fault_cost() for _ in range(20)]
    found["payload.step"] = [step(lambda: None)[1] for _ in range(100)]
    if size <= SMALLEST:
        try:
            found.update(shared_blocks())
        except Exception as problem:  # noqa: BLE001: 3.7 has none, a container may forbid it
            missing["shared_create"] = f"{type(problem).__name__}: {problem}"[:200]
    return {"samples": found, "rejected": {}, "missing": missing}


if __name__ == "__main__":
    harness.die_with_parent(int(sys.argv[2]))
    print(json.dumps(measure(int(sys.argv[1]))), flush=True)
