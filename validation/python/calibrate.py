"""Measures kernels and a few costs of this host for `timeslice validate`.

Called as `python3 calibrate.py kernels|quick SECONDS PARENT_PID`; writes one JSON line of raw
samples to stdout. Quantiles are taken by the caller (validation/calibrate/).
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


def measure_kernels(seconds):
    allowed = sorted(os.sched_getaffinity(0))
    cpus = allowed[::max(1, -(-len(allowed) // MOST_CPUS))]
    iterations = {name: iterations_of_a_millisecond(kernel) for name, kernel in KERNELS.items()}
    samples = {name: {cpu: [] for cpu in cpus} for name in KERNELS}
    end = monotonic_ns() + round(seconds * 1e9)
    first_round = True
    while first_round or monotonic_ns() < end:
        first_round = False
        for cpu in cpus:
            os.sched_setaffinity(0, {cpu})
            for name, kernel in KERNELS.items():
                count = iterations[name]
                leave = monotonic_ns() + round(STAY[name] * 1e9)
                while monotonic_ns() < leave:
                    samples[name][cpu].append(used_by(kernel, count))
    os.sched_setaffinity(0, set(allowed))
    fixed = {name: [used_by(kernel, 1) for _ in range(300)] for name, kernel in KERNELS.items()}
    with open("/proc/self/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * resource.getpagesize()
    return {"version": list(sys.version_info[:2]), "resident": resident, "iterations": iterations, "fixed": fixed,
            "samples": {name: [{"cpu": cpu, "used": used} for cpu, used in by_cpu.items()]
                        for name, by_cpu in samples.items()},
            "harness": harness_cost()}


def harness_cost():
    """CPU time [ns] of kernel calls of a task, less what their own clocks saw; 100 samples."""
    harness._kernels.update({name: (0.0, 1.0) for name in KERNELS})
    program = ((harness.PYTHON, 1),) * 10
    costs = []
    for _ in range(100):
        before = thread_time_ns()
        packed = harness.run_item((program, None, 0))
        total = thread_time_ns() - before
        inside = sum(sample[2] for sample in harness.struct.iter_unpack("<qqqqii", packed))
        costs.append((total - inside) / len(program))
    return costs


def children_cpu_ns():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((usage.ru_utime + usage.ru_stime) * 1e9)


def nothing():
    pass


def sleeps():
    overshoot = []
    for _ in range(60):
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


def wakes():
    """One-way time [ns] to a process that sleeps on an idle CPU."""
    there_out, there_in = os.pipe()
    back_out, back_in = os.pipe()
    if os.fork() == 0:
        os.close(there_in)
        while os.read(there_out, 1) == b"x":
            os.write(back_in, monotonic_ns().to_bytes(8, "little"))
        os._exit(0)
    os.close(there_out)
    latencies = []
    for _ in range(80):
        time.sleep(0.002)
        before = monotonic_ns()
        os.write(there_in, b"x")
        latencies.append(int.from_bytes(os.read(back_out, 8), "little") - before)
    os.close(there_in)
    os.wait()
    return latencies


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


def larger_forks():
    """os.fork with 64 MiB more, and their number: what a MiB of the parent costs."""
    mib = 64
    ballast = bytearray(os.urandom(1)) * (mib << 20)
    costs = forks(8)
    del ballast
    return {"mib": mib, "fork": costs}


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


def report(sink):
    # The thread's clock: under a CPU limit the clock of a process moves in ticks only.
    sink.send_bytes(thread_time_ns().to_bytes(8, "little"))


def processes(method, repetitions):
    """Parent CPU of start, child CPU until its target, child CPU after it; for each start."""
    context = multiprocessing.get_context(method)
    source, sink = context.Pipe(duplex=False)
    parent, until, after = [], [], []
    for _ in range(repetitions):
        waited = children_cpu_ns()
        before = thread_time_ns()
        process = context.Process(target=report, args=(sink,))
        process.start()
        parent.append(thread_time_ns() - before)
        process.join()
        until.append(int.from_bytes(source.recv_bytes(), "little"))
        if method != "forkserver":  # those are children of the server
            after.append(children_cpu_ns() - waited - until[-1])
    return {"parent": parent, "until": until, "after": after}


def pools():
    costs = []
    context = multiprocessing.get_context("fork")
    for _ in range(6):
        before = thread_time_ns()
        pool = context.Pool(2)
        costs.append(thread_time_ns() - before)
        pool.close()
        pool.join()
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


def measure_quick():
    first_import = pool_import()  # before anything else makes a pool
    with open("/proc/self/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * resource.getpagesize()
    # In this order: the server and the tracker have started when their CPU time is read.
    quick = {"resident": resident, "sleep": sleeps(), "pipe": own_pipe(), "wake": wakes(),
             "thread": thread_starts(), "fork": forks(25), "larger_fork": larger_forks(),
             "memory": {"parent": memory_of(os.getpid()), "fork": child_memory("fork")},
             "process": processes("fork", 20), "pool": pools(), "pool_import": first_import,
             "loop_switch": loop_switches()}
    quick["memory"]["forkserver"] = child_memory("forkserver")
    quick["helpers"] = helpers_cpu()
    quick["forkserver"] = processes("forkserver", 5)
    quick["spawn"] = processes("spawn", 5)
    quick["memory"]["spawn"] = child_memory("spawn")
    return quick


if __name__ == "__main__":
    harness.die_with_parent(int(sys.argv[3]))
    if sys.argv[1] == "kernels":
        print(json.dumps(measure_kernels(float(sys.argv[2]))), flush=True)
    else:
        print(json.dumps(measure_quick()), flush=True)
