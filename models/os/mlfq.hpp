// Multi-level feedback queue: short bursts stay on top, long ones sink.
//
// A newcomer starts on the top level. The highest level that has somebody runs, each in turn for an
// allotment that doubles from level to level; who has used it up, in one go or in pieces, sinks by
// one. Every `boost` all go back to the top. O(levels) an operation, O(waiting) a boost.
// Source: Arpaci-Dusseau, Operating Systems: Three Easy Pieces, chapter 8, rules 1 to 5; see
// docs/models/mlfq.md.
#pragma once

#include <cstdint>
#include <vector>

#include "models/os/entity_lists.hpp"
#include "models/os/policy.hpp"

namespace timeslice::models {

class Mlfq final : public Policy {
 public:
  struct Config {
    std::uint32_t levels = 3;
    sim::Duration slice{};  // allotment on the top level
    sim::Duration boost{};  // 0: never
  };

  /// Requires: levels in 1..most_levels, slice > 0, boost >= 0.
  explicit Mlfq(const Config& config);

  static constexpr std::uint32_t most_levels = 30;

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
  [[nodiscard]] bool has_order() const override { return true; }
  [[nodiscard]] bool outranked(QueueId queue, EntityId running) const override;
  [[nodiscard]] bool less_urgent(EntityId a, EntityId b) const override;

  /// 0 is the top.
  [[nodiscard]] std::uint32_t level(EntityId entity) const;

 private:
  struct Member {
    std::uint32_t level = 0;
    sim::Duration left{};    // of the allotment
    std::int64_t boost = 0;  // boosts heard of
  };

  [[nodiscard]] std::int64_t boosts() const;  // up to now
  [[nodiscard]] sim::Duration allotment(std::uint32_t level) const;
  [[nodiscard]] QueueId line(QueueId queue, std::uint32_t level) const;
  /// The highest level where somebody waits; `levels` when nobody does.
  [[nodiscard]] std::uint32_t top(QueueId queue) const;
  void hear_of_boost(EntityId entity);
  void boost_if_due(QueueId queue);
  void sink(Member& member) const;

  Config config_;
  EntityLists lists_;  // a list for each queue and level
  std::vector<Member> members_;
  std::vector<std::int64_t> queue_boosts_;  // heard of, by queue
};

}  // namespace timeslice::models
