// What the language runtime is: which CPython, with or without GIL, and what its parts cost.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "models/aio/event_loop_costs.hpp"
#include "models/machine/machine_spec.hpp"
#include "models/python/message_costs.hpp"
#include "models/units.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

struct PythonVersion {
  static constexpr int newest_patch = 1000;  // nobody said which: the newest of its line

  int major = 3;
  int minor = 11;
  int patch = 0;

  auto operator<=>(const PythonVersion&) const = default;
  [[nodiscard]] constexpr bool same_line(const PythonVersion& other) const {
    return major == other.major && minor == other.minor;
  }
};

enum class Language { python, none };
enum class LoopKind { asyncio, uvloop };
enum class Platform { linux_os, macos, windows };

/// Which waiter is woken when the GIL is dropped. CPython leaves it to the C library: `condition`
/// is glibc's order (gil_waiters.hpp), the others are there to compare.
enum class GilHeir { condition, random, first, last };

/// The collector of a free-threaded build: it stops all threads twice a collection. Source:
/// CPython 3.13, Python/gc_free_threading.c. docs/models/free-threading.md.
struct CollectorSpec {
  /// Bytecode from one new container object that stays to the next; 0: no collections. Guess: it
  /// is the program's own and was never measured.
  sim::Duration new_object_every = std::chrono::microseconds{50};
  /// Tracked objects, all of which a collection visits: 5 067 to 11 094 in a young interpreter.
  std::uint32_t objects = 10'000;
  /// Visiting one: gc.collect() took 67-86 ns an object on CPython 3.11.7 and 3.13.0 with a GIL;
  /// that the free-threaded collector takes as long is a guess.
  sim::Duration per_object = std::chrono::nanoseconds{70};
};

struct GilSpec {
  bool enabled = true;  // false: runs without one, so it is the free-threaded build
  /// The free-threaded build (3.13t), whose GIL may be on (PYTHON_GIL=1): bytecode costs as there.
  bool free_threaded_build = false;
  sim::Duration switch_interval = std::chrono::milliseconds{5};
  GilHeir heir = GilHeir::condition;
  /// condition: probability that the thread that asked for a drop is not asleep again when the drop
  /// comes, and takes the signal. Two thirds is chosen by one row of docs/models/gil.md (5 ms, two
  /// CPU-bound threads) and judged by the others.
  double requester_overtakes = 2.0 / 3.0;
  /// Longest stretch of bytecode between two looks at the eval breaker; nothing: by version
  /// (poll_granularity below).
  std::optional<sim::Duration> poll_granularity;
  /// How much longer bytecode takes without a GIL; nothing: by version (free_threading_stretch).
  std::optional<double> free_threading;
  CollectorSpec collector;
  /// Without a GIL: how much longer touching a shared object takes while other threads do so, too;
  /// 0: they do not disturb each other. Source: 10 threads that share all they touch were 1.1 times
  /// slower than one (facts on PEP 703); never measured here.
  double contended = 1.1;
};

