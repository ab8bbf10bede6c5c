#include "models/os/lottery.hpp"

#include <algorithm>

namespace timeslice::models {

Lottery::Lottery(sim::Duration slice, const sim::Random& random)
    : random_{random}, stream_{sim::hash_name32("os/lottery")}, quantum_{slice} {}

std::uint64_t Lottery::draw(std::uint64_t tickets) {
  const sim::DrawKey key{.task = stream_,
                         .item = 0,
                         .step = static_cast<std::uint32_t>(drawn_ >> 32U),
                         .count = static_cast<std::uint32_t>(drawn_)};
  ++drawn_;
  return random_.below(key, tickets);
}

void Lottery::add_entity(EntityId entity, const EntityParameters& parameters) {
  lists_.add_entity(entity);
  quantum_.add_entity(entity);
  tickets_.resize(std::max(tickets_.size(), index_of(entity) + 1), 0);
  tickets_[index_of(entity)] = parameters.weight;
}

void Lottery::add_queue(QueueId queue) {
  lists_.add_queue(queue);
}

void Lottery::enqueue(QueueId queue, EntityId entity, EnqueueReason /*reason*/) {
  lists_.push_back(queue, entity);
}

void Lottery::dequeue(QueueId queue, EntityId entity, DequeueReason /*reason*/) {
  if (lists_.queued(entity)) {
    lists_.remove(queue, entity);
  }
}

std::optional<Grant> Lottery::pick_next(QueueId queue) {
  std::uint64_t sum = 0;
  for (std::uint32_t one = lists_.back(queue); one != EntityLists::nobody;
       one = lists_.before(one)) {
    sum += tickets_[one];
  }
  if (sum == 0) {
    return std::nullopt;
  }
  std::uint64_t winner = draw(sum);
  std::uint32_t holder = lists_.back(queue);
  while (winner >= tickets_[holder]) {
    winner -= tickets_[holder];
    holder = lists_.before(holder);
  }
  lists_.remove(queue, EntityId{holder});
  quantum_.renew(EntityId{holder});
  return Grant{.entity = EntityId{holder}, .slice = quantum_.slice()};
}

void Lottery::charge(QueueId queue, EntityId entity, sim::Duration ran) {
  quantum_.charge(entity, ran, lists_.size(queue) > 0);
}

sim::Duration Lottery::slice_left(QueueId /*queue*/, EntityId entity) const {
  return quantum_.left(entity);
}

bool Lottery::preempts(QueueId /*queue*/, EntityId /*woken*/, EntityId /*running*/) const {
  return false;
}

std::uint32_t Lottery::waiting(QueueId queue) const {
  return lists_.size(queue);
}

std::optional<EntityId> Lottery::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  return lists_.last_accepted(queue, filter);
}

void Lottery::set_weight(QueueId /*queue*/, EntityId entity, std::uint32_t weight) {
  tickets_[index_of(entity)] = weight;
}

}  // namespace timeslice::models
