#include "scenarios/format/read_os.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

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
  const bool before_6_12 = word == "linux-6.1" || word == "linux-6.6" || word == "cfs";
  os.real_time.limit = before_6_12 ? models::RealTimeSpec::Limit::throttle
                                   : models::RealTimeSpec::Limit::fair_server;
}

void read_rt(const Reading& reading, const Node& node, models::RealTimeSpec& rt) {
  using Limit = models::RealTimeSpec::Limit;
  Fields fields{reading, node, section_named("rt")};
  if (const auto limit = fields.choice("limit")) {
    rt.limit = *limit == "none"       ? Limit::none
               : *limit == "throttle" ? Limit::throttle
                                      : Limit::fair_server;
  }
  fields.read("runtime", rt.runtime);
  fields.read("period", rt.period);
  fields.read("server_runtime", rt.server_runtime);
  fields.read("server_period", rt.server_period);
  fields.read("round_robin", rt.round_robin);
  if (rt.runtime > rt.period || rt.server_runtime > rt.server_period) {
    fields.error("limit", "E-range", "a runtime is longer than its period",
                 "give at most the whole period");
  }
}

void read_preemption(Fields& fields, models::KernelPreemption& preemption) {
  using Kind = models::KernelPreemption;
  if (const auto word = fields.choice("preemption")) {
    preemption = *word == "none"        ? Kind::none
                 : *word == "voluntary" ? Kind::voluntary
                 : *word == "full"      ? Kind::full
                                        : Kind::lazy;
  }
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

/// The id of a group by its place among the sorted names; 0 is the root.
std::optional<models::GroupId> group_id(const std::vector<std::string>& names,
                                        const std::string& name) {
  const auto at = std::ranges::lower_bound(names, name);
  if (at == names.end() || *at != name) {
    return std::nullopt;
  }
  return models::GroupId{static_cast<std::uint32_t>(at - names.begin()) + 1};
}

void read_group(const Reading& reading, const Node& node, const std::vector<std::string>& names,
                models::GroupSpec& group) {
  Fields fields{reading, node, section_named("group")};
  fields.read("weight", group.weight);
  std::string parent;
  if (fields.read("parent", parent)) {
    group.parent = group_id(names, parent);
    if (!group.parent.has_value()) {
      fields.error("parent", "E-name", fmt::format("no group is called '{}'", parent),
                   suggestion(parent, names));
    }
  }
}

/// Reports the first group that is its own ancestor.
void refuse_group_cycles(const Reading& reading, const Node& node, const models::OsSpec& os) {
  for (const models::GroupSpec& group : os.groups) {
    std::size_t steps = 0;
    for (auto at = group.parent; at.has_value() && steps <= os.groups.size(); ++steps) {
      at = os.groups[models::index_of(*at) - 1].parent;
    }
    if (steps > os.groups.size()) {
      reading.reporter.error(node.find(group.name)->mark, "E-cycle",
                             fmt::format("the group '{}' is inside itself", group.name),
                             "give one group of the circle no parent");
      return;
    }
  }
}

void read_groups(const Reading& reading, const Node& node, models::OsSpec& os) {
  std::vector<std::string> names;
  for (const Node::Key& key : node.keys) {
    if (!is_ignored(key.text)) {
      names.push_back(key.text);
    }
  }
  std::ranges::sort(names);
  os.groups.clear();
  for (const std::string& name : names) {
    models::GroupSpec group{.name = name, .parent = std::nullopt};
    const Node& value = *node.find(name);
    if (value.is_map()) {
      read_group(reading, value, names, group);
    } else if (!value.is_null()) {
      reading.reporter.error(
          value.mark, "E-type",
          fmt::format("the group '{}' must be a map, not {}", name, noun_of(value)),
          "write it as {weight: 100}");
    }
    os.groups.push_back(std::move(group));
  }
  refuse_group_cycles(reading, node, os);
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
  if (const Node* rt = fields.map("rt"); rt != nullptr) {
    read_rt(reading, *rt, os.real_time);
  }
  read_preemption(fields, os.preemption);
  if (const Node* groups = fields.names("groups"); groups != nullptr) {
    read_groups(reading, *groups, os);
  }
  if (const auto refused = models::unsupported(os)) {
    reading.reporter.error(node.mark, "E-later", refused->what, refused->advice);
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
