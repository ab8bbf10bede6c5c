// The table of keys: runtimes.

#include <array>

#include "scenarios/format/keys.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::array<Choice, 3> platforms{
    {{.word = "linux"}, {.word = "macos"}, {.word = "windows"}}};
constexpr std::array<Choice, 2> event_loops{
    {{.word = "asyncio", .doc = "CPython's own"},
     {.word = "uvloop", .doc = "asyncio's costs, scaled; see docs/models/asyncio.md"}}};
constexpr std::array<Choice, 4> heirs{
    {{.word = "condition", .doc = "as glibc's condition variables wake"},
     {.word = "random"},
     {.word = "first"},
     {.word = "last"}}};

constexpr std::array<Key, 11> runtime_keys{{
    {.name = "python", .type = Type::version, .fallback = "3.11", .doc = "CPython's version"},
    {.name = "gil", .type = Type::boolean, .fallback = "on", .doc = "off: the free-threaded build"},
    {.name = "switch_interval",
     .type = Type::duration,
     .low = 1000,
     .fallback = "5ms",
     .doc = "sys.setswitchinterval"},
    {.name = "heir",
     .type = Type::choice,
     .choices = heirs,
     .fallback = "condition",
     .doc = "which waiter is woken for a dropped GIL"},
    {.name = "requester_overtakes",
     .type = Type::number,
     .low = 0,
     .high = 1,
     .fallback = "0.667",
     .doc =
         "heir condition: probability that who asked for the drop takes it from whose turn it is"},
    {.name = "poll_granularity",
     .type = Type::duration,
     .low = 1,
     .fallback = "50ns",
     .doc = "longest stretch of bytecode between two looks at the eval breaker"},
    {.name = "free_threading",
     .type = Type::number,
     .low = 1,
     .high = 10,
     .fallback = "by version: 3.13 1.4, later 1.1",
     .doc = "how much longer bytecode takes without a GIL"},
    {.name = "platform",
     .type = Type::choice,
     .choices = platforms,
     .fallback = "linux",
     .doc = "decides the default start method"},
    {.name = "event_loop",
     .type = Type::choice,
     .choices = event_loops,
     .fallback = "asyncio",
     .doc = "which event loop executors of kind asyncio run"},
    {.name = "memory",
     .type = Type::bytes,
     .fallback = "30MiB",
     .doc = "resident size of the main process; it drives the cost of fork"},
    {.name = "costs",
     .type = Type::section,
     .section = "runtime_costs",
     .doc = "over the machine's costs of this Python"},
}};

