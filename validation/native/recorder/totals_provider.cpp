#include <memory>
#include <string>
#include <utility>

#include "validation/native/recorder/proc_files.hpp"
#include "validation/native/recorder/providers.hpp"
#include "validation/native/recorder/thread_watch.hpp"

namespace timeslice::validation {

namespace {

class TotalsProvider final : public TimelineProvider {
 public:
  std::optional<sim::Error> begin() override {
    watch_ = {};
    return std::nullopt;
  }
  void look() override { watch_.look(); }
  sim::Result<Recording> end(const RecordedRun& run) override {
    Recording recording;
    recording.totals = watch_.between(run.start_ns, run.end_ns);
    if (recording.totals.empty()) {
      return sim::Error{.where = "recording",
                        .what = "the run was over before anybody looked",
                        .advice = "make it longer than 40 ms"};
    }
    return recording;
  }
  [[nodiscard]] RecorderTier tier() const override { return RecorderTier::totals; }

 private:
  ThreadWatch watch_;
};

}  // namespace

MadeProvider make_totals_provider() {
  if (!read_file("/proc/self/schedstat")) {
    return sim::Error{.where = "/proc/self/schedstat",
                      .what = "is not there",
                      .advice = "a kernel with CONFIG_SCHED_INFO has it"};
  }
  return std::unique_ptr<TimelineProvider>{std::make_unique<TotalsProvider>()};
}

}  // namespace timeslice::validation
