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

RunQueues::RunQueues(const OsSpec& os, std::uint32_t cpus, const sim::Random& random)
    : policy_{make_policy(os.policy, cpus, random)},
      shared_{os.policy.scope == QueueScope::shared},
      cpus_{cpus},
      queues_{shared_ ? 1 : cpus} {
  sim::expect(!unsupported(os), "the operating system's description passed `unsupported`");
  for (std::uint32_t queue = 0; queue < queues_; ++queue) {
    policy_->add_queue(QueueId{queue});
  }
  for (const GroupSpec& spec : os.groups) {
    const auto parent = static_cast<std::uint32_t>(spec.parent.value_or(GroupId{0}));
    sim::expect(parent <= groups_.size(), "a group's parent comes before it");
    const std::uint32_t weight = spec.weight * weight_of_nice_0 / default_group_weight;
    groups_.push_back({.parent = parent,
                       .weight = std::max(weight, least_weight),
                       .threads = 0,
                       .node_by_cpu = {}});
  }
  if (has_groups()) {
    nodes_on_.resize(cpus);
  }
}

EntityId RunQueues::new_entity(std::uint32_t owner, const EntityParameters& parameters) {
  const EntityId entity{entities_++};
  policy_->add_entity(entity, parameters);
  if (has_groups()) {
    owners_.push_back(owner);
  }
  return entity;
}

EntityId RunQueues::add_thread(std::uint32_t thread, const EntityParameters& parameters) {
  sim::expect(thread < node_bit, "at most 2^31 threads");
  return new_entity(thread, parameters);
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
                    .entity = new_entity(node | node_bit, {.weight = groups_[index].weight})});
  groups_[index].node_by_cpu[cpu] = node;
  nodes_on_[cpu].push_back(node);
  return node;
}

void RunQueues::count_thread(std::uint32_t node, bool comes) {
  for (; node != Seat::no_group; node = nodes_[node].parent) {
    const std::uint32_t change = comes ? 1U : 0U - 1U;
    nodes_[node].threads += change;
    groups_[nodes_[node].group].threads += change;
  }
}

void RunQueues::renew_weight(const Node& node) {
  const Group& group = groups_[node.group];
  const std::uint64_t part = std::uint64_t{group.weight} * node.threads / group.threads;
  policy_->set_weight(node.parent_queue, node.entity,
                      std::max(static_cast<std::uint32_t>(part), least_weight));
}

void RunQueues::enqueue(const Seat& seat, EnqueueReason reason) {
  policy_->enqueue(queue_of(seat), seat.entity, reason);
  count_thread(seat.node, true);
  for (std::uint32_t at = seat.node; at != Seat::no_group; at = nodes_[at].parent) {
    Node& node = nodes_[at];
    if (++node.members > 1) {
      break;  // its entity is there already
    }
    renew_weight(node);
    policy_->enqueue(node.parent_queue, node.entity, reason);
  }
}

void RunQueues::remove_empty_levels(std::uint32_t node, DequeueReason reason) {
  for (; node != Seat::no_group; node = nodes_[node].parent) {
    Node& level = nodes_[node];
    if (--level.members > 0) {
      return;
    }
    policy_->dequeue(level.parent_queue, level.entity, reason);
  }
}

void RunQueues::remove_waiting(const Seat& seat, DequeueReason reason) {
  policy_->dequeue(queue_of(seat), seat.entity, reason);
  count_thread(seat.node, false);
  remove_empty_levels(seat.node, reason);
}

void RunQueues::settle_levels(std::uint32_t node, EnqueueReason reason) {
  for (; node != Seat::no_group; node = nodes_[node].parent) {
    renew_weight(nodes_[node]);
    policy_->enqueue(nodes_[node].parent_queue, nodes_[node].entity, reason);
  }
}

void RunQueues::put_back(const Seat& seat, EnqueueReason reason) {
  policy_->enqueue(queue_of(seat), seat.entity, reason);
  settle_levels(seat.node, reason);
}

void RunQueues::remove_running(const Seat& seat, DequeueReason reason) {
  policy_->dequeue(queue_of(seat), seat.entity, reason);
  count_thread(seat.node, false);
  std::uint32_t node = seat.node;
  while (node != Seat::no_group && --nodes_[node].members == 0) {
    policy_->dequeue(nodes_[node].parent_queue, nodes_[node].entity, reason);
    node = nodes_[node].parent;
  }
  // The group keeps its turn for its other threads.
  settle_levels(node, EnqueueReason::preempted);
}

std::optional<Pick> RunQueues::pick(std::uint32_t cpu) {
  QueueId queue = root(cpu);
  sim::Duration slice = no_limit;
  while (true) {
    const std::optional<Grant> grant = policy_->pick_next(queue);
    if (!grant) {
      sim::expect(queue == root(cpu), "a group that can be picked has somebody to run");
      return std::nullopt;
    }
    if (!has_groups()) {
      return Pick{.thread = static_cast<std::uint32_t>(grant->entity), .slice = grant->slice};
    }
    if (policy_->waiting(queue) > 0) {
      slice = std::min(slice, grant->slice);
    }
    const std::uint32_t owner = owners_[index_of(grant->entity)];
    if ((owner & node_bit) == 0) {
      return Pick{.thread = owner, .slice = slice};
    }
    queue = nodes_[owner & ~node_bit].queue;
  }
}

void RunQueues::charge(const Seat& running, sim::Duration ran) {
  policy_->charge(queue_of(running), running.entity, ran);
  for (std::uint32_t at = running.node; at != Seat::no_group; at = nodes_[at].parent) {
    policy_->charge(nodes_[at].parent_queue, nodes_[at].entity, ran);
  }
}

sim::Duration RunQueues::slice_left(const Seat& running) const {
  if (!has_groups()) {
    return policy_->slice_left(queue_of(running), running.entity);
  }
  sim::Duration left = no_limit;
  QueueId queue = queue_of(running);
  EntityId entity = running.entity;
  std::uint32_t node = running.node;
  while (true) {
    if (policy_->waiting(queue) > 0) {
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
    if (const auto found = candidate_in(nodes_[node].queue, threads)) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace timeslice::models
