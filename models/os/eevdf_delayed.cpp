// Delayed dequeue: who went to sleep ahead of the average stays queued until it is not; and looks
// into a queue for tests.
#include <algorithm>

#include "models/os/eevdf.hpp"

namespace timeslice::models {

/// It woke up before it was let go of: it goes on where it stands; time that others owe it by now
/// is not given to it.
void Eevdf::wake_delayed(Queue& queue, EntityId id, Entity& entity) {
  --queue.delayed;
  if (entity.clock.time < queue.average.value()) {
    tree_.erase(queue.tree, id);
    leave(queue, entity);
    entity.saved_lag = 0;
    join(queue, id, EnqueueReason::woken);
    return;
  }
  entity.place = Place::waiting;
  ++queue.waiting;
}

/// A delayed entity has paid, or nobody is left to pay to.
void Eevdf::let_go(Queue& queue, EntityId id) {
  Entity& self = at(id);
  tree_.erase(queue.tree, id);
  --queue.delayed;
  leave(queue, self);
  self.saved_lag = std::min<VirtualTime>(self.saved_lag, 0);
}

void Eevdf::let_go_of_all(Queue& queue) {
  while (queue.delayed > 0) {
    let_go(queue, choose(queue));
  }
}

/// A tick asks for a pick: delayed entities that would be picked before `current` are let go of.
void Eevdf::let_go_before(Queue& queue, const Entity& current) {
  while (queue.delayed > 0) {
    const VirtualTime average = queue.average.value();
    const auto best = tree_.first_up_to(queue.tree, average);
    const bool stays =
        current.clock.time <= average && best && current.deadline < at(*best).deadline;
    if (!best || stays) {
      return;
    }
    let_go(queue, *best);
  }
}

/// One runs while all others of its queue are asleep: they are let go of at the ticks at which a
/// request is found used up. Returns the part of `ran` after the last such tick.
sim::Duration Eevdf::run_beside_delayed(Queue& queue, Entity& current, sim::Duration ran) {
  while (queue.delayed > 0) {
    const sim::Duration wait = std::max(until_update(queue, current), sim::Duration{1});
    const sim::Instant start = now() - ran;
    const sim::Instant tick = queue.ticks.at_or_after(start + wait);
    if (tick > now()) {
      break;
    }
    queue.average.advance(current.clock.advance(tick - start), current.clock.weight);
    ran = now() - tick;
    if (current.clock.time >= current.deadline) {
      current.deadline = current.clock.time + virtual_slice(current);
    }
    let_go_before(queue, current);
  }
  return ran;
}

std::int64_t Eevdf::lag_ns(QueueId queue, EntityId entity) const {
  const VirtualTime lag = at(queue).average.value() - at(entity).clock.time;
  return scale(lag, at(entity).clock.weight, virtual_unit);
}

WideInteger Eevdf::exact_lag(QueueId queue, EntityId entity) const {
  const Entity& self = at(entity);
  return at(queue).average.lag_times_weight(self.clock.time) * self.clock.weight;
}

WideInteger Eevdf::exact_lag_sum(QueueId queue) const {
  WideInteger sum = 0;
  for (std::uint32_t id = 0; id < entities_.size(); ++id) {
    sum += is_present(queue, EntityId{id}) ? exact_lag(queue, EntityId{id}) : 0;
  }
  return sum;
}

bool Eevdf::somebody_is_eligible(QueueId queue) const {
  bool empty = true;
  for (std::uint32_t id = 0; id < entities_.size(); ++id) {
    if (is_present(queue, EntityId{id})) {
      if (eligible(queue, EntityId{id})) {
        return true;
      }
      empty = false;
    }
  }
  return empty;
}

VirtualTime Eevdf::virtual_time(EntityId entity) const {
  return at(entity).clock.time;
}

bool Eevdf::eligible(QueueId queue, EntityId entity) const {
  return at(entity).clock.time <= at(queue).average.value();
}

}  // namespace timeslice::models
