#include "models/os/real_time.hpp"

#include <algorithm>
#include <bit>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr std::uint32_t word_bits = 64;

std::uint64_t bit_of(std::uint32_t level) {
  return std::uint64_t{1} << (level % word_bits);
}

/// The highest level with a bit. Requires: there is one.
std::uint32_t highest(const std::array<std::uint64_t, 2>& occupied) {
  const bool upper = occupied[1] != 0;
  const std::uint64_t word = upper ? occupied[1] : occupied[0];
  return (upper ? 2 * word_bits : word_bits) - 1 -
         static_cast<std::uint32_t>(std::countl_zero(word));
}

}  // namespace

void RealTime::add_entity(EntityId entity) {
  lists_.add_entity(entity);
  entities_.resize(std::max(entities_.size(), index_of(entity) + 1));
}

void RealTime::add_queue(QueueId queue) {
  lists_.add_queue(list_of(queue, levels - 1));
  queues_.resize(std::max(queues_.size(), at(queue) + 1));
}

void RealTime::set(EntityId entity, std::uint8_t priority, bool round_robin) {
  sim::expect(priority >= 1 && priority < levels, "a real-time priority lies in 1..99");
  sim::expect(!lists_.queued(entity), "a waiting entity keeps its priority");
  entities_[index_of(entity)] = {
      .left = config_.turn, .priority = priority, .round_robin = round_robin};
}

void RealTime::begin_periods_up_to(Queue& queue, sim::Instant now) const {
  while (queue.period_end <= now && queue.used > sim::Duration::zero()) {
    queue.used -= std::min(queue.used, config_.runtime);
    queue.period_end += config_.period;
  }
  if (queue.period_end <= now) {
    queue.period_end = now + config_.period;
  }
  queue.throttled = queue.throttled && queue.used >= config_.runtime;
}

void RealTime::enqueue(QueueId queue, EntityId entity, EnqueueReason reason, sim::Instant now) {
  Queue& in = queues_[at(queue)];
  Entity& self = entities_[index_of(entity)];
  const bool turn_over = self.round_robin && self.left == sim::Duration::zero();
  const bool put_back =
      reason == EnqueueReason::preempted || reason == EnqueueReason::slice_used_up;
  const QueueId list = list_of(queue, self.priority);
  if (put_back && !turn_over) {
    lists_.push_front(list, entity);
  } else {
    lists_.push_back(list, entity);
  }
  if (turn_over) {
    self.left = config_.turn;
  }
  in.occupied[self.priority / word_bits] |= bit_of(self.priority);
  ++in.waiting;
  if (config_.throttles) {
    begin_periods_up_to(in, now);
  }
}

void RealTime::take_off(QueueId queue, EntityId entity) {
  Queue& in = queues_[at(queue)];
  const std::uint32_t level = entities_[index_of(entity)].priority;
  const QueueId list = list_of(queue, level);
  lists_.remove(list, entity);
  --in.waiting;
  if (lists_.size(list) == 0) {
    in.occupied[level / word_bits] &= ~bit_of(level);
  }
}

void RealTime::dequeue(QueueId queue, EntityId entity) {
  if (lists_.queued(entity)) {
    take_off(queue, entity);
  }
}

std::uint32_t RealTime::first_priority(QueueId queue) const {
  return highest(queues_[at(queue)].occupied);
}

EntityId RealTime::pick(QueueId queue) {
  sim::expect(waiting(queue) > 0, "somebody waits who can be picked");
  const EntityId first{lists_.front(list_of(queue, first_priority(queue)))};
  take_off(queue, first);
  return first;
}

/// Adds a run that ends `now`, each part to the period that it lies in.
void RealTime::use(Queue& queue, sim::Duration ran, sim::Instant now) const {
  if (queue.period_end < now) {
    const sim::Duration later = std::min(ran, now - queue.period_end);
    queue.used += ran - later;
    ran = later;
    begin_periods_up_to(queue, now);
  }
  queue.used += ran;
  queue.throttled = queue.throttled || queue.used >= config_.runtime;
}

void RealTime::charge(QueueId queue, EntityId entity, sim::Duration ran, sim::Instant now) {
  if (config_.throttles) {
    use(queues_[at(queue)], ran, now);
  }
  Entity& self = entities_[index_of(entity)];
  if (!self.round_robin) {
    return;
  }
  if (ran < self.left) {
    self.left -= ran;
  } else if (lists_.size(list_of(queue, self.priority)) > 0) {
    self.left = sim::Duration::zero();
  } else {
    self.left = config_.turn - (ran - self.left) % config_.turn;  // alone: turn after turn
  }
}

sim::Duration RealTime::slice_left(QueueId queue, EntityId entity) const {
  const Queue& in = queues_[at(queue)];
  const Entity& self = entities_[index_of(entity)];
  sim::Duration left = no_limit;
  if (self.round_robin && lists_.size(list_of(queue, self.priority)) > 0) {
    left = self.left;
  }
  if (config_.throttles) {
    const sim::Duration allowed = in.throttled ? sim::Duration::zero() : config_.runtime - in.used;
    left = std::min(left, std::max(allowed, sim::Duration::zero()));
  }
  return left;
}

std::optional<EntityId> RealTime::most_urgent(QueueId queue, const MoveFilter& filter) const {
  std::array<std::uint64_t, 2> left = queues_[at(queue)].occupied;
  while ((left[0] | left[1]) != 0) {
    const std::uint32_t level = highest(left);
    std::uint32_t one = lists_.front(list_of(queue, level));
    for (; one != EntityLists::nobody; one = lists_.after(one)) {
      if (filter(EntityId{one})) {
        return EntityId{one};
      }
    }
    left[level / word_bits] &= ~bit_of(level);
  }
  return std::nullopt;
}

void RealTime::release(QueueId queue, sim::Instant now) {
  begin_periods_up_to(queues_[at(queue)], now);
}

}  // namespace timeslice::models
