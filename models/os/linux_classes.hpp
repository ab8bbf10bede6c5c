// Linux's classes on one queue: deadline goes before real-time, that before fair, which any fair
// policy stands for.
//
// It takes the place of a fair policy as soon as a thread asks for another class, so a world of
// normal threads pays nothing. Fair threads that starve under the others are served as RealTimeSpec
// says: a server with a deadline of its own, or throttling. What may not run now is released by a
// timer that the dispatcher keeps (`next_release`, `release`).
// Cost: that of the class, plus O(1). Rules, sources and what is left out: docs/models/classes.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "models/os/class_spec.hpp"
#include "models/os/deadline_class.hpp"
#include "models/os/policy.hpp"
#include "models/os/real_time.hpp"

namespace timeslice::models {

class LinuxClasses final : public Policy {
 public:
  struct Config {
    RealTimeSpec real_time;
    sim::Duration tick{};  // 0: turns end exactly
  };

  /// Goes on from `fair`, which has all of `entities` and `queues` and may be in use.
  LinuxClasses(std::unique_ptr<Policy> fair, const Config& config, std::uint32_t entities,
               std::uint32_t queues);

  using Policy::candidate_to_move;

  void add_entity(EntityId entity, const EntityParameters& parameters) override;
  void add_queue(QueueId queue) override;
  void set_ticks(QueueId queue, Ticks ticks) override { fair_->set_ticks(queue, ticks); }
  void nest(QueueId child, QueueId parent, EntityId entity) override {
    fair_->nest(child, parent, entity);
  }
  void enqueue(QueueId queue, EntityId entity, EnqueueReason reason) override;
  void dequeue(QueueId queue, EntityId entity, DequeueReason reason) override;
  [[nodiscard]] std::optional<Grant> pick_next(QueueId queue) override;
  void charge(QueueId queue, EntityId entity, sim::Duration ran) override;
  /// no_limit when nothing but the entity itself ends its run, so it may be asked at any time.
  [[nodiscard]] sim::Duration slice_left(QueueId queue, EntityId entity) const override;
  [[nodiscard]] bool preempts(QueueId queue, EntityId woken, EntityId running) const override;
  /// Throttled entities are not counted.
  [[nodiscard]] std::uint32_t waiting(QueueId queue) const override;
  /// Of the fair class only.
  [[nodiscard]] std::optional<EntityId> candidate_to_move(QueueId queue,
                                                          const MoveFilter& filter) const override;
  void set_weight(QueueId queue, EntityId entity, std::uint32_t weight) override;
  void begin_job(EntityId entity, const Job& job) override;
  [[nodiscard]] bool stays_queued(QueueId queue, EntityId entity) const override;

  /// `entity`, last on `queue`, changes its class. Requires: it is absent, or stays queued.
  void set_class(QueueId queue, EntityId entity, const ClassSpec& spec);
  /// It runs as a deadline thread up to `until`, for somebody. Requires: the same.
  void lend_deadline(QueueId queue, EntityId entity, sim::Instant until);

  /// How urgent `entity` is, present or not: 0 fair, 1..99 real-time, beyond: the earlier the
  /// deadline, the more.
  [[nodiscard]] std::int64_t urgency(EntityId entity) const;
  [[nodiscard]] bool is_fair(EntityId entity) const {
    return members_[index_of(entity)].level == Level::fair;
  }
  /// The policy of the fair class.
  [[nodiscard]] const Policy& fair_policy() const { return *fair_; }
  /// The most urgent waiting entity above the fair class that `filter` accepts.
  [[nodiscard]] std::optional<EntityId> most_urgent(QueueId queue, const MoveFilter& filter) const;
  /// How many of them wait on all queues, throttled ones included.
  [[nodiscard]] std::uint32_t urgent_waiting() const { return urgent_waiting_; }
  /// Urgency of the one that would be picked; -1: nobody.
  [[nodiscard]] std::int64_t urgency_of_first(QueueId queue) const;
  /// How many entities are throttled.
  [[nodiscard]] std::uint32_t stopped(QueueId queue) const {
    return deadline_.stopped(queue) +
           (real_time_.throttled(queue) ? real_time_.waiting(queue) : 0U);
  }
  /// Whether somebody who waits goes before `running`, by class.
  [[nodiscard]] bool is_outranked(QueueId queue, EntityId running) const;

  /// When `release` has something to do; Instant::max(): never, as things are.
  [[nodiscard]] sim::Instant next_release(QueueId queue) const;
  /// Lets go what is due: throttled entities, or the server of fair ones.
  void release(QueueId queue);

 private:
  enum class Level : std::uint8_t { fair, real_time, deadline };

  struct Member {
    Level level = Level::fair;
    SchedulingClass kind = SchedulingClass::normal;
  };
  /// The deadline server of a queue's fair entities.
  struct Server {
    sim::Duration budget{};
    sim::Instant until{};  // end of its period
    bool active = false;   // serves: fair goes as a deadline entity due at `until`
  };
  struct Queue {
    Server server;
    std::uint32_t urgent_present = 0;  // above the fair class, running ones included
    bool fair_runs = false;            // whom it picked last is fair
  };

  [[nodiscard]] Queue& at(QueueId queue) { return queues_[static_cast<std::size_t>(queue)]; }
  [[nodiscard]] const Queue& at(QueueId queue) const {
    return queues_[static_cast<std::size_t>(queue)];
  }
  /// The fair policy, told the time.
  [[nodiscard]] Policy& fair() const {
    fair_->tell_time(now());
    return *fair_;
  }
  [[nodiscard]] bool has_server() const {
    return config_.real_time.limit == RealTimeSpec::Limit::fair_server;
  }
  [[nodiscard]] static std::int64_t urgency_of(sim::Instant deadline);
  [[nodiscard]] std::int64_t urgency_on(QueueId queue, EntityId entity) const;
  [[nodiscard]] Grant granted(QueueId queue, EntityId entity) const;
  void assign(EntityId entity, const ClassSpec& spec);
  void drop_delayed(QueueId queue, EntityId entity);
  void begin_server_period(Server& server) const;
  void use_server(Server& server, sim::Duration ran) const;

  std::unique_ptr<Policy> fair_;
  Config config_;
  RealTime real_time_;
  DeadlineClass deadline_;
  std::vector<Member> members_;
  std::vector<Queue> queues_;
  std::uint32_t urgent_waiting_ = 0;
};

}  // namespace timeslice::models
