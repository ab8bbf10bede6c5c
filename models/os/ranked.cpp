#include "models/os/ranked.hpp"

#include <algorithm>

namespace timeslice::models {

std::uint64_t tie_of(const Job& job, EntityId entity, std::uint32_t arrival) {
  constexpr std::uint64_t after_real_time = std::uint64_t{1} << 32U;
  return job.is_real_time() ? index_of(entity) : after_real_time + arrival;
}

void Ranked::add_entity(EntityId entity, const EntityParameters& /*parameters*/) {
  members_.resize(std::max(members_.size(), index_of(entity) + 1));
}

void Ranked::add_queue(QueueId queue) {
  queues_.add_queue(queue);
}

Rank Ranked::rank(EntityId entity) const {
  const Member& it = members_[index_of(entity)];
  std::int64_t key = 0;
  switch (config_.order) {
    case Order::work_left:
      key = std::max((it.job.length - it.ran).count(), std::int64_t{0});
      break;
    case Order::deadline:
      key = it.job.deadline.time_since_epoch().count();
      break;
    case Order::period:
      key = it.job.period.count();
      break;
  }
  return {.key = key, .tie = tie_of(it.job, entity, it.arrival)};
}

/// Also without preemption a piece of work that was not begun yet is up for choice.
bool Ranked::may_lose(EntityId running) const {
  return config_.preemptive || members_[index_of(running)].ran == sim::Duration::zero();
}

void Ranked::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  Member& it = members_[index_of(entity)];
  sim::expect(!it.queued, "an entity waits in one place at a time");
  if (reason != EnqueueReason::preempted && reason != EnqueueReason::migrated) {
    it.arrival = ++arrivals_;
  }
  it.queued = true;
  it.rank = rank(entity);
  queues_.insert(queue, entity, it.rank);
}

void Ranked::dequeue(QueueId queue, EntityId entity, DequeueReason /*reason*/) {
  Member& it = members_[index_of(entity)];
  if (it.queued) {
    queues_.remove(queue, entity, it.rank);
    it.queued = false;
  }
}

std::optional<Grant> Ranked::pick_next(QueueId queue) {
  if (queues_.empty(queue)) {
    return std::nullopt;
  }
  const EntityId next = queues_.first(queue);
  dequeue(queue, next, DequeueReason::migrated);
  return Grant{.entity = next, .slice = no_limit};
}

void Ranked::charge(QueueId /*queue*/, EntityId entity, sim::Duration ran) {
  members_[index_of(entity)].ran += ran;
}

sim::Duration Ranked::slice_left(QueueId /*queue*/, EntityId /*entity*/) const {
  return no_limit;
}

bool Ranked::preempts(QueueId /*queue*/, EntityId woken, EntityId running) const {
  return may_lose(running) && rank(woken) < rank(running);
}

std::uint32_t Ranked::waiting(QueueId queue) const {
  return queues_.size(queue);
}

std::optional<EntityId> Ranked::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  return queues_.last_accepted(queue, filter);
}

void Ranked::set_weight(QueueId /*queue*/, EntityId /*entity*/, std::uint32_t /*weight*/) {}

void Ranked::begin_job(EntityId entity, const Job& job) {
  Member& it = members_[index_of(entity)];
  sim::expect(!it.queued, "a job begins while its entity is absent or running");
  it.job = job;
  it.ran = sim::Duration::zero();
}

bool Ranked::outranked(QueueId queue, EntityId running) const {
  return !queues_.empty(queue) && may_lose(running) && queues_.first_rank(queue) < rank(running);
}

bool Ranked::less_urgent(EntityId a, EntityId b) const {
  return rank(a) > rank(b);
}

}  // namespace timeslice::models
