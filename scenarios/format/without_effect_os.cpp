#include "scenarios/format/without_effect_os.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "models/world_spec.hpp"

namespace timeslice::scenarios {
namespace {

using models::PolicyKind;

struct PolicyUse {
  std::string_view key;
  std::array<PolicyKind, 5> kinds;  // that look at it; the last one repeated
};
constexpr auto eevdf = PolicyKind::eevdf;
constexpr auto cfs = PolicyKind::cfs;
constexpr std::array<PolicyUse, 16> policy_uses{{
    {"slice",
     {eevdf, PolicyKind::round_robin, PolicyKind::mlfq, PolicyKind::lottery, PolicyKind::stride}},
    {"scale_by_cpus", {eevdf, cfs, cfs, cfs, cfs}},
    {"wakeup_preemption", {eevdf, cfs, cfs, cfs, cfs}},
    {"protect", {eevdf, eevdf, eevdf, eevdf, eevdf}},
    {"delayed_dequeue", {eevdf, eevdf, eevdf, eevdf, eevdf}},
    {"short_preempts", {eevdf, eevdf, eevdf, eevdf, eevdf}},
    {"keeps_request", {eevdf, eevdf, eevdf, eevdf, eevdf}},
    {"next_buddy", {eevdf, eevdf, eevdf, eevdf, eevdf}},
    {"latency", {cfs, cfs, cfs, cfs, cfs}},
    {"min_granularity", {cfs, cfs, cfs, cfs, cfs}},
    {"wakeup_granularity", {cfs, cfs, cfs, cfs, cfs}},
    {"gentle_sleepers", {cfs, cfs, cfs, cfs, cfs}},
    {"start_debit", {cfs, cfs, cfs, cfs, cfs}},
    {"age",
     {PolicyKind::priority, PolicyKind::priority, PolicyKind::priority, PolicyKind::priority,
      PolicyKind::priority}},
    {"levels",
     {PolicyKind::mlfq, PolicyKind::mlfq, PolicyKind::mlfq, PolicyKind::mlfq, PolicyKind::mlfq}},
    {"boost",
     {PolicyKind::mlfq, PolicyKind::mlfq, PolicyKind::mlfq, PolicyKind::mlfq, PolicyKind::mlfq}},
}};

constexpr std::array<std::string_view, 5> mechanism_keys{
    "newidle_gate", "newidle_success", "newidle_look", "wake_affine", "scan_limit"};

/// Whether the value of `key` was put there by a parameter, the matrix or a variant.
bool was_put(const Node* map, std::string_view key) {
  if (map == nullptr || map->find(key) == nullptr) {
    return false;
  }
  const auto at = std::ranges::find(map->keys, key, &Node::Key::text);
  const Mark& written = map->items[static_cast<std::size_t>(at - map->keys.begin())].mark;
  return written.source != at->mark.source || written.line != at->mark.line;
}

bool sets_nice(const models::Steps& steps);

bool sets_nice(const models::Step& step) {
  if (const models::Steps* body = models::body_of(step)) {
    return sets_nice(*body);
  }
  if (const auto* choose = std::get_if<models::ChooseStep>(&step.what)) {
    return std::ranges::any_of(choose->choices,
                               [](const models::Choice& choice) { return sets_nice(choice.body); });
  }
  return std::holds_alternative<models::NiceStep>(step.what);
}

bool sets_nice(const models::Steps& steps) {
  return std::ranges::any_of(steps, [](const models::Step& step) { return sets_nice(step); });
}

class OsWarner {
 public:
  OsWarner(const Reading& reading, const Node* os, const models::WorldSpec& world)
      : reading_{reading}, os_{os}, world_{world} {}

  void warn() {
    const Node* policy = os_ == nullptr ? nullptr : os_->find("policy");
    const bool swept = was_put(os_, "scheduler") || was_put(policy, "kind");
    if (policy != nullptr && policy->is_map() && !swept) {
      warn_policy(*policy);
    }
    const Node* balance = os_ == nullptr ? nullptr : os_->find("balance");
    if (balance != nullptr && balance->is_map() && !was_put(balance, "kind")) {
      warn_balance(*balance);
    }
    if (!swept) {
      warn_weights();
      warn_sessions();
    }
    warn_classes();
  }

