#include "models/os/deadline_class.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

__extension__ using Wide = __int128;

/// a * b / c without overflow.
sim::Duration part(sim::Duration a, sim::Duration b, sim::Duration c) {
  return sim::Duration{static_cast<std::int64_t>(Wide{a.count()} * b.count() / c.count())};
}

}  // namespace

void DeadlineClass::add_entity(EntityId entity) {
  entities_.resize(std::max(entities_.size(), index_of(entity) + 1));
}

void DeadlineClass::add_queue(QueueId queue) {
  queues_.resize(std::max(queues_.size(), static_cast<std::size_t>(queue) + 1));
}

void DeadlineClass::set(EntityId entity, const ClassSpec& spec) {
  sim::expect(sim::Duration::zero() < spec.runtime && spec.runtime <= spec.deadline &&
                  spec.deadline <= spec.period,
              "0 < runtime <= deadline <= period");
  Entity& self = of(entity);
  sim::expect(self.place == Place::absent, "a waiting entity keeps its reservation");
  self.lent = false;
  self.spec = spec;
}

void DeadlineClass::lend(EntityId entity, sim::Instant until) {
  Entity& self = of(entity);
  sim::expect(self.place == Place::absent, "a waiting entity keeps its deadline");
  self.lent = true;
  self.lent_until = until;
}

sim::Instant DeadlineClass::next_period(const Entity& entity) {
  return entity.until - entity.spec.deadline + entity.spec.period;
}

/// The next budget; the overrun is taken off it.
void DeadlineClass::replenish(Entity& entity, sim::Instant now) {
  do {
    entity.budget += entity.spec.runtime;
    entity.until += entity.spec.period;
  } while (entity.budget <= sim::Duration::zero());
  if (entity.until <= now) {
    entity.until = now + entity.spec.deadline;
    entity.budget = entity.spec.runtime;
  }
}

/// Keeps budget and deadline if they do not ask for more than was reserved. If they do: a new
/// period begins; with a deadline before the end of the period, the budget shrinks instead.
void DeadlineClass::wake(Entity& entity, sim::Instant now) {
  const ClassSpec& spec = entity.spec;
  const sim::Duration left = entity.until - now;
  if (left <= sim::Duration::zero()) {
    entity.until = now + spec.deadline;
    entity.budget = spec.runtime;
    return;
  }
  const sim::Duration fair_part = part(spec.runtime, left, spec.deadline);
  if (entity.budget <= fair_part) {
    return;
  }
  if (spec.deadline < spec.period) {
    entity.budget = fair_part;
  } else {
    entity.until = now + spec.deadline;
    entity.budget = spec.runtime;
  }
}

void DeadlineClass::insert(Queue& queue, EntityId entity) {
  const auto later = [this](EntityId one, EntityId other) {
    return deadline(one) > deadline(other);
  };
  // Before those of the same deadline: they came first and run first.
  queue.ready.insert(std::ranges::lower_bound(queue.ready, entity, later), entity);
  of(entity).place = Place::waiting;
}

void DeadlineClass::enqueue(QueueId queue, EntityId entity, EnqueueReason reason,
                            sim::Instant now) {
  Entity& self = of(entity);
  sim::expect(self.place == Place::absent, "an entity waits in one place at a time");
  if (self.lent) {
    insert(at(queue), entity);
    return;
  }
  if (reason == EnqueueReason::yielded) {
    self.budget = std::min(self.budget, sim::Duration::zero());  // until the next period
  }
  const bool comes = reason == EnqueueReason::created || reason == EnqueueReason::woken;
  const bool ended = self.until <= now;
  const bool constrained = self.spec.deadline < self.spec.period;
  const bool used_up = self.budget <= sim::Duration::zero();
  const bool waits = (used_up || (comes && ended && constrained)) && next_period(self) > now;
  if (waits && self.until != sim::Instant{}) {
    self.budget = std::min(self.budget, sim::Duration::zero());
    self.place = Place::throttled;
    at(queue).throttled.push_back(entity);
    return;
  }
  if (comes) {
    wake(self, now);
  }
  if (self.budget <= sim::Duration::zero()) {
    replenish(self, now);
  }
  insert(at(queue), entity);
}

void DeadlineClass::dequeue(QueueId queue, EntityId entity) {
  Entity& self = of(entity);
  if (self.place != Place::absent) {
    std::erase(self.place == Place::waiting ? at(queue).ready : at(queue).throttled, entity);
    self.place = Place::absent;
  }
}

EntityId DeadlineClass::pick(QueueId queue) {
  sim::expect(waiting(queue) > 0, "somebody waits who can be picked");
  const EntityId first = at(queue).ready.back();
  at(queue).ready.pop_back();
  of(first).place = Place::absent;
  return first;
}

void DeadlineClass::charge(EntityId entity, sim::Duration ran) {
  Entity& self = of(entity);
  self.budget -= self.lent ? sim::Duration::zero() : ran;
}

sim::Duration DeadlineClass::slice_left(EntityId entity) const {
  const Entity& self = of(entity);
  return self.lent ? no_limit : std::max(self.budget, sim::Duration::zero());
}

std::uint32_t DeadlineClass::waiting(QueueId queue) const {
  return static_cast<std::uint32_t>(at(queue).ready.size());
}

sim::Instant DeadlineClass::first_deadline(QueueId queue) const {
  return deadline(at(queue).ready.back());
}

std::optional<EntityId> DeadlineClass::most_urgent(QueueId queue, const MoveFilter& filter) const {
  const std::vector<EntityId>& ready = at(queue).ready;
  const auto found = std::find_if(ready.rbegin(), ready.rend(), filter);
  return found == ready.rend() ? std::nullopt : std::optional{*found};
}

sim::Instant DeadlineClass::released_at(QueueId queue) const {
  sim::Instant first = sim::Instant::max();
  for (const EntityId entity : at(queue).throttled) {
    first = std::min(first, next_period(of(entity)));
  }
  return first;
}

void DeadlineClass::release(QueueId queue, sim::Instant now) {
  Queue& in = at(queue);
  for (std::size_t i = 0; i < in.throttled.size();) {
    const EntityId entity = in.throttled[i];
    if (next_period(of(entity)) > now) {
      ++i;
      continue;
    }
    in.throttled.erase(in.throttled.begin() + static_cast<std::ptrdiff_t>(i));
    replenish(of(entity), now);
    insert(in, entity);
  }
}

}  // namespace timeslice::models
