#include "models/os/cfs.hpp"

#include <algorithm>
#include <limits>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

// Facts of Linux 6.1, kernel/sched/fair.c and sched.h.
constexpr std::uint32_t latency_threads = 8;  // sched_nr_latency: more stretch the period
constexpr sim::Duration idle_min_granularity = std::chrono::microseconds{750};  // not scaled

bool is_length(sim::Duration length) {
  return length > sim::Duration::zero() && length <= std::chrono::seconds{1000};
}

bool is_idle(SchedulingClass scheduling_class) {
  return scheduling_class == SchedulingClass::idle;
}

}  // namespace

Cfs::Cfs(const Config& config) : config_{config} {
  sim::expect(is_length(config_.spec.latency) && is_length(config_.spec.min_granularity),
              "a period and a least slice lie in 1 ns..1000 s");
  sim::expect(config_.spec.wakeup_granularity >= sim::Duration::zero(),
              "a wake-up granularity is not negative");
}

void Cfs::add_entity(EntityId entity, const EntityParameters& parameters) {
  sim::expect(parameters.weight > 0, "an entity has a weight");
  if (index_of(entity) >= entities_.size()) {
    entities_.resize(index_of(entity) + 1);
  }
  Entity& self = at(entity);
  self.scheduling_class = parameters.scheduling_class;
  self.clock.weight = is_idle(self.scheduling_class) ? weight_of_idle : parameters.weight;
  tree_.add_entity(entity);
}

void Cfs::add_queue(QueueId queue) {
  const auto index = static_cast<std::size_t>(queue);
  if (index >= queues_.size()) {
    queues_.resize(index + 1);
  }
}

void Cfs::set_ticks(QueueId queue, Ticks ticks) {
  at(queue).ticks = ticks.exist();
}

void Cfs::nest(QueueId child, QueueId parent, EntityId entity) {
  const Queue& above = at(parent);
  Queue& below = at(child);
  below.ticks = above.ticks;
  below.parent = static_cast<std::uint32_t>(parent);
  below.parent_entity = static_cast<std::uint32_t>(entity);
  below.root = above.root == nobody ? below.parent : above.root;
  at(entity).child = static_cast<std::uint32_t>(child);
  at(entity).queue = parent;
}

/// The least that a slice may be: idle ones beside others get less.
sim::Duration Cfs::least_slice(const Entity& entity) const {
  const Queue& queue = at(entity.queue);
  const bool beside_others = queue.idle < queue.waiting + queue.running;
  return is_idle(entity.scheduling_class) && beside_others ? idle_min_granularity
                                                           : config_.spec.min_granularity;
}

/// Its part of the period by weight, multiplied down the levels; as if it were there if it is not.
sim::Duration Cfs::slice_of(const Entity& entity) const {
  const Entity* self = &entity;
  const Queue* queue = &at(entity.queue);
  const std::uint32_t newcomer = entity.place == Place::absent ? 1 : 0;
  const std::uint32_t threads = root_of(*queue).tasks + newcomer;
  sim::Duration slice =
      threads > latency_threads ? threads * config_.spec.min_granularity : config_.spec.latency;
  while (true) {
    const std::int64_t added = self->place == Place::absent ? self->clock.weight : 0;
    slice = sim::Duration{scale(slice.count(), self->clock.weight, queue->weight + added)};
    if (queue->parent == nobody) {
      return std::max(slice, least_slice(entity));
    }
    self = &entities_[queue->parent_entity];
    queue = &queues_[queue->parent];
  }
}

/// min_vruntime: the least virtual time of all who are present, but never less than it was.
void Cfs::renew_least(Queue& queue) {
  const bool waits = queue.waiting > 0;
  const VirtualTime first = waits ? tree_.least_virtual_time(queue.tree) : 0;
  if (queue.current != nobody) {
    const VirtualTime current = entities_[queue.current].clock.time;
    queue.least = std::max(queue.least, waits ? std::min(first, current) : current);
  } else if (waits) {
    queue.least = std::max(queue.least, first);
  }
}

/// Where a newcomer stands: a new one a slice behind, a sleeper with its credit, a moved one as far
/// from the least as it was.
void Cfs::place(Queue& queue, Entity& entity, EnqueueReason reason) {
  if (entity.relative) {
    entity.clock.time += queue.least;
    entity.relative = false;
  }
  if (reason == EnqueueReason::created) {
    VirtualTime start = queue.least;
    if (config_.spec.start_debit) {
      start += virtual_length(slice_of(entity), entity.clock.weight);
    }
    const bool has_current = queue.current != nobody;
    const VirtualTime parent = has_current ? entities_[queue.current].clock.time : start;
    entity.clock.stand_at(std::max(start, parent));
  } else if (reason == EnqueueReason::woken) {
    const bool idle = is_idle(entity.scheduling_class);
    const sim::Duration full = idle ? config_.spec.min_granularity : config_.spec.latency;
    const sim::Duration credit = config_.spec.gentle_sleepers ? full / 2 : full;
    const VirtualTime earliest = queue.least - virtual_unit / nice_0_weight * credit.count();
    entity.clock.time = std::max(entity.clock.time, earliest);
  }
}

