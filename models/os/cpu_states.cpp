#include "models/os/cpu_states.hpp"

#include <algorithm>

namespace timeslice::models {

namespace {

void append(std::vector<CpuStretch>& stretches, const CpuStretch& next) {
  if (next.from_ns >= next.to_ns) {
    return;
  }
  if (!stretches.empty() && stretches.back().cpu == next.cpu &&
      stretches.back().state == next.state && stretches.back().to_ns == next.from_ns) {
    stretches.back().to_ns = next.to_ns;
    return;
  }
  stretches.push_back(next);
}

}  // namespace

void CpuStateLog::add(const CpuStretch& stretch) {
  if (stretch.cpu >= by_cpu_.size()) {
    by_cpu_.resize(stretch.cpu + std::size_t{1});
  }
  append(by_cpu_[stretch.cpu], stretch);
}

void CpuStateLog::queue_waits(bool waits, std::int64_t now_ns) {
  if (waits && waits_since_ < 0) {
    waits_since_ = now_ns;
  } else if (!waits && waits_since_ >= 0) {
    waited_.push_back({.from_ns = waits_since_, .to_ns = now_ns});
    waits_since_ = -1;
  }
}

/// The parts of the stretch in which somebody waited in the shared queue, and the others.
void CpuStateLog::cut(const CpuStretch& stretch, std::vector<CpuStretch>& into) const {
  CpuStretch left = stretch;
  auto span = std::ranges::upper_bound(waited_, stretch.from_ns, {}, &Span::to_ns);
  for (; span != waited_.end() && span->from_ns < stretch.to_ns; ++span) {
    CpuStretch before = left;
    before.to_ns = std::max(left.from_ns, span->from_ns);
    append(into, before);
    append(into, {.cpu = stretch.cpu,
                  .state = CpuState::time_shared,
                  .from_ns = before.to_ns,
                  .to_ns = std::min(stretch.to_ns, span->to_ns)});
    left.from_ns = std::min(stretch.to_ns, span->to_ns);
  }
  append(into, left);
}

std::vector<CpuStretch> CpuStateLog::finish(std::int64_t now_ns) {
  queue_waits(false, now_ns);
  std::vector<CpuStretch> all;
  for (const std::vector<CpuStretch>& stretches : by_cpu_) {
    for (const CpuStretch& stretch : stretches) {
      cut(stretch, all);
    }
  }
  return all;
}

}  // namespace timeslice::models
