// The tree of queues: threads and groups of threads, on which one policy decides level by level.
//
// Each CPU has a root queue (or all share one). A group has a queue and an entity on each CPU where
// it has threads, made when first needed; its entity stands in the queue of its parent group or in
// the root queue. To pick, one descends from the root until a thread is found. Without groups no
// level is added and nothing is paid. Cost: levels * the policy's cost.
// A group's weight on a CPU is its weight times the part of its load that is there: the weights of
// what is able to run in it. A group whose quota is used up on a CPU is throttled there: its entity
// leaves the queue above, and the threads below it do not wait but stand still (bandwidth.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "models/ids.hpp"
#include "models/os/bandwidth.hpp"
#include "models/os/linux_classes.hpp"
#include "models/os/os_spec.hpp"
#include "models/os/policy.hpp"

namespace timeslice::models {

/// Where an entity of a thread stands in the tree.
struct Seat {
  static constexpr std::uint32_t no_group = 0xffffffffU;

  EntityId entity{};
  std::uint32_t cpu = 0;
  std::uint32_t node = no_group;  // the group's share of this CPU; none: right below the root
};

/// The thread that runs next; `slice` only matters if others wait.
struct Pick {
  std::uint32_t thread = 0;
  sim::Duration slice{};
};

/// So many threads, and how many of them are bound to some of the CPUs.
struct Crowd {
  std::uint32_t all = 0;
  std::uint32_t bound = 0;

  Crowd& operator+=(const Crowd& more) {
    all += more.all;
    bound += more.bound;
    return *this;
  }
  Crowd& operator-=(const Crowd& fewer) {
    all -= fewer.all;
    bound -= fewer.bound;
    return *this;
  }
};

class RunQueues {
 public:
  /// `bandwidth` must outlive this. `random`: the run's, for policies that draw.
  RunQueues(const OsSpec& os, std::uint32_t cpus, Bandwidth& bandwidth,
            const sim::Random& random = sim::Random{0});

  /// What is asked and said from here on happens at `now`.
  void tell_time(sim::Instant now) { policy_->tell_time(now); }

  /// The ticks of `cpu`; told before any thread is ready.
  void set_ticks(std::uint32_t cpu, Ticks ticks);

  /// `bound`: not to every CPU; for the counts that are told.
  [[nodiscard]] EntityId add_thread(std::uint32_t thread, const EntityParameters& parameters,
                                    bool bound = false);

  /// The node of `group` on `cpu`, made on demand; Seat::no_group for the root group.
  [[nodiscard]] std::uint32_t node_of(GroupId group, std::uint32_t cpu);

  /// Whether the blocked thread still stands in its queue: it wakes up there and nowhere else.
  [[nodiscard]] bool stays_queued(const Seat& seat) const {
    return policy_->stays_queued(queue_of(seat), seat.entity);
  }

  /// Both return whether the thread counts as waiting: no group that it is in is throttled there.
  [[nodiscard]] bool enqueue(const Seat& seat, EnqueueReason reason);
  [[nodiscard]] bool remove_waiting(const Seat& seat, DequeueReason reason);

  /// The running thread goes back to its queue, or leaves.
  void put_back(const Seat& seat, EnqueueReason reason) {
    policy_->enqueue(queue_of(seat), seat.entity, reason);
    if (seat.node != Seat::no_group) {
      settle_levels(seat.node, reason);
    }
  }
  void remove_running(const Seat& seat, DequeueReason reason);
  /// The running thread weighs something else from now on.
  void set_weight(const Seat& running, std::uint32_t weight);

  [[nodiscard]] std::optional<Pick> pick(std::uint32_t cpu) {
    if (has_groups()) {
      return pick_in_tree(cpu);
    }
    const std::optional<Grant> grant = policy_->pick_next(root(cpu));
    if (!grant) {
      return std::nullopt;
    }
    return Pick{.thread = static_cast<std::uint32_t>(grant->entity), .slice = grant->slice};
  }
  /// Charges the run to the thread and to its groups.
  void charge(const Seat& running, sim::Duration ran) {
    policy_->charge(queue_of(running), running.entity, ran);
    if (running.node != Seat::no_group) {
      charge_levels(running, ran);
    }
  }
  /// Least slice left on a level where rivals wait; no_limit if none do.
  [[nodiscard]] sim::Duration slice_left(const Seat& running) const {
    return has_groups() ? least_slice_left(running)
                        : policy_->slice_left(queue_of(running), running.entity);
  }
  [[nodiscard]] bool preempts(const Seat& woken, const Seat& running) const;

  // Quotas. Nothing of this is needed unless has_quotas().

  /// Least CPU time that a group of the running thread has left before it must draw.
  [[nodiscard]] sim::Duration runtime_left(const Seat& running) const;
  /// Draws for the groups of the running thread; false: one of them must stop.
  [[nodiscard]] bool draw_runtime(const Seat& running);
  /// After a thread left the CPU: throttles those of its groups that have no time left there.
  /// Returns the threads of that CPU that no longer wait.
  [[nodiscard]] Crowd throttle_spent(const Seat& left);
  /// Ends the throttling of `node`; returns the threads that wait from now on.
  [[nodiscard]] Crowd unthrottle(std::uint32_t node);
  /// Whether a group of the seat is throttled there.
  [[nodiscard]] bool stopped(const Seat& seat) const { return stopped_at(seat.node); }
  /// Whether threads of `group` would be throttled on `cpu`.
  [[nodiscard]] bool stopped_on(GroupId group, std::uint32_t cpu) const;

