#include "models/os/eevdf.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

// An entity carries at most so many slices of lag over a sleep: entity_lag of Linux 6.12.
constexpr std::int64_t lag_slices_max = 2;

// Bounds of a slice of one's own (sched_attr.sched_runtime): __setparam_fair of Linux 6.12.
constexpr sim::Duration own_slice_min = std::chrono::microseconds{100};
constexpr sim::Duration own_slice_max = std::chrono::milliseconds{100};

bool is_slice(sim::Duration slice) {
  return slice > sim::Duration::zero() && slice <= std::chrono::seconds{1000};
}

}  // namespace

Eevdf::Eevdf(const Config& config) : config_{config} {
  sim::expect(is_slice(config_.slice) && is_slice(config_.base_slice),
              "a fair slice lies in 1 ns..1000 s");
}

void Eevdf::add_entity(EntityId entity, const EntityParameters& parameters) {
  sim::expect(parameters.weight > 0, "an entity has a weight");
  if (index_of(entity) >= entities_.size()) {
    entities_.resize(index_of(entity) + 1);
  }
  Entity& self = at(entity);
  self.scheduling_class = parameters.scheduling_class;
  const bool idle = self.scheduling_class == SchedulingClass::idle;
  self.clock.weight = idle ? weight_of_idle : parameters.weight;
  if (parameters.slice > sim::Duration::zero()) {
    self.slice = std::clamp(parameters.slice, own_slice_min, own_slice_max);
    own_slices_ = true;
  }
  tree_.add_entity(entity);
}

void Eevdf::add_queue(QueueId queue) {
  const auto index = static_cast<std::size_t>(queue);
  if (index >= queues_.size()) {
    queues_.resize(index + 1);
  }
}

void Eevdf::set_ticks(QueueId queue, Ticks ticks) {
  at(queue).ticks = ticks;
}

void Eevdf::nest(QueueId child, QueueId parent, EntityId entity) {
  at(child).ticks = at(parent).ticks;
  at(entity).child = static_cast<std::uint32_t>(child);
}

// Requests -----------------------------------------------------------------------------------

/// A group's slice is the least one below it.
sim::Duration Eevdf::slice_of(const Entity& entity) const {
  if (!own_slices_) {
    return config_.slice;
  }
  if (entity.child != nobody) {
    return least_slice(at(QueueId{entity.child}));
  }
  return entity.slice > sim::Duration::zero() ? entity.slice : config_.slice;
}

/// The least slice among all who are present; the policy's if nobody is.
sim::Duration Eevdf::least_slice(const Queue& queue) const {
  sim::Duration least = no_limit;
  if (queue.current != nobody) {
    least = slice_of(entities_[queue.current]);
  }
  if (has_rivals(queue)) {
    least = std::min(least, sim::Duration{tree_.least_slice(queue.tree)});
  }
  return least == no_limit ? config_.slice : least;
}

VirtualTime Eevdf::virtual_slice(const Entity& entity) const {
  return virtual_length(slice_of(entity), entity.clock.weight);
}

/// Run time until the current entity, looked at then, is asked to give way to a rival.
sim::Duration Eevdf::until_update(const Queue& queue, const Entity& entity) const {
  VirtualTime goal = entity.deadline;
  if (ends_with_protection() && queue.ticks.exist()) {
    goal = std::min(goal, entity.protected_until);
  }
  return std::max(entity.clock.until(goal), sim::Duration::zero());
}

/// The kernel looks at the current entity, whose request is used up: a new one begins.
void Eevdf::renew(const Queue& queue, Entity& entity) const {
  entity.deadline = entity.clock.time + virtual_slice(entity);
  entity.used_up = entity.used_up || has_rivals(queue);
}

/// The same for one who is alone. Nobody asked the dispatcher to stop at those ticks at which a
/// request was found used up, so the last of them up to now is worked out here.
void Eevdf::renew_alone(const Queue& queue, Entity& entity) const {
  const VirtualTime slice = virtual_slice(entity);
  const VirtualTime beyond = entity.clock.time - entity.deadline;
  if (!queue.ticks.exist()) {
    entity.deadline += (beyond / slice + 1) * slice;
    return;
  }
  const sim::Instant used_up = now() + entity.clock.until(entity.deadline);
  const sim::Instant first = queue.ticks.at_or_after(used_up);
  if (first > now()) {
    return;
  }
  const sim::Duration period = queue.ticks.period;
  const sim::Duration each = (slice_of(entity) + period - sim::Duration{1}) / period * period;
  const sim::Instant last = first + (now() - first) / each * each;
  entity.deadline = entity.clock.time - virtual_length(now() - last, entity.clock.weight) + slice;
}

