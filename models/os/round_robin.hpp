// Round robin: first come first served with a time slice; who used it up goes to the back.
//
// A woken thread comes with a fresh slice and never preempts. One that was put back before its
// slice was used up keeps its place in front and what is left of the slice, as sched(7) says of
// SCHED_RR. Every operation is O(1). Source: SCHED_RR in sched(7), reduced to one priority.
#pragma once

#include <vector>

#include "models/os/entity_lists.hpp"
#include "models/os/policy.hpp"

namespace timeslice::models {

class RoundRobin final : public Policy {
 public:
  /// Requires: slice > 0.
  explicit RoundRobin(sim::Duration slice);

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

 private:
  sim::Duration slice_;
  EntityLists lists_;
  std::vector<sim::Duration> left_;  // of the slice, by entity
};

}  // namespace timeslice::models
