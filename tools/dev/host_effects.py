#!/usr/bin/env python3
"""Measures effects of this host that pages in docs/ quote, one table a sub-command.

    tools/dev/host_effects.py clock-reads | busy-cpu | idle-code | wake | starts | shares | rotation

clock-reads  involuntary switches of four busy threads on two CPUs, by the clock that they read
busy-cpu     what it costs to wake a thread whose CPU is idle, busy or one's own, and how late it is
idle-code    library code after a while, by what went on meanwhile, beside its warm time
wake         how late a sleeper runs: woken by a write or by a timer, on which CPU
starts       CPU time of a child process from start to end, by how many start at once, on two CPUs
             and on one; and beside processes that spin
shares       busy processes of some nice levels on one CPU for 5 s: the share of each
rotation     three busy processes on two CPUs for ten seconds: when one of them changes its CPU, and
             how far their shares differ; with --program build/release/timeslice also simulated

Needs two CPUs, a few seconds, and nothing else that runs beside it.
"""

import argparse
import contextlib
import ctypes
import functools
import hashlib
import multiprocessing
import os
import pickle
import queue
import resource
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor

monotonic_ns = time.monotonic_ns
thread_time_ns = time.thread_time_ns


def quantile(values: list[float], p: float) -> float:
    return sorted(values)[round(p * (len(values) - 1))]


def spin(ns: int) -> None:
    end = monotonic_ns() + ns
    while monotonic_ns() < end:
        pass


def nap(ns: int) -> None:
    time.sleep(ns / 1e9)


@contextlib.contextmanager
def child(cpu: int | None, program):
    """A process that runs `program` on a CPU until it is no longer needed."""
    process = os.fork()
    if process == 0:
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        program()
        os._exit(0)
    try:
        yield process
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def spin_for_ever() -> None:
    while True:
        spin(10**9)


# clock-reads

CALLS = 2000
CALL_NS = 145_000
THREADS = 4


def iterations_of(ns: int) -> int:
    """Of PBKDF2, which works without the GIL, in `ns` of an undisturbed core."""
    def cost(iterations: int) -> int:
        before = thread_time_ns()
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", iterations)
        return thread_time_ns() - before
    short, long = (min(cost(iterations) for _ in range(100)) for iterations in (1, 501))
    return max(1, round((ns - short) / (long - short) * 500))


def clocked_call(clock, iterations: int, _item: int) -> int:
    before = clock()
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", iterations)
    return clock() - before


def switches(clock, iterations: int) -> tuple[int, int, float]:
    """Involuntary and voluntary ones of a run, and its makespan [ms]."""
    with ThreadPoolExecutor(THREADS) as pool:
        before = resource.getrusage(resource.RUSAGE_SELF)
        begin = monotonic_ns()
        list(pool.map(functools.partial(clocked_call, clock, iterations), range(CALLS)))
        length = (monotonic_ns() - begin) / 1e6
        after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_nivcsw - before.ru_nivcsw, after.ru_nvcsw - before.ru_nvcsw, length


def clock_reads() -> None:
    iterations = iterations_of(CALL_NS)
    print(f"{CALLS} calls of {CALL_NS / 1e3:.0f} us in {THREADS} threads on two CPUs, twice 9 runs")
    print("clock read around each  involuntary switches  voluntary  makespan, ms")
    clocks = {"none": lambda: 0, "monotonic": monotonic_ns, "thread CPU": thread_time_ns}
    for _ in range(2):
        for name, clock in clocks.items():
            runs = [switches(clock, iterations) for _ in range(9)]
            forced, given, length = (statistics.median(column) for column in zip(*runs))
            print(f"{name:22}  {forced:20.0f}  {given:9.0f}  {length:12.0f}")


# busy-cpu, wake

ROUNDS = 200


class Sleeper:
    """A child that sleeps in read and writes back when and where it went on."""

    def __init__(self, cpu: int | None):
        self._read_end, self._write_end = os.pipe()
        self._answers, self._answer_end = os.pipe()
        self.process = child(cpu, self._answer)

    def _answer(self) -> None:
        while os.read(self._read_end, 1):
            os.write(self._answer_end, monotonic_ns().to_bytes(8, "little") + bytes([where()]))

    def wake(self) -> tuple[int, int, int]:
        """CPU time of the write, time until the sleeper went on [ns], and on which CPU."""
        cpu_before = thread_time_ns()
        before = monotonic_ns()
        os.write(self._write_end, b"x")
        cost = thread_time_ns() - cpu_before
        answer = os.read(self._answers, 9)
        return cost, int.from_bytes(answer[:8], "little") - before, answer[8]


