"""Coroutines of a scenario on a real event loop; the executors of kind asyncio of harness.py.

A coroutine's program has the operations of any task, which then keep the loop's thread, and those
below. Lag is how long after a timer or a device was due its coroutine went on.
"""

import asyncio
import ctypes
import os
import struct
import threading
from time import monotonic_ns

# Operations that only coroutines have; the same numbers as in validation/native/program.hpp.
AWAIT_SLEEP, AWAIT_IO, AWAIT_ITEMS, TIMEOUT, TIMEOUT_END = range(15, 20)

CLOCK_MONOTONIC, TFD_NONBLOCK = 1, 0o4000
_libc = ctypes.PyDLL(None, use_errno=True)


class Devices:
    """File descriptors that become readable after a time: timers of the kernel, as a device is."""

    def __init__(self):
        self.idle = []

    def take(self):
        if self.idle:
            return self.idle.pop()
        descriptor = _libc.timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        return descriptor

    async def wait(self, nanoseconds):
        loop = asyncio.get_running_loop()
        descriptor = self.take()
        readable = loop.create_future()
        setting = struct.pack("qqqq", 0, 0, nanoseconds // 10**9, nanoseconds % 10**9)
        _libc.timerfd_settime(descriptor, 0, setting, None)
        loop.add_reader(descriptor, self.answer, descriptor, readable)
        try:
            await readable
        finally:
            loop.remove_reader(descriptor)
            self.idle.append(descriptor)

    @staticmethod
    def answer(descriptor, readable):
        if not readable.done():
            os.read(descriptor, 8)
            readable.set_result(None)


def block(operations):
    """The operations up to the end of the timeout that has just begun."""
    inside, depth = [], 1
    for operation in operations:
        depth += (operation[0] == TIMEOUT) - (operation[0] == TIMEOUT_END)
        if depth == 0:
            break
        inside.append(operation)
    return inside


class Loop:
    """One loop: what its coroutines do, and what they leave behind."""

    def __init__(self, run, execute, results, lags):
        self.run = run
        self.execute = execute
        self.results = results
        self.lags = lags
        self.devices = Devices()

    async def coroutine(self, item):
        await self.perform(iter(item[0]))

    async def give_up_after(self, seconds, operations):
        try:
            async with asyncio.timeout(seconds):
                await self.perform(iter(operations))
        except TimeoutError:
            pass

    async def perform(self, operations):
        for operation, argument in operations:
            if operation == AWAIT_SLEEP:
                before = monotonic_ns()
                await asyncio.sleep(argument * 1e-9)
                if argument:
                    self.lags.append(monotonic_ns() - before - argument)
            elif operation == AWAIT_IO:
                before = monotonic_ns()
                await self.devices.wait(max(argument, 1))
                self.lags.append(monotonic_ns() - before - argument)
            elif operation == AWAIT_ITEMS:
                await self.await_items(argument)
            elif operation == TIMEOUT:
                await self.give_up_after(argument * 1e-9, block(operations))
            else:
                self.results.append(self.execute(((operation, argument),)))

    async def await_items(self, number):
        batch = self.run.plan["batches"][number]
        items = self.run.batches[number]
        executor = self.run.executor(batch["executor"])
        if isinstance(executor, EventLoops):
            waits = [asyncio.ensure_future(self.coroutine(item)) for item in items]
        else:
            loop = asyncio.get_running_loop()
            waits = [loop.run_in_executor(executor.pool, self.run.run_item, item)
                     for item in items]
        if batch["gathers"]:
            done = await asyncio.gather(*waits)
        else:
            done = [await wait for wait in waits]
        if not isinstance(executor, EventLoops):
            executor.results.extend(done)

    async def gather(self, items):
        await asyncio.gather(*(self.coroutine(item) for item in items))


class EventLoops:
    """Without `workers` one loop in main's thread, with them a loop in each of so many threads."""

    def __init__(self, spec):
        self.results = []
        self.lags = []
        self.workers = spec["loops"]
        self.threads = []
        self.next = 0

    def attach(self, run, execute):
        """Before the clock runs: `run` has the batches, `execute` runs what is no await."""
        self.loops = [Loop(run, execute, self.results, self.lags)
                      for _ in range(max(self.workers, 1))]

    def create(self):
        if self.workers == 0:
            self.event_loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.event_loop)
            return
        self.event_loops = [asyncio.new_event_loop() for _ in range(self.workers)]
        for loop in self.event_loops:
            thread = threading.Thread(target=self.serve, args=(loop,))
            thread.start()
            self.threads.append(thread)

    @staticmethod
    def serve(loop):
        asyncio.set_event_loop(loop)
        loop.run_forever()

    def map(self, items, _chunksize, _star, _order):
        if self.workers == 0:
            self.event_loop.run_until_complete(self.loops[0].gather(items))
            return
        for handle in [self.submit(item) for item in items]:
            handle.result()

    def submit(self, item):
        which = self.next % self.workers
        self.next += 1
        return asyncio.run_coroutine_threadsafe(self.loops[which].coroutine(item),
                                                self.event_loops[which])

    def wait(self, handle):
        handle.result()

    def shutdown(self):
        if self.workers == 0:
            self.event_loop.close()
            return
        for loop, thread in zip(self.event_loops, self.threads):
            asyncio.run_coroutine_threadsafe(self.drain(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    @staticmethod
    async def drain():
        """What was submitted and never joined ends as well."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others)