constexpr std::array<Key, 25> runtime_cost_keys{{
    {.name = "speed",
     .type = Type::section,
     .section = "speed",
     .doc = "speed against CPython 3.11 on the same machine, by kind of step"},
    {.name = "gil_take", .type = Type::duration, .fallback = "100ns", .doc = "taking a free GIL"},
    {.name = "lock",
     .type = Type::duration,
     .fallback = "120ns",
     .doc = "uncontended acquire and release"},
    {.name = "thread_object",
     .type = Type::duration,
     .fallback = "20us",
     .doc = "Thread() and start() in Python"},
    {.name = "submit", .type = Type::duration, .fallback = "7us", .doc = "executor.submit"},
    {.name = "item",
     .type = Type::duration,
     .fallback = "135ns",
     .doc = "one item in a pool chunk"},
    {.name = "thread_item",
     .type = Type::duration,
     .fallback = "4us",
     .doc = "one item of a thread pool"},
    {.name = "pool_put",
     .type = Type::duration,
     .fallback = "5us",
     .doc = "task handler: pickling one chunk"},
    {.name = "pool_get",
     .type = Type::duration,
     .fallback = "4us",
     .doc = "worker: unpickling one chunk"},
    {.name = "pool_result",
     .type = Type::duration,
     .fallback = "5us",
     .doc = "worker: pickling one result"},
    {.name = "pool_store",
     .type = Type::duration,
     .fallback = "5us",
     .doc = "result handler: unpickling and storing"},
    {.name = "worker_handler_turn",
     .type = Type::duration,
     .fallback = "8us",
     .doc = "one look of Pool's third thread"},
    {.name = "pool_create",
     .type = Type::duration,
     .fallback = "600us",
     .doc = "queues, locks and handler threads"},
    {.name = "pool_import",
     .type = Type::duration,
     .fallback = "8ms",
     .doc = "importing multiprocessing.pool, at a process's first Pool"},
    {.name = "process_object",
     .type = Type::duration,
     .fallback = "300us",
     .doc = "Process(), flush, bookkeeping"},
    {.name = "fork_child",
     .type = Type::duration,
     .fallback = "1.1ms",
     .doc = "after fork until the target runs"},
    {.name = "child_exit", .type = Type::duration, .fallback = "1.2ms", .doc = "a child's end"},
    {.name = "spawn_parent",
     .type = Type::duration,
     .fallback = "1.1ms",
     .doc = "what spawn costs the parent"},
    {.name = "interpreter_start",
     .type = Type::duration,
     .fallback = "39ms",
     .doc = "spawn: exec until the target runs"},
    {.name = "resource_tracker",
     .type = Type::duration,
     .fallback = "27ms",
     .doc = "once, for spawn and forkserver"},
    {.name = "forkserver_start", .type = Type::duration, .fallback = "60ms", .doc = "once"},
    {.name = "forkserver_child",
     .type = Type::duration,
     .fallback = "15ms",
     .doc = "a child of the fork server"},
    {.name = "pickle_per_kib",
     .type = Type::duration,
     .fallback = "69ns",
     .doc = "pickling 1 KiB of bytes, each way"},
    {.name = "cpp_task",
     .type = Type::duration,
     .fallback = "200ns",
     .doc = "one task of a C++ pool"},
    {.name = "event_loop",
     .type = Type::section,
     .section = "event_loop_costs",
     .doc = "the parts of asyncio's event loop"},
}};

constexpr Key loop_cost(std::string_view name, std::string_view fallback, std::string_view doc) {
  return {.name = name, .type = Type::duration, .fallback = fallback, .doc = doc};
}
constexpr std::array<Key, 16> event_loop_cost_keys{{
    loop_cost("create_task", "3.9us", "coroutine, Task and its first callback"),
    loop_cost("callback", "1us", "call_soon, and being called"),
    loop_cost("step", "900ns", "a task until its next await, or its end"),
    loop_cost("turn", "1.3us", "an iteration around its callbacks"),
    loop_cost("timer_set", "4.6us", "asyncio.sleep: future, handle, heap"),
    loop_cost("timer_fire", "1.1us", "a timer that is due"),
    loop_cost("gather_child", "1.4us", "a child of gather: half when entered, half when done"),
    loop_cost("io_start", "11us", "waiting for a file descriptor: future, add_reader"),
    loop_cost("io_end", "13us", "it is readable: callback, remove_reader"),
    loop_cost("wrap_future", "4.4us", "run_in_executor beyond submit"),
    loop_cost("thread_result", "3us", "the worker's call_soon_threadsafe, without its send"),
    loop_cost("take_result", "3.8us", "the loop copies a thread's result"),
    loop_cost("self_pipe", "2us", "the loop reads its wake-up bytes, without the kernel's part"),
    loop_cost("loop_create", "45us", "a new loop"),
    loop_cost("loop_run", "60us", "asyncio.run around its coroutine"),
    loop_cost("loop_close", "130us", "closing it"),
}};

constexpr std::array<Section, 3> sections{{
    {"runtime", "Which CPython.", runtime_keys},
    {"runtime_costs", "What CPython's machinery costs. Defaults: measured on the reference guest.",
     runtime_cost_keys},
    {"event_loop_costs", "What the parts of asyncio's event loop cost in CPU time.",
     event_loop_cost_keys},
}};

}  // namespace

std::span<const Section> runtime_sections() {
  return sections;
}

}  // namespace timeslice::scenarios
