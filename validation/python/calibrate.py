"""Measures kernels and a few costs of this host for `timeslice validate`.

Called as `python3 calibrate.py kernels|quick|reference|fresh SECONDS PARENT_PID [NOMINAL_PACE]`, the
last one in ns for PACE_ITERATIONS; writes one JSON line of raw samples to stdout. Quantiles are
taken by the caller (validation/calibrate/). `reference` is the part of `quick` that drifts while a
host's neighbours come and go, in two seconds.
"""

import json
import multiprocessing
import os
import resource
import sys
import threading
import time
from time import monotonic_ns, thread_time_ns

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402: isolated mode leaves this folder off the path

# Length of one stay on a CPU, by kernel [s]: long for bytecode, whose samples in order are also
# the trace of that CPU's speed.
STAY = {"python": 0.15, "native": 0.05, "held": 0.03}
KERNELS = {"python": harness.python_kernel, "native": harness.native_kernel,
           "held": harness.held_kernel}
MOST_CPUS = 8  # more are sampled evenly
MOST_TIMES = 4  # as long as asked, while the host is too noisy to know its nominal speed


def used_by(kernel, iterations):
    """CPU time [ns] of a call, read exactly as harness.timed reads it."""
    before = thread_time_ns()
    kernel(iterations)
    return thread_time_ns() - before


