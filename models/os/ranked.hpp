// Policies that are one number: whoever has the least runs. sjf, srtf, edf and rm.
//
// sjf   least work left until the next wait; not preemptive
// srtf  the same, preemptive
// edf   earliest absolute deadline; preemptive
// rm    shortest period; preemptive
// Programs announce their work by begin_job; who announced none is short for sjf and srtf, and last
// for edf and rm. Of equals a real-time task with the lower index comes first, then the others in
// order of arrival. Costs: those of SortedQueues. Sources: docs/models/shortest-first.md,
// edf-rm.md.
#pragma once

#include <cstdint>
#include <vector>

#include "models/os/policy.hpp"
#include "models/os/sorted_queues.hpp"

namespace timeslice::models {

/// Who comes first among equal keys: real-time tasks by index, then the others by arrival.
[[nodiscard]] std::uint64_t tie_of(const Job& job, EntityId entity, std::uint32_t arrival);

class Ranked final : public Policy {
 public:
  enum class Order : std::uint8_t { work_left, deadline, period };
  struct Config {
    Order order = Order::deadline;
    /// Otherwise whoever has begun its piece of work keeps the CPU until it waits.
    bool preemptive = true;
  };

  explicit Ranked(Config config) : config_{config} {}

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
    sim::Duration ran{};  // of the job
    std::uint32_t arrival = 0;
    bool queued = false;
    Rank rank;  // while queued
  };

  [[nodiscard]] Rank rank(EntityId entity) const;
  [[nodiscard]] bool may_lose(EntityId running) const;

  Config config_;
  std::vector<Member> members_;  // by entity
  SortedQueues queues_;
  std::uint32_t arrivals_ = 0;
};

}  // namespace timeslice::models
