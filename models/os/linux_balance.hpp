// Linux's load balancer: where woken and new threads go, and who takes threads from whom.
//
// Part of the dispatcher's mechanism, present if os.balance says so. It hears of every change of a
// thread's state (averages), is asked where to put threads, and acts when a CPU runs dry and at
// ticks. linux_balance.cpp: what it hears; linux_placement.cpp: wake-up and creation;
// linux_idlest.cpp: the walk down the domains for a new thread; linux_newidle.cpp: a CPU runs dry;
// linux_periodic.cpp: passes at ticks, also for idle CPUs; linux_groups.cpp: what groups of CPUs
// have to do and who should move; linux_detach.cpp: the moves. Rules and sources:
// docs/models/balancing.md. Cost: O(1) an event, O(CPUs of the cache) for a wake-up's scan, as the
// kernel limits it, O(CPUs of the domain) for a pass; one pass for all idle CPUs together is
// O(CPUs) where nobody waits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/os/cpu_bitmap.hpp"
#include "models/os/dispatcher_state.hpp"
#include "models/os/domains.hpp"
#include "models/os/load_average.hpp"

namespace timeslice::models {

inline constexpr double fits_margin = 1.25;  // fits_capacity() of fair.c: 1280 / 1024

struct Dispatcher::State::LinuxBalance {
  /// What a balancing pass is for: the CPU that pulls is busy, idle, or runs dry at this moment.
  enum class Occasion : std::uint8_t { busy, idle, newly_idle };

  /// Best first. Linux's enum group_type, without asymmetric packing and affinity imbalance.
  enum class GroupKind : std::uint8_t { has_spare, fully_busy, misfit, smt_crowded, overloaded };

  /// What is to move: threads, any that fit an amount of load or of running time, or one that is
  /// too big for its CPU.
  enum class Moves : std::uint8_t { threads, load, running_time, misfit };

  /// What a group of CPUs has to do. Capacities in CPUs of full speed.
  struct Group {
    CpuRange cpus;
    double capacity = 0.0;
    double capacity_max = 0.0;
    double running = 0.0;
    double able = 0.0;
    double load = 0.0;
    double load_per_capacity = 0.0;
    double misfit = 0.0;        // running time of the greatest thread that does not fit its CPU
    std::uint32_t threads = 0;  // that run or wait
    std::uint32_t idle = 0;     // CPUs
    std::uint32_t cores = 1;
    GroupKind kind = GroupKind::has_spare;
  };

  /// One pass of one CPU over one domain.
  struct Pass {
    std::uint32_t cpu = 0;
    std::uint32_t number = 0;  // of the domain
    const Domain* domain = nullptr;
    Occasion occasion = Occasion::busy;
    std::uint32_t failed = 0;
    Moves moves = Moves::threads;
    double imbalance = 0.0;
    std::uint32_t moved = 0;
    bool all_bound = false;  // whoever waits there may not come here
  };

  /// Of a CPU in one of its domains.
  struct DomainState {
    std::int64_t last_balance = 0;  // in ticks of the machine
    std::int64_t interval_ms = 0;
    std::uint32_t failed = 0;
    std::int64_t search_cost_max = 0;  // ns
    std::int64_t cost_decayed = 0;     // ns
    std::uint32_t chances = 0;
    std::uint32_t successes = 0;
    double success_part = 0.0;
  };

  struct CpuBalance {
    LoadAverage average;
    double capacity = 1.0;
    std::int64_t next_balance = 0;  // in ticks of the machine
    std::int64_t idle_since = 0;
    std::int64_t idle_mean = 0;
    std::int64_t search_cost_max = 0;  // of all its domains, at least cache_hot
    std::int64_t search_cost = 0;      // of the search that found what runs next
    bool quiet = false;                // nothing to do at ticks until something changes
    bool push = false;                 // its running thread is to go to push_to
    std::uint32_t push_to = 0;
    std::uint32_t push_domain = 0;
    std::vector<DomainState> domains;  // bottom up
  };

