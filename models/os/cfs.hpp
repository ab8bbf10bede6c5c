// CFS: Linux's fair class up to 6.5. The least virtual time runs; a period is shared by weight.
//
// Every entity has a virtual time that advances by run time / weight. All who can run share a
// period, each gets its part of it by weight, through all levels of groups. A sleeper comes back
// at most half a latency behind the queue's least virtual time, and preempts whoever is ahead of it
// by more than the wake-up granularity. Buddies let the preempter and the preempted run first.
// Cost: O(log n) a decision on a queue of n, plus the levels of groups; O(1) to charge. No
// allocation after an entity was made known. docs/models/cfs.md has rules, sources and omissions.
#pragma once

#include <cstdint>
#include <vector>

#include "models/os/deadline_tree.hpp"
#include "models/os/policy.hpp"
#include "models/os/virtual_time.hpp"

namespace timeslice::models {

class Cfs final : public Policy {
 public:
  struct Config {
    CfsSpec spec;  // CPU scaling included
    bool wakeup_preemption = true;
  };

  /// Requires: latency and min_granularity in 1 ns..1000 s, no negative wake-up granularity.
  explicit Cfs(const Config& config);

  using Policy::candidate_to_move;

  void add_entity(EntityId entity, const EntityParameters& parameters) override;
  void add_queue(QueueId queue) override;
  void set_ticks(QueueId queue, Ticks ticks) override;
  void nest(QueueId child, QueueId parent, EntityId entity) override;
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

  // For tests and explanations.
  [[nodiscard]] VirtualTime virtual_time(EntityId entity) const;
  /// Never goes back.
  [[nodiscard]] VirtualTime least_virtual_time(QueueId queue) const;
  [[nodiscard]] std::uint32_t queues() const { return static_cast<std::uint32_t>(queues_.size()); }

 private:
  static constexpr std::uint32_t nobody = DeadlineTree::nobody;

  enum class Place : std::uint8_t { absent, waiting, running };

  struct Entity {
    VirtualClock clock;
    sim::Duration ran{};           // since it was picked
    QueueId queue{};               // where it is, or was last
    std::uint32_t child = nobody;  // the queue below a group's entity
    Place place = Place::absent;
    SchedulingClass scheduling_class = SchedulingClass::normal;
    bool relative = false;  // on its way to another CPU: time counts from the queue's least
  };
  struct Queue {
    DeadlineTree::Root tree;  // waiting, by virtual time
    VirtualTime least = 0;    // min_vruntime: monotone
    std::int64_t weight = 0;  // of all waiting and running
    std::uint32_t waiting = 0;
    std::uint32_t running = 0;
    std::uint32_t idle = 0;           // of these, of the idle class
    std::uint32_t tasks = 0;          // of a root queue: threads that can run, on all levels
    std::uint32_t current = nobody;   // picked last; the only one with a queue for each CPU
    std::uint32_t put_back = nobody;  // who came back since the last pick
    std::uint32_t next = nobody;      // buddies: a preempter,
    std::uint32_t last = nobody;      // one that was preempted,
    std::uint32_t skip = nobody;      // and one that yielded
    bool asked = false;               // the current one is to give way already
    std::uint32_t root = nobody;      // the root queue above; nobody: it is one
    std::uint32_t parent = nobody;
    std::uint32_t parent_entity = nobody;
    bool ticks = false;
  };

  [[nodiscard]] Queue& at(QueueId queue) { return queues_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] const Queue& at(QueueId queue) const {
    return queues_[static_cast<std::size_t>(queue)];
  }
  [[nodiscard]] Entity& at(EntityId entity) { return entities_[index_of(entity)]; }
  [[nodiscard]] const Entity& at(EntityId entity) const { return entities_[index_of(entity)]; }
  [[nodiscard]] const Queue& root_of(const Queue& queue) const {
    return queue.root == nobody ? queue : queues_[queue.root];
  }

  [[nodiscard]] sim::Duration slice_of(const Entity& entity) const;
  [[nodiscard]] sim::Duration least_slice(const Entity& entity) const;
  [[nodiscard]] bool is_ahead(const Entity& of, const Entity& rival) const;
  [[nodiscard]] EntityId choose(Queue& queue);
  [[nodiscard]] std::optional<EntityId> second(Queue& queue, EntityId first);
  void renew_least(Queue& queue);
  void place(Queue& queue, Entity& entity, EnqueueReason reason);
  void count(Queue& queue, const Entity& entity, bool comes);
  void insert(Queue& queue, EntityId id);
  void set_buddies(Queue& queue, EntityId woken);
  [[nodiscard]] bool takes_over(const Entity& woken, const Entity& running) const;
  static void forget_buddy(Queue& queue, std::uint32_t entity);

  Config config_;
  std::vector<Entity> entities_;
  std::vector<Queue> queues_;
  DeadlineTree tree_;
};

}  // namespace timeslice::models
