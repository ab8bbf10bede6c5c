#include "models/os/priority.hpp"

#include <algorithm>

#include "models/os/ranked.hpp"

namespace timeslice::models {

namespace {

// NICE_TO_PRIO of Linux, include/linux/sched/prio.h: 120 is nice 0, 1..99 are real-time.
constexpr std::int64_t level_of_nice_0 = 120;

std::int64_t ns(sim::Instant instant) {
  return instant.time_since_epoch().count();
}

}  // namespace

Priority::Priority(sim::Duration age) : age_ns_{age.count()} {
  sim::expect(age_ns_ >= 0, "ageing takes time");
}

void Priority::add_entity(EntityId entity, const EntityParameters& parameters) {
  members_.resize(std::max(members_.size(), index_of(entity) + 1));
  members_[index_of(entity)].ordinary = level_of_nice_0 + nice_of_weight(parameters.weight);
}

void Priority::add_queue(QueueId queue) {
  queues_.add_queue(queue);
}

std::int64_t Priority::own_level(const Member& member) {
  return member.job.is_real_time() ? member.job.priority : member.ordinary;
}

Rank Priority::urgency(EntityId entity) const {
  const Member& it = members_[index_of(entity)];
  std::int64_t level = own_level(it);
  if (it.queued && age_ns_ > 0) {
    level -= (now() - it.since).count() / age_ns_;
  } else if (!it.queued && now() < it.turn_end) {
    level = it.gained;
  }
  return {.key = level, .tie = tie_of(it.job, entity, it.arrival)};
}

void Priority::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  Member& it = members_[index_of(entity)];
  sim::expect(!it.queued, "an entity waits in one place at a time");
  if (reason != EnqueueReason::preempted && reason != EnqueueReason::migrated) {
    it.arrival = ++arrivals_;
  }
  if (reason != EnqueueReason::migrated) {
    it.since = now();
  }
  it.queued = true;
  it.rank = {.key = own_level(it), .tie = tie_of(it.job, entity, it.arrival)};
  if (age_ns_ > 0) {
    // Level minus waited / age, less what all have in common, times age.
    it.rank.key = it.rank.key * age_ns_ + ns(it.since);
  }
  queues_.insert(queue, entity, it.rank);
}

void Priority::dequeue(QueueId queue, EntityId entity, DequeueReason /*reason*/) {
  Member& it = members_[index_of(entity)];
  if (it.queued) {
    queues_.remove(queue, entity, it.rank);
    it.queued = false;
  }
}

std::optional<Grant> Priority::pick_next(QueueId queue) {
  if (queues_.empty(queue)) {
    return std::nullopt;
  }
  const EntityId next = queues_.first(queue);
  Member& it = members_[index_of(next)];
  it.gained = urgency(next).key;
  it.turn_end = now() + sim::Duration{it.gained < own_level(it) ? age_ns_ : 0};
  dequeue(queue, next, DequeueReason::migrated);
  return Grant{.entity = next, .slice = slice_left(queue, next)};
}

void Priority::charge(QueueId /*queue*/, EntityId /*entity*/, sim::Duration /*ran*/) {}

/// Until the first in line has gained a better level than the running one has by then.
sim::Duration Priority::slice_left(QueueId queue, EntityId entity) const {
  if (age_ns_ == 0 || queues_.empty(queue)) {
    return no_limit;
  }
  const Member& it = members_[index_of(entity)];
  const std::int64_t rival = queues_.first_rank(queue).key;
  std::int64_t then = rival - (own_level(it) - 1) * age_ns_;
  if (now() < it.turn_end) {
    then = std::min(std::max(then, ns(it.turn_end)), rival - (it.gained - 1) * age_ns_);
  }
  return sim::Duration{std::max(then - ns(now()), std::int64_t{0})};
}

bool Priority::preempts(QueueId /*queue*/, EntityId woken, EntityId running) const {
  return urgency(woken) < urgency(running);
}

std::uint32_t Priority::waiting(QueueId queue) const {
  return queues_.size(queue);
}

std::optional<EntityId> Priority::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  return queues_.last_accepted(queue, filter);
}

void Priority::set_weight(QueueId queue, EntityId entity, std::uint32_t weight) {
  Member& it = members_[index_of(entity)];
  const bool queued = it.queued;
  dequeue(queue, entity, DequeueReason::migrated);
  it.ordinary = level_of_nice_0 + nice_of_weight(weight);
  it.turn_end = now();
  if (queued) {
    enqueue(queue, entity, EnqueueReason::migrated);
  }
}

void Priority::begin_job(EntityId entity, const Job& job) {
  Member& it = members_[index_of(entity)];
  sim::expect(!it.queued, "a job begins while its entity is absent or running");
  it.job = job;
  it.turn_end = now();
}

bool Priority::outranked(QueueId queue, EntityId running) const {
  return !queues_.empty(queue) && urgency(queues_.first(queue)) < urgency(running);
}

bool Priority::less_urgent(EntityId a, EntityId b) const {
  return urgency(a) > urgency(b);
}

}  // namespace timeslice::models
