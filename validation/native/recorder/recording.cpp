#include "validation/native/recorder/recording.hpp"

#include <utility>

#include "sim/expect.hpp"
#include "validation/native/recorder/providers.hpp"

namespace timeslice::validation {

std::string_view name_of(RecorderTier tier) {
  switch (tier) {
    case RecorderTier::tracefs:
      return "tracefs";
    case RecorderTier::perf:
      return "perf";
    case RecorderTier::totals:
      break;
  }
  return "totals";
}

sim::Result<std::unique_ptr<TimelineProvider>> make_provider(
    RecorderTier tier, const std::vector<std::int32_t>& cpus) {
  switch (tier) {
    case RecorderTier::tracefs:
      return make_tracefs_provider(cpus);
    case RecorderTier::perf:
      return make_perf_provider(cpus);
    case RecorderTier::totals:
      break;
  }
  return make_totals_provider();
}

ChosenProvider best_provider(const std::vector<std::int32_t>& cpus) {
  ChosenProvider chosen;
  for (const auto tier : {RecorderTier::tracefs, RecorderTier::perf, RecorderTier::totals}) {
    auto made = make_provider(tier, cpus);
    if (made) {
      chosen.provider = std::move(made).value();
      return chosen;
    }
    const sim::Error& why = made.error();
    chosen.why_not_better += (chosen.why_not_better.empty() ? "no " : "; no ") +
                             std::string{name_of(tier)} + ": " + why.where + " " + why.what + " (" +
                             why.advice + ")";
  }
  return chosen;
}

}  // namespace timeslice::validation
