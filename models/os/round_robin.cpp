#include "models/os/round_robin.hpp"

#include <algorithm>

namespace timeslice::models {

RoundRobin::RoundRobin(sim::Duration slice) : slice_{slice} {
  sim::expect(slice_ > sim::Duration::zero(), "a time slice has a length");
}

void RoundRobin::add_entity(EntityId entity, const EntityParameters& /*parameters*/) {
  lists_.add_entity(entity);
  left_.resize(std::max(left_.size(), index_of(entity) + 1), slice_);
}

void RoundRobin::add_queue(QueueId queue) {
  lists_.add_queue(queue);
}

void RoundRobin::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  if (reason == EnqueueReason::preempted) {
    lists_.push_front(queue, entity);
    return;
  }
  if (reason != EnqueueReason::migrated) {
    left_[index_of(entity)] = slice_;
  }
  lists_.push_back(queue, entity);
}

void RoundRobin::dequeue(QueueId queue, EntityId entity, DequeueReason /*reason*/) {
  if (lists_.queued(entity)) {
    lists_.remove(queue, entity);
  }
}

std::optional<Grant> RoundRobin::pick_next(QueueId queue) {
  const std::uint32_t next = lists_.front(queue);
  if (next == EntityLists::nobody) {
    return std::nullopt;
  }
  lists_.remove(queue, EntityId{next});
  sim::Duration& left = left_[next];
  if (left == sim::Duration::zero()) {
    left = slice_;
  }
  return Grant{.entity = EntityId{next}, .slice = left};
}

void RoundRobin::charge(QueueId queue, EntityId entity, sim::Duration ran) {
  sim::Duration& left = left_[index_of(entity)];
  if (ran < left) {
    left -= ran;
  } else if (lists_.size(queue) > 0) {
    left = sim::Duration::zero();
  } else {
    // Alone: it goes on with the next slice, wherever in it we are.
    left = slice_ - (ran - left) % slice_;
  }
}

sim::Duration RoundRobin::slice_left(QueueId /*queue*/, EntityId entity) const {
  return left_[index_of(entity)];
}

bool RoundRobin::preempts(QueueId /*queue*/, EntityId /*woken*/, EntityId /*running*/) const {
  return false;
}

std::uint32_t RoundRobin::waiting(QueueId queue) const {
  return lists_.size(queue);
}

std::optional<EntityId> RoundRobin::candidate_to_move(QueueId queue,
                                                      const MoveFilter& filter) const {
  return lists_.last_accepted(queue, filter);
}

void RoundRobin::set_weight(QueueId /*queue*/, EntityId /*entity*/, std::uint32_t /*weight*/) {}

}  // namespace timeslice::models
