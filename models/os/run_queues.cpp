#include "models/os/run_queues.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

// cpu.weight 100 is nice 0: cgroup v2 documentation, "weight * 1024 / 100" shares.
constexpr std::uint32_t weight_of_nice_0 = 1024;
constexpr std::uint32_t default_group_weight = 100;
constexpr std::uint32_t least_weight = 2;  // MIN_SHARES of Linux

}  // namespace

RunQueues::RunQueues(const OsSpec& os, std::uint32_t cpus, Bandwidth& bandwidth,
                     const sim::Random& random)
    : policy_{make_policy(os.policy, cpus, random)},
      bandwidth_{bandwidth},
      has_quotas_{bandwidth.limits_any()},
      class_config_{.real_time = os.real_time, .tick = os.tick},
      shared_{os.policy.scope == QueueScope::shared},
      cpus_{cpus},
      queues_{shared_ ? 1 : cpus} {
  sim::expect(!unsupported(os), "the operating system's description passed `unsupported`");
  for (std::uint32_t queue = 0; queue < queues_; ++queue) {
    policy_->add_queue(QueueId{queue});
  }
  for (const GroupSpec& spec : os.groups) {
    const std::uint32_t weight =
        spec.idle ? weight_of_idle : spec.weight * weight_of_nice_0 / default_group_weight;
    groups_.push_back({.parent = static_cast<std::uint32_t>(spec.parent.value_or(GroupId{0})),
                       .weight = std::max(weight, least_weight),
                       .idle = spec.idle,
                       .node_by_cpu = {}});
  }
  if (has_groups()) {
    nodes_on_.resize(cpus);
  }
}

void RunQueues::set_ticks(std::uint32_t cpu, Ticks ticks) {
  if (!shared_) {
    policy_->set_ticks(root(cpu), ticks);
  }
}

/// Puts the classes around the policy, which keeps its state as their fair class.
void RunQueues::use_classes() {
  if (classes_ == nullptr) {
    auto classes =
        std::make_unique<LinuxClasses>(std::move(policy_), class_config_, entities_, queues_);
    classes_ = classes.get();
    policy_ = std::move(classes);
  }
}

void RunQueues::set_class(const Seat& absent, const ClassSpec& spec) {
  use_classes();
  classes_->set_class(queue_of(absent), absent.entity, spec);
}

void RunQueues::lend_deadline(const Seat& absent, sim::Instant until) {
  use_classes();
  classes_->lend_deadline(queue_of(absent), absent.entity, until);
}

std::optional<std::uint32_t> RunQueues::most_urgent(std::uint32_t cpu,
                                                    const MoveFilter& accepts) const {
  const std::optional<EntityId> found = classes_->most_urgent(root(cpu), accepts);
  return found ? std::optional{thread_of(*found)} : std::nullopt;
}

bool RunQueues::is_outranked(const Seat& running) const {
  EntityId entity = running.entity;
  for (std::uint32_t at = running.node; at != Seat::no_group; at = nodes_[at].parent) {
    entity = nodes_[at].entity;
  }
  return classes_->is_outranked(root(running.cpu), entity);
}

EntityId RunQueues::new_entity(std::uint32_t owner, const EntityParameters& parameters,
                               bool bound) {
  const EntityId entity{entities_++};
  policy_->add_entity(entity, parameters);
  if (has_groups()) {
    owners_.push_back(owner);
    weights_.push_back(parameters.weight);
    bound_.push_back(bound);
  }
  return entity;
}

EntityId RunQueues::add_thread(std::uint32_t thread, const EntityParameters& parameters,
                               bool bound) {
  sim::expect(thread < node_bit, "at most 2^31 threads");
  if (parameters.scheduling_class != SchedulingClass::normal) {
    use_classes();
  }
  return new_entity(thread, parameters, bound);
}

EntityParameters RunQueues::parameters_of(const Group& group) {
  return {.weight = group.weight,
          .scheduling_class = group.idle ? SchedulingClass::idle : SchedulingClass::normal};
}