  struct ThreadBalance {
    LoadAverage average;
    std::uint32_t weight = 1024;
    std::uint32_t recent_cpu = nobody;
    std::uint32_t last_wakee = nobody;
    std::uint32_t flips = 0;
    std::int64_t flips_halved = 0;
    bool placed = false;  // its activity counts on a CPU
  };

  explicit LinuxBalance(State& its_state);

  // What it hears.
  void thread_created(std::uint32_t weight);
  void guess_activity(std::uint32_t thread, std::uint32_t cpu);
  void thread_reweighted(std::uint32_t thread, std::uint32_t weight);
  void thread_placed(std::uint32_t thread, std::uint32_t from, std::uint32_t to);
  void thread_changed(std::uint32_t thread, bool able, bool running);
  void thread_exited(std::uint32_t thread);
  void cpu_idle(std::uint32_t cpu);
  void cpu_called(std::uint32_t cpu);
  void load_noted(const CpuLoad& before, const CpuLoad& now);

  // What it is asked.
  [[nodiscard]] std::uint32_t cpu_for_woken(std::uint32_t thread, WakeCause cause);
  [[nodiscard]] std::uint32_t cpu_for_new(std::uint32_t thread, WakeCause cause);
  [[nodiscard]] std::uint32_t cpu_for_exec(std::uint32_t thread);
  [[nodiscard]] std::int64_t next_tick(std::uint32_t cpu);
  [[nodiscard]] std::int64_t take_search_cost(std::uint32_t cpu);

  // When it acts.
  /// A CPU has run dry; true: it has a thread now.
  bool run_dry(std::uint32_t cpu);
  /// True: the running thread was pushed away and `cpu` has been scheduled.
  bool tick(std::uint32_t cpu);

  // linux_placement.cpp
  void count_wakee(std::uint32_t waker, std::uint32_t thread);
  [[nodiscard]] bool wakes_many(std::uint32_t waker, std::uint32_t thread, std::uint32_t cpu) const;
  [[nodiscard]] std::uint32_t affine_target(std::uint32_t thread, std::uint32_t waker, bool sync);
  [[nodiscard]] std::uint32_t idle_near(std::uint32_t thread, std::uint32_t target);
  [[nodiscard]] std::uint32_t scan_cache(std::uint32_t thread, std::uint32_t target, bool for_core);
  [[nodiscard]] std::uint32_t idle_by_capacity(std::uint32_t thread, std::uint32_t target) const;
  [[nodiscard]] bool fits(std::uint32_t thread, std::uint32_t cpu) const;
  [[nodiscard]] bool free_for(std::uint32_t thread, std::uint32_t cpu) const;
  [[nodiscard]] bool far_apart(std::uint32_t one, std::uint32_t other) const;

  // linux_idlest.cpp
  [[nodiscard]] Group group_for_new(const Domain& domain, CpuRange cpus,
                                    std::uint32_t thread) const;
  [[nodiscard]] std::optional<CpuRange> idlest_group(const Domain& domain, std::uint32_t cpu,
                                                     std::uint32_t thread) const;
  [[nodiscard]] std::uint32_t walk_to_idlest(std::uint32_t cpu, std::uint32_t thread) const;
  [[nodiscard]] bool is_on(std::uint32_t thread, std::uint32_t cpu) const;
  [[nodiscard]] std::uint32_t idlest_cpu(CpuRange group, std::uint32_t thread) const;

  // linux_newidle.cpp
  bool search(std::uint32_t cpu, std::uint32_t level, std::int64_t& spent);
  [[nodiscard]] std::uint32_t chance_weight(DomainState& state);
  static void count_chance(DomainState& state, std::uint32_t successes);
  bool renew_cost(DomainState& state, std::int64_t cost) const;

  // linux_periodic.cpp
  void balance_domains(std::uint32_t cpu, Occasion occasion);
  void balance_for_idle();
  [[nodiscard]] bool should_balance(std::uint32_t cpu, const Domain& domain) const;
  [[nodiscard]] std::int64_t interval_ticks(const DomainState& state, bool busy) const;
  [[nodiscard]] bool crowded(std::uint32_t cpu) const;
  [[nodiscard]] bool could_rest(std::uint32_t cpu) const;
  void wake_quiet();
  bool push_running(std::uint32_t cpu);

