"""What a real CPython executes for `timeslice validate`: one run of one scenario.

Called as `python3 harness.py run PLAN PARENT_PID`, or by calibrate.py as `harness.py starts METHOD
PARENT_PID TIMES`; writes one JSON line to stdout. The plan is
data: numbers and a closed list of operations, resolved before (no name of a scenario reaches this
file, nothing is evaluated). It is a real, importable file: spawned children import their main.

Kernels read the thread CPU clock and the CPU that they run on before and after: that is the speed
index. What this bookkeeping costs is measured by calibrate.py and put into the model.
"""

import base64
import concurrent.futures
import ctypes
import fcntl
import gc
import hashlib
import json
import math
import multiprocessing
import os
import queue
import resource
import signal
import struct
import sys
import threading
import time
from time import monotonic_ns, thread_time_ns

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # isolated mode leaves it off

import parcels  # noqa: E402

# Operations of a program; the same numbers as in validation/native/program.hpp.
(PYTHON, NATIVE, HELD, SLEEP, LOCK, UNLOCK, MAP, SUBMIT, JOIN, YIELD, PUT, GET, SET, WAIT,
 BARRIER) = range(15)

# A Python step is cut into parts of about _kernels["part_ns"], so that the trace of a CPU's speed
# is fine. Cutting bytecode changes nothing for Python: the GIL is kept between the parts.
# The plan says how long they are; calibration, which has no plan, takes them as they are here.

REPLACED = "TIMESLICE_WORKERS_ARE_REPLACED"  # spawned ones too, by a thread that ends before them
F_SETPIPE_SZ = 1031  # fcntl.h of Linux; the fcntl module has it from 3.10 on

SAMPLE = "<qqqqiiii"  # KernelSample of validation/native/native_run.hpp
_pack = struct.Struct(SAMPLE).pack
# PyDLL keeps the GIL during a call: reading the CPU number must not be a point where it is lost.
_libc = ctypes.PyDLL(None)
_cpu = _libc.sched_getcpu
_pbkdf2 = hashlib.pbkdf2_hmac

# Cost models of the kernels: CPU time in ns of a call = fixed + per_iteration x iterations.
# Filled from the plan; a child process gets them from its parent (fork) or with its first item.
_kernels = {"part_ns": 2_000_000}
_locks = []
_die_with = 0


def die_with_parent(parent):
    """Asks the kernel to kill this process when its parent ends; ends it if that is too late."""
    pr_set_pdeathsig = 1
    _libc.prctl(pr_set_pdeathsig, signal.SIGKILL, 0, 0, 0)
    if parent and os.getppid() != parent:
        os._exit(3)


_forked_by_main = True
_forker = 0  # the process that forked this one, or forks one now


def note_forker():
    """The kernel's death signal is about the thread that forked. A pool's handler thread, which
    replaces workers, ends before they do: those go with the process group alone."""
    global _forked_by_main, _forker
    _forked_by_main = threading.current_thread() is threading.main_thread()
    _forker = os.getpid()


def follow_parent():
    if _forked_by_main:
        die_with_parent(_forker)  # which may be dead before it could ask for that


def python_kernel(iterations):
    value = 1
    for _ in range(iterations):
        value = (value * 5 + 1) & 255
    return value


def native_kernel(iterations):
    _pbkdf2("sha256", b"timeslice", b"salt", iterations)


def held_kernel(iterations):
    sum(range(iterations))


def iterations_for(kernel, nominal_ns):
    fixed, per_iteration = kernel
    return max(1, round((nominal_ns - fixed) / per_iteration))


def timed(operation, kernel, iterations, nominal_ns, samples):
    """Runs the kernel of an operation once and notes when, where and with how much CPU time."""
    cpu_before = _cpu()
    wall_before = monotonic_ns()
    used_before = thread_time_ns()
    kernel(iterations)
    used = thread_time_ns() - used_before
    samples.append(_pack(wall_before, monotonic_ns(), used, nominal_ns, cpu_before, _cpu(),
                         operation, 0))


def python_step(nominal_ns, samples):
    left = nominal_ns
    whole = _kernels["part_ns"]
    while left > 0:
        part = left if left < whole * 3 // 2 else whole
        left -= part
        timed(PYTHON, python_kernel, iterations_for(_kernels["python"], part), part, samples)