std::uint32_t RunQueues::node_of(GroupId group, std::uint32_t cpu) {
  if (group == GroupId{0}) {
    return Seat::no_group;
  }
  const std::size_t index = index_of(group) - 1;
  sim::expect(index < groups_.size(), "a thread's group exists");
  if (groups_[index].node_by_cpu.empty()) {
    groups_[index].node_by_cpu.assign(cpus_, Seat::no_group);
  }
  if (groups_[index].node_by_cpu[cpu] != Seat::no_group) {
    return groups_[index].node_by_cpu[cpu];
  }
  const std::uint32_t parent = node_of(GroupId{groups_[index].parent}, cpu);
  const auto node = static_cast<std::uint32_t>(nodes_.size());
  const QueueId queue{queues_++};
  policy_->add_queue(queue);
  nodes_.push_back({.group = static_cast<std::uint32_t>(index),
                    .parent = parent,
                    .queue = queue,
                    .parent_queue = parent == Seat::no_group ? root(cpu) : nodes_[parent].queue,
                    .entity = new_entity(node | node_bit, parameters_of(groups_[index]), false),
                    .weight = groups_[index].weight});
  policy_->nest(queue, nodes_.back().parent_queue, nodes_.back().entity);
  if (has_quotas()) {
    bandwidth_.add_node(static_cast<std::uint32_t>(index), cpu);
  }
  groups_[index].node_by_cpu[cpu] = node;
  nodes_on_[cpu].push_back(node);
  return node;
}

void RunQueues::add_load(std::uint32_t node, std::uint64_t weight) {
  nodes_[node].load += weight;
  groups_[nodes_[node].group].load += weight;
}

/// Only for a node that has members; its entity may be absent, waiting or current. An idle group
/// weighs the same on each CPU: the policies know one weight for the class.
void RunQueues::renew_weight(Node& node) {
  const Group& group = groups_[node.group];
  if (group.idle) {
    return;
  }
  const std::uint64_t part = group.weight * node.load / group.load;
  node.weight = std::max(static_cast<std::uint32_t>(part), least_weight);
  policy_->set_weight(node.parent_queue, node.entity, node.weight);
}

/// A group's entity wakes up, whatever brought its thread: it was not created or moved just now.
bool RunQueues::add_member(std::uint32_t at, std::uint64_t weight, Crowd threads) {
  bool was_empty = true;
  for (; at != Seat::no_group; at = nodes_[at].parent) {
    Node& node = nodes_[at];
    node.threads += threads;
    if (was_empty) {
      was_empty = ++node.members == 1;
      add_load(at, weight);
    }
    if (throttled(at)) {
      return false;
    }
    if (!was_empty) {
      continue;  // its entity is there already
    }
    if (has_quotas() && !bandwidth_.has_runtime(at)) {
      bandwidth_.throttle(at, node.threads.all);
      return false;
    }
    renew_weight(node);
    policy_->enqueue(node.parent_queue, node.entity, EnqueueReason::woken);
    weight = node.weight;
  }
  return true;
}

bool RunQueues::remove_member(std::uint32_t at, std::uint64_t weight, Crowd threads,
                              DequeueReason reason) {
  bool is_empty = true;
  for (; at != Seat::no_group; at = nodes_[at].parent) {
    Node& node = nodes_[at];
    node.threads -= threads;
    if (is_empty) {
      is_empty = --node.members == 0;
      add_load(at, std::uint64_t{0} - weight);
    }
    if (throttled(at)) {
      return false;
    }
    if (is_empty) {
      policy_->dequeue(node.parent_queue, node.entity, reason);
      weight = node.weight;
      if (has_quotas()) {
        bandwidth_.release(at);
      }
    }
  }
  return true;
}

bool RunQueues::enqueue(const Seat& seat, EnqueueReason reason) {
  policy_->enqueue(queue_of(seat), seat.entity, reason);
  return !has_groups() ||
         add_member(seat.node, weights_[index_of(seat.entity)], alone(seat.entity));
}

bool RunQueues::remove_waiting(const Seat& seat, DequeueReason reason) {
  policy_->dequeue(queue_of(seat), seat.entity, reason);
  return !has_groups() || remove_member(seat.node, weights_[index_of(seat.entity)],
                                        alone(seat.entity), DequeueReason::blocked);
}