/// The kernel looks at who runs, since something happens to the queue.
void Eevdf::update_current(Queue& queue) {
  if (queue.current == nobody) {
    return;
  }
  Entity& current = entities_[queue.current];
  if (current.clock.time >= current.deadline) {
    renew(queue, current);
  }
  const bool exposed = ends_with_protection() && queue.ticks.exist() &&
                       current.clock.time >= current.protected_until;
  current.used_up = current.used_up || (exposed && has_rivals(queue));
}

void Eevdf::protect(const Queue& queue, Entity& entity) const {
  switch (config_.protect) {
    case Protection::none:
      entity.protected_until = entity.clock.time;
      return;
    case Protection::deadline:
      entity.protected_until = entity.deadline;
      return;
    case Protection::min_slice:
    case Protection::unscaled:
      break;
  }
  const sim::Duration other =
      config_.protect == Protection::unscaled ? config_.base_slice : least_slice(queue);
  const sim::Duration stretch = std::min(slice_of(entity), other);
  entity.protected_until =
      std::min(entity.deadline, entity.clock.time + virtual_length(stretch, entity.clock.weight));
}

// Coming and going ---------------------------------------------------------------------------

/// Where a newcomer stands: its saved lag behind the average, scaled so that it is still owed as
/// much once its own weight moves the average.
void Eevdf::place(const Queue& queue, Entity& entity, EnqueueReason reason) const {
  const std::int64_t present = queue.average.weight();
  VirtualTime lag = 0;
  if (present > 0) {
    lag = scale(entity.saved_lag, present + entity.clock.weight, present);
  }
  entity.clock.stand_at(queue.average.value() - lag);
  VirtualTime request = virtual_slice(entity);
  if (reason == EnqueueReason::created) {
    request /= 2;
  } else if (reason == EnqueueReason::migrated && config_.keeps_request) {
    request = entity.saved_request;
  }
  entity.deadline = entity.clock.time + request;
}

void Eevdf::insert(Queue& queue, EntityId id, Entity& entity) {
  tree_.insert(queue.tree, id,
               {.deadline = entity.deadline,
                .virtual_time = entity.clock.time,
                .slice = slice_of(entity).count()});
}

/// An absent entity comes to wait.
void Eevdf::join(Queue& queue, EntityId id, EnqueueReason reason) {
  Entity& self = at(id);
  place(queue, self, reason);
  queue.average.add(self.clock.time, self.clock.weight);
  insert(queue, id, self);
  self.place = Place::waiting;
  ++queue.waiting;
}

/// What an entity that goes away takes with it.
void Eevdf::leave(Queue& queue, Entity& entity) {
  const sim::Duration most = std::max(lag_slices_max * slice_of(entity), queue.ticks.period);
  const VirtualTime lag_max = virtual_length(most, entity.clock.weight);
  const VirtualTime lag = queue.average.value() - entity.clock.time;
  entity.saved_lag = std::clamp(lag, -lag_max, lag_max);
  entity.saved_request = entity.deadline - entity.clock.time;
  entity.place = Place::absent;
  queue.average.remove(entity.clock.time, entity.clock.weight);
}

/// The current entity goes back. Who yields gives up the rest of its request, if it was eligible.
void Eevdf::put_back(Queue& queue, Entity& entity, EnqueueReason reason) const {
  if (entity.clock.time >= entity.deadline) {
    renew(queue, entity);
  }
  const bool gives_up = reason == EnqueueReason::yielded && has_rivals(queue) &&
                        entity.clock.time <= queue.average.value();
  if (gives_up) {
    queue.average.advance(entity.deadline - entity.clock.time, entity.clock.weight);
    entity.clock.stand_at(entity.deadline);
    entity.deadline += virtual_slice(entity);
  }
}