/// What CPython's machinery costs in CPU time, warm, on the reference guest (CPython 3.11, see
/// docs/models/costs.md). Zero switches an effect off.
struct PythonCosts {
  sim::Duration gil_take = std::chrono::nanoseconds{100};
  sim::Duration lock = std::chrono::nanoseconds{120};  // uncontended acquire and release
  /// One call of queue.Queue, Semaphore, Event or Barrier that waits for nobody: 0.3 to 1.5 us each
  /// on CPython 3.11.7 and 3.13.0.
  sim::Duration sync = std::chrono::microseconds{1};
  sim::Duration thread_object = std::chrono::microseconds{20};  // Thread() and start(), in Python
  sim::Duration submit = std::chrono::nanoseconds{1200};       // executor submit: future, queue put
  sim::Duration thread_item = std::chrono::nanoseconds{2100};  // thread pool: get, run, set result
  // multiprocessing.Pool's loops, each run alone over real queues without processes, less reads and
  // writes: validation/python/pool_parts.py, CPython 3.11.2, 5 % quantiles, runs within 4 %.
  sim::Duration item = std::chrono::nanoseconds{42};             // worker: one item of a chunk
  sim::Duration pool_put = std::chrono::nanoseconds{3400};       // task handler: pickle one chunk
  sim::Duration pool_put_item = std::chrono::nanoseconds{18};    // and each item of it
  sim::Duration pool_get = std::chrono::nanoseconds{3450};       // worker: unpickle one chunk
  sim::Duration pool_result = std::chrono::nanoseconds{2500};    // worker: pickle one result
  sim::Duration pool_store = std::chrono::nanoseconds{1850};     // result handler: unpickle, store
  sim::Duration pool_store_item = std::chrono::nanoseconds{14};  // and each item of it
  sim::Duration worker_handler_turn = std::chrono::microseconds{8};  // one look of the third thread
  sim::Duration pool_create = std::chrono::microseconds{600};        // queues, locks, handlers
  /// Importing multiprocessing.pool, which the first Pool() of a process does. CPU time on a 2-CPU
  /// guest, CPython 3.11.2, files cached: 7-11 ms (validation/python/calibrate.py: pool_import).
  sim::Duration pool_import = std::chrono::milliseconds{8};
  sim::Duration process_object = std::chrono::microseconds{300};  // Process(), flush, bookkeeping
  sim::Duration fork_child = std::chrono::microseconds{1100};     // after fork until target runs
  /// The interpreter's part of the end of a child that os._exit() ends: by fork or the server.
  sim::Duration child_exit = std::chrono::microseconds{200};
  sim::Duration spawn_parent = std::chrono::microseconds{1100};
  sim::Duration interpreter_start = std::chrono::milliseconds{39};  // spawn: exec until target
  sim::Duration spawn_exit = std::chrono::milliseconds{10};  // a whole interpreter is taken down
  sim::Duration resource_tracker = std::chrono::milliseconds{27};  // once, spawn and forkserver
  sim::Duration forkserver_start = std::chrono::milliseconds{32};  // once
  sim::Duration forkserver_child = std::chrono::milliseconds{15};
  sim::Duration forkserver_reap = std::chrono::microseconds{50};  // server, a child's end; guess
  ExecutorCosts executor;
  PayloadCosts payload;
  sim::Duration imap_next = std::chrono::nanoseconds{700};  // one item of an IMapIterator: guess
  /// InterpreterPoolExecutor: making an interpreter, one switch into it and back, its end. Guesses.
  sim::Duration interpreter_create = std::chrono::milliseconds{12};
  sim::Duration interpreter_call = std::chrono::microseconds{6};
  sim::Duration interpreter_close = std::chrono::milliseconds{2};
  /// A task of a C++ pool: queue node, call, two uncontended lock and unlock pairs. Guess.
  sim::Duration cpp_task = std::chrono::nanoseconds{200};
  EventLoopCosts loop{};

  bool operator==(const PythonCosts&) const = default;
};

/// What a Python process has in memory. Measured from smaps_rollup of CPython 3.11.2 and 3.11.7,
/// Linux 6.18, main modules with few and with many imports; see docs/models/memory.md.
struct PythonMemory {
  Bytes interpreter{7200LL << 10};  // a fresh interpreter with multiprocessing: its own pages
  /// Pages of programs and libraries that a main process maps, shared with others that run them:
  /// 6.4 MiB with few imports, 10.5 with many (asyncio, concurrent.futures ...).
  Bytes files{10LL << 20};
  Bytes forked_files{4400LL << 10};       // those that a forked child comes to use
  Bytes fork_writes{1500LL << 10};        // inherited pages that a forked child soon overwrites
  Bytes forkserver_writes{4200LL << 10};  // the same, child of the fork server
  Bytes gc_writes{600LL << 10};  // and more once its imports make the garbage collector run
  /// Looking at an object counts a reference, which writes to its page. Share of the memory looked
  /// at that is copied by it: iterating over 110 MB of floats copied 92 MB (85 %).
  double touch_share = 0.85;
};

