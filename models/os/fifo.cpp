#include "models/os/fifo.hpp"

namespace timeslice::models {

void Fifo::add_entity(EntityId entity, const EntityParameters& /*parameters*/) {
  lists_.add_entity(entity);
}

void Fifo::add_queue(QueueId queue) {
  lists_.add_queue(queue);
}

void Fifo::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  if (reason == EnqueueReason::preempted) {
    lists_.push_front(queue, entity);
  } else {
    lists_.push_back(queue, entity);
  }
}

void Fifo::dequeue(QueueId queue, EntityId entity, DequeueReason /*reason*/) {
  if (lists_.queued(entity)) {
    lists_.remove(queue, entity);
  }
}

std::optional<Grant> Fifo::pick_next(QueueId queue) {
  const std::uint32_t next = lists_.front(queue);
  if (next == EntityLists::nobody) {
    return std::nullopt;
  }
  lists_.remove(queue, EntityId{next});
  return Grant{.entity = EntityId{next}, .slice = no_limit};
}

void Fifo::charge(QueueId /*queue*/, EntityId /*entity*/, sim::Duration /*ran*/) {}

sim::Duration Fifo::slice_left(QueueId /*queue*/, EntityId /*entity*/) const {
  return no_limit;
}

bool Fifo::preempts(QueueId /*queue*/, EntityId /*woken*/, EntityId /*running*/) const {
  return false;
}

std::uint32_t Fifo::waiting(QueueId queue) const {
  return lists_.size(queue);
}

std::optional<EntityId> Fifo::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  return lists_.last_accepted(queue, filter);
}

void Fifo::set_weight(QueueId /*queue*/, EntityId /*entity*/, std::uint32_t /*weight*/) {}

}  // namespace timeslice::models
