// Static priorities, preemptive; with ageing, so that nobody waits for ever.
//
// A level is a number, less is more urgent: a real-time task's own, 1..99; of other threads 120
// plus nice, Linux's static_prio. Equal levels do not preempt each other: real-time tasks go by
// index, the others by arrival. With ageing a waiting thread gains one level for each `age` that it
// waits, and keeps its gain for the first `age` that it
// runs; then its own level counts again. Among waiting threads the order never changes as they age
// alike, so the queue stays sorted. Costs: those of SortedQueues. Source: docs/models/priority.md.
#pragma once

#include <cstdint>
#include <vector>

#include "models/os/policy.hpp"
#include "models/os/sorted_queues.hpp"

namespace timeslice::models {

class Priority final : public Policy {
 public:
  /// `age`: waiting time that is worth one level; 0: no ageing. Requires: age >= 0.
  explicit Priority(sim::Duration age);

  using Policy::candidate_to_move;

  void add_entity(EntityId entity, const EntityParameters& parameters) override;
  void add_queue(QueueId queue) override;
  void enqueue(QueueId queue, EntityId entity, EnqueueReason reason) override;
  void dequeue(QueueId queue, EntityId entity, DequeueReason reason) override;
  [[nodiscard]] std::optional<Grant> pick_next(QueueId queue) override;
  void charge(QueueId queue, EntityId entity, sim::Duration ran) override;
  [[nodiscard]] sim::Duration slice_left(QueueId queue, EntityId entity) const override;
  [[nodiscard]] bool preempts(QueueId queue, EntityId woken, EntityId running) const override;
  [[nodiscard]] std::uint32_t waiting(QueueId queue) const override;
  [[nodiscard]] std::optional<EntityId> candidate_to_move(QueueId queue,
                                                          const MoveFilter& filter) const override;
  void set_weight(QueueId queue, EntityId entity, std::uint32_t weight) override;
  void begin_job(EntityId entity, const Job& job) override;
  [[nodiscard]] bool has_order() const override { return true; }
  [[nodiscard]] bool outranked(QueueId queue, EntityId running) const override;
  [[nodiscard]] bool less_urgent(EntityId a, EntityId b) const override;

 private:
  struct Member {
    Job job;
    std::int64_t ordinary = 0;  // level of a thread that is no real-time task
    std::int64_t gained = 0;    // level with what it gained by waiting, valid
    sim::Instant turn_end;      // up to here
    sim::Instant since;         // waiting since then
    std::uint32_t arrival = 0;
    bool queued = false;
    Rank rank;  // while queued
  };

  [[nodiscard]] static std::int64_t own_level(const Member& member);
  /// Level and tie at this moment, waiting or running.
  [[nodiscard]] Rank urgency(EntityId entity) const;

  std::int64_t age_ns_;
  std::vector<Member> members_;  // by entity
  SortedQueues queues_;
  std::uint32_t arrivals_ = 0;
};

}  // namespace timeslice::models