def execute(program):
    """Runs the steps of one item; returns the samples of its kernels, packed."""
    samples = []
    for operation, argument in program:
        if operation == PYTHON:
            python_step(argument, samples)
        elif operation == NATIVE:
            count = iterations_for(_kernels["native"], argument)
            timed(NATIVE, native_kernel, count, argument, samples)
        elif operation == HELD:
            timed(HELD, held_kernel, iterations_for(_kernels["held"], argument), argument, samples)
        elif operation == SLEEP:
            time.sleep(argument * 1e-9)
        elif operation == LOCK:
            _locks[argument].acquire()
        elif operation == UNLOCK:
            _locks[argument].release()
        elif operation == YIELD:
            os.sched_yield()
        elif operation == PUT:
            _locks[argument].put(None)
        elif operation == GET:
            _locks[argument].get()
        elif operation == SET:
            _locks[argument].set()
        elif operation in (WAIT, BARRIER):
            _locks[argument].wait()
        else:
            raise ValueError(f"operation {operation} is not for a task")
    return b"".join(samples)


def run_item(item):
    """What a worker does with an item: (program, argument, what parcels.answer() makes of it)."""
    program, argument, result = item
    samples = execute(program)
    return (samples, parcels.answer(result, argument)) if result else samples


def run_star(program, argument, result):
    return run_item((program, argument, result))


def shared_locks(scopes):
    """The locks that may travel to another process; a thread's lock stays behind."""
    return [lock if scope == "process" else None for lock, scope in zip(_locks, scopes)]


def use(kernels, locks, burn_ns):
    """First thing in a worker process that did not inherit this module's state."""
    global _kernels, _locks
    _kernels = kernels
    _locks = locks
    if burn_ns:  # `import_cost`: what a user's main module would import
        python_kernel(iterations_for(_kernels["python"], burn_ns))


def run_process(item, kernels, locks, burn_ns, sink):
    """Target of a process per task: the samples go back through a pipe, as no result does."""
    use(kernels, locks, burn_ns)
    samples = run_item(item)
    if isinstance(samples, tuple):
        samples = samples[0]
    descriptor = sink.fileno()
    record = struct.calcsize(SAMPLE)
    for start in range(0, len(samples), 80 * record):  # at most PIPE_BUF: writes stay whole
        try:
            os.write(descriptor, samples[start:start + 80 * record])
        except BlockingIOError:
            return  # a full pipe loses samples; it must not delay the run


class Serial:
    latencies = None  # of the batch that is handed over; a list where somebody asks for them

    def __init__(self, spec):
        self.results = []

    def create(self):
        pass

    def map(self, items, _chunksize, _star, _order):
        self.results.extend(run_item(item) for item in items)

    def submit(self, item):
        self.results.append(run_item(item))

    def wait(self, _handle):
        pass

    def shutdown(self):
        pass


def noting_latencies(owner, executor):
    """The class `executor`, each future of which notes in `owner.latencies` how long it took from
    submit to result, once for each of its items."""
    class Noting(executor):
        def submit(self, function, *arguments):
            found = owner.latencies
            items = 1 if function is run_item else len(arguments[0])  # of a map: a chunk
            before = monotonic_ns()
            future = super().submit(function, *arguments)
            future.add_done_callback(lambda _: found.extend([monotonic_ns() - before] * items))
            return future
    return Noting


class Threads(Serial):
    def __init__(self, spec):
        super().__init__(spec)
        self.workers = spec["workers"]
        self.make = concurrent.futures.ThreadPoolExecutor
        if spec["latencies"]:
            self.make = noting_latencies(self, self.make)

    def create(self):
        self.pool = self.make(self.workers)

    def map(self, items, _chunksize, _star, _order):
        self.results.extend(self.pool.map(run_item, items))

    def submit(self, item):
        return self.pool.submit(run_item, item)

    def wait(self, handle):
        self.results.append(handle.result())

    def shutdown(self):
        self.pool.shutdown(wait=True)