void RunQueues::settle_levels(std::uint32_t at, EnqueueReason reason) {
  for (; at != Seat::no_group; at = nodes_[at].parent) {
    Node& node = nodes_[at];
    const std::uint64_t before = node.weight;
    renew_weight(node);
    if (node.parent != Seat::no_group) {
      add_load(node.parent, node.weight - before);
    }
    policy_->enqueue(node.parent_queue, node.entity, reason);
  }
}

void RunQueues::remove_running(const Seat& seat, DequeueReason reason) {
  policy_->dequeue(queue_of(seat), seat.entity, reason);
  if (seat.node == Seat::no_group) {
    return;
  }
  const bool ran = remove_member(seat.node, weights_[index_of(seat.entity)], alone(seat.entity),
                                 DequeueReason::blocked);
  sim::expect(ran, "no group of a running thread is throttled");
  std::uint32_t node = seat.node;
  while (node != Seat::no_group && nodes_[node].members == 0) {
    node = nodes_[node].parent;
  }
  // The group keeps its turn for its other threads.
  settle_levels(node, EnqueueReason::preempted);
}

/// Its groups' parts of their CPUs follow.
void RunQueues::set_weight(const Seat& running, std::uint32_t weight) {
  policy_->set_weight(queue_of(running), running.entity, weight);
  if (!has_groups()) {
    return;
  }
  std::uint64_t more = std::uint64_t{weight} - weights_[index_of(running.entity)];
  weights_[index_of(running.entity)] = weight;
  for (std::uint32_t at = running.node; at != Seat::no_group; at = nodes_[at].parent) {
    add_load(at, more);
    const std::uint64_t before = nodes_[at].weight;
    renew_weight(nodes_[at]);
    more = nodes_[at].weight - before;
  }
}

std::optional<Pick> RunQueues::pick_in_tree(std::uint32_t cpu) {
  QueueId queue = root(cpu);
  sim::Duration slice = no_limit;
  while (true) {
    const std::optional<Grant> grant = policy_->pick_next(queue);
    if (!grant) {
      sim::expect(queue == root(cpu), "a group that can be picked has somebody to run");
      return std::nullopt;
    }
    if (has_classes() || policy_->waiting(queue) > 0) {
      slice = std::min(slice, grant->slice);
    }
    const std::uint32_t owner = owners_[index_of(grant->entity)];
    if ((owner & node_bit) == 0) {
      // A change of weight may round what is left of a request down to nothing.
      return Pick{.thread = owner, .slice = std::max(slice, sim::Duration{1})};
    }
    queue = nodes_[owner & ~node_bit].queue;
  }
}

void RunQueues::charge_levels(const Seat& running, sim::Duration ran) {
  for (std::uint32_t at = running.node; at != Seat::no_group; at = nodes_[at].parent) {
    policy_->charge(nodes_[at].parent_queue, nodes_[at].entity, ran);
    if (has_quotas()) {
      bandwidth_.charge(at, ran);
    }
  }
}

sim::Duration RunQueues::least_slice_left(const Seat& running) const {
  sim::Duration left = no_limit;
  QueueId queue = queue_of(running);
  EntityId entity = running.entity;
  std::uint32_t node = running.node;
  while (true) {
    if (has_classes() || policy_->waiting(queue) > 0) {
      left = std::min(left, policy_->slice_left(queue, entity));
    }
    if (node == Seat::no_group) {
      return left;
    }
    queue = nodes_[node].parent_queue;
    entity = nodes_[node].entity;
    node = nodes_[node].parent;
  }
}

/// Compared in the lowest queue that both have in common.
bool RunQueues::preempts(const Seat& woken, const Seat& running) const {
  EntityId rival = woken.entity;
  std::uint32_t rival_node = woken.node;
  while (true) {
    const QueueId queue = rival_node == Seat::no_group ? root(woken.cpu) : nodes_[rival_node].queue;
    EntityId current = running.entity;
    std::uint32_t node = running.node;
    while (node != rival_node && node != Seat::no_group) {
      current = nodes_[node].entity;
      node = nodes_[node].parent;
    }
    if (node == rival_node) {
      return policy_->preempts(queue, rival, current);
    }
    rival = nodes_[rival_node].entity;
    rival_node = nodes_[rival_node].parent;
  }
}

