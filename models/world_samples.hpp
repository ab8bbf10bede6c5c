// What psutil would show of a run: a time line sampled from its trace and its memory history.
//
// Columns as psutil names them: docs/models/psutil.md. Nothing is added to the simulation; the
// samples are worked out afterwards. Memory: 16 bytes a context switch while the run goes on; time:
// one pass over the switches and one over (samples x processes).
#pragma once

#include <cstdint>
#include <vector>

#include "models/work/context.hpp"
#include "models/work/timings.hpp"
#include "models/world_report.hpp"
#include "sim/time.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {

/// Remembers which thread began and stopped running where, and when threads came and went.
class ActivityRecorder final : public sim::TraceSink {
 public:
  /// `next` hears every record as well; not owned, may be null.
  explicit ActivityRecorder(sim::TraceSink* next) : next_{next} {}

  void write(const sim::TraceRecord& record) override;

  enum class What : std::uint8_t { ready, runs, waits, preempted, ends };
  struct Activity {
    std::int64_t at_ns = 0;
    std::uint32_t thread = 0;
    std::uint16_t cpu = 0;
    What what = What::ready;
  };
  [[nodiscard]] const std::vector<Activity>& all() const { return activities_; }
  /// By thread.
  [[nodiscard]] const std::vector<std::uint32_t>& processes() const { return processes_; }

 private:
  sim::TraceSink* next_;
  std::vector<Activity> activities_;
  std::vector<std::uint32_t> processes_;
};

/// The period of a time line if nobody asks for another: a 200th of the run, from 1 ms on.
[[nodiscard]] sim::Duration usual_sample_period(sim::Duration makespan);

/// At most so many instants; a shorter period is widened, with a warning.
constexpr std::int64_t most_samples = 10'000;

/// Adds the samples at period, 2 x period, ... and at the end of the run; the first 64 processes
/// and CPUs, and all processes together. `period` 0: the usual one.
void add_resource_samples(const ActivityRecorder& recorder, const Context& world,
                          const MainSpan& span, sim::Duration period, Timings& timings);

}  // namespace timeslice::models