  // linux_groups.cpp
  [[nodiscard]] Group group_of(const Pass& pass, CpuRange cpus) const;
  [[nodiscard]] static GroupKind kind_of(const Group& group, std::uint32_t width,
                                         double imbalance_pct, bool crowded_counts);
  [[nodiscard]] double misfit_on(std::uint32_t cpu) const;
  [[nodiscard]] bool nothing_waits_in(const Domain& domain) const;
  void find_nothing(const Domain& domain, Occasion occasion);
  [[nodiscard]] const std::vector<Group>& groups_of(const Pass& pass);
  void forget_groups();
  [[nodiscard]] bool busier(const Pass& pass, const Group& local, const Group& group,
                            const Group& than) const;
  /// The group to take from, with what to move in `pass`.
  [[nodiscard]] std::optional<Group> busiest_group(Pass& pass);
  [[nodiscard]] static bool worth_it(const Pass& pass, Group& local, const Group& busiest,
                                     double mean_load);
  static void weigh(Pass& pass, Group& local, const Group& busiest, double mean_load);
  void renew_scan_limit(std::uint32_t llc, double running);
  [[nodiscard]] std::uint32_t scan_limit(std::uint32_t llc);
  [[nodiscard]] std::uint32_t busiest_cpu(const Pass& pass, const Group& group) const;

  // linux_detach.cpp
  /// One pass; true if threads came. `level`: which of the CPU's domains.
  bool balance(std::uint32_t cpu, std::uint32_t level, Occasion occasion);
  void take(Pass& pass, std::uint32_t from);
  [[nodiscard]] bool hot(const Pass& pass, std::uint32_t thread, std::uint32_t from) const;
  [[nodiscard]] bool wanted(Pass& pass, std::uint32_t thread);
  void bring(Pass& pass, std::uint32_t thread);
  static void balanced(DomainState& own, const Domain& domain);
  void ask_push(const Pass& pass, std::uint32_t level, std::uint32_t from);

  [[nodiscard]] std::uint32_t threads_on(std::uint32_t cpu) const;
  [[nodiscard]] bool runs(std::uint32_t cpu) const { return state.cpus[cpu].thread != nobody; }
  LoadAverage& settled(LoadAverage& average) const;
  [[nodiscard]] std::int64_t ticks_now() const { return state.now() / tick_ns; }

  State& state;
  Domains domains;
  std::int64_t tick_ns;
  std::int64_t hot_ns;
  std::vector<CpuBalance> cpus;
  std::vector<ThreadBalance> threads;
  CpuBitmap used;                          // by position: CPUs that ever had a thread
  std::vector<std::uint32_t> scan_limits;  // by cache: CPUs that a wake-up may look at
  std::vector<std::int64_t> scan_renewed;  // by cache: when that was last set, in ticks
  std::vector<std::uint32_t> resting;      // quiet CPUs
  std::vector<std::uint32_t> waiting;      // scratch: candidates to move
  std::vector<std::uint32_t> excluded;     // scratch: CPUs of which nobody may come
  std::vector<Group> groups;               // scratch: of the domain that is looked at
  // While the idle CPUs look around one after another and nothing changes, they see the same.
  bool looks_for_all = false;
  std::vector<std::vector<Group>> seen_groups;  // by domain
  std::vector<std::uint32_t> seen_domains;      // whose groups are known
  std::vector<bool> limit_seen;                 // by cache: its scan limit has just been renewed
  std::uint32_t overloaded_cpus = 0;            // with somebody waiting
  std::uint32_t ticking = nobody;               // the CPU whose tick is being handled
  bool overloaded = false;                      // some CPU had, when last looked at
  std::int64_t next_idle_pass = 0;              // in ticks
  DrawStream chances;
};

}  // namespace timeslice::models
