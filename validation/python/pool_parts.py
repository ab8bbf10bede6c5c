"""Measures the parts of CPython's process pools, each alone, and the whole beside them.

    python3 validation/python/pool_parts.py         # parts: CPU time of one thread, no other one
    python3 validation/python/pool_parts.py rows    # the rows that the parts must add up to

The parts are the constants `pool_*`, `item` and `executor.*` of a runtime (docs/models/costs.md):
CPU time of single calls into the standard library, and of Pool's own loops, on objects made by
it, without its threads and processes, so without any wake-up. Bare reads and writes of a pipe are
measured as well and taken off, for the simulated kernel charges them. A part is the 5 % quantile
of many batches: near the undisturbed core. The rows are wall times of real pools, medians; nothing
is fitted on them. `table` as the argument: 1000 x 1 ms on two workers.
"""

import concurrent.futures.process as ppe
import json
import multiprocessing
import os
import pickle
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import connection
from multiprocessing import pool as mp_pool
from multiprocessing.reduction import ForkingPickler
from time import monotonic_ns, thread_time_ns

BATCH = 100
BATCHES = 60


def nothing(item):
    return item


def spin(item):
    end = time.thread_time_ns() + item
    while time.thread_time_ns() < end:
        pass


def sleep(item):
    time.sleep(item * 1e-9)