def where() -> int:
    """The CPU that this process is on."""
    with open("/proc/self/stat", encoding="ascii") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[36])


def wakes(cpu: int | None, idle_ns: int, busy: bool = False) -> list[tuple[int, int, int]]:
    sleeper = Sleeper(cpu)
    with sleeper.process, child(cpu, spin_for_ever) if busy else contextlib.nullcontext():
        found = []
        for _ in range(ROUNDS):
            spin(idle_ns)
            found.append(sleeper.wake())
    return found


def busy_cpu(own: int, other: int) -> None:
    print(f"a write that wakes a sleeper after 0.3 ms, us: medians of {ROUNDS}, two series")
    print("the sleeper's CPU       CPU time of the write  sleeper late by  (90th percentile)")
    with on_cpu(own):
        for _ in range(2):
            for name, cpu, busy in (("another, idle", other, False), ("another, busy", other, True),
                                    ("the writer's own", own, False)):
                costs, late, _ = zip(*wakes(cpu, 300_000, busy))
                print(f"{name:22}  {statistics.median(costs) / 1e3:21.1f}"
                      f"  {statistics.median(late) / 1e3:15.1f}  {quantile(late, 0.9) / 1e3:17.1f}")


def wake(own: int, other: int) -> None:
    print(f"how late a sleeper goes on, us: medians of {ROUNDS}, two series")
    print("woken                                    after 0.3 ms  after 2 ms  on the waker's CPU")
    with on_cpu(own):
        for _ in range(2):
            for name, cpu in (("by a write, on another idle CPU", other),
                              ("by a write, on the writer's own", own),
                              ("by a write, where the kernel chooses", None)):
                if cpu is None:
                    os.sched_setaffinity(0, {own, other})
                soon, later = (wakes(cpu, ns) for ns in (300_000, 2_000_000))
                here = sum(place == own for _, _, place in later) / ROUNDS
                os.sched_setaffinity(0, {own})
                print(f"{name:39}  {median_late(soon):12.1f}  {median_late(later):10.1f}"
                      f"{'' if cpu is not None else format(here, '20.0%')}")
            soon, later = (overshoot(ns) for ns in (300_000, 2_000_000))
            print(f"{'by a timer, beyond its slack of 50 us':39}  {soon:12.1f}  {later:10.1f}")


def median_late(found: list[tuple[int, int, int]]) -> float:
    return statistics.median(late for _, late, _ in found) / 1e3


def overshoot(ns: int) -> float:
    """us by which a sleep is longer than asked for, the usual slack of timers taken off."""
    slack_ns = 50_000

    def once() -> int:
        before = monotonic_ns()
        nap(ns)
        return monotonic_ns() - before - ns - slack_ns
    return statistics.median(once() for _ in range(ROUNDS)) / 1e3


@contextlib.contextmanager
def on_cpu(cpu: int):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# idle-code

AWAY_NS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
SERIES = 25
STARTS_SERIES = 10


def nothing() -> None:
    pass


def library_code(tasks: queue.SimpleQueue) -> None:
    """What pools do with an item, in one stretch."""
    tasks.put((1, Future()))
    number, future = tasks.get()
    future.set_result(pickle.loads(pickle.dumps((number, nothing, (3,)))))
    future.result()


class Neighbour:
    """Another process on this CPU, which spins when asked while the caller sleeps."""

    def __init__(self, cpu: int):
        self._read_end, self._write_end = os.pipe()
        self._answers, self._answer_end = os.pipe()
        self.process = child(cpu, self._serve)

    def _serve(self) -> None:
        while asked := os.read(self._read_end, 8):
            spin(int.from_bytes(asked, "little"))
            os.write(self._answer_end, b"y")

    def __call__(self, ns: int) -> None:
        os.write(self._write_end, ns.to_bytes(8, "little"))
        os.read(self._answers, 1)


