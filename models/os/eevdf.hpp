// EEVDF: Linux's fair class from 6.6 on. Weighted virtual time, eligibility, virtual deadlines.
//
// Every entity has a virtual time that advances by run time / weight. Who is not ahead of the
// queue's weighted average V is eligible; of the eligible the earliest virtual deadline runs. A
// deadline lies one slice of virtual time after the start of a request. What an entity was owed
// (its lag) is kept while it sleeps, clamped, and given back when it returns; who owes itself stays
// queued asleep until that is paid (delayed dequeue).
// Requests are renewed where the kernel looks: at ticks, when somebody arrives, and at a switch. A
// queue without ticks renews exactly when a request is used up.
// Cost: O(log n) a decision on a queue of n; O(1) to charge. No allocation after an entity was made
// known. docs/models/eevdf.md has the rules, the sources and what is left out.
#pragma once

#include <cstdint>
#include <vector>

#include "models/os/deadline_tree.hpp"
#include "models/os/policy.hpp"
#include "models/os/virtual_time.hpp"

namespace timeslice::models {

class Eevdf final : public Policy {
 public:
  struct Config {
    sim::Duration slice{};       // of a request, CPU scaling included
    sim::Duration base_slice{};  // before CPU scaling; what Protection::unscaled protects for
    Protection protect = Protection::deadline;
    bool wakeup_preemption = true;
    bool delayed_dequeue = true;  // only with a queue for each CPU
    bool short_preempts = true;
    bool keeps_request = true;
    bool next_buddy = false;  // only with a queue for each CPU
  };

  /// Requires: both slices in 1 ns..1000 s.
  explicit Eevdf(const Config& config);

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
  [[nodiscard]] bool stays_queued(QueueId queue, EntityId entity) const override;

  // For tests and explanations, of an entity that stands in `queue` or runs from it.

  /// Lag in ns of its own run time, rounded down.
  [[nodiscard]] std::int64_t lag_ns(QueueId queue, EntityId entity) const;
  /// Lag * weight of the queue, exact: sums to zero over all who are present.
  [[nodiscard]] WideInteger exact_lag(QueueId queue, EntityId entity) const;
  /// Their sum over all who are present in `queue`: zero. O(all entities).
  [[nodiscard]] WideInteger exact_lag_sum(QueueId queue) const;
  /// Whether somebody present in `queue` is eligible, or nobody is present. O(all entities).
  [[nodiscard]] bool somebody_is_eligible(QueueId queue) const;
  /// Whether it waits in `queue`, runs from it or sleeps off a debt there.
  [[nodiscard]] bool is_present(QueueId queue, EntityId entity) const {
    return at(entity).place != Place::absent && at(entity).queue == queue;
  }
  [[nodiscard]] VirtualTime virtual_time(EntityId entity) const;
  [[nodiscard]] std::uint32_t queues() const { return static_cast<std::uint32_t>(queues_.size()); }
  [[nodiscard]] std::uint32_t entities() const {
    return static_cast<std::uint32_t>(entities_.size());
  }
  [[nodiscard]] bool eligible(QueueId queue, EntityId entity) const;
  [[nodiscard]] VirtualTime average(QueueId queue) const { return at(queue).average.value(); }

 private:
  static constexpr std::uint32_t nobody = DeadlineTree::nobody;

  enum class Place : std::uint8_t { absent, waiting, running, delayed };

  struct Entity {
    VirtualClock clock;
    VirtualTime deadline = 0;
    VirtualTime saved_lag = 0;      // while absent: V - time when it left
    VirtualTime saved_request = 0;  // while absent: deadline - time when it left
    VirtualTime protected_until = 0;
    sim::Duration slice{};         // its own; 0: the policy's
    QueueId queue{};               // where it is, or was last
    std::uint32_t child = nobody;  // the queue below a group's entity
    Place place = Place::absent;
    SchedulingClass scheduling_class = SchedulingClass::normal;
    bool used_up = false;  // a request ended while others waited: it should give way
  };
  struct Queue {
    WeightedAverage average;  // of all waiting, delayed and running
    DeadlineTree::Root tree;  // waiting and delayed
    std::uint32_t waiting = 0;
    std::uint32_t delayed = 0;
    std::uint32_t running = 0;
    std::uint32_t current = nobody;   // picked last; the only one with a queue for each CPU
    std::uint32_t put_back = nobody;  // who came back since the last pick
    std::uint32_t buddy = nobody;     // woken last: goes first at the next pick, if eligible
    Ticks ticks;
  };

  [[nodiscard]] Queue& at(QueueId queue) { return queues_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] const Queue& at(QueueId queue) const {
    return queues_[static_cast<std::size_t>(queue)];
  }
  [[nodiscard]] Entity& at(EntityId entity) { return entities_[index_of(entity)]; }
  [[nodiscard]] const Entity& at(EntityId entity) const { return entities_[index_of(entity)]; }

  // Requests.
  [[nodiscard]] sim::Duration slice_of(const Entity& entity) const;
  [[nodiscard]] sim::Duration least_slice(const Queue& queue) const;
  [[nodiscard]] VirtualTime virtual_slice(const Entity& entity) const;
  [[nodiscard]] static bool has_rivals(const Queue& queue) {
    return queue.waiting + queue.delayed > 0;
  }
  [[nodiscard]] bool ends_with_protection() const {
    return config_.protect == Protection::min_slice || config_.protect == Protection::unscaled;
  }
  [[nodiscard]] sim::Duration until_update(const Queue& queue, const Entity& entity) const;
  void renew(const Queue& queue, Entity& entity) const;
  void renew_alone(const Queue& queue, Entity& entity) const;
  void update_current(Queue& queue);
  void protect(const Queue& queue, Entity& entity) const;

  // Coming and going.
  void join(Queue& queue, EntityId id, EnqueueReason reason);
  void leave(Queue& queue, Entity& entity);
  void place(const Queue& queue, Entity& entity, EnqueueReason reason) const;
  void put_back(Queue& queue, Entity& entity, EnqueueReason reason) const;
  void insert(Queue& queue, EntityId id, Entity& entity);
  void wake_delayed(Queue& queue, EntityId id, Entity& entity);
  void let_go(Queue& queue, EntityId id);
  void let_go_of_all(Queue& queue);
  [[nodiscard]] sim::Duration run_beside_delayed(Queue& queue, Entity& current, sim::Duration ran);
  void let_go_before(Queue& queue, const Entity& current);

  [[nodiscard]] EntityId choose(const Queue& queue) const;
  [[nodiscard]] bool prefers_buddy(const Queue& queue) const;
  [[nodiscard]] bool would_be_picked(const Queue& queue, EntityId woken,
                                     const Entity& current) const;

  Config config_;
  std::vector<Entity> entities_;
  std::vector<Queue> queues_;
  DeadlineTree tree_;
  bool own_slices_ = false;  // somebody has a slice of its own
};

}  // namespace timeslice::models