/// How the threads of multiprocessing.Pool's parent meet, beside what they cost. What varying each
/// changes: docs/models/pool.md. All from one 2-CPU guest, Linux 6.18, CPython 3.11.
struct PoolSpec {
  /// Share of a worker handler's turn that is poll() itself, without the GIL. Guess, never
  /// measured; tried from 0.05 to 0.5.
  double poll_share = 0.25;
  /// A turn costs this plus `turn_per_worker` for each worker, of `worker_handler_turn`: about 8 us
  /// with 2 workers and 13 us with 4 were measured, so 3 + 2.5 us a worker; a line through two
  /// points, not checked beyond 4.
  double turn_base = 0.375;
  double turn_per_worker = 0.3125;
  /// Polling in vain ends after this; nothing: after a tick (4 ms without one), as natively, where
  /// one result caused 5.1 ms of it and p99 of a result's wake-up was 1.6-3.9 ms.
  std::optional<sim::Duration> longest_spin;
  /// The worker handler then stays away for so long. Guess, longer than any wake-up; 20 us to 1 ms
  /// tried.
  sim::Duration spin_break = std::chrono::microseconds{200};
};

struct RuntimeSpec {
  Language language = Language::python;
  PythonVersion version{.patch = PythonVersion::newest_patch};
  Platform platform = Platform::linux_os;
  GilSpec gil;
  PythonCosts costs;
  PoolSpec pool;
  PythonMemory memory_parts;
  LoopKind event_loop = LoopKind::asyncio;
  bool costs_known = false;  // false: defaults of another machine
  SpeedFactors factor;       // against the Python that the durations were measured on
  bool factor_known = true;  // false: nobody measured it; results carry a warning
  Bytes memory{30LL << 20};  // resident size of the main process when it starts
};

[[nodiscard]] PythonCosts python_free_of_cost();

/// Whether it is a free-threaded build, with or without its GIL.
[[nodiscard]] inline bool is_free_threaded(const RuntimeSpec& runtime) {
  return runtime.gil.free_threaded_build || !runtime.gil.enabled;
}

/// Longest stretch of bytecode between two looks at the eval breaker. Up to 3.9 most opcodes look:
/// 10 ns. From 3.10 on function entries, back edges of loops and returns from C calls: 50 ns.
/// Places: CPython, Python/ceval.c; lengths: guesses, from a loop body of the calibration kernel
/// (47 ns on the reference guest, five opcodes).
[[nodiscard]] sim::Duration poll_granularity(const RuntimeSpec& runtime);

/// Whether a thread's last drop waits for a switch that was asked for, as every other drop does.
/// Up to 3.11; later ones say that it is the last (CPython, gh-104341).
[[nodiscard]] inline bool last_drop_waits(const RuntimeSpec& runtime) {
  return runtime.version < PythonVersion{.major = 3, .minor = 12};
}

/// How much longer bytecode takes in a free-threaded build: 3.13 1.40 (its HOWTO), from 3.14 on
/// 1.10 (PEP 779). Before 3.13 there is no such build: 1, a what-if that carries a warning.
[[nodiscard]] double free_threading_stretch(const RuntimeSpec& runtime);

/// Whether the fork server imports the main module once, so that its children need not: from 3.13.8
/// and 3.14.1 on. Before, its preload of `__main__` was asked for and not done (gh-126631).
[[nodiscard]] bool forkserver_preloads_main(const PythonVersion& version);

/// "3.13", or "3.13.7" if the patch is known.
[[nodiscard]] std::string to_text(const PythonVersion& version);

}  // namespace timeslice::models
