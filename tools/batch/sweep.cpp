#include "tools/batch/sweep.hpp"

#include <utility>

#include "scenarios/simulate.hpp"
#include "tools/batch/sweep_work.hpp"

namespace timeslice::tools {

SweepEnd run_sweep(const scenarios::Plan& plan, const SweepOptions& options,
                   const std::function<void(PointOutcome&&)>& on_outcome) {
  const SweepWork work{
      .points = plan.size(),
      .resolve = [&plan](std::uint64_t ordinal) -> std::variant<scenarios::Point, std::string> {
        auto resolved = plan.point(ordinal);
        if (auto* diagnostics = std::get_if<scenarios::Diagnostics>(&resolved)) {
          return scenarios::to_text(*diagnostics);
        }
        return std::get<scenarios::Point>(std::move(resolved));
      },
      .run = scenarios::simulate};
  return run_sweep(work, options, on_outcome);
}

}  // namespace timeslice::tools
