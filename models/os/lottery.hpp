// Lottery scheduling: at each turn a ticket is drawn, and its holder runs for a slice.
//
// A thread's weight is its number of tickets, so its expected share follows its weight. Draws come
// from the run's own generator, numbered in order: same seed, same winners. Nobody preempts.
// O(waiting) a turn, O(1) for the rest. Source: Waldspurger and Weihl, "Lottery scheduling", OSDI
// 1994; see docs/models/lottery-and-stride.md.
#pragma once

#include <cstdint>
#include <vector>

#include "models/os/entity_lists.hpp"
#include "models/os/policy.hpp"
#include "models/os/quantum.hpp"
#include "sim/random.hpp"

namespace timeslice::models {

class Lottery final : public Policy {
 public:
  /// Requires: slice > 0.
  Lottery(sim::Duration slice, const sim::Random& random);

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
  /// A number below `tickets`, the next in the run.
  [[nodiscard]] std::uint64_t draw(std::uint64_t tickets);

  sim::Random random_;
  std::uint32_t stream_;
  std::uint64_t drawn_ = 0;
  Quantum quantum_;
  EntityLists lists_;
  std::vector<std::uint32_t> tickets_;  // by entity
};

}  // namespace timeslice::models