def idle_code(cpu: int) -> None:
    tasks: queue.Queue = queue.Queue()

    def used(program, *arguments) -> int:
        before = thread_time_ns()
        program(*arguments)
        return thread_time_ns() - before

    neighbour = Neighbour(cpu)
    found: dict[tuple[str, int], list[float]] = {}
    warm_ns = []
    with on_cpu(cpu), neighbour.process:
        meanwhile = {"it spun": spin, "the CPU was idle": nap, "another one spun": neighbour}
        for _ in range(300):
            library_code(tasks)
        clock = statistics.median(used(nothing) for _ in range(300))
        for _ in range(SERIES):
            for name, ns in ((name, ns) for ns in AWAY_NS for name in meanwhile):
                meanwhile[name](ns)
                used(nothing)
                cold = used(library_code, tasks) - clock
                warm = min(used(library_code, tasks) for _ in range(8)) - clock
                found.setdefault((name, ns), []).append(cold / warm - 1)
                warm_ns.append(warm)
    print(f"library code, {statistics.median(warm_ns) / 1e3:.1f} us warm: times as much more")
    print(f"{'':16}", *(f"{f'after {ns / 1e6:g} ms':>13}" for ns in AWAY_NS))
    for name in meanwhile:
        print(f"{name:16}", *(f"{statistics.median(found[name, ns]):13.1f}" for ns in AWAY_NS))


def cpu_ms_of_starts(method: str, number: int, spinners: int) -> float:
    """Of each of `number` children that start at once, beside processes that spin."""
    context = multiprocessing.get_context(method)
    beside = [multiprocessing.get_context("fork").Process(target=spin_for_ever)
              for _ in range(spinners)]
    children = [context.Process(target=nothing) for _ in range(number)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for one in beside + children:
        one.start()
    for one in children:
        one.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)  # the others have not ended yet
    used_ms = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3
    for one in beside:
        one.kill()
        one.join()
    return used_ms / number


def starts() -> None:
    """Rows: start method, CPUs, and for each column children at once + spinning processes."""
    cpus = sorted(os.sched_getaffinity(0))
    for method, used_cpus, crowds in (("fork", cpus, ((1, 0), (2, 0), (4, 0), (16, 0))),
                                      ("spawn", cpus, ((1, 0), (2, 0), (4, 0), (16, 0))),
                                      ("spawn", cpus[:1], ((1, 0), (2, 0), (4, 0), (8, 0))),
                                      ("spawn", cpus[:1], ((1, 0), (1, 1), (1, 3), (1, 7)))):
        os.sched_setaffinity(0, used_cpus)
        found: dict[tuple[int, int], list[float]] = {crowd: [] for crowd in crowds}
        for _ in range(STARTS_SERIES):
            for crowd in crowds:
                found[crowd].append(cpu_ms_of_starts(method, *crowd))
        cells = (f"{n}+{k}: {quantile(found[n, k], 0.5):5.1f} "
                 f"({min(found[n, k]):.1f}-{max(found[n, k]):.1f})" for n, k in crowds)
        print(f"{method}, {len(used_cpus)} CPU(s), ms of CPU a child:", *cells, sep="  ",
              flush=True)


def shares(cpu: int, other: int) -> None:
    for levels in ([0] * 2, [0] * 3, [0] * 4, [0] * 8, [0, 5], [0, 5, 5]):
        def burner(level: int):
            return lambda: (os.nice(level), spin_for_ever())
        with on_cpu(other), contextlib.ExitStack() as stack:
            processes = [stack.enter_context(child(cpu, burner(level))) for level in levels]
            nap(1_000_000_000)
            before = [cpu_ns(process) for process in processes]
            begin = monotonic_ns()
            nap(5_000_000_000)
            after = [cpu_ns(process) for process in processes]
            passed = monotonic_ns() - begin
        found = " ".join(f"{(now - then) / passed:.4f}" for then, now in zip(before, after))
        print(f"nice {levels}: {found}")


# rotation

WARM_UP_NS = 1_500_000_000
SHARE_NS = 3_000_000_000
WINDOWS = 3
SIMULATED_RUNS = 40
ROTATION = """
timeslice: 1
name: rotation
machine: vm-2c
runtime: none
tasks:
  burn: [{native: 10s}]
  kernel: [{repeat: 1000000, do: [{sleep: exp(120ms)}, {native: exp(40us)}]}]
executors: {crew: {kind: cpp-threads, workers: 3}}
main: [{map: {task: burn, items: 3, executor: crew}}]
seed: 1
"""
KERNEL_WORKER = "background: [{task: kernel}]\n"  # traced: 45 times in 9 s, 30 us


def moves_of_one(out: int, begin_ns: int, end_ns: int) -> None:
    """Writes the times at which this process finds itself on another CPU than before."""
    cpu_number = ctypes.PyDLL(None).sched_getcpu
    before = cpu_number()
    while (now := monotonic_ns()) < end_ns:
        cpu = cpu_number()
        if cpu != before and now >= begin_ns:
            os.write(out, f"{now}\n".encode())
        before = cpu


def cpu_ns(process: int) -> int:
    """CPU time as of the last tick: to read one's own clock would end a slice."""
    with open(f"/proc/{process}/schedstat", encoding="ascii") as stat:
        return int(stat.read().split()[0])