class ThreadPerTask(Serial):
    def __init__(self, spec):
        super().__init__(spec)
        self.daemon = spec["daemon"]

    def map(self, items, _chunksize, _star, _order):
        handles = [self.submit(item) for item in items]
        for handle in handles:
            handle.join()

    def submit(self, item):
        thread = threading.Thread(target=self.run, args=(item, self.latencies, monotonic_ns()),
                                  daemon=self.daemon)
        thread.start()
        return thread

    def run(self, item, latencies, before):
        self.results.append(run_item(item))
        if latencies is not None:
            latencies.append(monotonic_ns() - before)

    def wait(self, handle):
        handle.join()


class Processes(Serial):
    def __init__(self, spec):
        super().__init__(spec)
        self.spec = spec
        self.context = multiprocessing.get_context(spec["start"])

    def initializer(self):
        inherits = self.spec["start"] == "fork" and not self.spec["import_ns"]
        return {} if inherits else {"initializer": use,
                                    "initargs": (_kernels, shared_locks(self.spec["locks"]),
                                                 self.spec["import_ns"])}

    def create(self):
        if self.spec["tasks_per_child"] is not None:
            os.environ[REPLACED] = "1"
        self.pool = self.context.Pool(self.spec["workers"],
                                      maxtasksperchild=self.spec["tasks_per_child"],
                                      **self.initializer())

    def map(self, items, chunksize, star, order):
        before = monotonic_ns()
        self.take_all(items, chunksize, star, order)
        if self.latencies is not None and order == "map":  # no result before all of them
            self.latencies.extend([monotonic_ns() - before] * len(items))

    def take_all(self, items, chunksize, star, order):
        if star:
            self.results.extend(self.pool.starmap(run_star, items, chunksize))
        elif order == "map":
            self.results.extend(self.pool.map(run_item, items, chunksize))
        else:
            self.results.extend(getattr(self.pool, order)(run_item, items, chunksize or 1))

    def submit(self, item):
        found = self.latencies
        if found is None:
            return self.pool.apply_async(run_item, (item,))
        before = monotonic_ns()
        return self.pool.apply_async(run_item, (item,),
                                     callback=lambda _: found.append(monotonic_ns() - before))

    def wait(self, handle):
        self.results.append(handle.get())

    def shutdown(self):
        if self.spec["shutdown"] == "terminate":
            self.pool.terminate()
        else:
            self.pool.close()
        self.pool.join()


class ProcessExecutor(Processes):
    def __init__(self, spec):
        super().__init__(spec)
        self.make = concurrent.futures.ProcessPoolExecutor  # imports its module: before the run
        if spec["latencies"]:
            self.make = noting_latencies(self, self.make)

    def create(self):
        limit = self.spec["tasks_per_child"]
        more = {} if limit is None else {"max_tasks_per_child": limit}
        self.pool = self.make(self.spec["workers"], mp_context=self.context,
                              **self.initializer(), **more)

    def map(self, items, chunksize, _star, _order):
        self.results.extend(self.pool.map(run_item, items, chunksize=chunksize or 1))

    def submit(self, item):
        return self.pool.submit(run_item, item)

    def wait(self, handle):
        self.results.append(handle.result())

    def shutdown(self):
        self.pool.shutdown(wait=True)


class ProcessPerTask(Serial):
    def __init__(self, spec):
        super().__init__(spec)
        self.spec = spec
        self.context = multiprocessing.get_context(spec["start"])
        self.source, self.sink = multiprocessing.Pipe(duplex=False)
        fcntl.fcntl(self.sink.fileno(), F_SETPIPE_SZ, 1 << 20)
        os.set_blocking(self.sink.fileno(), False)
        os.set_blocking(self.source.fileno(), False)

    def map(self, items, _chunksize, _star, _order):
        for handle in [self.submit(item) for item in items]:
            handle.join()

    def submit(self, item):
        process = self.context.Process(
            target=run_process,
            args=(item, _kernels, shared_locks(self.spec["locks"]), self.spec["import_ns"],
                  self.sink))
        process.start()
        return process

    def wait(self, handle):
        handle.join()
        if handle.exitcode != 0:
            raise RuntimeError(f"a child process ended with code {handle.exitcode}")

    def collect(self):
        try:
            while chunk := os.read(self.source.fileno(), 1 << 20):
                self.results.append(chunk)
        except BlockingIOError:
            pass


def event_loops(spec):
    import event_loop  # only scenarios with a loop pay for asyncio
    return event_loop.EventLoops(spec)


