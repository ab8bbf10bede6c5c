// The deadline class of Linux: each entity reserves CPU time in each of its periods (constant
// bandwidth server), and of those with time left the earliest deadline runs.
//
// Who has used its budget up waits for its next period, also when the CPU idles; what it ran too
// long (budgets end at ticks) is taken off the next budget. So an entity that misbehaves takes no
// more than its reservation. Cost: O(entities of the queue) to enqueue, O(1) otherwise: a machine
// has few of them, since their reservations may not exceed its CPUs.
// Source: sched(7); L. Abeni, G. Buttazzo: Integrating multimedia
// applications in hard real-time systems, RTSS 1998.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/os/class_spec.hpp"
#include "models/os/policy.hpp"

namespace timeslice::models {

class DeadlineClass {
 public:
  void add_entity(EntityId entity);
  void add_queue(QueueId queue);
  /// Requires: `entity` is absent; 0 < runtime <= deadline <= period.
  void set(EntityId entity, const ClassSpec& spec);
  /// It runs for somebody whose deadline is `until`; it is neither charged nor throttled until
  /// `set` gives it its own reservation back. Requires: it is absent.
  void lend(EntityId entity, sim::Instant until);

  void enqueue(QueueId queue, EntityId entity, EnqueueReason reason, sim::Instant now);
  /// Off the waiting and throttled ones, if it is one of them.
  void dequeue(QueueId queue, EntityId entity);
  /// Takes the next one off. Requires: waiting(queue) > 0.
  EntityId pick(QueueId queue);
  void charge(EntityId entity, sim::Duration ran);

  /// What is left of the budget; no_limit on a lent deadline.
  [[nodiscard]] sim::Duration slice_left(EntityId entity) const;
  [[nodiscard]] sim::Instant deadline(EntityId entity) const {
    const Entity& self = entities_[index_of(entity)];
    return self.lent ? self.lent_until : self.until;
  }
  /// Those that may run now.
  [[nodiscard]] std::uint32_t waiting(QueueId queue) const;
  /// How many entities are throttled.
  [[nodiscard]] std::uint32_t stopped(QueueId queue) const {
    return static_cast<std::uint32_t>(at(queue).throttled.size());
  }
  /// For a CPU or for its next period.
  [[nodiscard]] bool waits(EntityId entity) const {
    return entities_[index_of(entity)].place != Place::absent;
  }
  /// Whether `entity` waits for its next period.
  [[nodiscard]] bool throttled(EntityId entity) const {
    return entities_[index_of(entity)].place == Place::throttled;
  }
  /// Requires: waiting(queue) > 0.
  [[nodiscard]] sim::Instant first_deadline(QueueId queue) const;
  [[nodiscard]] std::optional<EntityId> most_urgent(QueueId queue, const MoveFilter& filter) const;

  /// When the first throttled entity may run again; Instant::max() if none is.
  [[nodiscard]] sim::Instant released_at(QueueId queue) const;
  /// Lets those run whose next period has begun.
  void release(QueueId queue, sim::Instant now);

 private:
  enum class Place : std::uint8_t { absent, waiting, throttled };

  struct Entity {
    ClassSpec spec;
    sim::Duration budget{};
    sim::Instant until{};       // the present deadline
    sim::Instant lent_until{};  // instead, if it is lent one
    Place place = Place::absent;
    bool lent = false;
  };
  struct Queue {
    std::vector<EntityId> ready;      // latest deadline first, so that the next one is at the back
    std::vector<EntityId> throttled;  // in no order
  };

  [[nodiscard]] Queue& at(QueueId queue) { return queues_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] const Queue& at(QueueId queue) const {
    return queues_[static_cast<std::size_t>(queue)];
  }
  [[nodiscard]] Entity& of(EntityId entity) { return entities_[index_of(entity)]; }
  [[nodiscard]] const Entity& of(EntityId entity) const { return entities_[index_of(entity)]; }
  [[nodiscard]] static sim::Instant next_period(const Entity& entity);
  static void replenish(Entity& entity, sim::Instant now);
  static void wake(Entity& entity, sim::Instant now);
  void insert(Queue& queue, EntityId entity);

  std::vector<Entity> entities_;
  std::vector<Queue> queues_;
};

}  // namespace timeslice::models