def iterations_of_a_millisecond(kernel):
    iterations = 64
    while used_by(kernel, iterations) < 1_000_000:
        iterations *= 2
    fastest = min(used_by(kernel, iterations) for _ in range(5))
    return max(1, iterations * 1_000_000 // fastest)


def low(values):
    return sorted(values)[len(values) // 20]


def goes_on(spent, samples, rounds):
    """Whether the kernels are measured once more after `spent` times the time they were given: on
    a noisy host until the earlier and the later half have seen the undisturbed core."""
    if spent < 1 or spent > MOST_TIMES:
        return spent < 1
    half = rounds // 2
    return any(abs(low(sum(stays[:half], [])) / low(sum(stays[half:], [])) - 1) > 0.03
               for by_cpu in samples.values() for stays in by_cpu.values())


def measure_kernels(seconds):
    allowed = sorted(os.sched_getaffinity(0))
    cpus = allowed[::max(1, -(-len(allowed) // MOST_CPUS))]
    iterations = {name: iterations_of_a_millisecond(kernel) for name, kernel in KERNELS.items()}
    samples = {name: {cpu: [] for cpu in cpus} for name in KERNELS}
    begin = monotonic_ns()
    rounds = 0
    while rounds < 2 or goes_on((monotonic_ns() - begin) / 1e9 / seconds, samples, rounds):
        rounds += 1
        for cpu in cpus:
            os.sched_setaffinity(0, {cpu})
            for name, kernel in KERNELS.items():
                count = iterations[name]
                leave = monotonic_ns() + round(STAY[name] * 1e9)
                stay = []
                while monotonic_ns() < leave:
                    stay.append(used_by(kernel, count))
                samples[name][cpu].append(stay)
    os.sched_setaffinity(0, set(allowed))
    samples = {name: {cpu: sum(stays, []) for cpu, stays in by_cpu.items()}
               for name, by_cpu in samples.items()}
    fixed = {name: [used_by(kernel, 1) for _ in range(300)] for name, kernel in KERNELS.items()}
    with open("/proc/self/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * resource.getpagesize()
    return {"version": list(sys.version_info[:2]), "resident": resident, "iterations": iterations, "fixed": fixed,
            "samples": {name: [{"cpu": cpu, "used": used} for cpu, used in by_cpu.items()]
                        for name, by_cpu in samples.items()},
            "harness": at_pace(fastest_pace(samples["python"], iterations["python"]), harness_cost)}


def fastest_pace(by_cpu, iterations):
    """CPU time [ns] of `pace` on the undisturbed core: low quantile of the fastest CPU."""
    low = min(sorted(used)[len(used) // 20] for used in by_cpu.values())
    return low * PACE_ITERATIONS / iterations


def harness_cost():
    """CPU time [ns] of kernel calls of a task, less what their own clocks saw; 100 samples."""
    harness._kernels.update({name: (0.0, 1.0) for name in KERNELS})
    program = ((harness.PYTHON, 1),) * 10
    costs = []
    for _ in range(100):
        before = thread_time_ns()
        packed = harness.run_item((program, None, 0))
        total = thread_time_ns() - before
        inside = sum(sample[2] for sample in harness.struct.iter_unpack(harness.SAMPLE, packed))
        costs.append((total - inside) / len(program))
    return costs


def nothing():
    pass


def sleeps(times):
    overshoot = []
    for _ in range(times):
        before = monotonic_ns()
        time.sleep(0.001)
        overshoot.append(monotonic_ns() - before - 1_000_000)
    return overshoot


def own_pipe():
    """Write and read of a pipe by one thread: what a wake-up costs besides waking."""
    source, sink = os.pipe()
    costs = []
    for _ in range(200):
        before = monotonic_ns()
        os.write(sink, b"x")
        os.read(source, 1)
        costs.append(monotonic_ns() - before)
    os.close(source)
    os.close(sink)
    return costs


def wakes(times):
    """One-way time [ns] to a process that sleeps on an idle CPU: another one than the writer's, which
    stays awake meanwhile. On a program's only CPU it is that one."""
    cpus = sorted(os.sched_getaffinity(0))
    there_out, there_in = os.pipe()
    back_out, back_in = os.pipe()
    if os.fork() == 0:
        os.close(there_in)
        os.sched_setaffinity(0, {cpus[-1]})
        while os.read(there_out, 1) == b"x":
            os.write(back_in, monotonic_ns().to_bytes(8, "little"))
        os._exit(0)
    os.close(there_out)
    os.sched_setaffinity(0, {cpus[0]})
    latencies = []
    for _ in range(times):
        spin(IDLE_BEFORE_WAKE)
        before = monotonic_ns()
        os.write(there_in, b"x")
        latencies.append(int.from_bytes(os.read(back_out, 8), "little") - before)
    os.sched_setaffinity(0, set(cpus))
    os.close(there_in)
    os.wait()
    return latencies


def median(values):
    return sorted(values)[len(values) // 2]


def clocked(call):
    before = thread_time_ns()
    call()
    return thread_time_ns() - before


def ping_pong(cpu, away_ns, rounds):
    """CPU times [ns] of writes that wake a child on `cpu`, and of reads that sleep until it answers
    after `away_ns` of work."""
    there_out, there_in = os.pipe()
    back_out, back_in = os.pipe()
    if os.fork() == 0:
        os.close(there_in)
        os.sched_setaffinity(0, {cpu})
        while os.read(there_out, 1) == b"x":
            end = monotonic_ns() + away_ns
            while monotonic_ns() < end:
                pass
            os.write(back_in, b"y")
        os._exit(0)
    os.close(there_out)
    writes, reads = [], []
    for _ in range(rounds):
        end = monotonic_ns() + away_ns  # the child sleeps for as long as this thread will
        while monotonic_ns() < end:
            pass
        writes.append(clocked(lambda: os.write(there_in, b"x")))
        reads.append(clocked(lambda: os.read(back_out, 1)))
    os.close(there_in)
    os.wait()
    os.close(back_out)
    os.close(back_in)
    return writes, reads


def kernel_paths(late_rounds):
    """CPU times [ns] of calls that wake, sleep, or come back after a while."""
    source, sink = os.pipe()
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[0]})
    found = {"write": [clocked(lambda: os.write(sink, b"x")) for _ in range(200)]}
    _, found["read_same_cpu"] = ping_pong(cpus[0], SOON, 60)
    _, found["read_same_cpu_later"] = ping_pong(cpus[0], LATER, late_rounds)
    found["sleep"] = [clocked(lambda: time.sleep(SOON / 1e9)) for _ in range(150)]
    for cpu in cpus[1:2]:
        found["write_other_cpu"], found["read_other_cpu"] = ping_pong(cpu, SOON, 150)
    os.sched_setaffinity(0, set(cpus))
    os.close(source)
    os.close(sink)
    return found


IDLE_BEFORE_WAKE = 2_000_000  # ns; the same in quick.cpp
SOON = 100_000  # ns away: caches have kept most, and the CPU does sleep
LATER = 8_000_000  # ns after which caches have lost what is not used


def library_code():
    """Calls into the library that a pool's threads make, as one stretch of code."""
    import pickle
    import queue
    from concurrent.futures import Future
    waiting = queue.Queue()

    def stretch():
        waiting.put((1, Future()))
        number, future = waiting.get()
        future.set_result(pickle.loads(pickle.dumps((number, nothing, (3,)))))
        return future.result()
    return stretch


def spin(away_ns):
    end = monotonic_ns() + away_ns
    while monotonic_ns() < end:
        pass


def idle(away_ns):
    time.sleep(away_ns / 1e9)


def cold_code(rounds):
    """How many times its warm CPU time library code takes more: after 1 ms, and long after it last
    ran; soon after, the CPU having been busy or idle meanwhile. Each against warm calls right
    after, for a slow core slows both."""
    stretch = library_code()

    def after(away_ns, meanwhile=spin):
        meanwhile(away_ns)
        clocked(nothing)  # the clock's own code gets cold as well
        cold = clocked(stretch)
        warm = min(clocked(stretch) for _ in range(8)) - clock
        return (cold - clock) / warm - 1
    clock = median([clocked(nothing) for _ in range(200)])
    for _ in range(50):
        stretch()
    cpus = sorted(os.sched_getaffinity(0))
    found = {"later": [], "after_1ms": [], "after_busy": [], "after_idle": []}
    for cpu in (cpus * 2)[:2]:
        os.sched_setaffinity(0, {cpu})
        for _ in range(rounds):
            found["later"].append(after(LATER))
            found["after_1ms"] += [after(1_000_000) for _ in range(3)]
            found["after_busy"] += [after(SOON) for _ in range(3)]
            found["after_idle"] += [after(SOON, idle) for _ in range(3)]
    os.sched_setaffinity(0, set(cpus))
    return found


def thread_starts():
    costs = []
    for _ in range(60):
        before = thread_time_ns()
        thread = threading.Thread(target=nothing)
        thread.start()
        costs.append(thread_time_ns() - before)
        thread.join()
    return costs


def forks(repetitions):
    costs = []
    for _ in range(repetitions):
        before = thread_time_ns()
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        costs.append(thread_time_ns() - before)
        os.waitpid(pid, 0)
    return costs


LARGER_MIB = 64


def larger_forks():
    """os.fork with 64 MiB more, and their number: what a MiB of the parent costs."""
    ballast = bytearray(os.urandom(1)) * (LARGER_MIB << 20)
    costs = forks(8)
    del ballast
    return costs


def memory_of(pid):
    """Bytes that a process shares with nobody, and its pages of files."""
    found = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            words = line.split()
            if len(words) == 3 and words[2] == "kB":
                found[words[0].rstrip(":")] = int(words[1]) << 10
    return {"private": found["Private_Clean"] + found["Private_Dirty"],
            "files": found["Rss"] - found["Anonymous"]}


def report_memory(sink):
    sink.send(memory_of(os.getpid()))


def child_memory(method):
    """What one child of a start method has in memory when its target runs."""
    context = multiprocessing.get_context(method)
    source, sink = context.Pipe(duplex=False)
    process = context.Process(target=report_memory, args=(sink,))
    process.start()
    found = source.recv()
    process.join()
    return found


def helpers_cpu():
    """CPU time [ns] so far of the resource tracker and of the fork server."""
    from multiprocessing import forkserver, resource_tracker
    used = {}
    for name, pid in (("tracker", resource_tracker._resource_tracker._pid),
                      ("server", forkserver._forkserver._forkserver_pid)):
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            used[name] = int(file.read().split()[0])
    return used


def starts_of_harness(method, times):
    """What harness.measure_starts finds in an interpreter whose main module it is; "crowd":
    harness.measure_crowd."""
    import subprocess
    command = [sys.executable, "-I", "-B", harness.__file__, "starts", method, str(os.getpid()),
               str(times)]
    return json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, check=True,
                                     stdout=subprocess.PIPE).stdout)


def pools(times):
    costs = []
    context = multiprocessing.get_context("fork")
    for _ in range(times):
        before = thread_time_ns()
        pool = context.Pool(2)
        costs.append(thread_time_ns() - before)
        pool.close()
        pool.join()
    return costs


def page_faults():
    """CPU time of the first touch of a page."""
    import payload_parts  # not above: it imports what `pool_import` must find absent
    return [payload_parts.fault_cost() for _ in range(20)]


def pipe_copies():
    """CPU time of copying a KiB into a pipe or out of it."""
    source, sink = os.pipe()
    large, small = bytes(60 << 10), b"x"
    buffer = bytearray(large)

    def once(message):
        before = thread_time_ns()
        os.write(sink, message)
        os.readv(source, [buffer])
        return thread_time_ns() - before
    costs = [(once(large) - once(small)) / 120 for _ in range(60)]
    os.close(source)
    os.close(sink)
    return costs


def loop_switches():
    """CPU time of a task switch of asyncio, sleep(0) among 100 tasks; scales its other costs."""
    import asyncio

    async def turn(times):
        for _ in range(times):
            await asyncio.sleep(0)

    async def measure():
        tasks = [asyncio.ensure_future(turn(51)) for _ in range(100)]
        await asyncio.sleep(0)
        before = thread_time_ns()
        await asyncio.gather(*tasks)
        return (thread_time_ns() - before) / 5000

    return [asyncio.run(measure()) for _ in range(20)]


def pool_import():
    """CPU time of the first import of multiprocessing.pool, which the first Pool() pays."""
    before = thread_time_ns()
    __import__("multiprocessing.pool")
    return thread_time_ns() - before


PACE_ITERATIONS = 20_000  # of the bytecode kernel, half a millisecond or so


def pace():
    """CPU time [ns] of the bytecode kernel now: how slow the core is."""
    return median([used_by(KERNELS["python"], PACE_ITERATIONS) for _ in range(3)])


paces = []  # all that were measured around probes


def scaled(found, factor):
    """All numbers in `found`, times `factor`."""
    if isinstance(found, dict):
        return {name: scaled(value, factor) for name, value in found.items()}
    if isinstance(found, list):
        return [scaled(value, factor) for value in found]
    return round(found * factor)


def at_pace(nominal_pace, probe, *arguments):
    """What a probe of CPU times would find on the undisturbed core, by the pace around it; just
    what it finds if nobody knows the nominal pace."""
    before = pace()
    found = probe(*arguments)
    around = (before + pace()) / 2
    paces.append(around)
    return scaled(found, nominal_pace / around) if nominal_pace else found


def fresh(times, nominal_pace):
    """Medians of what new interpreters find, which have imported and started nothing."""
    import subprocess  # not above: it is a part of what the new ones import
    command = [sys.executable, "-I", "-B", os.path.abspath(__file__), "fresh", "0",
               str(os.getpid()), str(nominal_pace)]
    answers = [json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, check=True,
                                         stdout=subprocess.PIPE).stdout) for _ in range(times)]
    return {name: median([answer[name] for answer in answers]) for name in answers[0]}


def measure_fresh(nominal_pace):
    first_import = at_pace(nominal_pace, pool_import)  # before anything else makes a pool
    return {"pool_import": first_import, **at_pace(nominal_pace, first_helpers)}


def first_helpers():
    """CPU time of a fork server and a resource tracker, which this call starts and ends."""
    from multiprocessing import forkserver, resource_tracker
    harness.measure_starts("forkserver", 1)
    found = helpers_cpu()
    forkserver._forkserver._stop()
    resource_tracker._resource_tracker._stop()
    return found


def measure_quick(nominal_pace):
    first = fresh(5, nominal_pace)
    with open("/proc/self/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * resource.getpagesize()

    def cpu(probe, *arguments):
        return at_pace(nominal_pace, probe, *arguments)
    quick = {"resident": resident, "sleep": sleeps(60), "pipe": own_pipe(), "wake": wakes(80),
             "thread": cpu(thread_starts), "fork": cpu(forks, 25),
             "larger_fork": {"mib": LARGER_MIB, "fork": cpu(larger_forks)},
             "memory": {"parent": memory_of(os.getpid()), "fork": child_memory("fork")},
             "process": cpu(harness.measure_starts, "fork", 20), "pool": cpu(pools, 6), "pool_import": first["pool_import"],
             "loop_switch": cpu(loop_switches), "kernel_paths": cpu(kernel_paths, 25),
             "cold_code": cold_code(20), "helpers": first, "page_fault": cpu(page_faults), "pipe_copy": cpu(pipe_copies)}
    quick["memory"]["forkserver"] = child_memory("forkserver")
    quick["forkserver"] = cpu(starts_of_harness, "forkserver", 6)
    quick["spawn"] = cpu(starts_of_harness, "spawn", 6)
    quick["memory"]["spawn"] = child_memory("spawn")
    quick["crowd"] = cpu(starts_of_harness, "crowd", 7)
    return {**quick, "pace": paces}


def measure_reference(nominal_pace):
    def cpu(probe, *arguments):
        return at_pace(nominal_pace, probe, *arguments)
    found = {"sleep": sleeps(40), "pipe": own_pipe(), "wake": wakes(60),
            "thread": cpu(thread_starts), "fork": cpu(forks, 12), "process": cpu(harness.measure_starts, "fork", 10),
            "pool": cpu(pools, 3), "kernel_paths": cpu(kernel_paths, 8), "cold_code": cold_code(6),
            "spawn": cpu(starts_of_harness, "spawn", 5),
             "crowd": cpu(starts_of_harness, "crowd", 2),
             "forkserver": cpu(starts_of_harness, "forkserver", 5), "page_fault": cpu(page_faults),
             "pipe_copy": cpu(pipe_copies)}
    return {**found, "pace": paces}


if __name__ == "__main__":
    harness.die_with_parent(int(sys.argv[3]))
    if sys.argv[1] == "kernels":
        print(json.dumps(measure_kernels(float(sys.argv[2]))), flush=True)
    else:
        measure = {"quick": measure_quick, "reference": measure_reference, "fresh": measure_fresh}
        pace_given = float(sys.argv[4]) if len(sys.argv) > 4 else 0
        print(json.dumps(measure[sys.argv[1]](pace_given)), flush=True)
