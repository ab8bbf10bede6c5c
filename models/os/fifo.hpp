// First in, first out: whoever came first runs until it blocks, yields or ends.
//
// The textbook's simplest scheduler and the policy of ideal machines: no slices, no preemption.
// A thread that yields goes to the back; one that was put back for another reason (the dispatcher
// could not run it there) keeps its turn. Every operation is O(1). Source: SCHED_FIFO in sched(7),
// reduced to one priority.
#pragma once

#include "models/os/entity_lists.hpp"
#include "models/os/policy.hpp"

namespace timeslice::models {

class Fifo final : public Policy {
 public:
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
  EntityLists lists_;
};

}  // namespace timeslice::models
