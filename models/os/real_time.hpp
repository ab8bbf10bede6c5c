// The real-time class of Linux: FIFO and round robin on 99 levels of priority.
//
// Queues of one CPU each. The most urgent level goes first; within it first come first served.
// A round robin thread gives way after its turn to others of its level only. Who is preempted goes
// back to the front. With throttling, real-time threads of a CPU stop when they have used the
// allowed part of a period, even if the CPU then idles. Cost: O(1) a call.
// Source: sched(7); sched_rt_period_us and sched_rt_runtime_us in proc(5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/os/entity_lists.hpp"
#include "models/os/policy.hpp"

namespace timeslice::models {

class RealTime {
 public:
  static constexpr std::uint32_t levels = 100;  // priorities 1..99; 0 is not used

  struct Config {
    sim::Duration turn{};     // of round robin
    bool throttles = false;   // the two below count
    sim::Duration runtime{};  // allowed in each period
    sim::Duration period{};
  };

  explicit RealTime(const Config& config) : config_{config} {}

  void add_entity(EntityId entity);
  void add_queue(QueueId queue);
  /// Requires: `entity` waits nowhere.
  void set(EntityId entity, std::uint8_t priority, bool round_robin);

  void enqueue(QueueId queue, EntityId entity, EnqueueReason reason, sim::Instant now);
  /// Off the waiting ones, if it is one of them.
  void dequeue(QueueId queue, EntityId entity);
  /// Takes the next one off. Requires: waiting(queue) > 0.
  EntityId pick(QueueId queue);
  void charge(QueueId queue, EntityId entity, sim::Duration ran, sim::Instant now);

  /// What `entity`, which runs, may still run; no_limit if nothing ends its run.
  [[nodiscard]] sim::Duration slice_left(QueueId queue, EntityId entity) const;
  [[nodiscard]] std::uint32_t waiting(QueueId queue) const { return queues_[at(queue)].waiting; }
  [[nodiscard]] bool waits(EntityId entity) const { return lists_.queued(entity); }
  [[nodiscard]] bool throttled(QueueId queue) const { return queues_[at(queue)].throttled; }
  /// Priority of the first in line. Requires: waiting(queue) > 0.
  [[nodiscard]] std::uint32_t first_priority(QueueId queue) const;
  [[nodiscard]] std::uint32_t priority(EntityId entity) const {
    return entities_[index_of(entity)].priority;
  }
  /// The most urgent waiting entity that `filter` accepts.
  [[nodiscard]] std::optional<EntityId> most_urgent(QueueId queue, const MoveFilter& filter) const;

  /// When a throttled queue may run again. Requires: throttled(queue).
  [[nodiscard]] sim::Instant released_at(QueueId queue) const {
    return queues_[at(queue)].period_end;
  }
  void release(QueueId queue, sim::Instant now);

 private:
  struct Entity {
    sim::Duration left{};  // of its turn
    std::uint8_t priority = 1;
    bool round_robin = false;
  };
  struct Queue {
    std::array<std::uint64_t, 2> occupied{};  // a bit a level that has waiting entities
    std::uint32_t waiting = 0;
    bool throttled = false;
    sim::Duration used{};  // in the present period
    sim::Instant period_end{};
  };

  static std::size_t at(QueueId queue) { return static_cast<std::size_t>(queue); }
  static QueueId list_of(QueueId queue, std::uint32_t level) {
    return QueueId{static_cast<std::uint32_t>(queue) * levels + level};
  }
  void take_off(QueueId queue, EntityId entity);
  void begin_periods_up_to(Queue& queue, sim::Instant now) const;
  void use(Queue& queue, sim::Duration ran, sim::Instant now) const;

  Config config_;
  EntityLists lists_;
  std::vector<Entity> entities_;
  std::vector<Queue> queues_;
};

}  // namespace timeslice::models
