// What a scheduling policy is: it hears what happens to entities and decides who runs next.
//
// A policy decides and never acts: it is told the time, schedules no event and charges no cost. The
// dispatcher (models/os/dispatcher.hpp) calls it, carries out its decisions and pays for them. So
// a policy can be tested with plain calls. It orders *entities*: a thread, or a group's share of
// one CPU, which has a queue of its own below it; run_queues.hpp walks that tree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "models/ids.hpp"
#include "models/os/class_spec.hpp"
#include "models/os/os_spec.hpp"
#include "sim/random.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

/// One queue of entities: the root queue of a CPU (or of all CPUs), or a group's queue on a CPU.
enum class QueueId : std::uint32_t {};

enum class EnqueueReason { created, woken, slice_used_up, preempted, yielded, migrated };
enum class DequeueReason { blocked, exited, migrated };

/// What an entity asks of the policy. Each policy reads what it knows of.
struct EntityParameters {
  std::uint32_t weight = 1024;  // 1024 = nice 0
  SchedulingClass scheduling_class = SchedulingClass::normal;
  std::uint8_t priority = 0;  // fifo and round_robin: 1..99, more is more urgent
  sim::Duration slice{};      // of its own, 0: the policy's (sched_runtime of a normal thread)
  sim::Duration runtime{};    // deadline: CPU time in each period
  sim::Duration deadline{};   // deadline: from the start of a period
  sim::Duration period{};     // deadline
};

/// The piece of work that an entity is about to do; for policies that look ahead.
struct Job {
  sim::Duration length{};   // CPU time expected until the next wait; what sjf and srtf order by
  sim::Instant released{};  // of a periodic or sporadic task
  sim::Instant deadline = sim::Instant::max();  // absolute; what edf orders by
  sim::Duration period = sim::Duration::max();  // what rm orders by
  std::int32_t priority = 0;  // of the task, less is more urgent; what priority orders by

  [[nodiscard]] bool is_real_time() const { return period != sim::Duration::max(); }
};

/// The decision to run `entity` for at most `slice` unless it stops or is preempted earlier.
struct Grant {
  EntityId entity;
  sim::Duration slice;
};

/// Which entities a balancer may take; a function and what it needs to know.
struct MoveFilter {
  bool (*accepts)(const void* context, EntityId entity) = nullptr;
  const void* context = nullptr;

  [[nodiscard]] bool operator()(EntityId entity) const { return accepts(context, entity); }
};

/// Timer ticks of a CPU. A period of zero: none.
struct Ticks {
  sim::Duration period{};
  sim::Instant first{};

  [[nodiscard]] bool exist() const { return period > sim::Duration::zero(); }

  /// The first tick at `when` or later. Requires: they exist.
  [[nodiscard]] sim::Instant at_or_after(sim::Instant when) const {
    const sim::Duration after = when - first + period - sim::Duration{1};
    return when <= first ? first : first + after / period * period;
  }
};

/// No limit to a run: what `slice_left` and `Grant` say when there is none.
constexpr sim::Duration no_limit = sim::Duration::max();

class Policy {
 public:
  Policy() = default;
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  virtual ~Policy() = default;

  /// The calls that follow happen at `now`. The dispatcher says so before it asks anything.
  void tell_time(sim::Instant now) { now_ = now; }

  /// Makes room for `entity`. Requires: called once, before any use; a weight above 0.
  virtual void add_entity(EntityId entity, const EntityParameters& parameters) = 0;

  /// Makes room for `queue`. Requires: called once, before any use.
  virtual void add_queue(QueueId queue) = 0;

  /// The CPU of root queue `queue` ticks so. Told once, before any entity is enqueued; without it
  /// there are no ticks. For policies whose state changes at ticks.
  virtual void set_ticks(QueueId /*queue*/, Ticks /*ticks*/) {}

  /// `child` is the queue of group entity `entity`, which stands in `parent`. Told once, after
  /// both were added and before anything is enqueued in `child`.
  virtual void nest(QueueId /*child*/, QueueId /*parent*/, EntityId /*entity*/) {}

