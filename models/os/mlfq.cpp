#include "models/os/mlfq.hpp"

#include <algorithm>

namespace timeslice::models {

Mlfq::Mlfq(const Config& config) : config_{config} {
  sim::expect(config_.levels >= 1 && config_.levels <= most_levels, "there are 1 to 30 levels");
  sim::expect(config_.slice > sim::Duration::zero(), "a time slice has a length");
  sim::expect(config_.boost >= sim::Duration::zero(), "boosts lie apart");
}

std::int64_t Mlfq::boosts() const {
  return config_.boost == sim::Duration::zero() ? 0 : now().time_since_epoch() / config_.boost;
}

sim::Duration Mlfq::allotment(std::uint32_t level) const {
  sim::expect(level < config_.levels, "a level that the queue has");
  return config_.slice * (std::int64_t{1} << level);
}

QueueId Mlfq::line(QueueId queue, std::uint32_t level) const {
  return QueueId{static_cast<std::uint32_t>(queue) * config_.levels + level};
}

void Mlfq::add_entity(EntityId entity, const EntityParameters& /*parameters*/) {
  lists_.add_entity(entity);
  members_.resize(std::max(members_.size(), index_of(entity) + 1));
  members_[index_of(entity)].left = allotment(0);
}

void Mlfq::add_queue(QueueId queue) {
  for (std::uint32_t level = 0; level < config_.levels; ++level) {
    lists_.add_queue(line(queue, level));
  }
  const std::size_t index = static_cast<std::size_t>(queue);
  queue_boosts_.resize(std::max(queue_boosts_.size(), index + 1));
}

std::uint32_t Mlfq::level(EntityId entity) const {
  const Member& it = members_[index_of(entity)];
  return it.boost == boosts() ? it.level : 0;
}

void Mlfq::hear_of_boost(EntityId entity) {
  Member& it = members_[index_of(entity)];
  if (it.boost != boosts()) {
    it = {.level = 0, .left = allotment(0), .boost = boosts()};
  }
}

/// All who wait go to the back of the top level, the higher ones first.
void Mlfq::boost_if_due(QueueId queue) {
  std::int64_t& heard = queue_boosts_[static_cast<std::size_t>(queue)];
  if (heard == boosts()) {
    return;
  }
  heard = boosts();
  for (std::uint32_t level = 0; level < config_.levels; ++level) {
    const std::uint32_t count = lists_.size(line(queue, level));
    for (std::uint32_t i = 0; i < count; ++i) {
      const EntityId one{lists_.front(line(queue, level))};
      lists_.remove(line(queue, level), one);
      hear_of_boost(one);
      lists_.push_back(line(queue, 0), one);
    }
  }
}

void Mlfq::sink(Member& member) const {
  member.level = std::min(member.level + 1, config_.levels - 1);
  member.left = allotment(member.level);
}

void Mlfq::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  boost_if_due(queue);
  hear_of_boost(entity);
  Member& it = members_[index_of(entity)];
  if (it.left == sim::Duration::zero()) {
    sink(it);
  }
  if (reason == EnqueueReason::preempted) {
    lists_.push_front(line(queue, it.level), entity);
  } else {
    lists_.push_back(line(queue, it.level), entity);
  }
}

void Mlfq::dequeue(QueueId queue, EntityId entity, DequeueReason /*reason*/) {
  if (lists_.queued(entity)) {
    boost_if_due(queue);
    lists_.remove(line(queue, members_[index_of(entity)].level), entity);
  }
}

std::uint32_t Mlfq::top(QueueId queue) const {
  const bool stale = queue_boosts_[static_cast<std::size_t>(queue)] != boosts();
  for (std::uint32_t level = 0; level < config_.levels; ++level) {
    if (lists_.size(line(queue, level)) > 0) {
      return stale ? 0 : level;
    }
  }
  return config_.levels;
}

std::optional<Grant> Mlfq::pick_next(QueueId queue) {
  boost_if_due(queue);
  const std::uint32_t level = top(queue);
  if (level == config_.levels) {
    return std::nullopt;
  }
  const EntityId next{lists_.front(line(queue, level))};
  lists_.remove(line(queue, level), next);
  return Grant{.entity = next, .slice = members_[index_of(next)].left};
}

void Mlfq::charge(QueueId queue, EntityId entity, sim::Duration ran) {
  Member& it = members_[index_of(entity)];
  const bool rivals = waiting(queue) > 0;
  while (ran >= it.left && !rivals) {
    // Alone it sinks as it goes on; on the lowest level its turn begins anew.
    ran -= it.left;
    if (it.level + 1 == config_.levels) {
      ran %= allotment(it.level);
    }
    sink(it);
  }
  it.left -= std::min(ran, it.left);
  hear_of_boost(entity);
}

sim::Duration Mlfq::slice_left(QueueId /*queue*/, EntityId entity) const {
  const Member& it = members_[index_of(entity)];
  return it.boost == boosts() ? it.left : allotment(0);
}

bool Mlfq::preempts(QueueId /*queue*/, EntityId woken, EntityId running) const {
  return level(woken) < level(running);
}

std::uint32_t Mlfq::waiting(QueueId queue) const {
  std::uint32_t sum = 0;
  for (std::uint32_t level = 0; level < config_.levels; ++level) {
    sum += lists_.size(line(queue, level));
  }
  return sum;
}

std::optional<EntityId> Mlfq::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  for (std::uint32_t level = config_.levels; level > 0; --level) {
    if (const auto found = lists_.last_accepted(line(queue, level - 1), filter)) {
      return found;
    }
  }
  return std::nullopt;
}

void Mlfq::set_weight(QueueId /*queue*/, EntityId /*entity*/, std::uint32_t /*weight*/) {}

bool Mlfq::outranked(QueueId queue, EntityId running) const {
  return top(queue) < level(running);
}

bool Mlfq::less_urgent(EntityId a, EntityId b) const {
  return level(a) > level(b);
}

}  // namespace timeslice::models
