#include "models/os/fair.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

// Virtual time of 1 ns at weight 1024, times 1024: so that v = ns * unit / weight.
constexpr std::int64_t unit = std::int64_t{1024} * 1024;

// Longest run that is converted in 64 bits: ns * unit < 2^63.
constexpr std::int64_t narrow_ns_max = std::int64_t{1} << 42;

// An entity carries at most so many slices of lag over a sleep: entity_lag of Linux 6.12.
constexpr std::int64_t lag_slices_max = 2;

std::int64_t divide_down(WideInteger dividend, std::int64_t divisor) {
  const WideInteger quotient = dividend / divisor;
  const bool down = dividend % divisor < 0;
  return static_cast<std::int64_t>(quotient) - (down ? 1 : 0);
}

std::int64_t scale(std::int64_t value, std::int64_t numerator, std::int64_t denominator) {
  return divide_down(WideInteger{value} * numerator, denominator);
}

}  // namespace

Fair::Fair(const Config& config) : config_{config} {
  sim::expect(config_.slice > sim::Duration::zero() && config_.slice <= std::chrono::seconds{1000},
              "a fair slice lies in 1 ns..1000 s");
  sim::expect(config_.protect >= sim::Duration::zero(), "a protection is not negative");
}

Fair::VirtualTime Fair::average(const Queue& queue) {
  return queue.weight == 0 ? queue.last_average : divide_down(queue.weighted_times, queue.weight);
}

Fair::VirtualTime Fair::virtual_length(sim::Duration length, std::int64_t weight) {
  const std::int64_t ns = length.count();
  return ns < narrow_ns_max ? ns * unit / weight : scale(ns, unit, weight);
}

Fair::VirtualTime Fair::virtual_slice(const Entity& entity) const {
  return virtual_length(config_.slice, entity.weight);
}

void Fair::add_entity(EntityId entity, const EntityParameters& parameters) {
  sim::expect(parameters.weight > 0, "an entity has a weight");
  if (index_of(entity) >= entities_.size()) {
    entities_.resize(index_of(entity) + 1);
  }
  entities_[index_of(entity)].weight = parameters.weight;
  tree_.add_entity(entity);
}

void Fair::add_queue(QueueId queue) {
  const auto index = static_cast<std::size_t>(queue);
  if (index >= queues_.size()) {
    queues_.resize(index + 1);
  }
}

/// Where a newcomer stands: its saved lag behind the average, scaled so that it is still owed as
/// much once its own weight moves the average.
void Fair::place(const Queue& queue, Entity& entity, EnqueueReason reason) const {
  VirtualTime lag = 0;
  if (queue.weight > 0) {
    lag = scale(entity.saved_lag, queue.weight + entity.weight, queue.weight);
  }
  entity.time = average(queue) - lag;
  VirtualTime request = virtual_slice(entity);
  if (reason == EnqueueReason::created) {
    request /= 2;
  } else if (reason == EnqueueReason::migrated) {
    request = entity.saved_deadline;
  }
  entity.deadline = entity.time + request;
}

/// The current entity goes back. Who yields gives up the rest of its request, if it was eligible.
void Fair::put_back(Queue& queue, Entity& entity, EnqueueReason reason) const {
  const bool gives_up =
      reason == EnqueueReason::yielded && queue.waiting > 0 && entity.time <= average(queue);
  if (gives_up) {
    queue.weighted_times += WideInteger{entity.weight} * (entity.deadline - entity.time);
    entity.time = entity.deadline;
    entity.deadline += virtual_slice(entity);
  }
}

void Fair::wait_in(Queue& queue, EntityId id, Entity& entity) {
  tree_.insert(queue.waiting_by_deadline, id, entity.deadline, entity.time);
  entity.place = Place::waiting;
  ++queue.waiting;
}

void Fair::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  Queue& in = at(queue);
  Entity& self = entities_[index_of(entity)];
  sim::expect(self.place != Place::waiting, "an entity waits in one place at a time");
  if (self.place == Place::running) {
    put_back(in, self, reason);
  } else {
    place(in, self, reason);
    in.weighted_times += WideInteger{self.weight} * self.time;
    in.weight += self.weight;
  }
  wait_in(in, entity, self);
}

