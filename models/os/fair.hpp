// Fair: weighted virtual time with eligibility and virtual deadlines, as Linux from 6.6 on.
//
// Every entity has a virtual time that advances by run time * 1024 / weight. Who is not ahead of
// the queue's weighted average V is eligible; of the eligible the earliest virtual deadline
// runs. A deadline lies one slice of virtual time after the start of a request. What an entity was
// owed (its lag) is kept while it sleeps, clamped, and given back when it returns.
// All in integers: 1/1024 ns of virtual time at weight 1024, so a sum over a queue is exact.
// Cost: O(log n) a decision on a queue of n; O(1) to charge. docs/models/fair.md has the rules, the
// sources and what is left out.
#pragma once

#include <cstdint>
#include <vector>

#include "models/os/deadline_tree.hpp"
#include "models/os/policy.hpp"

namespace timeslice::models {

/// Room for products of a weight and a virtual time, summed over a queue.
__extension__ using WideInteger = __int128;

class Fair final : public Policy {
 public:
  struct Config {
    sim::Duration slice{};    // of a request, CPU scaling included
    sim::Duration protect{};  // from wake-up preemption after a pick
    bool wakeup_preemption = true;
  };

  /// Requires: slice > 0, at most 1000 s.
  explicit Fair(const Config& config);

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

  /// Lag of a present entity, in ns of its own run time; for tests and explanations.
  [[nodiscard]] std::int64_t lag_ns(QueueId queue, EntityId entity) const;

 private:
  using VirtualTime = std::int64_t;  // 1/1024 ns at weight 1024

  enum class Place : std::uint8_t { absent, waiting, running };

  struct Entity {
    VirtualTime time = 0;
    VirtualTime deadline = 0;
    VirtualTime saved_lag = 0;       // while absent: V - time when it left
    VirtualTime saved_deadline = 0;  // while absent: deadline - time when it left
    VirtualTime protected_until = 0;
    std::int64_t weight = 0;
    Place place = Place::absent;
    bool slice_used_up = false;
  };
  struct Queue {
    WideInteger weighted_times = 0;  // sum of weight * time over waiting and running entities
    std::int64_t weight = 0;         // sum of their weights
    VirtualTime last_average = 0;    // when the queue became empty
    DeadlineTree::Root waiting_by_deadline;
    std::uint32_t waiting = 0;
  };

  [[nodiscard]] Queue& at(QueueId queue) { return queues_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] const Queue& at(QueueId queue) const {
    return queues_[static_cast<std::size_t>(queue)];
  }

  [[nodiscard]] static VirtualTime average(const Queue& queue);
  [[nodiscard]] static VirtualTime virtual_length(sim::Duration length, std::int64_t weight);
  [[nodiscard]] VirtualTime virtual_slice(const Entity& entity) const;
  [[nodiscard]] EntityId choose(const Queue& queue) const;
  void place(const Queue& queue, Entity& entity, EnqueueReason reason) const;
  void put_back(Queue& queue, Entity& entity, EnqueueReason reason) const;
  void wait_in(Queue& queue, EntityId id, Entity& entity);

  Config config_;
  std::vector<Entity> entities_;
  std::vector<Queue> queues_;
  DeadlineTree tree_;
};

}  // namespace timeslice::models