 private:
  void say(const std::string& what) { reading_.warnings.push_back(what); }

  void warn_policy(const Node& policy) {
    for (const Node::Key& key : policy.keys) {
      const auto* use = std::ranges::find(policy_uses, key.text, &PolicyUse::key);
      if (use != policy_uses.end() &&
          std::ranges::find(use->kinds, world_.os.policy.kind) == use->kinds.end()) {
        say(fmt::format("os.policy.{} has no effect on this policy", key.text));
      }
    }
  }

  void warn_balance(const Node& balance) {
    for (const std::string_view key : mechanism_keys) {
      if (balance.find(key) != nullptr &&
          world_.os.balance.kind != models::BalanceKind::linux_domains) {
        say(fmt::format("os.balance.{} has no effect: only kind linux has it", key));
      }
    }
  }

  [[nodiscard]] bool is_one_of(std::initializer_list<PolicyKind> kinds) const {
    return std::ranges::find(kinds, world_.os.policy.kind) != kinds.end();
  }

  void warn_weights() {
    const bool weighs = is_one_of({eevdf, cfs, PolicyKind::lottery, PolicyKind::stride});
    if (!weighs) {
      warn_groups();
    }
    if (weighs || is_one_of({PolicyKind::priority})) {
      return;
    }
    for (const models::ExecutorSpec& executor : world_.executors) {
      if (executor.nice.value_or(0) != 0) {
        say(fmt::format("executor {}: nice has no effect on this policy", executor.name));
      }
    }
    for (const models::BackgroundSpec& program : world_.background) {
      if (program.nice != 0) {
        say("background: nice has no effect on this policy");
      }
    }
    const auto renices = [](const models::TaskSpec& task) { return sets_nice(task.steps); };
    if (sets_nice(world_.main) || std::ranges::any_of(world_.tasks, renices)) {
      say("step nice has no effect on this policy");
    }
  }

  void warn_groups() {
    std::size_t count = 0;
    std::string first;
    for (const models::GroupSpec& group : world_.os.groups) {
      if (group.weight != models::GroupSpec{}.weight) {
        first = count++ == 0 ? group.name : first;
      }
    }
    if (count > 0) {
      const std::string others = count > 1 ? fmt::format(" and {} more", count - 1) : "";
      say(fmt::format("os.groups.{}{}: weight has no effect on this policy", first, others));
    }
  }

  void warn_sessions() {
    const bool written = os_ != nullptr && os_->find("autogroup") != nullptr;
    const bool fair =
        is_one_of({eevdf, cfs}) && world_.os.policy.scope == models::QueueScope::per_cpu;
    if (written && world_.os.autogroup && !fair) {
      say("os.autogroup has no effect: only Linux's fair schedulers have it");
    }
  }

  void warn_classes() {
    const auto urgent = [](const auto& who) { return who.sched.urgent(); };
    if (std::ranges::any_of(world_.executors, urgent) ||
        std::ranges::any_of(world_.background, urgent)) {
      return;
    }
    for (const models::LockSpec& lock : world_.locks) {
      if (lock.inherit) {
        say(
            fmt::format("lock {}: inherit has no effect: no thread has a class that goes before "
                        "others (class: {{kind: fifo, priority: 10}})",
                        lock.name));
      }
    }
    if (os_ != nullptr && os_->find("rt") != nullptr) {
      say("os.rt has no effect: no thread has a real-time or deadline class");
    }
  }

  const Reading& reading_;
  const Node* os_;
  const models::WorldSpec& world_;
};

}  // namespace

void warn_os_without_effect(const Reading& reading, const Node* os,
                            const models::WorldSpec& world) {
  OsWarner{reading, os, world}.warn();
}

}  // namespace timeslice::scenarios
