// Which CPUs are idle, and the best of them for a thread.
//
// Bitmaps of idle CPUs and of wholly idle cores, by position; counts of idle cores by last-level
// cache and package. Insert and erase: O(1). A search: O(1) (a few words), for a new thread
// O(packages + caches of a package), for a pinned thread O(CPUs it may use).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/ids.hpp"
#include "models/os/cpu_bitmap.hpp"
#include "models/os/cpu_map.hpp"

namespace timeslice::models {

class IdleCpus {
 public:
  static constexpr std::uint32_t none = CpuBitmap::none;

  /// All CPUs of `map` are idle at first. `map` must outlive this.
  explicit IdleCpus(const CpuMap& map);

  void insert(std::uint32_t cpu);
  void erase(std::uint32_t cpu);
  [[nodiscard]] bool empty() const { return idle_.empty(); }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool contains(std::uint32_t cpu) const {
    return idle_.contains(map_.position(cpu));
  }

  /// Whether all CPUs of the core that `cpu` belongs to are idle.
  [[nodiscard]] bool core_idle(std::uint32_t cpu) const { return core_is_idle(map_.position(cpu)); }

  [[nodiscard]] bool has_idle_core() const { return !idle_cores_.empty(); }
  [[nodiscard]] bool has_idle_core_in_llc(std::uint32_t cpu) const {
    return cores_in_llc_[map_.llc_number(map_.position(cpu))] > 0;
  }

  // By ranges of positions. The first idle CPU; the same, of a wholly idle core if there is one;
  // how many there are, O(size / 64).
  [[nodiscard]] std::uint32_t first_idle_in(CpuRange range) const {
    const std::uint32_t found = idle_.first_in(range.begin, range.end);
    return found == none ? none : map_.cpu_at(found);
  }
  [[nodiscard]] std::uint32_t best_idle_in(CpuRange range) const {
    const std::uint32_t found = first_in(range);
    return found == none ? none : map_.cpu_at(found);
  }
  [[nodiscard]] std::uint32_t idle_in(CpuRange range) const {
    return idle_.count_in(range.begin, range.end);
  }
  /// The least position >= `from` of an idle CPU.
  [[nodiscard]] std::uint32_t next_idle(std::uint32_t from) const { return idle_.next(from); }

  /// The idle CPU nearest to `cpu`: same cache, then node, package, machine; in each an idle core
  /// before an idle sibling of a busy one, the first in order of position.
  [[nodiscard]] std::uint32_t nearest(std::uint32_t cpu) const;

  /// The idle CPU that shares least with busy ones: an idle core in the package and cache with
  /// most idle cores, else any idle CPU.
  [[nodiscard]] std::uint32_t emptiest() const;

  /// The nearest to `cpu` among `allowed`, ranked alike.
  [[nodiscard]] std::uint32_t nearest_of(std::uint32_t cpu, std::span<const CpuId> allowed) const;

 private:
  [[nodiscard]] bool core_is_idle(std::uint32_t position) const {
    return idle_cores_.contains(map_.core(position).begin);
  }
  [[nodiscard]] std::uint32_t first_in(CpuRange range) const;
  [[nodiscard]] int distance(std::uint32_t from, std::uint32_t to) const;
  void count_core(std::uint32_t position, std::uint32_t change);

  const CpuMap& map_;
  std::uint32_t size_ = 0;
  CpuBitmap idle_;
  CpuBitmap idle_cores_;                         // the first position of each wholly idle core
  std::vector<std::uint32_t> idle_in_core_;      // by the core's first position
  std::vector<std::uint32_t> cores_in_llc_;      // wholly idle, by cache
  std::vector<std::uint32_t> cores_in_package_;  // wholly idle, by package
};

}  // namespace timeslice::models