bool RunQueues::stopped_at(std::uint32_t node) const {
  for (; has_quotas() && node != Seat::no_group; node = nodes_[node].parent) {
    if (bandwidth_.throttled(node)) {
      return true;
    }
  }
  return false;
}

bool RunQueues::stopped_on(GroupId group, std::uint32_t cpu) const {
  // A node that was never needed is not throttled, but one of a group around it may be.
  for (; has_quotas() && group != GroupId{0};
       group = GroupId{groups_[index_of(group) - 1].parent}) {
    const std::vector<std::uint32_t>& nodes = groups_[index_of(group) - 1].node_by_cpu;
    if (!nodes.empty() && nodes[cpu] != Seat::no_group) {
      return stopped_at(nodes[cpu]);
    }
  }
  return false;
}

sim::Duration RunQueues::runtime_left(const Seat& running) const {
  sim::Duration left = no_limit;
  for (std::uint32_t at = running.node; at != Seat::no_group; at = nodes_[at].parent) {
    left = std::min(left, bandwidth_.runtime_left(at));
  }
  return left;
}

bool RunQueues::draw_runtime(const Seat& running) {
  bool all = true;
  for (std::uint32_t at = running.node; at != Seat::no_group; at = nodes_[at].parent) {
    all = bandwidth_.has_runtime(at) && all;
  }
  return all;
}

Crowd RunQueues::throttle_spent(const Seat& left) {
  Crowd stopped;
  for (std::uint32_t at = left.node; at != Seat::no_group; at = nodes_[at].parent) {
    const Node& node = nodes_[at];
    if (node.members == 0 || bandwidth_.has_runtime(at)) {
      continue;
    }
    stopped += node.threads;
    bandwidth_.throttle(at, node.threads.all);
    policy_->dequeue(node.parent_queue, node.entity, DequeueReason::migrated);
    static_cast<void>(
        remove_member(node.parent, node.weight, node.threads, DequeueReason::migrated));
  }
  return stopped;
}

Crowd RunQueues::unthrottle(std::uint32_t at) {
  bandwidth_.unthrottle(at);
  Node& node = nodes_[at];
  if (node.members == 0) {
    return {};
  }
  renew_weight(node);
  policy_->enqueue(node.parent_queue, node.entity, EnqueueReason::woken);
  const bool waits = add_member(node.parent, node.weight, node.threads);
  return waits ? node.threads : Crowd{};
}

std::optional<std::uint32_t> RunQueues::candidate_in(QueueId queue,
                                                     const MoveFilter& accepts) const {
  const std::optional<EntityId> found = policy_->candidate_to_move(queue, accepts);
  return found ? std::optional{thread_of(*found)} : std::nullopt;
}

std::optional<std::uint32_t> RunQueues::candidate(std::uint32_t cpu,
                                                  const MoveFilter& accepts) const {
  if (!has_groups()) {
    return candidate_in(root(cpu), accepts);
  }
  // The policy knows entities: those of groups are never moved themselves.
  struct Context {
    const RunQueues& queues;
    const MoveFilter& accepts;
  };
  const Context context{.queues = *this, .accepts = accepts};
  const MoveFilter threads{.accepts =
                               [](const void* pointer, EntityId entity) {
                                 const auto& it = *static_cast<const Context*>(pointer);
                                 const std::uint32_t owner = it.queues.owners_[index_of(entity)];
                                 return (owner & node_bit) == 0 && it.accepts(entity);
                               },
                           .context = &context};
  if (const auto found = candidate_in(root(cpu), threads)) {
    return found;
  }
  for (const std::uint32_t node : nodes_on_[cpu]) {
    if (stopped_at(node)) {
      continue;
    }
    if (const auto found = candidate_in(nodes_[node].queue, threads)) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace timeslice::models
