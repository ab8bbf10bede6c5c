#include "tools/store/names.hpp"

#include <algorithm>
#include <bit>

#include "scenarios/format/rule.hpp"

namespace timeslice::tools {

bool is_of_a_thread(const models::Metric& metric) {
  if (metric.entity.empty()) {
    return false;
  }
  const auto known =
      std::ranges::find(scenarios::metric_names(), metric.name, &scenarios::MetricName::name);
  return known != scenarios::metric_names().end() &&
         (known->entity == "thread" || known->entity == "process" || known->entity == "core" ||
          known->entity == "cpu");
}

std::string_view status_name(models::RunStatus status) {
  switch (status) {
    case models::RunStatus::ok:
      return "ok";
    case models::RunStatus::failed:
      return "failed";
    case models::RunStatus::deadlock:
      return "deadlock";
    case models::RunStatus::timeout:
      return "timeout";
    case models::RunStatus::killed:
      return "killed";
  }
  return "failed";
}

std::string_view state_name(models::SliceState state) {
  switch (state) {
    case models::SliceState::running:
      return "running";
    case models::SliceState::ready:
      return "ready";
    case models::SliceState::blocked:
      return "blocked";
    case models::SliceState::gil_wait:
      return "gil_wait";
  }
  return "blocked";
}

std::string_view state_name(models::CpuState state) {
  switch (state) {
    case models::CpuState::alone:
      return "parallel";
    case models::CpuState::beside_sibling:
      return "smt";
    case models::CpuState::time_shared:
      return "timeshared";
  }
  return "parallel";
}

Bucket bucket_of(std::int64_t nanoseconds) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
  if (value < 16) {
    return {.low = static_cast<std::int64_t>(value), .high = static_cast<std::int64_t>(value) + 1};
  }
  const auto shift = static_cast<int>(std::bit_width(value)) - 4;
  const std::uint64_t low = value >> shift << shift;
  return {.low = static_cast<std::int64_t>(low),
          .high = static_cast<std::int64_t>(low + (std::uint64_t{1} << shift))};
}

}  // namespace timeslice::tools
