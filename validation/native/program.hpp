// A scenario as a real machine can execute it: every draw done, every branch taken, flat.
//
// The same draws as in the simulation (models/work/draws.hpp): the native run and the simulated
// one see identical durations. Cost: one pass over all items; items that are alike share a program.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/ids.hpp"
#include "models/world_spec.hpp"

namespace timeslice::validation {

/// The closed list of what a native run does; validation/python/harness.py has the same numbers.
enum class Op : std::uint8_t {
  python,
  native,
  held,
  sleep,
  lock,
  unlock,
  map,
  submit,
  join,
  yield,
  put,
  get,
  set,
  wait,
  barrier,
  // Of coroutines alone: validation/python/event_loop.py has the same numbers.
  await_sleep,
  await_io,
  await_items,  // a batch: gathered, or awaited one after the other
  timeout,      // up to its `timeout_end`
  timeout_end,
  // Of C++ threads alone.
  read_lock,
  read_unlock
};

/// One operation. `argument`: nominal nanoseconds, or the index of a lock, batch or future.
struct Instruction {
  Op op = Op::python;
  std::int64_t argument = 0;

  auto operator<=>(const Instruction&) const = default;
};
using Instructions = std::vector<Instruction>;

/// Items handed over together: a map, or the items of a submit.
struct Batch {
  models::ExecutorIndex executor{};
  std::optional<std::uint64_t> chunksize;
  bool star = false;
  models::MapOrder order = models::MapOrder::whole;
  models::FutureIndex future{};      // of a submit
  bool gathers = false;              // of await_items
  std::vector<std::uint32_t> items;  // what each executes: index into programs
  models::TaskIndex task{};
};

struct NativeProgram {
  std::vector<Instructions> programs;
  std::vector<Batch> batches;
  Instructions main;
};

/// Resolves `world` for the run with `run_seed`. Requires: native_obstacle() found nothing.
[[nodiscard]] NativeProgram expand(const models::WorldSpec& world, std::uint64_t run_seed);

/// Nominal times of a program by what they are [ns].
struct WorkTotals {
  double python = 0.0;  // needs the GIL: bytecode and C code that keeps it
  double native = 0.0;  // CPU, GIL released
  double wait = 0.0;    // sleep and io

  [[nodiscard]] double cpu() const { return python + native; }
  [[nodiscard]] double all() const { return python + native + wait; }
  WorkTotals& operator+=(const WorkTotals& other);
};
[[nodiscard]] WorkTotals totals(const Instructions& program);
/// Over main and all batches.
[[nodiscard]] WorkTotals totals(const NativeProgram& program);

}  // namespace timeslice::validation