EXECUTORS = {
    "asyncio": event_loops,
    "serial": Serial,
    "threads": Threads,
    "thread-per-task": ThreadPerTask,
    "processes": Processes,
    "process-per-task": ProcessPerTask,
    "process-executor": ProcessExecutor,
}


class Run:
    """The main program of one scenario, on the executors that it names by number."""

    def __init__(self, plan):
        self.plan = plan
        self.specs = plan["executors"]
        self.executors = [EXECUTORS[spec["kind"]](spec) for spec in self.specs]
        self.created = [False] * len(self.specs)
        self.startup_ns = [0] * len(self.specs)
        self.shutdown_ns = [0] * len(self.specs)
        self.order = []
        self.open = [[] for _ in range(plan["futures"])]
        self.samples = []
        self.latencies = [[] if plan["latencies"] else None for _ in plan["batches"]]
        programs = [tuple(map(tuple, program)) for program in plan["programs"]]
        # Arguments exist before the program hands them over, each an object of its own.
        self.batches = [self.build(batch, programs) for batch in plan["batches"]]
        self.run_item = run_item
        for executor in self.executors:
            if hasattr(executor, "attach"):
                executor.attach(self, execute)
        self.main = [tuple(step) for step in plan["main"]]

    def build(self, batch, programs):
        spec = self.specs[batch["executor"]]
        size, objects, prefix = spec["argument"], spec["objects"], spec["shared"]
        result = None
        if spec["result"] or (prefix and size):
            result = (spec["result"], objects, prefix)

        def argument():
            if prefix and size:
                return parcels.Block(b"a" * size, prefix)
            return parcels.contents(size, objects, b"a") if size else None

        return [(programs[index], argument(), result) for index in batch["items"]]

    def executor(self, index):
        if not self.created[index]:
            before = monotonic_ns()
            self.executors[index].create()
            self.created[index] = True
            self.order.append(index)
            self.startup_ns[index] = monotonic_ns() - before
        return self.executors[index]

    def step(self, operation, argument):
        if operation == MAP:
            batch = self.plan["batches"][argument]
            executor = self.executor(batch["executor"])
            executor.latencies = self.latencies[argument]
            executor.map(self.batches[argument], batch["chunksize"], batch["star"],
                         batch["order"])
        elif operation == SUBMIT:
            batch = self.plan["batches"][argument]
            executor = self.executor(batch["executor"])
            executor.latencies = self.latencies[argument]
            for item in self.batches[argument]:
                self.open[batch["future"]].append((executor, executor.submit(item)))
        elif operation == JOIN:
            for executor, handle in self.open[argument]:
                executor.wait(handle)
            self.open[argument].clear()
        else:
            self.samples.append(execute(((operation, argument),)))

    def begin(self):
        """What is made before main's first step is no part of the makespan."""
        for index, spec in enumerate(self.specs):
            if spec["create"] == "start":
                self.executor(index)

    def go(self):
        for operation, argument in self.main:
            self.step(operation, argument)
        # Loops first: coroutines that are left over may still use the others.
        loops = [index for index in self.order if self.specs[index]["kind"] == "asyncio"]
        for index in loops + [index for index in self.order if index not in loops]:
            before = monotonic_ns()
            self.executors[index].shutdown()
            self.shutdown_ns[index] = monotonic_ns() - before

    def all_samples(self):
        parts = list(self.samples)
        for executor in self.executors:
            if isinstance(executor, ProcessPerTask):
                executor.collect()
            parts.extend(part[0] if isinstance(part, tuple) else part
                         for part in executor.results)
        return b"".join(parts)


def usage():
    """CPU time [ns] and switches of this process, then of its children that were waited for."""
    counts = []
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        counts += [round((used.ru_utime + used.ru_stime) * 1e9), used.ru_nvcsw, used.ru_nivcsw]
    return counts


def make_lock(context, lock):
    """A mutex is the word for who shares it; anything else a word and its number."""
    if lock == "thread":
        return threading.Lock()
    if lock == "process":
        return context.Lock()
    word, number = lock
    if word == "queue":
        return queue.Queue(number)
    if word == "semaphore":
        return threading.Semaphore(number)
    return threading.Event() if word == "event" else threading.Barrier(number)


