#include "scenarios/format/read_os.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "scenarios/format/read_groups.hpp"
#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

using models::PolicyKind;
using models::PolicySpec;

constexpr sim::Duration eevdf_slice_6_12 = std::chrono::microseconds{700};  // 6.12.117, fair.c
constexpr sim::Duration eevdf_slice_6_6 = std::chrono::microseconds{750};   // 6.6, fair.c
/// sched_latency of 6.1 is 6 ms, shared by the threads that are ready: 3 ms for two. For more
/// threads CFS gives less, down to 0.75 ms; this one value is a guess for the middle.
constexpr sim::Duration cfs_slice = std::chrono::milliseconds{3};
constexpr sim::Duration rr_slice = std::chrono::milliseconds{100};  // RR_TIMESLICE, sched/rt.h

/// A word under `scheduler` or `policy.kind`, and the policy it stands for.
struct Preset {
  std::string_view word;
  PolicyKind kind;
  sim::Duration slice;
  bool scale_by_cpus;
};
constexpr std::array<Preset, 8> presets{{
    {"linux-6.1", PolicyKind::fair, cfs_slice, true},
    {"linux-6.6", PolicyKind::fair, eevdf_slice_6_6, true},
    {"linux-6.12", PolicyKind::fair, eevdf_slice_6_12, true},
    {"eevdf", PolicyKind::fair, eevdf_slice_6_12, true},
    {"cfs", PolicyKind::fair, cfs_slice, true},
    {"fair", PolicyKind::fair, eevdf_slice_6_12, true},
    {"rr", PolicyKind::round_robin, rr_slice, false},
    {"fifo", PolicyKind::fifo, rr_slice, false},
}};

void apply_preset(const std::string& word, models::OsSpec& os) {
  const auto* preset = std::ranges::find(presets, word, &Preset::word);
  if (preset == presets.end() || os.scheduler == word) {
    return;
  }
  const models::QueueScope scope = os.policy.scope;
  os.scheduler = word;
  os.policy =
      PolicySpec{.kind = preset->kind,
                 .scope = preset->kind == PolicyKind::fair ? models::QueueScope::per_cpu : scope,
                 .slice = preset->slice,
                 .scale_by_cpus = preset->scale_by_cpus};
}

void read_policy(const Reading& reading, const Node& node, models::OsSpec& os) {
  Fields fields{reading, node, section_named("policy")};
  if (const auto kind = fields.choice("kind")) {
    apply_preset(*kind, os);
  }
  if (fields.read("slice", os.policy.slice)) {
    os.policy.scale_by_cpus = false;
  }
  fields.read("scale_by_cpus", os.policy.scale_by_cpus);
  fields.read("wakeup_preemption", os.policy.wakeup_preemption);
  fields.read("protect", os.policy.protect);
  if (const auto queue = fields.choice("queue")) {
    os.policy.scope = *queue == "shared" ? models::QueueScope::shared : models::QueueScope::per_cpu;
  }
}

void read_balance(const Reading& reading, const Node& node, models::BalanceSpec& balance) {
  Fields fields{reading, node, section_named("balance")};
  if (fields.choice("preset")) {
    balance = models::BalanceSpec{};
  }
  fields.read("move_on_wake", balance.move_on_wake);
  fields.read("pull_when_idle", balance.pull_when_idle);
  fields.read("pull_when_idle_hot", balance.pull_when_idle_hot);
  fields.read("pull_at_tick", balance.pull_at_tick);
  fields.read("cache_hot", balance.cache_hot);
  fields.read("rotate_every", balance.rotate_every);
}

/// Where the program runs; after the groups, by whose names it is told.
void read_program_group(Fields& fields, models::OsSpec& os) {
  std::string name;
  if (!fields.read("program_group", name)) {
    return;
  }
  const auto group = group_named(os, name);
  if (!group.has_value()) {
    std::vector<std::string> names;
    for (const models::GroupSpec& each : os.groups) {
      names.push_back(each.name);
    }
    fields.error("program_group", "E-name", fmt::format("no group is called '{}'", name),
                 suggestion(name, names));
  }
  os.program_group = group.value_or(models::GroupId{});
}

}  // namespace

void read_os(const Reading& reading, const Node& node, models::OsSpec& os) {
  Fields fields{reading, node, section_named("os")};
  if (const auto scheduler = fields.choice("scheduler")) {
    apply_preset(*scheduler, os);
  }
  if (const Node* policy = fields.map("policy"); policy != nullptr) {
    read_policy(reading, *policy, os);
  }
  fields.read("tick", os.tick);
  fields.read("random_tick_phase", os.random_tick_phase);
  fields.read("timer_slack", os.timer_slack);
  fields.read("timer_latency", os.timer_latency);
  if (const Node* balance = fields.map("balance"); balance != nullptr) {
    read_balance(reading, *balance, os.balance);
  }
  fields.read("autogroup", os.autogroup);
  fields.read("random_quota_phase", os.random_quota_phase);
  if (const Node* groups = fields.names("groups"); groups != nullptr) {
    read_groups(reading, *groups, os);
    os.program_group = models::GroupId{};
  }
  read_program_group(fields, os);
  if (const auto refused = models::unsupported(os)) {
    const bool of_one = refused->where.starts_with("os.groups.");
    reading.reporter.error(node.mark, of_one ? "E-range" : "E-later",
                           of_one ? refused->where + ": " + refused->what : refused->what,
                           refused->advice);
  }
}

std::string scheduler_warning(const models::OsSpec& os) {
  const bool named =
      os.scheduler.starts_with("linux-") || os.scheduler == "eevdf" || os.scheduler == "cfs";
  if (!named || os.policy.kind != PolicyKind::fair) {
    return {};
  }
  return fmt::format(
      "{} is modelled as weighted fair queueing with wake-up preemption; not yet validated",
      os.scheduler);
}

}  // namespace timeslice::scenarios
