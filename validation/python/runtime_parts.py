"""Measures what the parts of one CPython cost, each alone, for `timeslice calibrate`.

Called as `python3 runtime_parts.py SECONDS PARENT_PID`; writes one JSON line: `samples` by name in
ns (raw; quantiles are taken by the caller, validation/calibrate/), `rejected` by name, `missing`
with the reason by name. A sample is a call, or the 5 % quantile of a round of batches. Rounds in
which others used the CPUs, or time was stolen, are repeated up to a bound and then count as
`disturbed`. CPU time by the thread's clock. No scenario is run here.
"""

import gc
import json
import os
import queue
import resource
import sys
import threading
import time
from time import monotonic_ns, thread_time_ns

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402: isolated mode leaves this folder off the path

BATCH = 100
MOST_TRIES = 3     # of a disturbed round
FOREIGN = 0.10     # of a round's wall time, as for native runs
TWO_TICKS = 0.02   # seconds by which /proc/stat may be wrong


def host_times():
    """Busy and stolen seconds of all CPUs so far (proc(5))."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    second = os.sysconf("SC_CLK_TCK")
    return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / second, ticks[7] / second


def own_cpu():
    return sum(usage.ru_utime + usage.ru_stime for usage in
               (resource.getrusage(resource.RUSAGE_SELF),
                resource.getrusage(resource.RUSAGE_CHILDREN)))


class Probes:
    """Samples of all probes, by name; guards each round and keeps to the time."""

    def __init__(self, seconds):
        self.end = self.part_end = monotonic_ns() + round(seconds * 1e9)
        self.samples, self.rejected, self.missing = {}, {}, {}
        self.disturbed = 0

    def share(self, parts):
        """The next of `parts` probes may take its share of the time that is left."""
        self.part_end = monotonic_ns() + max(0, self.end - monotonic_ns()) // parts

    def late(self):
        return monotonic_ns() > self.part_end

    def round(self, call):
        """Yields of `call` and whether others disturbed it."""
        (busy, steal), own, begin = host_times(), own_cpu(), monotonic_ns()
        found = call()
        wall = (monotonic_ns() - begin) / 1e9
        (busy_after, steal_after), own_after = host_times(), own_cpu()
        foreign = busy_after - busy - (own_after - own)
        return found, steal_after > steal or foreign > max(TWO_TICKS, FOREIGN * wall)

    def collect(self, rounds, call):
        """`call` yields {name: value or list}; each good round adds its values."""
        for _ in range(rounds):
            for attempt in range(1, MOST_TRIES + 1):
                found, bad = self.round(call)
                last = attempt == MOST_TRIES or self.late()
                if not bad or last:
                    break
                for name, values in found.items():
                    count = len(values) if isinstance(values, list) else 1
                    self.rejected[name] = self.rejected.get(name, 0) + count
            for name, values in found.items():
                values = values if isinstance(values, list) else [values]
                self.samples.setdefault(name, []).extend(values)
                self.disturbed += len(values) if bad else 0
            if self.late():
                return

    def attempt(self, names, rounds, call):
        """As collect; what this Python cannot do is noted by name."""
        try:
            self.collect(rounds, call)
        except Exception as problem:  # noqa: BLE001: versions differ in more than one way
            for name in names.split():
                if not self.samples.get(name):
                    self.missing[name] = f"{type(problem).__name__}: {problem}"[:200]

    def answer(self):
        return {"samples": self.samples, "rejected": self.rejected, "missing": self.missing,
                "disturbed": self.disturbed}


def each(call, times=BATCH):
    """CPU time of one `call`, loop included."""
    before = thread_time_ns()
    for _ in range(times):
        call()
    return (thread_time_ns() - before) / times


def nothing(*_):
    pass


def low(values):
    return sorted(values)[len(values) // 20]


def best(call, batches=10, times=BATCH):
    """Low quantile of batches: near the undisturbed core."""
    return low([each(call, times) for _ in range(batches)])


# --- threads and locks ---------------------------------------------------------------------------


def gil_take():
    """A foreign call that drops and takes a free GIL, less the same call that keeps it."""
    import ctypes
    drops, keeps = ctypes.CDLL(None).getppid, ctypes.PyDLL(None).getppid
    return {"gil_take": max(0.0, best(drops) - best(keeps))}


def lock():
    mutex = threading.Lock()

    def both():
        with mutex:
            pass
    return {"lock": max(0.0, best(both, times=1000) - best(nothing, times=1000))}


def sync():
    """Mean of the calls that wait for nobody."""
    things, gate, event = queue.Queue(), threading.Semaphore(1 << 30), threading.Event()
    alone = threading.Barrier(1)
    calls = (lambda: things.put(1), things.get, gate.acquire, gate.release, event.set,
             event.wait, alone.wait)
    return {"sync": sum(best(call) for call in calls) / len(calls)}


def thread_start():
    costs = []
    for _ in range(20):
        before = thread_time_ns()
        thread = threading.Thread(target=nothing)
        thread.start()
        costs.append(thread_time_ns() - before)
        thread.join()
    return {"thread_start_python": costs}


class Still:
    """Stands for threads that run already, so that none is started."""

    def __init__(self, executor):
        executor._adjust_thread_count = nothing


def thread_pool():
    """submit() and the worker's loop of ThreadPoolExecutor, each alone in this thread."""
    import weakref
    from concurrent.futures import ThreadPoolExecutor, thread
    submits, items = [], []
    for _ in range(10):
        executor = ThreadPoolExecutor(2)
        Still(executor)
        submits.append(each(lambda: executor.submit(nothing, 1)))
        executor._shutdown = True
        executor._work_queue.put(None)
        before = thread_time_ns()
        if hasattr(executor, "_create_worker_context"):  # 3.14: its worker takes a context
            thread._worker(weakref.ref(executor), executor._create_worker_context(),
                           executor._work_queue)
        else:
            thread._worker(weakref.ref(executor), executor._work_queue, None, ())
        items.append((thread_time_ns() - before) / BATCH)
    return {"submit": low(submits), "thread_item": low(items)}