  /// `entity` can run from now on, on `queue`. Requires: it is not waiting. For the reasons
  /// slice_used_up, preempted and yielded it is the current entity, which is put back.
  virtual void enqueue(QueueId queue, EntityId entity, EnqueueReason reason) = 0;

  /// Takes a waiting or running `entity` off `queue`. Requires: enqueued or picked there.
  virtual void dequeue(QueueId queue, EntityId entity, DequeueReason reason) = 0;

  /// Picks who runs next: it leaves the waiting entities and becomes the queue's current one.
  /// Nothing when nobody waits. Requires: the queue has no current entity (it was put back,
  /// dequeued, or there was none), except with a shared queue, where each CPU has its own.
  [[nodiscard]] virtual std::optional<Grant> pick_next(QueueId queue) = 0;

  /// The current `entity` ran for `ran` since the last charge.
  virtual void charge(QueueId queue, EntityId entity, sim::Duration ran) = 0;

  /// How long the current `entity` may still run before it should give way; zero: now.
  /// Asked when rivals are waiting, at the end of the slice as well: more may be left by then.
  [[nodiscard]] virtual sim::Duration slice_left(QueueId queue, EntityId entity) const = 0;

  /// Whether waiting `woken` should take the CPU from current `running` at once. Same queue.
  [[nodiscard]] virtual bool preempts(QueueId queue, EntityId woken, EntityId running) const = 0;

  /// How many entities wait on `queue`, the current one not counted.
  [[nodiscard]] virtual std::uint32_t waiting(QueueId queue) const = 0;

  /// The waiting entity that a balancer may take away with least harm (last in line) among those
  /// that `filter` accepts; nothing when there is none. Cost: O(1) a candidate refused.
  [[nodiscard]] virtual std::optional<EntityId> candidate_to_move(
      QueueId queue, const MoveFilter& filter) const = 0;

  /// The same without a filter.
  [[nodiscard]] std::optional<EntityId> candidate_to_move(QueueId queue) const;

  /// Changes the weight of an entity, waiting, running or neither. `queue`: where it is or was.
  virtual void set_weight(QueueId queue, EntityId entity, std::uint32_t weight) = 0;

  /// `entity` begins another piece of work. Told while it is absent (before it is enqueued) or
  /// running.
  virtual void begin_job(EntityId /*entity*/, const Job& /*job*/) {}

  /// Whether `entity`, dequeued as blocked, still stands in `queue` until what it owes is paid
  /// (delayed dequeue of Linux 6.12): its wake-up then enqueues it there and nowhere else.
  [[nodiscard]] virtual bool stays_queued(QueueId /*queue*/, EntityId /*entity*/) const {
    return false;
  }

  /// Whether entities are more or less urgent, so that the least urgent of all that run must give
  /// way to a more urgent one that waits: also with one queue for several CPUs.
  [[nodiscard]] virtual bool has_order() const { return false; }

  /// Whether `running` should give way at once to the first in line of `queue`. For policies with
  /// an order.
  [[nodiscard]] virtual bool outranked(QueueId /*queue*/, EntityId /*running*/) const {
    return false;
  }

  /// Whether running `a` gives way rather than running `b`. For policies with an order.
  [[nodiscard]] virtual bool less_urgent(EntityId /*a*/, EntityId /*b*/) const { return false; }

 protected:
  [[nodiscard]] sim::Instant now() const { return now_; }

 private:
  sim::Instant now_{};
};

/// The policy that `spec` asks for. `cpus`: online CPUs, for the slice of `scale_by_cpus`.
/// `random`: the run's, for lottery. Requires: cpus > 0; a slice that is positive (fifo has none).
[[nodiscard]] std::unique_ptr<Policy> make_policy(const PolicySpec& spec, std::uint32_t cpus,
                                                  const sim::Random& random = sim::Random{0});

}  // namespace timeslice::models
