#include <memory>
#include <utility>

#include <fmt/format.h>

#include "validation/native/recorder/proc_files.hpp"
#include "validation/native/recorder/providers.hpp"
#include "validation/native/recorder/tracefs_events.hpp"
#include "validation/native/recorder/tracefs_instance.hpp"

namespace timeslice::validation {

namespace {

/// All switches and wake-ups of the watched CPUs, not only the program's: a trace filtered by
/// process cannot tell an idle CPU from one that another program has.
class TracefsProvider final : public TimelineProvider {
 public:
  TracefsProvider(std::unique_ptr<TracefsInstance> instance, SchedFormats formats,
                  std::vector<std::int32_t> cpus)
      : instance_{std::move(instance)}, formats_{std::move(formats)}, cpus_{std::move(cpus)} {}

  std::optional<sim::Error> begin() override { return instance_->start(); }

  sim::Result<Recording> end(const RecordedRun& run) override {
    instance_->stop();
    DecodedPages decoded;
    for (const std::int32_t cpu : cpus_) {
      decode_pages(formats_, instance_->take_pages(cpu, formats_.page.bytes()), cpu, decoded);
    }
    const std::uint64_t lost = instance_->lost();
    if (lost + decoded.broken > 0) {
      return sim::Error{.where = "recording",
                        .what = fmt::format("the kernel's buffers were too small: {} events lost, "
                                            "{} pages broken",
                                            lost, decoded.broken),
                        .advice = "make the run shorter"};
    }
    RecordBuilder builder{run};
    replay(decoded.events, builder);
    if (!builder.saw_root()) {
      return sim::Error{.where = "recording",
                        .what = "the program is not in the trace",
                        .advice = "the host's tracing may be in other hands: try again"};
    }
    return std::move(builder).finish();
  }

  [[nodiscard]] RecorderTier tier() const override { return RecorderTier::tracefs; }

 private:
  std::unique_ptr<TracefsInstance> instance_;
  SchedFormats formats_;
  std::vector<std::int32_t> cpus_;
};

}  // namespace

MadeProvider make_tracefs_provider(const std::vector<std::int32_t>& cpus) {
  const auto root = tracefs_root();
  if (!root) {
    return root.error();
  }
  const auto folders = sched_event_folders();
  auto instance = TracefsInstance::create(root.value(), cpus, {folders.begin(), folders.end()});
  if (!instance) {
    return instance.error();
  }
  // The layout of pages stands only beside all events, not in an instance.
  auto formats = read_formats([&](const std::string& file) {
    auto own = instance.value()->read("events/" + file);
    return own ? own : read_file(root.value() + "/events/" + file);
  });
  if (!formats) {
    return formats.error();
  }
  return std::unique_ptr<TimelineProvider>{std::make_unique<TracefsProvider>(
      std::move(instance).value(), std::move(formats).value(), cpus)};
}

}  // namespace timeslice::validation