def prepare(plan):
    """Everything that a started interpreter has behind it, or that is this harness's business."""
    global _kernels
    _kernels = {name: tuple(costs) for name, costs in plan["kernels"].items()}
    _kernels["part_ns"] = plan["part_ns"]
    if plan["cpus"]:
        os.sched_setaffinity(0, plan["cpus"])
    if plan["switch_interval_ns"]:
        sys.setswitchinterval(plan["switch_interval_ns"] * 1e-9)
    # A lock made for spawned children serves forked ones as well, not the other way round.
    methods = {spec["start"] for spec in plan["executors"] if "process" in spec["kind"]}
    method = next((name for name in ("spawn", "forkserver") if name in methods), "fork")
    _locks.extend(make_lock(multiprocessing.get_context(method), lock) for lock in plan["locks"])
    for spec in plan["executors"]:
        spec["locks"] = plan["locks"]
        spec["latencies"] = plan["latencies"]
    if any(spec["shared"] for spec in plan["executors"]):
        parcels.prepare()
    run = Run(plan)
    for name, kernel in (("python", python_kernel), ("native", native_kernel),
                         ("held", held_kernel)):
        kernel(iterations_for(_kernels[name], 500_000))  # first use is no part of the scenario
    gc.collect()
    return run


def run_plan(path):
    with open(path, encoding="ascii") as file:
        plan = json.load(file)
    run = prepare(plan)
    run.begin()
    before = usage()
    start = monotonic_ns()
    run.go()
    end = monotonic_ns()
    used = [now - then for now, then in zip(usage(), before)]
    result = {
        "start_ns": start,
        "end_ns": end,
        "own": used[:3],
        "children": used[3:],
        "startup_ns": run.startup_ns,
        "shutdown_ns": run.shutdown_ns,
        "loop_lag_ns": [getattr(executor, "lags", []) for executor in run.executors],
        "latencies_ns": [found or [] for found in run.latencies],
        "samples": base64.b64encode(run.all_samples()).decode("ascii"),
    }
    print(json.dumps(result), flush=True)


def report(sink):
    # The thread's clock: under a CPU limit the clock of a process moves in ticks only.
    sink.send_bytes(thread_time_ns().to_bytes(8, "little"))


def children_cpu_ns():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * 1e9)


def measure_starts(method, repetitions):
    """CPU times [ns] of each start of a process: of its parent, of the child until its target, and
    after it. Children import their parent's main module: this file, as those of a run do."""
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


CROWD = 4
GONE_AFTER_NS = 22e6  # `cold_code.start_after` of machine files


def measure_crowd(repetitions):
    """What an interpreter that starts pays [ns] for each return to a CPU where it was long away:
    what spawned children that share a CPU take more each than one alone. Binds this process."""
    context = multiprocessing.get_context("spawn")
    source, sink = context.Pipe(duplex=False)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def start(number):
        """CPU time [ns] of each, and how often it came back."""
        waited, before = children_cpu_ns(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_nivcsw
        children = [context.Process(target=report, args=(sink,)) for _ in range(number)]
        for child in children:
            child.start()
        for child in children:
            child.join()
            source.recv_bytes()
        returns = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nivcsw - before
        return (children_cpu_ns() - waited) / number, max(returns / number, 1)
    found = []
    for _ in range(repetitions):
        alone, _ = start(1)
        each, returns = start(CROWD)
        away = (CROWD - 1) * each / returns
        found.append((each - alone) / returns / (1 - math.exp(-away / GONE_AFTER_NS)))
    return found


if multiprocessing.parent_process() is not None and REPLACED not in os.environ:
    die_with_parent(0)  # a spawned or forkserver child, which imports this file
    if not multiprocessing.parent_process().is_alive():
        os._exit(3)
os.register_at_fork(before=note_forker, after_in_child=follow_parent)

if __name__ == "__main__":
    die_with_parent(int(sys.argv[3]))
    if sys.argv[1] == "starts":
        crowd = sys.argv[2] == "crowd"
        times = int(sys.argv[4])
        found = measure_crowd(times) if crowd else measure_starts(sys.argv[2], times)
        print(json.dumps(found), flush=True)
    else:
        run_plan(sys.argv[2])