def low(values):
    return sorted(values)[len(values) // 20]


def measure(call, after=None):
    """CPU time of one `call` in ns, by batches; `after` tidies up, outside of the clock."""
    costs = []
    for _ in range(BATCHES):
        before = thread_time_ns()
        for _ in range(BATCH):
            call()
        costs.append((thread_time_ns() - before) / BATCH)
        if after:
            after()
    return low(costs)


class Still:
    """Stands for a thread that runs already, so that none is started."""

    def join(self):
        pass


def pipe_parts(out):
    source, sink = os.pipe()
    data = b"x" * 100
    out["os_write"] = measure(lambda: os.write(sink, data), lambda: os.read(source, 1 << 20))

    def fill():
        for _ in range(BATCH):
            os.write(sink, data)
    fill()
    out["os_read"] = measure(lambda: os.read(source, 100), fill)


class Alone:
    """A Pool's queues and cache without its threads and processes: its loops run in this thread."""

    def __init__(self):
        context = multiprocessing.get_context("fork")
        self.tasks, self.results = context.SimpleQueue(), context.SimpleQueue()
        self._change_notifier = context.SimpleQueue()
        self._cache = mp_pool._PoolCache(notifier=self._change_notifier)
        self._taskqueue = mp_pool.queue.SimpleQueue()
        self._pool, self._state = [], mp_pool.RUN
        mp_pool.threading.current_thread()._state = mp_pool.RUN

    _guarded_task_generation = mp_pool.Pool._guarded_task_generation

    def _check_running(self):
        pass

    def submit(self, chunks, size):
        return mp_pool.Pool._map_async(self, nothing, range(chunks * size), mp_pool.mapstar, size)

    def handle_tasks(self):
        self._taskqueue.put(None)
        mp_pool.Pool._handle_tasks(self._taskqueue, self.tasks._writer.send, self.results, [None],
                                   self._cache)
        assert self.results._reader.recv() is None

    def handle_results(self):
        self.results.put(None)
        mp_pool.Pool._handle_results(self.results, self.results._reader.recv, self._cache)
        self._change_notifier.get()


class _Reading:
    """A queue whose ends worker() does not close."""

    def __init__(self, queue):
        self.get = queue.get


class _Writing:
    def __init__(self, queue):
        self.put = queue.put


def loops(size):
    """CPU time of one chunk in each of Pool's loops, ends of the loops taken off."""
    def run(chunks):
        pool = Alone()
        clocks = [thread_time_ns()]
        pool.submit(chunks, size)
        clocks.append(thread_time_ns())
        pool.handle_tasks()
        clocks.append(thread_time_ns())
        mp_pool.worker(_Reading(pool.tasks), _Writing(pool.results))
        clocks.append(thread_time_ns())
        pool.handle_results()
        clocks.append(thread_time_ns())
        return [after - before for before, after in zip(clocks, clocks[1:])]
    # As many as fit into the pipes of 64 KiB.
    many = max(2, min(300, 40_000 // (100 + 5 * size)))
    few = [low(values) for values in zip(*(run(1) for _ in range(BATCHES)))]
    full = [low(values) for values in zip(*(run(many) for _ in range(BATCHES)))]
    return [(b - a) / (many - 1) for a, b in zip(few, full)], few


def pool_parts(out):
    single, few = loops(1)
    many, _ = loops(1000)
    out["pool_submit"] = few[0]
    for name, one, thousand in zip(("map_items", "task_handler", "worker", "result_handler"),
                                   single, many):
        out[f"{name}_item"] = (thousand - one) / 999
        out[f"{name}_chunk"] = one - out[f"{name}_item"]
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()

    def drain():
        while not results.empty():
            results.get()
    # What of the worker's share is the result's.
    out["result_put"] = measure(lambda: results.put((0, 0, (True, [1]))), drain)


def wait_parts(out):
    """wait() on what a handler thread waits for: one turn, by the number of objects."""
    sources = [multiprocessing.Pipe(duplex=False) for _ in range(10)]
    sources[0][1].send_bytes(b"")
    readers = [source for source, _ in sources]
    two = measure(lambda: connection.wait(readers[:2]))
    ten = measure(lambda: connection.wait(readers))
    out["wait_base"] = two - (ten - two) / 8 * 2
    out["wait_per_object"] = (ten - two) / 8
    out["poll"] = measure(lambda: readers[1].poll())


def executor_parts(out):
    executor = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork"))
    executor._executor_manager_thread = Still()
    manager = ppe._ExecutorManagerThread(executor)
    context = multiprocessing.get_context("fork")
    call_queue = ppe._SafeQueue(max_size=10_000, ctx=context,
                                pending_work_items=executor._pending_work_items,
                                shutdown_lock=executor._shutdown_lock,
                                thread_wakeup=executor._executor_manager_thread_wakeup)
    call_queue._thread = Still()
    manager.call_queue = call_queue
    clear = executor._executor_manager_thread_wakeup.clear
    submit_costs, clear_costs, add_costs, result_costs, result_recv = [], [], [], [], []
    put_costs, get_costs, send_costs, feed_costs = [], [], [], []
    for _ in range(BATCHES):
        before = thread_time_ns()
        for _ in range(BATCH):
            executor.submit(nothing, 1)
        submit_costs.append((thread_time_ns() - before) / BATCH)
        before = thread_time_ns()
        clear()
        clear_costs.append((thread_time_ns() - before) / BATCH)
        before = thread_time_ns()
        manager.add_call_item_to_queue()
        add_costs.append((thread_time_ns() - before) / BATCH)
        items = []
        before = thread_time_ns()
        while call_queue._buffer:  # what Queue._feed does for each
            with call_queue._notempty:
                pass
            item = call_queue._buffer.popleft()
            items.append(ForkingPickler.dumps(item))
            del item
        feed_costs.append((thread_time_ns() - before) / BATCH)
        before = thread_time_ns()
        for item in items:
            with call_queue._wlock:
                call_queue._writer.send_bytes(item)
        send_costs.append((thread_time_ns() - before) / BATCH)
        before = thread_time_ns()
        calls = [call_queue.get() for _ in range(BATCH)]
        get_costs.append((thread_time_ns() - before) / BATCH)
        before = thread_time_ns()
        for call in calls:
            ppe._sendback_result(executor._result_queue, call.work_id, result=1)
        put_costs.append((thread_time_ns() - before) / BATCH)
        before = thread_time_ns()
        answers = [executor._result_queue._reader.recv() for _ in range(BATCH)]
        result_recv.append((thread_time_ns() - before) / BATCH)
        before = thread_time_ns()
        for answer in answers:
            manager.process_result_item(answer)
            executor._idle_worker_semaphore.release()
            manager.is_shutting_down()
        result_costs.append((thread_time_ns() - before) / BATCH)
    out.update(executor_submit=low(submit_costs), executor_clear=low(clear_costs),
               executor_add=low(add_costs), executor_feed=low(feed_costs),
               executor_send=low(send_costs), executor_get=low(get_costs),
               executor_put=low(put_costs), executor_recv=low(result_recv),
               executor_store=low(result_costs))
    future = executor.submit(nothing, 1)
    future.set_result(1)
    out["future_result"] = measure(future.result)


def median_us(call, count, repeats):
    times = []
    for _ in range(repeats):
        before = monotonic_ns()
        call()
        times.append((monotonic_ns() - before) / 1e3 / count)
    return round(statistics.median(times), 2)


def unit_row(workers):
    """1000 x 1 ms: wall times of map by executor, chunk and kind of work, over 500 units."""
    context = multiprocessing.get_context("fork")
    table = {}
    with context.Pool(workers) as pool, \
            ProcessPoolExecutor(workers, mp_context=context) as executor:
        for name, work in (("spin", spin), ("sleep", sleep)):
            unit = median_us(lambda work=work: [work(1_000_000) for _ in range(100)], 100, 5)
            items = [1_000_000] * 1000
            ideal = unit * len(items) / workers
            for chunk in (None, 10, 1):
                took = median_us(lambda: pool.map(work, items, chunk), 1, 5)
                table[f"pool {name} {chunk or 'default'}"] = round(took / ideal - 1, 3)
            for chunk in (10, 1):
                took = median_us(lambda: list(executor.map(work, items, chunksize=chunk)), 1, 5)
                table[f"ppe {name} {chunk}"] = round(took / ideal - 1, 3)
    return table


def rows():
    out = {}
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        for chunk in (1, 10, 100, 1000):
            count = max(200, 20_000 // chunk) * chunk if chunk < 1000 else 200_000
            pool.map(nothing, range(1000), 10)
            per_chunk = median_us(lambda: pool.map(nothing, range(count), chunk), count / chunk, 7)
            out[f"pool.map chunk {chunk}, us a chunk"] = per_chunk
        out["pool.apply, us"] = median_us(lambda: pool.apply(nothing, (1,)), 1, 2000)
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        list(executor.map(nothing, range(100)))
        for chunk in (1, 10, 100):
            out[f"ppe.map chunk {chunk}, us a chunk"] = median_us(
                lambda: list(executor.map(nothing, range(1000 * chunk), chunksize=chunk)), 1000, 7)
        out["ppe.submit round trip, us"] = median_us(
            lambda: executor.submit(nothing, 1).result(), 1, 2000)
    with ThreadPoolExecutor(2) as executor:
        list(executor.map(nothing, range(1000)))
        out["threads.map, us an item"] = median_us(
            lambda: list(executor.map(nothing, range(5000))), 5000, 7)
    return out


def parts():
    out = {}
    pipe_parts(out)
    pool_parts(out)
    wait_parts(out)
    executor_parts(out)
    return {name: round(value / 1e3, 3) for name, value in out.items()}


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else "parts"
    answer = rows() if asked == "rows" else unit_row(2) if asked == "table" else parts()
    print(json.dumps({"python": sys.version.split()[0], "us": answer}, indent=1))