void Cfs::count(Queue& queue, const Entity& entity, bool comes) {
  const std::uint32_t change = comes ? 1U : 0U - 1U;
  const auto weight = static_cast<std::int64_t>(entity.clock.weight);
  queue.weight += comes ? weight : -weight;
  queue.idle += is_idle(entity.scheduling_class) ? change : 0U;
  if (entity.child == nobody) {
    Queue& root = queue.root == nobody ? queue : queues_[queue.root];
    root.tasks += change;
  }
}

void Cfs::insert(Queue& queue, EntityId id) {
  Entity& self = at(id);
  tree_.insert(queue.tree, id,
               {.deadline = self.clock.time, .virtual_time = self.clock.time, .slice = 0});
  self.place = Place::waiting;
  ++queue.waiting;
}

void Cfs::forget_buddy(Queue& queue, std::uint32_t entity) {
  for (std::uint32_t* buddy : {&queue.next, &queue.last, &queue.skip}) {
    *buddy = *buddy == entity ? nobody : *buddy;
  }
}

/// A preempter is favoured by the pick that follows, and so is the preempted one in a crowd. Of
/// several the first: once a reschedule is asked for, the kernel looks at no other.
void Cfs::set_buddies(Queue& queue, EntityId woken) {
  const bool takes = queue.current != nobody && !queue.asked && config_.wakeup_preemption &&
                     takes_over(at(woken), entities_[queue.current]);
  if (!takes) {
    return;
  }
  queue.asked = true;
  queue.next = static_cast<std::uint32_t>(woken);
  const bool crowd = queue.waiting + queue.running >= latency_threads;
  if (crowd && entities_[queue.current].child == nobody) {
    queue.last = queue.current;
  }
}

void Cfs::enqueue(QueueId queue, EntityId entity, EnqueueReason reason) {
  Queue& in = at(queue);
  Entity& self = at(entity);
  sim::expect(self.place != Place::waiting, "an entity waits in one place at a time");
  if (self.place == Place::running) {
    if (reason == EnqueueReason::slice_used_up || reason == EnqueueReason::yielded) {
      forget_buddy(in, static_cast<std::uint32_t>(entity));
    }
    if (reason == EnqueueReason::yielded && in.waiting > 0) {
      in.skip = static_cast<std::uint32_t>(entity);
    }
    --in.running;
    in.current = nobody;
    in.put_back = static_cast<std::uint32_t>(entity);
    insert(in, entity);
    return;
  }
  const bool woken_elsewhere = !self.relative && self.queue != queue;
  if (woken_elsewhere && reason != EnqueueReason::created) {
    self.clock.time -= at(self.queue).least;
    self.relative = true;
  }
  self.queue = queue;
  place(in, self, reason);
  count(in, self, true);
  insert(in, entity);
  renew_least(in);
  set_buddies(in, entity);
}

void Cfs::dequeue(QueueId queue, EntityId entity, DequeueReason reason) {
  Queue& in = at(queue);
  Entity& self = at(entity);
  sim::expect(self.place != Place::absent, "only a present entity leaves a queue");
  if (self.place == Place::waiting) {
    tree_.erase(in.tree, entity);
    --in.waiting;
  } else {
    --in.running;
    in.current = nobody;
  }
  forget_buddy(in, static_cast<std::uint32_t>(entity));
  self.place = Place::absent;
  count(in, self, false);
  if (reason == DequeueReason::migrated) {
    self.clock.time -= in.least;
    self.relative = true;
  }
  renew_least(in);
}

/// Whether `of` is ahead of `rival` by more than the wake-up granularity in the rival's time.
bool Cfs::is_ahead(const Entity& of, const Entity& rival) const {
  const VirtualTime ahead = of.clock.time - rival.clock.time;
  return ahead > 0 && ahead > virtual_length(config_.spec.wakeup_granularity, rival.clock.weight);
}

