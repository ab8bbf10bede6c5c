#include "scenarios/format/read_os.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "scenarios/format/check_world.hpp"
#include "scenarios/format/read_groups.hpp"
#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

using models::PolicyKind;
using models::PolicySpec;

constexpr sim::Duration eevdf_slice_6_12 = std::chrono::microseconds{700};  // 6.12.117, fair.c
constexpr sim::Duration eevdf_slice_6_6 = std::chrono::microseconds{750};   // 6.6, fair.c
constexpr sim::Duration rr_slice = std::chrono::milliseconds{100};  // RR_TIMESLICE, sched/rt.h

/// EEVDF as each version has it; facts and sources in docs/models/eevdf.md.
constexpr PolicySpec eevdf_6_6{.slice = eevdf_slice_6_6,
                               .delayed_dequeue = false,
                               .short_preempts = false,
                               .keeps_request = false};
constexpr PolicySpec eevdf_6_12{.slice = eevdf_slice_6_12};
constexpr PolicySpec eevdf_6_17{.slice = eevdf_slice_6_12,
                                .protect = models::Protection::min_slice};
constexpr PolicySpec cfs_6_1{.kind = PolicyKind::cfs};
constexpr PolicySpec round_robin{
    .kind = PolicyKind::round_robin, .slice = rr_slice, .scale_by_cpus = false};
constexpr PolicySpec fifo{.kind = PolicyKind::fifo, .slice = rr_slice, .scale_by_cpus = false};

/// 10 ms: the top level of OSTEP's MLFQ examples; the lottery paper's prototype had 100 ms, the
/// stride paper's 10 ms. A choice; textbooks leave it open.
constexpr sim::Duration textbook_slice = std::chrono::milliseconds{10};

constexpr PolicySpec textbook(PolicyKind kind) {
  return {.kind = kind, .slice = textbook_slice, .scale_by_cpus = false};
}

/// A word under `scheduler` or `policy.kind`, and the policy it stands for.
struct Preset {
  std::string_view word;
  PolicySpec policy;
};
constexpr std::array<Preset, 17> presets{{
    {"linux-6.1", cfs_6_1},
    {"linux-6.6", eevdf_6_6},
    {"linux-6.12", eevdf_6_12},
    {"linux-6.17", eevdf_6_17},
    {"eevdf", eevdf_6_12},
    {"cfs", cfs_6_1},
    {"fair", eevdf_6_12},
    {"rr", round_robin},
    {"fifo", fifo},
    {"sjf", textbook(PolicyKind::sjf)},
    {"srtf", textbook(PolicyKind::srtf)},
    {"priority", textbook(PolicyKind::priority)},
    {"mlfq", textbook(PolicyKind::mlfq)},
    {"lottery", textbook(PolicyKind::lottery)},
    {"stride", textbook(PolicyKind::stride)},
    {"edf", textbook(PolicyKind::edf)},
    {"rm", textbook(PolicyKind::rm)},
}};

bool is_fair(PolicyKind kind) {
  return kind == PolicyKind::eevdf || kind == PolicyKind::cfs;
}

bool imitates_linux(std::string_view word) {
  return word.starts_with("linux-") || word == "eevdf" || word == "cfs";
}

void apply_preset(const std::string& word, models::OsSpec& os) {
  const auto* preset = std::ranges::find(presets, word, &Preset::word);
  if (preset == presets.end() || os.scheduler == word) {
    return;
  }
  const models::QueueScope scope = os.policy.scope;
  os.scheduler = word;
  os.policy = preset->policy;
  os.policy.scope = is_fair(os.policy.kind) ? models::QueueScope::per_cpu : scope;
  os.balance.kind = imitates_linux(word) ? models::BalanceKind::linux_domains
                                         : models::BalanceKind::work_conserving;
  const bool before_6_12 = word == "linux-6.1" || word == "linux-6.6" || word == "cfs";
  os.real_time.limit = before_6_12 ? models::RealTimeSpec::Limit::throttle
                                   : models::RealTimeSpec::Limit::fair_server;
}

void read_eevdf(Fields& fields, PolicySpec& policy) {
  constexpr std::array<std::pair<std::string_view, models::Protection>, 4> forms{
      {{"none", models::Protection::none},
       {"deadline", models::Protection::deadline},
       {"min-slice", models::Protection::min_slice},
       {"unscaled", models::Protection::unscaled}}};
  if (const auto protect = fields.choice("protect")) {
    const auto* form = std::ranges::find(forms, *protect, &decltype(forms)::value_type::first);
    policy.protect = form == forms.end() ? policy.protect : form->second;
  }
  fields.read("delayed_dequeue", policy.delayed_dequeue);
  fields.read("short_preempts", policy.short_preempts);
  fields.read("keeps_request", policy.keeps_request);
  fields.read("next_buddy", policy.next_buddy);
}