def native_rotation() -> tuple[list[int], list[float]]:
    """Times of moves [ns], and the spread of shares of each window."""
    begin = monotonic_ns() + WARM_UP_NS
    end = begin + 10_000_000_000
    into, out = os.pipe()
    processes = []
    for _ in range(3):
        process = os.fork()
        if process == 0:
            moves_of_one(out, begin, end)
            os._exit(0)
        processes.append(process)
    os.close(out)
    used = []
    for window in range(WINDOWS + 1):
        nap(begin + window * SHARE_NS - monotonic_ns())
        used.append((monotonic_ns(), [cpu_ns(process) for process in processes]))
    with os.fdopen(into) as lines:
        times = sorted(int(line) for line in lines)
    for process in processes:
        os.waitpid(process, 0)
    spreads = []
    for (earlier, before), (later, after) in zip(used, used[1:]):
        shares = [(now - then) / (later - earlier) for then, now in zip(before, after)]
        spreads.append(max(shares) - min(shares))
    return times, spreads


def simulated_rotation(program: str, beside: str, run: int) -> tuple[list[int], list[float]]:
    """The same of the simulated machine vm-2c, beside a background program or nothing."""
    first = 2 if beside else 1
    text = subprocess.run([program, "run", "-", "-n", str(SIMULATED_RUNS), "--rep", str(run),
                           "--no-db", "-q", "--trace", "-"], input=ROTATION + beside,
                          text=True, check=True, capture_output=True).stdout
    times = []
    used = [[0, 0, 0] for _ in range(WINDOWS)]
    came: dict[int, int] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) < 3 or words[1] not in ("switch_in", "switch_out", "migrated"):
            continue
        now = int(words[0]) - WARM_UP_NS
        thread = next(int(word[8:]) for word in words if word.startswith("subject="))
        if thread < first:
            continue
        if words[1] == "switch_in":
            came[thread] = now
        elif words[1] == "switch_out":
            for window, sums in enumerate(used):
                start = max(came[thread], window * SHARE_NS)
                sums[thread - first] += max(0, min(now, (window + 1) * SHARE_NS) - start)
        elif 0 <= now < 10_000_000_000:
            times.append(now)
    return times, [(max(sums) - min(sums)) / SHARE_NS for sums in used]


def gaps_of(times: list[int]) -> list[float]:
    return [(later - earlier) / 1e6 for earlier, later in zip(times, times[1:])]


def quartiles(values: list[float], digits: int) -> str:
    return " / ".join(f"{quantile(values, q):.{digits}f}" for q in (0.25, 0.5, 0.75))


def rotation(program: str | None) -> None:
    times, spreads = native_rotation()
    gaps = gaps_of(times)
    print(f"{len(times)} moves in 10 s, quartiles of the time between two"
          f" {quartiles(gaps, 0) if gaps else '-'} ms;"
          f" spread of shares over 3 s: {', '.join(f'{spread:.3f}' for spread in spreads)}")
    if program is None:
        return
    for name, beside in (("alone", ""), ("beside a kernel worker", KERNEL_WORKER)):
        runs = [simulated_rotation(program, beside, run) for run in range(SIMULATED_RUNS)]
        gaps = [gap for times, _ in runs for gap in gaps_of(times)]
        spreads = [spread for _, of_run in runs for spread in of_run]
        moves = statistics.mean(len(times) for times, _ in runs)
        print(f"simulated {name}, {SIMULATED_RUNS} runs: {moves:.0f} moves,"
              f" {quartiles(gaps, 0)} ms; spread {statistics.mean(spreads):.3f},"
              f" quartiles {quartiles(spreads, 3)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["clock-reads", "busy-cpu", "idle-code", "wake", "starts",
                                         "shares", "rotation"])
    parser.add_argument("--program", help="rotation: simulate it as well, with this timeslice")
    arguments = parser.parse_args()
    what = arguments.what
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        print("host_effects.py needs two CPUs", file=sys.stderr)
        return 2
    own, other = cpus[:2]
    os.sched_setaffinity(0, {own, other})
    if what == "clock-reads":
        clock_reads()
    elif what == "idle-code":
        idle_code(own)
    elif what == "starts":
        starts()
    elif what == "shares":
        shares(other, own)
    elif what == "rotation":
        rotation(arguments.program)
    else:
        {"busy-cpu": busy_cpu, "wake": wake}[what](own, other)
    return 0


if __name__ == "__main__":
    sys.exit(main())