def gil_hand_over():
    """How late a thread that slept for 1 ms goes on beside one that keeps the GIL busy (wall)."""
    stop = []

    def burn():
        while not stop:
            harness.python_kernel(1000)
    hog = threading.Thread(target=burn)
    hog.start()
    late = []
    for _ in range(15):
        before = monotonic_ns()
        time.sleep(0.001)
        late.append(monotonic_ns() - before - 1_000_000)
    stop.append(True)
    hog.join()
    return {"gil_reacquire": late}


# --- asyncio -------------------------------------------------------------------------------------


def event_loop():
    import asyncio

    async def turn(times):
        for _ in range(times):
            await asyncio.sleep(0)

    async def switches(tasks, times):
        waiting = [asyncio.ensure_future(turn(times + 1)) for _ in range(tasks)]
        await asyncio.sleep(0)
        before = thread_time_ns()
        await asyncio.gather(*waiting)
        return (thread_time_ns() - before) / (tasks * times)

    async def nobody():
        pass

    async def creations():
        loop = asyncio.get_running_loop()
        made = []
        before = thread_time_ns()
        for _ in range(BATCH):
            made.append(loop.create_task(nobody()))
        cost = (thread_time_ns() - before) / BATCH
        await asyncio.gather(*made)
        return cost

    async def timers():
        """The first step of sleeping coroutines: creates their timers."""
        loop = asyncio.get_running_loop()
        waiting = [loop.create_task(asyncio.sleep(0.05)) for _ in range(300)]
        before = thread_time_ns()
        await asyncio.sleep(0)
        cost = (thread_time_ns() - before) / 300
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return cost

    def loop_parts():
        """A loop's beginning, its run of a coroutine that does nothing, and its end."""
        before = thread_time_ns()
        if hasattr(asyncio, "Runner"):  # from 3.11 on
            runner = asyncio.Runner()
            runner.get_loop()
            made = thread_time_ns()
            runner.run(nobody())
            ran = thread_time_ns()
            runner.close()
        else:  # what asyncio.run does
            loop = asyncio.new_event_loop()
            made = thread_time_ns()
            loop.run_until_complete(nobody())
            ran = thread_time_ns()
            loop.run_until_complete(loop.shutdown_asyncgens())
            if hasattr(loop, "shutdown_default_executor"):
                loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        return made - before, ran - made, thread_time_ns() - ran

    parts = [loop_parts() for _ in range(15)]
    return {"loop_switch": [asyncio.run(switches(100, 50)) for _ in range(4)],
            "loop_alone": [asyncio.run(switches(1, 500)) for _ in range(4)],
            "create_task": [asyncio.run(creations()) for _ in range(8)],
            "timer_step": [asyncio.run(timers()) for _ in range(4)],
            "loop_create": [part[0] for part in parts],
            "loop_run": [part[1] for part in parts],
            "loop_close": [part[2] for part in parts]}


