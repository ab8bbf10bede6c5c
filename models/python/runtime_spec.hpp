// What the language runtime is: which CPython, with or without GIL, and what its parts cost.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "models/machine/machine_spec.hpp"
#include "models/python/message_costs.hpp"
#include "models/units.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

struct PythonVersion {
  int major = 3;
  int minor = 11;

  auto operator<=>(const PythonVersion&) const = default;
};

enum class Language { python, none };
enum class Platform { linux_os, macos, windows };

/// Which waiter is woken when the GIL is dropped. CPython leaves it to the C library: `condition`
/// is glibc's order (gil_waiters.hpp), the others are there to compare.
enum class GilHeir { condition, random, first, last };

struct GilSpec {
  bool enabled = true;  // false: the free-threaded build
  sim::Duration switch_interval = std::chrono::milliseconds{5};
  GilHeir heir = GilHeir::condition;
  /// condition: probability that the thread that asked for a drop is not asleep again when the drop
  /// comes, and takes the signal. Two thirds is chosen by one row of docs/models/gil.md (5 ms, two
  /// CPU-bound threads) and judged by the others.
  double requester_overtakes = 2.0 / 3.0;
  /// Longest stretch of bytecode between two looks at the eval breaker. Guess, from a loop body of
  /// the calibration kernel (47 ns an iteration on the reference guest), 3.12's polling places.
  sim::Duration poll_granularity = std::chrono::nanoseconds{50};
  /// How much longer bytecode takes without a GIL; nothing: by version (free_threading_stretch).
  std::optional<double> free_threading;
};

/// What CPython's machinery costs in CPU time, warm, on the reference guest (CPython 3.11, see
/// docs/models/costs.md). Zero switches an effect off.
struct PythonCosts {
  sim::Duration gil_take = std::chrono::nanoseconds{100};
  sim::Duration lock = std::chrono::nanoseconds{120};           // uncontended acquire and release
  sim::Duration thread_object = std::chrono::microseconds{20};  // Thread() and start(), in Python
  sim::Duration submit = std::chrono::microseconds{7};       // executor submit: future, queue put
  sim::Duration thread_item = std::chrono::microseconds{4};  // thread pool: get, run, set result
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
  sim::Duration child_exit = std::chrono::microseconds{1200};
  sim::Duration spawn_parent = std::chrono::microseconds{1100};
  sim::Duration interpreter_start = std::chrono::milliseconds{39};  // spawn: exec until target
  sim::Duration resource_tracker = std::chrono::milliseconds{27};   // once, spawn and forkserver
  sim::Duration forkserver_start = std::chrono::milliseconds{60};   // once
  sim::Duration forkserver_child = std::chrono::milliseconds{15};
  ExecutorCosts executor;
  PayloadCosts payload;
  sim::Duration imap_next = std::chrono::nanoseconds{700};  // one item of an IMapIterator: guess
  /// InterpreterPoolExecutor: making an interpreter, one switch into it and back, its end. Guesses.
  sim::Duration interpreter_create = std::chrono::milliseconds{12};
  sim::Duration interpreter_call = std::chrono::microseconds{6};
  sim::Duration interpreter_close = std::chrono::milliseconds{2};
  /// A task of a C++ pool: queue node, call, two uncontended lock and unlock pairs. Guess.
  sim::Duration cpp_task = std::chrono::nanoseconds{200};
};

/// How the threads of multiprocessing.Pool's parent meet, beside what they cost. What varying each
/// changes: docs/models/pool.md. All from one 2-CPU guest, Linux 6.18, CPython 3.11.
struct PoolSpec {
  /// One write wakes result handler and worker handler. Probability that the result handler goes
  /// first: 812, 408 and 1837 of 842, 425 and 1983 wake-ups in traces of three pools whose two
  /// handlers landed on one CPU (94, 96, 93 %); taken for other cases too, which is a guess.
  double reader_first = 0.94;
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
  PythonVersion version;
  Platform platform = Platform::linux_os;
  GilSpec gil;
  PythonCosts costs;
  PoolSpec pool;
  bool costs_known = false;  // false: defaults of another machine
  SpeedFactors factor;       // against the Python that the durations were measured on
  bool factor_known = true;  // false: nobody measured it; results carry a warning
  Bytes memory{30LL << 20};  // resident size of the main process, drives the cost of fork
};

[[nodiscard]] PythonCosts python_free_of_cost();

/// How much longer bytecode takes in a free-threaded build: 3.13 1.40 (its HOWTO), from 3.14 on
/// 1.10 (PEP 779). Before 3.13 there is no such build: 1, a what-if that carries a warning.
[[nodiscard]] double free_threading_stretch(const RuntimeSpec& runtime);

}  // namespace timeslice::models
