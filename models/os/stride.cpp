#include "models/os/stride.hpp"

#include <algorithm>

namespace timeslice::models {

namespace {

/// How far `time` takes somebody with so many tickets: in 2^-20 ns a ticket.
std::int64_t way(sim::Duration time, std::int64_t tickets) {
  constexpr std::int64_t scale = std::int64_t{1} << 20U;
  return time.count() / tickets * scale + time.count() % tickets * scale / tickets;
}

}  // namespace

void Stride::add_entity(EntityId entity, const EntityParameters& parameters) {
  sim::expect(parameters.weight > 0, "an entity has a ticket");
  quantum_.add_entity(entity);
  members_.resize(std::max(members_.size(), index_of(entity) + 1));
  Member& it = members_[index_of(entity)];
  it.tickets = parameters.weight;
  it.remains = way(quantum_.slice(), it.tickets);
}

void Stride::add_queue(QueueId queue) {
  queues_.add_queue(queue);
  lines_.resize(std::max(lines_.size(), static_cast<std::size_t>(queue) + 1));
}

void Stride::enqueue(QueueId queue, EntityId entity, EnqueueReason /*reason*/) {
  Member& it = members_[index_of(entity)];
  sim::expect(!it.queued, "an entity waits in one place at a time");
  if (!it.present) {
    it.present = true;
    it.pass = at(queue).pass + it.remains;
    at(queue).tickets += it.tickets;
  }
  it.arrival = ++arrivals_;
  it.queued = true;
  queues_.insert(queue, entity, rank(it));
}

void Stride::dequeue(QueueId queue, EntityId entity, DequeueReason /*reason*/) {
  Member& it = members_[index_of(entity)];
  if (it.queued) {
    queues_.remove(queue, entity, rank(it));
    it.queued = false;
  }
  it.present = false;
  it.remains = it.pass - at(queue).pass;
  at(queue).tickets -= it.tickets;
}

std::optional<Grant> Stride::pick_next(QueueId queue) {
  if (queues_.empty(queue)) {
    return std::nullopt;
  }
  const EntityId next = queues_.first(queue);
  Member& it = members_[index_of(next)];
  queues_.remove(queue, next, rank(it));
  it.queued = false;
  quantum_.renew(next);
  return Grant{.entity = next, .slice = quantum_.slice()};
}

void Stride::charge(QueueId queue, EntityId entity, sim::Duration ran) {
  quantum_.charge(entity, ran, !queues_.empty(queue));
  Member& it = members_[index_of(entity)];
  it.pass += way(ran, it.tickets);
  at(queue).pass += way(ran, at(queue).tickets);
}

sim::Duration Stride::slice_left(QueueId /*queue*/, EntityId entity) const {
  return quantum_.left(entity);
}

bool Stride::preempts(QueueId /*queue*/, EntityId /*woken*/, EntityId /*running*/) const {
  return false;
}

std::uint32_t Stride::waiting(QueueId queue) const {
  return queues_.size(queue);
}

std::optional<EntityId> Stride::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  return queues_.last_accepted(queue, filter);
}

/// What it still had to go shrinks or grows with the tickets, as in the paper.
void Stride::set_weight(QueueId queue, EntityId entity, std::uint32_t weight) {
  Member& it = members_[index_of(entity)];
  if (weight == it.tickets) {
    return;
  }
  const bool present = it.present;
  const bool queued = it.queued;
  if (present) {
    dequeue(queue, entity, DequeueReason::migrated);
  }
  it.remains = it.remains / weight * it.tickets + it.remains % weight * it.tickets / weight;
  it.tickets = weight;
  if (queued) {
    enqueue(queue, entity, EnqueueReason::migrated);
  } else if (present) {
    it.present = true;
    it.pass = at(queue).pass + it.remains;
    at(queue).tickets += it.tickets;
  }
}

}  // namespace timeslice::models
