// CPU quotas of groups, as cpu.max of Linux's control groups.
//
// A group with a quota has a pool of CPU time that is filled up once a period. Each node (the group
// on one CPU) draws 5 ms at a time and runs that down. It is looked at only on ticks and when a
// thread leaves the CPU, so it may overdraw; its next draw pays that back. A node with nothing left
// and nothing to draw is throttled until the pool shares out again. What a node that runs empty
// does not need goes back. This keeps the time; run_queues.hpp takes throttled nodes off their
// queues. Rules: kernel/sched/fair.c of Linux 6.12. Costs: O(1) a charge and a draw; a period's end
// O(throttled nodes). Groups without a quota and worlds without groups pay nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "models/os/os_spec.hpp"
#include "sim/engine.hpp"
#include "sim/random.hpp"
#include "sim/trace.hpp"

namespace timeslice::models {

/// What cpu.stat tells of a group.
struct QuotaAccounts {
  std::uint64_t periods = 0;            // in which the group was watched
  std::uint64_t throttled_periods = 0;  // at whose end some CPU of it was throttled
  sim::Duration throttled_time{};       // summed over CPUs
};

class Bandwidth {
 public:
  /// Kinds of its events; the argument is for `refill` and `share_slack`.
  static constexpr std::uint8_t refill_event = 6;
  static constexpr std::uint8_t slack_event = 7;

  Bandwidth(sim::Engine& engine, sim::Trace& trace, const sim::Random& random, const OsSpec& os);

  /// Whether any group has a quota.
  [[nodiscard]] bool limits_any() const { return !pools_.empty(); }

  /// The next node: the group at `group` in os.groups, on `cpu`. Only told if limits_any().
  void add_node(std::uint32_t group, std::uint32_t cpu);

  [[nodiscard]] bool throttled(std::uint32_t node) const { return nodes_[node].throttled; }
  [[nodiscard]] std::uint32_t cpu_of(std::uint32_t node) const { return nodes_[node].cpu; }

  /// The node ran for `ran`.
  void charge(std::uint32_t node, sim::Duration ran) { nodes_[node].runtime -= ran; }

  /// Whether the node may run; draws from the pool if its own time is used up.
  [[nodiscard]] bool has_runtime(std::uint32_t node);

  /// How long the node may run before it must draw; no_limit without a quota.
  [[nodiscard]] sim::Duration runtime_left(std::uint32_t node) const;

  /// Nothing of the node can run any more: time that it does not need goes back.
  void release(std::uint32_t node);

  /// The node, with `threads` able to run, stops. Requires: has_runtime() said no.
  void throttle(std::uint32_t node, std::uint32_t threads);
  void unthrottle(std::uint32_t node);

  /// The pool's period is over. Returns the nodes that have time again, in the order in which they
  /// were throttled; valid until the next call. The caller unthrottles them.
  [[nodiscard]] std::span<const std::uint32_t> refill(std::uint32_t pool);
  /// The same for time that was given back within a period.
  [[nodiscard]] std::span<const std::uint32_t> share_slack(std::uint32_t pool);

  /// Of the group at `group` in os.groups, up to now; nothing without a quota.
  [[nodiscard]] std::optional<QuotaAccounts> accounts(std::uint32_t group) const;

 private:
  static constexpr std::uint32_t no_pool = 0xffffffffU;

  struct Pool {
    CpuQuota limit;
    sim::Duration left{};
    sim::Instant next_end{};               // of the period; later ones lie whole periods apart
    bool has_phase = false;                // next_end means something
    bool idle = false;                     // nothing was drawn since the period began
    std::vector<std::uint32_t> stopped{};  // throttled nodes, the longest first
    sim::TimerId period_timer{};
    sim::TimerId slack_timer{};
    QuotaAccounts accounts{};  // throttled_time: of nodes that go on again
  };
  struct Node {
    sim::Duration runtime{};  // negative: overdrawn
    sim::Instant since{};     // throttled
    std::uint32_t pool = no_pool;
    std::uint32_t group = 0;
    std::uint32_t cpu = 0;
    bool throttled = false;
  };

  void add_pool(const CpuQuota& limit, const sim::Random& random, const OsSpec& os);
  void watch(Pool& pool);
  [[nodiscard]] bool ends_within(const Pool& pool, sim::Duration time) const;
  void share(Pool& pool);

  sim::Engine& engine_;
  sim::Trace& trace_;
  std::vector<Pool> pools_;
  std::vector<std::uint32_t> pool_of_group_;  // no_pool: no quota
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> freed_;
};

}  // namespace timeslice::models
