#include "models/world_accounts.hpp"

namespace timeslice::models {

void settle_gils(Context& world) {
  for (UserProcess& process : world.processes.processes()) {
    if (process.gil) {
      process.gil->settle();
    }
  }
}

WorldAccounts WorldAccounts::from_now_on(Context& world) {
  settle_gils(world);
  const WorldAccounts all;
  WorldAccounts now;
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    now.threads_.push_back(all.of(world, ThreadId{id}));
    now.gil_use_.push_back(all.gil_use(world, ThreadId{id}));
  }
  for (std::uint32_t cpu = 0; cpu < world.os.cpus(); ++cpu) {
    now.cpus_.push_back(all.of(world, CpuId{cpu}));
    now.core_busy_.push_back(all.core_busy(world, CpuId{cpu}));
  }
  for (std::size_t group = 1; group <= world.spec.os.groups.size(); ++group) {
    now.quotas_.push_back(all.of(world, GroupId{static_cast<std::uint32_t>(group)}));
  }
  now.idle_while_runnable_ = all.idle_while_runnable(world);
  now.gil_switches_ = all.gil_switches(world);
  now.pauses_ = all.pauses(world);
  return now;
}

ThreadAccounts WorldAccounts::of(const Context& world, ThreadId thread) const {
  ThreadAccounts accounts = world.os.accounts(thread);
  if (index_of(thread) < threads_.size()) {
    const ThreadAccounts& before = threads_[index_of(thread)];
    accounts.cpu_time -= before.cpu_time;
    accounts.ready_time -= before.ready_time;
    accounts.blocked_time -= before.blocked_time;
    accounts.nominal_done_ns -= before.nominal_done_ns;
    accounts.switches_voluntary -= before.switches_voluntary;
    accounts.switches_involuntary -= before.switches_involuntary;
    accounts.migrations -= before.migrations;
  }
  return accounts;
}

GilUse WorldAccounts::gil_use(const Context& world, ThreadId thread) const {
  GilUse use{.held = world.gil_accounts.held(thread), .wait = world.gil_accounts.wait(thread)};
  if (index_of(thread) < gil_use_.size()) {
    use.held -= gil_use_[index_of(thread)].held;
    use.wait -= gil_use_[index_of(thread)].wait;
  }
  return use;
}

std::uint64_t WorldAccounts::gil_switches(const Context& world) const {
  return world.gil_accounts.switches() - gil_switches_;
}

CpuAccounts WorldAccounts::of(const Context& world, CpuId cpu) const {
  CpuAccounts accounts = world.os.accounts(cpu);
  if (index_of(cpu) < cpus_.size()) {
    const CpuAccounts& before = cpus_[index_of(cpu)];
    accounts.busy -= before.busy;
    accounts.switching -= before.switching;
    accounts.interrupted -= before.interrupted;
    accounts.with_queue -= before.with_queue;
    accounts.beside_sibling -= before.beside_sibling;
  }
  return accounts;
}

sim::Duration WorldAccounts::core_busy(const Context& world, CpuId cpu) const {
  const bool known = index_of(cpu) < core_busy_.size();
  return world.os.core_busy(cpu) - (known ? core_busy_[index_of(cpu)] : sim::Duration{});
}

sim::Duration WorldAccounts::idle_while_runnable(const Context& world) const {
  return world.os.idle_while_runnable() - idle_while_runnable_;
}

std::optional<QuotaAccounts> WorldAccounts::of(const Context& world, GroupId group) const {
  std::optional<QuotaAccounts> accounts = world.os.accounts(group);
  const std::size_t place = index_of(group) - std::size_t{1};
  if (accounts && place < quotas_.size() && quotas_[place]) {
    accounts->periods -= quotas_[place]->periods;
    accounts->throttled_periods -= quotas_[place]->throttled_periods;
    accounts->throttled_time -= quotas_[place]->throttled_time;
  }
  return accounts;
}

FreeThreads::Pauses WorldAccounts::pauses(const Context& world) const {
  FreeThreads::Pauses sum;
  for (const UserProcess& process : world.processes.processes()) {
    if (process.gil) {
      sum.count += process.gil->pauses().count;
      sum.stopped += process.gil->pauses().stopped;
    }
  }
  sum.count -= pauses_.count;
  sum.stopped -= pauses_.stopped;
  return sum;
}

}  // namespace timeslice::models