# --- pools of processes --------------------------------------------------------------------------


def parts_of(*names):
    """The named parts of pool_parts.py, each as the low quantile of 20 batches."""
    import pool_parts as parts
    parts.BATCHES = 20
    found = {}
    for name in names:
        getattr(parts, name)(found)
    return {f"parts.{name}": value for name, value in found.items()}


def pool_parts():
    return parts_of("pipe_parts", "pool_parts", "wait_parts")


def executor_parts():
    return parts_of("executor_parts")


def worker_handler():
    """A look of Pool's third thread at a pool of two workers, with a result that nobody took."""
    import multiprocessing
    from multiprocessing import pool as mp_pool
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=time.sleep, args=(30,)) for _ in range(2)]
    results, notifier = context.SimpleQueue(), context.SimpleQueue()
    results.put(0)
    try:
        for worker in workers:
            worker.start()

        def look():
            mp_pool.Pool._join_exited_workers(workers)
            sentinels = [*mp_pool.Pool._get_worker_sentinels(workers), results._reader,
                         notifier._reader]
            mp_pool.Pool._wait_for_updates(sentinels, notifier)
        return {"worker_handler_turn": best(look)}
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def executor_create():
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    context = multiprocessing.get_context("fork")
    costs = []
    for _ in range(6):
        before = thread_time_ns()
        executor = ProcessPoolExecutor(2, mp_context=context)
        costs.append(thread_time_ns() - before)
        executor.shutdown()
    return {"executor_create": costs[1:]}  # the first one imports


def imap_next():
    import multiprocessing.pool as mp_pool

    class Owner:
        _cache = {}
        _pool = None
    results = mp_pool.IMapIterator(Owner)
    for index in range(BATCH):
        results._set(index, (True, index))
    return {"imap_next": each(results.next)}


def objects():
    import pickle
    count = 100_000
    numbers = list(range(count))
    before = thread_time_ns()
    text = pickle.dumps(numbers)
    made = thread_time_ns()
    pickle.loads(text)
    return {"object_dumps": (made - before) / count,
            "object_loads": (thread_time_ns() - made) / count}


# --- interpreters --------------------------------------------------------------------------------


def interpreters():
    try:
        import _interpreters as inner
    except ImportError:
        raise NotImplementedError("from CPython 3.13 on") from None
    made, called, closed = [], [], []
    for _ in range(5):
        before = thread_time_ns()
        name = inner.create()
        made.append(thread_time_ns() - before)
        inner.exec(name, "pass")  # the first one compiles what the others share
        called.append(best(lambda name=name: inner.exec(name, "pass"), 3, 20))
        before = thread_time_ns()
        inner.destroy(name)
        closed.append(thread_time_ns() - before)
    return {"interpreter_create": made, "interpreter_call": called, "interpreter_close": closed}


ROUNDS = (  # names, rounds, probe
    ("gil_take", 15, gil_take),
    ("lock", 15, lock),
    ("sync", 15, sync),
    ("thread_start_python", 3, thread_start),
    ("submit thread_item", 15, thread_pool),
    ("gil_reacquire", 2, gil_hand_over),
    ("loop_switch loop_alone create_task timer_step loop_create loop_run loop_close", 3,
     event_loop),
    ("object_dumps object_loads", 8, objects),
    ("imap_next", 20, imap_next),
    ("worker_handler_turn", 8, worker_handler),
    ("executor_create", 3, executor_create),
    ("executor_parts", 9, executor_parts),
    ("pool_parts", 9, pool_parts),
    ("interpreter_create interpreter_call interpreter_close", 2, interpreters),
)


def main():
    harness.die_with_parent(int(sys.argv[2]))
    probes = Probes(float(sys.argv[1]))
    gc.disable()  # a collection would fall into one sample and not into the next
    for index, (names, rounds, probe) in enumerate(ROUNDS):
        probes.share(len(ROUNDS) - index)
        probes.attempt(names, rounds, probe)
        gc.collect()
    answer = probes.answer()
    answer["version"] = list(sys.version_info[:3])
    answer["free_threaded"] = not getattr(sys, "_is_gil_enabled", lambda: True)() or "t" in getattr(
        sys, "abiflags", "")
    answer["implementation"] = sys.implementation.name
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