void Fair::dequeue(QueueId queue, EntityId entity, DequeueReason /*reason*/) {
  Queue& in = at(queue);
  Entity& self = entities_[index_of(entity)];
  sim::expect(self.place != Place::absent, "only a present entity leaves a queue");
  if (self.place == Place::waiting) {
    tree_.erase(in.waiting_by_deadline, entity);
    --in.waiting;
  }
  const VirtualTime now = average(in);
  const VirtualTime lag_max = lag_slices_max * virtual_slice(self);
  self.saved_lag = std::clamp(now - self.time, -lag_max, lag_max);
  self.saved_deadline = self.deadline - self.time;
  self.place = Place::absent;
  in.weighted_times -= WideInteger{self.weight} * self.time;
  in.weight -= self.weight;
  in.last_average = now;
}

/// With one CPU there is always somebody eligible; with a shared queue all those may be running:
/// then the one that is the least ahead goes next.
EntityId Fair::choose(const Queue& queue) const {
  if (queue.waiting == 1) {
    return EntityId{queue.waiting_by_deadline.node};
  }
  const VirtualTime limit =
      std::max(average(queue), tree_.least_virtual_time(queue.waiting_by_deadline));
  return tree_.first_up_to(queue.waiting_by_deadline, limit)
      .value_or(EntityId{queue.waiting_by_deadline.node});
}

std::optional<Grant> Fair::pick_next(QueueId queue) {
  Queue& from = at(queue);
  if (from.waiting == 0) {
    return std::nullopt;
  }
  const EntityId chosen = choose(from);
  tree_.erase(from.waiting_by_deadline, chosen);
  --from.waiting;
  Entity& self = entities_[index_of(chosen)];
  self.place = Place::running;
  self.slice_used_up = false;
  self.protected_until = self.time + virtual_length(config_.protect, self.weight);
  return Grant{.entity = chosen, .slice = slice_left(queue, chosen)};
}

void Fair::charge(QueueId queue, EntityId entity, sim::Duration ran) {
  Queue& in = at(queue);
  Entity& self = entities_[index_of(entity)];
  const VirtualTime advance = virtual_length(ran, self.weight);
  self.time += advance;
  in.weighted_times += WideInteger{self.weight} * advance;
  if (self.time < self.deadline) {
    return;
  }
  const VirtualTime slice = virtual_slice(self);
  if (in.waiting > 0) {
    self.slice_used_up = true;
    self.deadline = self.time + slice;
  } else {
    // Alone: requests follow each other, however often we are asked to look.
    self.deadline += ((self.time - self.deadline) / slice + 1) * slice;
  }
}

sim::Duration Fair::slice_left(QueueId /*queue*/, EntityId entity) const {
  const Entity& self = entities_[index_of(entity)];
  if (self.slice_used_up) {
    return sim::Duration::zero();
  }
  return sim::Duration{-scale(-(self.deadline - self.time), self.weight, unit)};  // rounded up
}

bool Fair::preempts(QueueId queue, EntityId woken, EntityId running) const {
  const Queue& in = at(queue);
  const Entity& current = entities_[index_of(running)];
  if (!config_.wakeup_preemption) {
    return false;
  }
  const VirtualTime now = average(in);
  const bool eligible = current.time <= now;
  if (eligible && current.time < current.protected_until) {
    return false;
  }
  const auto best = tree_.first_up_to(in.waiting_by_deadline, now);
  return best == woken && (!eligible || entities_[index_of(woken)].deadline <= current.deadline);
}

std::uint32_t Fair::waiting(QueueId queue) const {
  return at(queue).waiting;
}

std::optional<EntityId> Fair::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  return tree_.last_accepted(at(queue).waiting_by_deadline, filter);
}

/// Keeps what the entity is owed in real time: lag and the rest of the request scale inversely.
void Fair::set_weight(QueueId queue, EntityId entity, std::uint32_t weight) {
  sim::expect(weight > 0, "an entity has a weight");
  Entity& self = entities_[index_of(entity)];
  const std::int64_t old = self.weight;
  if (old == weight) {
    return;
  }
  const Place place_before = self.place;
  if (place_before != Place::absent) {
    dequeue(queue, entity, DequeueReason::migrated);
  }
  self.weight = weight;
  self.saved_lag = scale(self.saved_lag, old, self.weight);
  self.saved_deadline = scale(self.saved_deadline, old, self.weight);
  if (place_before == Place::absent) {
    return;
  }
  enqueue(queue, entity, EnqueueReason::migrated);
  if (place_before == Place::running) {
    Queue& in = at(queue);
    tree_.erase(in.waiting_by_deadline, entity);
    --in.waiting;
    self.place = Place::running;
    self.protected_until = self.time;
  }
}

std::int64_t Fair::lag_ns(QueueId queue, EntityId entity) const {
  const Entity& self = entities_[index_of(entity)];
  return scale(average(at(queue)) - self.time, self.weight, unit);
}

}  // namespace timeslice::models