void read_cfs(Fields& fields, models::CfsSpec& cfs) {
  fields.read("latency", cfs.latency);
  fields.read("min_granularity", cfs.min_granularity);
  fields.read("wakeup_granularity", cfs.wakeup_granularity);
  fields.read("gentle_sleepers", cfs.gentle_sleepers);
  fields.read("start_debit", cfs.start_debit);
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
    if (os.policy.kind == PolicyKind::cfs) {
      fields.error("slice", "E-key", "CFS has no slice of a fixed length",
                   "write latency and min_granularity");
    }
  }
  fields.read("scale_by_cpus", os.policy.scale_by_cpus);
  fields.read("wakeup_preemption", os.policy.wakeup_preemption);
  read_eevdf(fields, os.policy);
  read_cfs(fields, os.policy.cfs);
  fields.read("age", os.policy.age);
  fields.read("levels", os.policy.levels);
  fields.read("boost", os.policy.boost);
  if (const auto queue = fields.choice("queue")) {
    os.policy.scope = *queue == "shared" ? models::QueueScope::shared : models::QueueScope::per_cpu;
  }
}

models::BalanceKind balance_kind(std::string_view word) {
  if (word == "linux") {
    return models::BalanceKind::linux_domains;
  }
  return word == "measured" ? models::BalanceKind::measured : models::BalanceKind::work_conserving;
}

/// The chances of `measured`; to give one without a kind asks for that kind.
void read_chances(Fields& fields, models::BalanceSpec& balance, bool kind_given) {
  bool given = fields.read("move_on_wake", balance.move_on_wake);
  given = fields.read("pull_when_idle", balance.pull_when_idle) || given;
  given = fields.read("pull_when_idle_hot", balance.pull_when_idle_hot) || given;
  given = fields.read("pull_at_tick", balance.pull_at_tick) || given;
  given = fields.read("rotate_every", balance.rotate_every) || given;
  if (given && !kind_given) {
    balance.kind = models::BalanceKind::measured;
  }
  if (!given && kind_given && balance.kind == models::BalanceKind::measured) {
    fields.error(
        "kind", "E-missing", "the kind 'measured' needs the chances that were measured",
        "give move_on_wake, pull_when_idle, pull_when_idle_hot and pull_at_tick, or use linux");
  }
  if (given && balance.kind != models::BalanceKind::measured) {
    fields.error("kind", "E-key", "only the kind 'measured' has chances to move",
                 "write kind: measured, or leave them out");
  }
}

void read_mechanism(Fields& fields, models::BalanceSpec& balance) {
  if (const auto gate = fields.choice("newidle_gate")) {
    balance.newidle_gate = *gate == "cost"          ? models::NewidleGate::cost
                           : *gate == "rising-cost" ? models::NewidleGate::rising_cost
                                                    : models::NewidleGate::proportional;
  }
  fields.read("newidle_success", balance.newidle_success);
  fields.read("newidle_look", balance.newidle_look);
  fields.read("wake_affine", balance.wake_affine);
  fields.read("scan_limit", balance.scan_limit);
}

void read_balance(const Reading& reading, const Node& node, models::BalanceSpec& balance) {
  Fields fields{reading, node, section_named("balance")};
  const auto kind = fields.choice("kind");
  if (kind) {
    balance = models::BalanceSpec{.kind = balance_kind(*kind)};
  }
  read_chances(fields, balance, kind.has_value());
  fields.read("cache_hot", balance.cache_hot);
  read_mechanism(fields, balance);
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
  const bool chosen = node.find("balance") != nullptr;
  if (!chosen && os.tick == sim::Duration::zero() &&
      os.balance.kind == models::BalanceKind::linux_domains) {
    os.balance.kind = models::BalanceKind::work_conserving;  // Linux's acts at ticks
  }
  if (const Node* rt = fields.map("rt"); rt != nullptr) {
    read_rt(reading, *rt, os.real_time);
  }
  read_preemption(fields, os.preemption);
  if (const Node* groups = fields.names("groups"); groups != nullptr) {
    read_groups(reading, *groups, os);
    os.program_group = models::GroupId{};
  }
  read_program_group(fields, os);
  if (const auto refused = models::unsupported(os)) {
    const bool of_one = refused->where.starts_with("os.groups.");
    constexpr std::size_t prefix = 3;  // "os.", which is `node`
    reading.reporter.error(
        place_of(node, refused->where.substr(prefix)), of_one ? "E-range" : "E-later",
        of_one ? refused->where + ": " + refused->what : refused->what, refused->advice);
  }
}

std::string scheduler_warning(const models::OsSpec& os) {
  if (os.policy.kind != PolicyKind::cfs) {
    return {};
  }
  return fmt::format("{} is modelled from its source, but no measurement was at hand to check it",
                     os.scheduler);
}

}  // namespace timeslice::scenarios