void Eevdf::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  Queue& in = at(queue);
  Entity& self = at(entity);
  sim::expect(self.place != Place::waiting, "an entity waits in one place at a time");
  if (self.place == Place::running) {
    put_back(in, self, reason);
    insert(in, entity, self);
    self.place = Place::waiting;
    ++in.waiting;
    --in.running;
    in.current = nobody;
    in.put_back = static_cast<std::uint32_t>(entity);
    return;
  }
  update_current(in);
  if (self.place == Place::delayed && self.queue == queue) {
    wake_delayed(in, entity, self);
  } else {
    if (self.place == Place::delayed) {
      let_go(at(self.queue), entity);
    }
    self.queue = queue;
    join(in, entity, reason);
  }
  if (config_.next_buddy && reason == EnqueueReason::woken && in.current != nobody) {
    in.buddy = static_cast<std::uint32_t>(entity);
  }
  if (config_.protect == Protection::min_slice && own_slices_ && in.current != nobody) {
    Entity& current = entities_[in.current];
    const VirtualTime stretch = virtual_length(slice_of(self), current.clock.weight);
    current.protected_until = std::min(current.protected_until, current.clock.time + stretch);
  }
}

void Eevdf::dequeue(QueueId queue, EntityId entity, DequeueReason reason) {
  Queue& in = at(queue);
  Entity& self = at(entity);
  if (self.place == Place::delayed) {
    let_go(in, entity);  // it changes its class or its queue while asleep
    return;
  }
  sim::expect(self.place == Place::waiting || self.place == Place::running,
              "only a present entity leaves a queue");
  if (self.place == Place::waiting) {
    tree_.erase(in.tree, entity);
    --in.waiting;
    in.buddy = in.buddy == static_cast<std::uint32_t>(entity) ? nobody : in.buddy;
  } else {
    --in.running;
    in.current = nobody;
    if (self.clock.time >= self.deadline) {
      renew(in, self);
    }
  }
  const bool owes = self.clock.time > in.average.value();
  if (reason == DequeueReason::blocked && config_.delayed_dequeue && owes) {
    insert(in, entity, self);
    self.place = Place::delayed;
    ++in.delayed;
  } else {
    leave(in, self);
  }
  if (in.waiting + in.running == 0) {
    let_go_of_all(in);
  }
}

// Decisions ----------------------------------------------------------------------------------

/// With one CPU there is always somebody eligible; with a shared queue all those may be running:
/// then the one that is the least ahead goes next.
EntityId Eevdf::choose(const Queue& queue) const {
  if (queue.waiting + queue.delayed == 1) {
    return EntityId{queue.tree.node};
  }
  const VirtualTime limit = std::max(queue.average.value(), tree_.least_virtual_time(queue.tree));
  return tree_.first_up_to(queue.tree, limit).value_or(EntityId{queue.tree.node});
}

bool Eevdf::prefers_buddy(const Queue& queue) const {
  return queue.buddy != nobody && entities_[queue.buddy].clock.time <= queue.average.value();
}

std::optional<Grant> Eevdf::pick_next(QueueId queue) {
  Queue& from = at(queue);
  if (from.waiting == 0) {
    return std::nullopt;
  }
  EntityId chosen = prefers_buddy(from) ? EntityId{from.buddy} : choose(from);
  while (at(chosen).place == Place::delayed) {
    let_go(from, chosen);
    chosen = choose(from);
  }
  tree_.erase(from.tree, chosen);
  --from.waiting;
  ++from.running;
  Entity& self = at(chosen);
  self.place = Place::running;
  self.used_up = false;
  from.current = static_cast<std::uint32_t>(chosen);
  from.buddy = from.buddy == from.current ? nobody : from.buddy;
  // In the kernel nothing is set anew for one who is picked again: its protection is over.
  if (from.put_back != from.current || !from.ticks.exist()) {
    protect(from, self);
  }
  from.put_back = nobody;
  return Grant{.entity = chosen, .slice = std::max(until_update(from, self), sim::Duration{1})};
}