  // For policies with an order; see Policy. Such policies have no groups.
  [[nodiscard]] bool has_order() const { return policy_->has_order(); }
  [[nodiscard]] bool outranked(const Seat& running) const {
    return policy_->outranked(queue_of(running), running.entity);
  }
  [[nodiscard]] bool less_urgent(const Seat& a, const Seat& b) const {
    return policy_->less_urgent(a.entity, b.entity);
  }
  void begin_job(EntityId entity, const Job& job) { policy_->begin_job(entity, job); }

  /// A waiting thread of `cpu` whose entity is accepted, last in line; the root queue is searched
  /// first, then the groups in order of creation.
  [[nodiscard]] std::optional<std::uint32_t> candidate(std::uint32_t cpu,
                                                       const MoveFilter& accepts) const;

  /// Whether a thread asked for another class than normal: then limits end runs that have no
  /// rivals, and what may not run is released by the clock.
  [[nodiscard]] bool has_classes() const { return classes_ != nullptr; }
  // Of a world with classes; see linux_classes.hpp.
  [[nodiscard]] const LinuxClasses& classes() const { return *classes_; }
  void set_class(const Seat& absent, const ClassSpec& spec);
  void lend_deadline(const Seat& absent, sim::Instant until);
  [[nodiscard]] std::optional<std::uint32_t> most_urgent(std::uint32_t cpu,
                                                         const MoveFilter& accepts) const;
  [[nodiscard]] bool is_outranked(const Seat& running) const;
  /// How many of its waiting threads may not run now.
  [[nodiscard]] std::uint32_t classes_stop(std::uint32_t cpu) const {
    return classes_->stopped(root(cpu));
  }
  [[nodiscard]] sim::Instant next_release(std::uint32_t cpu) const {
    return classes_->next_release(root(cpu));
  }
  void release(std::uint32_t cpu) { classes_->release(root(cpu)); }
  [[nodiscard]] std::int64_t urgency_of_first(std::uint32_t cpu) const {
    return classes_->urgency_of_first(root(cpu));
  }

  [[nodiscard]] const Policy& policy() const { return *policy_; }
  [[nodiscard]] bool has_groups() const { return !groups_.empty(); }
  [[nodiscard]] bool has_quotas() const { return has_quotas_; }
  [[nodiscard]] bool shared() const { return shared_; }
  [[nodiscard]] std::uint32_t thread_of(EntityId entity) const {
    return groups_.empty() ? static_cast<std::uint32_t>(entity) : owners_[index_of(entity)];
  }

 private:
  static constexpr std::uint32_t node_bit = 0x80000000U;  // in owners_: a node, not a thread

  /// One group on one CPU.
  struct Node {
    std::uint32_t group = 0;   // index in groups_
    std::uint32_t parent = 0;  // node, or Seat::no_group
    QueueId queue{};
    QueueId parent_queue{};
    EntityId entity{};
    std::uint32_t weight = 0;   // of its entity
    std::uint32_t members = 0;  // able entities of its queue, running one included
    Crowd threads{};            // able, below it; without those below throttled nodes
    std::uint64_t load = 0;     // weights of its members
  };
  struct Group {
    std::uint32_t parent = 0;  // index in groups_ + 1; 0: the root
    std::uint32_t weight = 0;
    bool idle = false;
    std::uint64_t load = 0;                  // of its nodes
    std::vector<std::uint32_t> node_by_cpu;  // filled on first use; Seat::no_group: none yet
  };

  [[nodiscard]] QueueId root(std::uint32_t cpu) const { return QueueId{shared_ ? 0 : cpu}; }
  [[nodiscard]] QueueId queue_of(const Seat& seat) const {
    return seat.node == Seat::no_group ? root(seat.cpu) : nodes_[seat.node].queue;
  }
  [[nodiscard]] std::optional<Pick> pick_in_tree(std::uint32_t cpu);
  void charge_levels(const Seat& running, sim::Duration ran);
  [[nodiscard]] sim::Duration least_slice_left(const Seat& running) const;
  void use_classes();
  EntityId new_entity(std::uint32_t owner, const EntityParameters& parameters, bool bound);
  [[nodiscard]] Crowd alone(EntityId thread) const {
    return {.all = 1, .bound = bound_[index_of(thread)] ? 1U : 0U};
  }
  [[nodiscard]] bool throttled(std::uint32_t node) const {
    return has_quotas() && bandwidth_.throttled(node);
  }
  [[nodiscard]] bool stopped_at(std::uint32_t node) const;
  [[nodiscard]] static EntityParameters parameters_of(const Group& group);
  void add_load(std::uint32_t node, std::uint64_t weight);
  void renew_weight(Node& node);
  /// `node` has one member of `weight` more or less, and below it `threads` that can run: puts
  /// nodes that were empty into the queues above, or takes empty ones out. False: it is stopped.
  bool add_member(std::uint32_t node, std::uint64_t weight, Crowd threads);
  bool remove_member(std::uint32_t node, std::uint64_t weight, Crowd threads, DequeueReason reason);
  /// The entities of `node` and of the levels above it, which were current, go back.
  void settle_levels(std::uint32_t node, EnqueueReason reason);
  [[nodiscard]] std::optional<std::uint32_t> candidate_in(QueueId queue,
                                                          const MoveFilter& accepts) const;

  std::unique_ptr<Policy> policy_;
  Bandwidth& bandwidth_;
  bool has_quotas_;
  LinuxClasses* classes_ = nullptr;  // the policy, once a class is asked for
  LinuxClasses::Config class_config_;
  bool shared_;
  std::uint32_t cpus_;
  std::uint32_t queues_;
  std::uint32_t entities_ = 0;
  std::vector<Group> groups_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> owners_;                 // by entity; only with groups
  std::vector<std::uint32_t> weights_;                // of threads, by entity; only with groups
  std::vector<bool> bound_;                           // the same
  std::vector<std::vector<std::uint32_t>> nodes_on_;  // by CPU; only with groups
};

}  // namespace timeslice::models