/// Who follows `first` in line. Costs as much as to leave and join the queue; only after a yield.
std::optional<EntityId> Cfs::second(Queue& queue, EntityId first) {
  constexpr VirtualTime anything = std::numeric_limits<VirtualTime>::max();
  tree_.erase(queue.tree, first);
  const auto found = tree_.first_up_to(queue.tree, anything);
  const VirtualTime time = at(first).clock.time;
  tree_.insert(queue.tree, first, {.deadline = time, .virtual_time = time, .slice = 0});
  return found;
}

/// The least virtual time, unless a buddy is not too far behind it.
EntityId Cfs::choose(Queue& queue) {
  constexpr VirtualTime anything = std::numeric_limits<VirtualTime>::max();
  const EntityId first = *tree_.first_up_to(queue.tree, anything);
  const auto near = [&](std::uint32_t buddy) {
    return buddy != nobody && entities_[buddy].place == Place::waiting &&
           !is_ahead(entities_[buddy], at(first));
  };
  if (near(queue.next)) {
    return EntityId{queue.next};
  }
  if (near(queue.last)) {
    return EntityId{queue.last};
  }
  if (queue.skip == static_cast<std::uint32_t>(first)) {
    const auto other = second(queue, first);
    if (other && near(static_cast<std::uint32_t>(*other))) {
      return *other;
    }
  }
  return first;
}

std::optional<Grant> Cfs::pick_next(QueueId queue) {
  Queue& from = at(queue);
  if (from.waiting == 0) {
    return std::nullopt;
  }
  const EntityId chosen = choose(from);
  Entity& self = at(chosen);
  tree_.erase(from.tree, chosen);
  --from.waiting;
  ++from.running;
  self.place = Place::running;
  from.current = static_cast<std::uint32_t>(chosen);
  // In the kernel nothing is set anew for one who is picked again.
  if (from.put_back != from.current || !from.ticks) {
    self.ran = sim::Duration::zero();
  }
  from.put_back = nobody;
  from.asked = false;
  forget_buddy(from, from.current);
  return Grant{.entity = chosen, .slice = std::max(slice_left(queue, chosen), sim::Duration{1})};
}

void Cfs::charge(QueueId queue, EntityId entity, sim::Duration ran) {
  Entity& self = at(entity);
  self.ran += ran;
  self.clock.advance(ran);
  renew_least(at(queue));
}

/// Until a tick would find that it ran longer than its slice, or that it ran the least that it
/// must and is ahead of the first in line by more than a slice.
sim::Duration Cfs::slice_left(QueueId queue, EntityId entity) const {
  constexpr sim::Duration more{1};
  const Entity& self = at(entity);
  const Queue& in = at(queue);
  const sim::Duration slice = std::min(slice_of(self), config_.spec.latency);
  sim::Duration left = slice - self.ran + more;
  if (in.waiting > 0) {
    const VirtualTime first = tree_.least_virtual_time(in.tree);
    const VirtualTime far = first + virtual_unit / nice_0_weight * slice.count() + 1;
    left = std::min(left, std::max(config_.spec.min_granularity - self.ran, self.clock.until(far)));
  }
  return std::max(left, sim::Duration::zero());
}

bool Cfs::takes_over(const Entity& woken, const Entity& running) const {
  const bool woken_idle = is_idle(woken.scheduling_class);
  const bool running_idle = is_idle(running.scheduling_class);
  if (woken_idle != running_idle) {
    return running_idle;
  }
  const bool polite = woken.scheduling_class == SchedulingClass::batch || woken_idle;
  return !polite && is_ahead(running, woken);
}

bool Cfs::preempts(QueueId /*queue*/, EntityId woken, EntityId running) const {
  return config_.wakeup_preemption && takes_over(at(woken), at(running));
}

std::uint32_t Cfs::waiting(QueueId queue) const {
  return at(queue).waiting;
}

std::optional<EntityId> Cfs::candidate_to_move(QueueId queue, const MoveFilter& filter) const {
  return tree_.last_accepted(at(queue).tree, filter);
}

/// Virtual times stay as they are: from now on they advance at another rate.
void Cfs::set_weight(QueueId /*queue*/, EntityId entity, std::uint32_t weight) {
  sim::expect(weight > 0, "an entity has a weight");
  Entity& self = at(entity);
  if (self.clock.weight == weight || is_idle(self.scheduling_class)) {
    return;
  }
  if (self.place != Place::absent) {
    at(self.queue).weight += std::int64_t{weight} - self.clock.weight;
  }
  self.clock.weight = weight;
  self.clock.left_over = 0;
}

VirtualTime Cfs::virtual_time(EntityId entity) const {
  return at(entity).clock.time;
}

VirtualTime Cfs::least_virtual_time(QueueId queue) const {
  return at(queue).least;
}

}  // namespace timeslice::models
