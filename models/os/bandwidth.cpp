#include "models/os/bandwidth.hpp"

#include <algorithm>
#include <utility>

#include "models/os/policy.hpp"
#include "models/trace_kinds.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

using std::chrono::milliseconds;

// All from kernel/sched/fair.c of Linux 6.12.
constexpr sim::Duration draw = milliseconds{5};              // sysctl sched_cfs_bandwidth_slice_us
constexpr sim::Duration kept_when_empty = milliseconds{1};   // min_cfs_rq_runtime
constexpr sim::Duration slack_delay = milliseconds{5};       // cfs_bandwidth_slack_period
constexpr sim::Duration too_near_the_end = milliseconds{2};  // min_bandwidth_expiration

constexpr sim::EventClass timer_class = 2;  // before what CPUs do at the same instant

}  // namespace

Bandwidth::Bandwidth(sim::Engine& engine, sim::Trace& trace, const sim::Random& random,
                     const OsSpec& os)
    : engine_{engine}, trace_{trace} {
  for (const GroupSpec& group : os.groups) {
    pool_of_group_.push_back(group.quota ? static_cast<std::uint32_t>(pools_.size()) : no_pool);
    if (group.quota) {
      add_pool(*group.quota, random, os);
    }
  }
}

/// A new quota's pool is full. Its timer's phase is drawn when the group is made (Linux from 6.4
/// on; before, it was that of the machine's start, as good as any).
void Bandwidth::add_pool(const CpuQuota& limit, const sim::Random& random, const OsSpec& os) {
  sim::expect(limit.quota > sim::Duration::zero() && limit.period > sim::Duration::zero(),
              "a quota and its period are positive");
  const auto index = static_cast<std::uint32_t>(pools_.size());
  Pool& pool = pools_.emplace_back(Pool{.limit = limit});
  pool.left = limit.quota;
  pool.period_timer = engine_.add_timer(refill_event, index, timer_class);
  pool.slack_timer = engine_.add_timer(slack_event, index, timer_class);
  if (os.random_quota_phase) {
    const sim::DrawKey key{.task = sim::hash_name32("os/quota-phase"), .count = index};
    const auto period = static_cast<std::uint64_t>(limit.period.count());
    pool.next_end =
        engine_.now() + sim::Duration{1 + static_cast<std::int64_t>(random.below(key, period))};
    pool.has_phase = true;
  }
}

void Bandwidth::add_node(std::uint32_t group, std::uint32_t cpu) {
  nodes_.push_back({.pool = pool_of_group_[group], .group = group, .cpu = cpu});
}

/// Starts the period's timer if it rests.
void Bandwidth::watch(Pool& pool) {
  if (engine_.armed(pool.period_timer)) {
    return;
  }
  const sim::Instant now = engine_.now();
  if (!pool.has_phase) {
    pool.has_phase = true;
    pool.next_end = now;
  }
  if (pool.next_end <= now) {
    const std::int64_t missed = (now - pool.next_end) / pool.limit.period;
    pool.next_end += (missed + 1) * pool.limit.period;
  }
  engine_.arm(pool.period_timer, pool.next_end);
}

bool Bandwidth::has_runtime(std::uint32_t node) {
  Node& self = nodes_[node];
  if (self.pool == no_pool || self.runtime > sim::Duration::zero()) {
    return true;
  }
  Pool& pool = pools_[self.pool];
  watch(pool);
  const sim::Duration drawn = std::min(draw - self.runtime, pool.left);
  if (drawn > sim::Duration::zero()) {
    pool.left -= drawn;
    pool.idle = false;
    self.runtime += drawn;
  }
  return self.runtime > sim::Duration::zero();
}

sim::Duration Bandwidth::runtime_left(std::uint32_t node) const {
  return nodes_[node].pool == no_pool ? no_limit : nodes_[node].runtime;
}

