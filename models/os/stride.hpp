// Stride scheduling: the deterministic lottery. Who is least far on its way runs for a slice.
//
// Running moves a thread's pass forward by the time it ran over its tickets (its weight); the least
// pass runs next, of equals who came first. The queue's own pass moves as if all shared one walk:
// who leaves keeps its distance to it, and a newcomer starts one slice ahead of it. All integers.
// Costs: those of SortedQueues. Source: Waldspurger and Weihl, "Stride scheduling", MIT/LCS/TM-528,
// 1995; see docs/models/lottery-and-stride.md.
#pragma once

#include <cstdint>
#include <vector>

#include "models/os/policy.hpp"
#include "models/os/quantum.hpp"
#include "models/os/sorted_queues.hpp"

namespace timeslice::models {

class Stride final : public Policy {
 public:
  /// Requires: slice > 0.
  explicit Stride(sim::Duration slice) : quantum_{slice} {}

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
  struct Member {
    std::int64_t pass = 0;     // while present
    std::int64_t remains = 0;  // while absent: pass less the queue's
    std::uint32_t tickets = 0;
    std::uint32_t arrival = 0;
    bool present = false;  // waiting or running
    bool queued = false;
  };
  struct Line {
    std::int64_t pass = 0;
    std::int64_t tickets = 0;  // of all who are present
  };

  [[nodiscard]] Line& at(QueueId queue) { return lines_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] static Rank rank(const Member& member) {
    return {.key = member.pass, .tie = member.arrival};
  }

  Quantum quantum_;
  SortedQueues queues_;
  std::vector<Member> members_;  // by entity
  std::vector<Line> lines_;      // by queue
  std::uint32_t arrivals_ = 0;
};

}  // namespace timeslice::models