void Eevdf::charge(QueueId queue, EntityId entity, sim::Duration ran) {
  Queue& in = at(queue);
  Entity& self = at(entity);
  if (in.delayed > 0 && in.waiting == 0 && in.ticks.exist()) {
    ran = run_beside_delayed(in, self, ran);
  }
  in.average.advance(self.clock.advance(ran), self.clock.weight);
  if (self.clock.time < self.deadline) {
    return;
  }
  if (!has_rivals(in)) {
    renew_alone(in, self);
  } else if (!in.ticks.exist() ||
             in.ticks.at_or_after(now() + self.clock.until(self.deadline)) <= now()) {
    renew(in, self);
  }
}

sim::Duration Eevdf::slice_left(QueueId queue, EntityId entity) const {
  const Entity& self = at(entity);
  return self.used_up ? sim::Duration::zero() : until_update(at(queue), self);
}

/// Whether a pick at this moment, the current entity included, would choose `woken`.
bool Eevdf::would_be_picked(const Queue& queue, EntityId woken, const Entity& current) const {
  const Entity& rival = at(woken);
  const VirtualTime average = queue.average.value();
  const bool eligible = current.clock.time <= average;
  const bool is_short = config_.short_preempts && own_slices_ &&
                        slice_of(rival) < slice_of(current) && rival.clock.time <= average &&
                        (rival.deadline < current.deadline || !eligible);
  if (eligible && !is_short && current.clock.time < current.protected_until) {
    return false;
  }
  const auto best = tree_.first_up_to(queue.tree, average);
  return best == woken && (!eligible || rival.deadline <= current.deadline);
}

bool Eevdf::preempts(QueueId queue, EntityId woken, EntityId running) const {
  const Entity& current = at(running);
  const SchedulingClass rival_class = at(woken).scheduling_class;
  if (current.used_up) {
    return true;  // the kernel looked, since somebody came, and found a request used up
  }
  if (!config_.wakeup_preemption) {
    return false;
  }
  const bool current_idle = current.scheduling_class == SchedulingClass::idle;
  const bool rival_idle = rival_class == SchedulingClass::idle;
  if (current_idle != rival_idle) {
    return current_idle;
  }
  const bool polite = rival_class == SchedulingClass::batch || rival_idle;
  return !polite && would_be_picked(at(queue), woken, current);
}

std::uint32_t Eevdf::waiting(QueueId queue) const {
  return at(queue).waiting;
}

bool Eevdf::stays_queued(QueueId queue, EntityId entity) const {
  return at(entity).place == Place::delayed && at(entity).queue == queue;
}

std::optional<EntityId> Eevdf::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  const Queue& in = at(queue);
  if (in.delayed == 0) {
    return tree_.last_accepted(in.tree, filter);
  }
  struct Context {
    const Eevdf& policy;
    const MoveFilter& filter;
  };
  const Context context{.policy = *this, .filter = filter};
  const auto awake = [](const void* pointer, EntityId entity) {
    const auto& it = *static_cast<const Context*>(pointer);
    return it.policy.at(entity).place == Place::waiting && it.filter(entity);
  };
  return tree_.last_accepted(in.tree, {.accepts = awake, .context = &context});
}

/// Keeps what the entity is owed in real time: lag and the rest of the request scale inversely.
void Eevdf::set_weight(QueueId /*queue*/, EntityId entity, std::uint32_t weight) {
  sim::expect(weight > 0, "an entity has a weight");
  Entity& self = at(entity);
  const std::uint32_t old = self.clock.weight;
  if (old == weight || self.scheduling_class == SchedulingClass::idle) {
    return;
  }
  Queue& in = at(self.queue);
  const Place before = self.place;
  if (before == Place::waiting || before == Place::delayed) {
    tree_.erase(in.tree, entity);
  }
  if (before != Place::absent) {
    leave(in, self);
  }
  self.clock.weight = weight;
  self.saved_lag = scale(self.saved_lag, old, weight);
  self.saved_request = scale(self.saved_request, old, weight);
  if (before == Place::absent) {
    return;
  }
  const VirtualTime request = self.saved_request;
  place(in, self, EnqueueReason::woken);
  self.deadline = self.clock.time + request;
  self.protected_until = std::min(self.protected_until, self.clock.time);
  self.place = before;
  in.average.add(self.clock.time, weight);
  if (before != Place::running) {
    insert(in, entity, self);
  }
}

}  // namespace timeslice::models
