#include "models/os/idle_cpus.hpp"

#include <algorithm>
#include <array>

namespace timeslice::models {

IdleCpus::IdleCpus(const CpuMap& map)
    : map_{map},
      idle_{map.cpus()},
      idle_cores_{map.cpus()},
      idle_in_core_(map.cpus()),
      cores_in_llc_(map.llcs().size()),
      cores_in_package_(map.packages().size()) {
  for (std::uint32_t cpu = 0; cpu < map_.cpus(); ++cpu) {
    insert(cpu);
  }
}

void IdleCpus::count_core(std::uint32_t position, std::uint32_t change) {
  cores_in_llc_[map_.llc_number(position)] += change;
  cores_in_package_[map_.package_number(position)] += change;
}

void IdleCpus::insert(std::uint32_t cpu) {
  const std::uint32_t position = map_.position(cpu);
  const CpuRange core = map_.core(position);
  idle_.insert(position);
  ++size_;
  if (++idle_in_core_[core.begin] == core.size()) {
    idle_cores_.insert(core.begin);
    count_core(position, 1);
  }
}

void IdleCpus::erase(std::uint32_t cpu) {
  const std::uint32_t position = map_.position(cpu);
  const CpuRange core = map_.core(position);
  idle_.erase(position);
  --size_;
  if (idle_in_core_[core.begin]-- == core.size()) {
    idle_cores_.erase(core.begin);
    count_core(position, 0U - 1U);
  }
}

std::uint32_t IdleCpus::first_in(CpuRange range) const {
  const std::uint32_t core = idle_cores_.first_in(range.begin, range.end);
  return core != none ? core : idle_.first_in(range.begin, range.end);
}

std::uint32_t IdleCpus::nearest(std::uint32_t cpu) const {
  if (empty()) {
    return none;
  }
  const std::uint32_t from = map_.position(cpu);
  for (const CpuRange range : {map_.llc(from), map_.node(from), map_.package(from), map_.all()}) {
    const std::uint32_t found = first_in(range);
    if (found != none) {
      return map_.cpu_at(found);
    }
  }
  return none;
}

std::uint32_t IdleCpus::emptiest() const {
  if (empty()) {
    return none;
  }
  if (idle_cores_.empty()) {
    return map_.cpu_at(idle_.next(0));
  }
  if (map_.hybrid()) {
    return map_.cpu_at(first_in(map_.all()));  // the fastest
  }
  const auto package = static_cast<std::size_t>(std::ranges::max_element(cores_in_package_) -
                                                cores_in_package_.begin());
  const CpuRange range = map_.packages()[package];
  std::uint32_t best = map_.llc_number(range.begin);
  const std::uint32_t last = map_.llc_number(range.end - 1);
  for (std::uint32_t llc = best + 1; llc <= last; ++llc) {
    best = cores_in_llc_[llc] > cores_in_llc_[best] ? llc : best;
  }
  return map_.cpu_at(first_in(map_.llcs()[best]));
}

int IdleCpus::distance(std::uint32_t from, std::uint32_t to) const {
  const std::array ranges{map_.llc(from), map_.node(from), map_.package(from)};
  int distance = 0;
  for (const CpuRange& range : ranges) {
    if (to >= range.begin && to < range.end) {
      return distance;
    }
    ++distance;
  }
  return distance;
}

std::uint32_t IdleCpus::nearest_of(std::uint32_t cpu, std::span<const CpuId> allowed) const {
  const std::uint32_t from = map_.position(cpu);
  std::uint32_t best = none;
  int best_rank = 0;
  for (const CpuId candidate : allowed) {
    const auto other = static_cast<std::uint32_t>(candidate);
    if (!contains(other)) {
      continue;
    }
    const std::uint32_t position = map_.position(other);
    const int rank = 2 * distance(from, position) + (core_is_idle(position) ? 0 : 1);
    if (best == none || rank < best_rank) {
      best = other;
      best_rank = rank;
    }
  }
  return best;
}

}  // namespace timeslice::models