void Bandwidth::release(std::uint32_t node) {
  Node& self = nodes_[node];
  const sim::Duration spare = self.runtime - kept_when_empty;
  if (self.pool == no_pool || spare <= sim::Duration::zero()) {
    return;
  }
  Pool& pool = pools_[self.pool];
  pool.left += spare;
  self.runtime -= spare;
  const bool of_use = pool.left > draw && !pool.stopped.empty();
  if (of_use && !engine_.armed(pool.slack_timer) &&
      !ends_within(pool, slack_delay + too_near_the_end)) {
    engine_.arm(pool.slack_timer, engine_.now() + slack_delay);
  }
}

bool Bandwidth::ends_within(const Pool& pool, sim::Duration time) const {
  return engine_.armed(pool.period_timer) && engine_.due(pool.period_timer) - engine_.now() < time;
}

void Bandwidth::throttle(std::uint32_t node, std::uint32_t threads) {
  Node& self = nodes_[node];
  sim::expect(self.pool != no_pool && !self.throttled, "only a running group's quota stops it");
  self.throttled = true;
  self.since = engine_.now();
  pools_[self.pool].stopped.push_back(node);
  trace_.record({.time_ns = engine_.now().time_since_epoch().count(),
                 .kind = static_cast<std::uint16_t>(TraceKind::throttled),
                 .cpu = static_cast<std::uint16_t>(self.cpu),
                 .subject = self.group + 1,
                 .object = threads,
                 .cause = no_subject});
}

void Bandwidth::unthrottle(std::uint32_t node) {
  Node& self = nodes_[node];
  sim::expect(self.throttled, "only who was throttled goes on");
  self.throttled = false;
  const sim::Duration length = engine_.now() - self.since;
  pools_[self.pool].accounts.throttled_time += length;
  trace_.record({.time_ns = engine_.now().time_since_epoch().count(),
                 .kind = static_cast<std::uint16_t>(TraceKind::unthrottled),
                 .cpu = static_cast<std::uint16_t>(self.cpu),
                 .subject = self.group + 1,
                 .cause = no_subject,
                 .value = static_cast<std::uint64_t>(length.count())});
}

/// Pays the debts of throttled nodes, first come first served, and a nanosecond on top: enough to
/// go on and to draw at the next look.
void Bandwidth::share(Pool& pool) {
  freed_.clear();
  for (const std::uint32_t node : pool.stopped) {
    Node& self = nodes_[node];
    const sim::Duration paid = std::min(sim::Duration{1} - self.runtime, pool.left);
    pool.left -= paid;
    self.runtime += paid;
    if (self.runtime <= sim::Duration::zero()) {
      break;  // the pool is empty
    }
    freed_.push_back(node);
  }
  pool.stopped.erase(pool.stopped.begin(),
                     pool.stopped.begin() + static_cast<std::ptrdiff_t>(freed_.size()));
}

std::span<const std::uint32_t> Bandwidth::refill(std::uint32_t index) {
  Pool& pool = pools_[index];
  const CpuQuota& limit = pool.limit;
  const bool stopped = !pool.stopped.empty();
  ++pool.accounts.periods;
  pool.left = std::min(pool.left + limit.quota, limit.quota + limit.burst);
  freed_.clear();
  if (pool.idle && !stopped) {
    return freed_;  // the timer rests until somebody draws
  }
  pool.next_end += limit.period;
  engine_.arm(pool.period_timer, pool.next_end);
  pool.idle = !stopped;
  if (stopped) {
    ++pool.accounts.throttled_periods;
    share(pool);
  }
  return freed_;
}

std::span<const std::uint32_t> Bandwidth::share_slack(std::uint32_t index) {
  Pool& pool = pools_[index];
  freed_.clear();
  if (pool.left > draw && !ends_within(pool, too_near_the_end)) {
    share(pool);
  }
  return freed_;
}

std::optional<QuotaAccounts> Bandwidth::accounts(std::uint32_t group) const {
  if (pool_of_group_[group] == no_pool) {
    return std::nullopt;
  }
  const Pool& pool = pools_[pool_of_group_[group]];
  QuotaAccounts accounts = pool.accounts;
  for (const std::uint32_t node : pool.stopped) {
    accounts.throttled_time += engine_.now() - nodes_[node].since;
  }
  return accounts;
}

}  // namespace timeslice::models
