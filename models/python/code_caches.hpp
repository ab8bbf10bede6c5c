// Code of the runtime's library that did not run for a while is gone from the caches.
//
// The parts of a runtime (PythonCosts) are measured warm. A part that comes back after a while
// takes longer: what its code and objects fill must be fetched again. The while counts, not what
// ran meanwhile: on a shared host the neighbours empty the caches. docs/models/cold-code.md.
// Cost: a table of a few hundred bytes for each process and CPU it runs on, none without the
// effect.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "models/ids.hpp"
#include "models/machine/machine_spec.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// A stretch of library code that runs as a whole.
enum class Code : std::uint8_t {
  task,  // what surrounds a task's own work
  lock,
  sync,
  submit,
  item_get,
  item_set,
  chunk_put,
  chunk_get,
  chunk_item,
  chunk_result,
  chunk_store,
  handler_turn,
  imap_next,
  call_submit,
  call_result,
  call_add,
  call_feed,
  call_send,
  call_get,
  call_put,
  call_receive,
  call_store,
  call_wait,
  call_poll,
  call_take_byte,
  loop_turn,
  loop_step,
  loop_timer,
  loop_io,
  loop_child,
  loop_result,
  loop_wake,
  loop_task,
  loop_wait,
  loop_call,
  count_of_codes
};

/// When each stretch of code last ran on each CPU, in one process.
class CodeCaches {
 public:
  /// What `warm` CPU time takes `now` on `cpu`, which last stopped being idle at `left_idle`, and
  /// notes that it ran. What never ran there is cold.
  [[nodiscard]] sim::Duration run(const ColdCode& cold, CpuId cpu, Code code, sim::Duration warm,
                                  sim::Instant now, sim::Instant left_idle = {});

 private:
  using LastRuns = std::array<std::int64_t, static_cast<std::size_t>(Code::count_of_codes)>;

  std::vector<std::unique_ptr<LastRuns>> by_cpu_;  // ns; never: see the source
};

}  // namespace timeslice::models
