// What threads, CPUs, groups and interpreters did since main's first step: the span of the
// makespan. What went before (executors with `create: start`, other programs) is left out.
//
// Cost: a copy of all accounts when main begins, and a subtraction a question.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/os/bandwidth.hpp"
#include "models/os/dispatcher.hpp"
#include "models/python/free_threads.hpp"
#include "models/work/context.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// Books the time for which each GIL has been held up to now.
void settle_gils(Context& world);

struct GilUse {
  sim::Duration held{};
  sim::Duration wait{};
};

class WorldAccounts {
 public:
  /// Of all that happens; where main never began.
  WorldAccounts() = default;

  /// Leaves out what was done up to now.
  [[nodiscard]] static WorldAccounts from_now_on(Context& world);

  [[nodiscard]] ThreadAccounts of(const Context& world, ThreadId thread) const;
  [[nodiscard]] GilUse gil_use(const Context& world, ThreadId thread) const;
  [[nodiscard]] std::uint64_t gil_switches(const Context& world) const;
  [[nodiscard]] CpuAccounts of(const Context& world, CpuId cpu) const;
  /// Time in which any CPU of the core of `cpu` was busy.
  [[nodiscard]] sim::Duration core_busy(const Context& world, CpuId cpu) const;
  [[nodiscard]] sim::Duration idle_while_runnable(const Context& world) const;
  /// Of the group's quota; nothing if it has none.
  [[nodiscard]] std::optional<QuotaAccounts> of(const Context& world, GroupId group) const;
  /// Of all interpreters without a GIL.
  [[nodiscard]] FreeThreads::Pauses pauses(const Context& world) const;

 private:
  std::vector<ThreadAccounts> threads_;  // those that existed
  std::vector<GilUse> gil_use_;          // of these
  std::vector<CpuAccounts> cpus_;
  std::vector<sim::Duration> core_busy_;              // by CPU
  std::vector<std::optional<QuotaAccounts>> quotas_;  // by group, from 1 on
  sim::Duration idle_while_runnable_{};
  std::uint64_t gil_switches_ = 0;
  FreeThreads::Pauses pauses_;
};

}  // namespace timeslice::models
