// Speeds that depend on what others do: on the same core, last-level cache, memory node, path
// between nodes, cache line, and on how many cores of the package are at work.
//
// Threads whose speed rises and falls together form a group with one virtual clock
// (models/os/domain_clock.hpp). An event joins or leaves one group and re-times the groups of the
// touched domains, not their threads: O(groups of the domain + log members), no loop over CPUs. A
// thread without a character on a machine without turbo is in no group and costs what it did.
// Rates of a group: docs/models/memory-steps.md. Private to models/os.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "models/machine/character.hpp"
#include "models/os/cache_domains.hpp"
#include "models/os/cpu_rates.hpp"
#include "models/os/domain_clock.hpp"
#include "models/os/memory_traffic.hpp"
#include "models/os/resident_sets.hpp"
#include "models/os/shared_lines.hpp"
#include "sim/engine.hpp"

namespace timeslice::models {

/// A thread's stretch of work on a CPU.
struct SharedSegment {
  std::uint32_t cpu = 0;
  std::uint32_t thread = 0;
  WorkKind kind = WorkKind::native;
  std::uint32_t busy = 1;     // CPUs of the core at work
  double remaining_ns = 0.0;  // nominal
};

/// How it is timed: by a clock, or at a constant rate.
struct SharedTiming {
  std::uint32_t clock = DomainClock::none;
  double rate = 1.0;  // nominal ns for each ns of the clock, or of simulated time without one
};

class SharedRates {
 public:
  /// Whether this machine and these characters need any of it.
  [[nodiscard]] static bool needed(const MachineSpec& machine,
                                   const std::vector<CharacterSpec>& characters);

  /// Clocks fire events of `kind` with their number as the argument.
  SharedRates(sim::Engine& engine, const MachineSpec& machine, const CpuRates& rates,
              std::vector<Character> characters, std::uint8_t kind);
  SharedRates(const SharedRates&) = delete;
  SharedRates& operator=(const SharedRates&) = delete;

  /// What `thread` does from now on, until it says otherwise; no_character: nothing special.
  /// `cpu`: where it is or was last.
  void set_character(std::uint32_t thread, std::uint32_t cpu, std::uint32_t character);
  [[nodiscard]] const Character& character(std::uint32_t number) const {
    return characters_[number];
  }

  /// Times a segment that begins or goes on now; leaves what the CPU was in before.
  [[nodiscard]] SharedTiming begin(const SharedSegment& segment);
  /// The CPU's thread goes off it, or does something else.
  void leave(std::uint32_t cpu);
  /// `thread` comes to `cpu`, which pays so much for what others took from its data. [ns]
  [[nodiscard]] double switch_in(std::uint32_t thread, std::uint32_t cpu) {
    return sets_.switch_in(thread, cpu, now());
  }
  void switch_out(std::uint32_t thread, std::uint32_t cpu) {
    sets_.switch_out(thread, llc_share(thread, cpu), now());
  }
  /// Whether it is in the middle of work that says which data it uses.
  [[nodiscard]] bool has_set(std::uint32_t thread) const { return sets_.has_set(thread); }
  [[nodiscard]] double pass_ns(std::uint32_t thread) const { return sets_.pass_ns(thread); }
  /// What `thread` pays for its data when it goes on on `to` in the middle of its work. [ns]
  [[nodiscard]] double warm_up_ns(std::uint32_t thread, std::uint32_t from, std::uint32_t to) const;
  /// A CPU that begins or ends being busy.
  void set_busy(std::uint32_t cpu, bool busy);
  /// Whether the last `begin` on `cpu` changed what it leaves to the other CPUs of its core.
  [[nodiscard]] bool take_core_use_changed(std::uint32_t cpu);

  [[nodiscard]] double clock_at(std::uint32_t clock, std::int64_t now_ns) const {
    return groups_[clock].clock.at(now_ns);
  }
  /// The CPU whose work has ended by this clock; DomainClock::none: nobody's.
  [[nodiscard]] std::uint32_t take_ended(std::uint32_t clock);
  /// Sets the clock's event anew. To be called when its event was handled.
  void arm(std::uint32_t clock);

 private:
  enum class Kind : std::uint8_t { package, path, mixed, line };
  static constexpr std::uint32_t nowhere = 0xffffffffU;

  struct Key {
    Kind kind = Kind::package;
    bool latency_bound = false;
    std::uint32_t character = nowhere;  // of mixed and line
    std::uint32_t package = nowhere;
    std::uint32_t llc = nowhere;
    DataPlace place{nowhere, nowhere};
    double stretch = 1.0;  // of the core part, by hardware threads and the core's kind

    auto operator<=>(const Key&) const = default;
  };

  struct Group {
    Key key;
    DomainClock clock;
    sim::SlotId slot{};
    std::uint32_t members = 0;
    // Of each member of a mixed group.
    double traffic = 0.0;     // what it draws when alone [B/ns]
    double miss_ratio = 1.0;  // part of its accesses to the last-level cache
  };

  /// What a CPU brought to its domains, to be taken away again.
  struct Member {
    std::uint32_t group = DomainClock::none;
    std::uint32_t character = no_character;
    double traffic = 0.0;  // of a path group
  };

  [[nodiscard]] std::int64_t now() const { return engine_.now().time_since_epoch().count(); }
  [[nodiscard]] double llc_share(std::uint32_t thread, std::uint32_t cpu) const;
  [[nodiscard]] Key key_of(const SharedSegment& segment, std::uint32_t character, double stretch);
  [[nodiscard]] DataPlace place_of(const SharedSegment& segment, const Character& character);
  [[nodiscard]] std::uint32_t group_of(const Key& key);
  [[nodiscard]] std::uint32_t ordinary_group(std::uint32_t package);
  [[nodiscard]] SharedTiming begin_ordinary(const SharedSegment& segment);
  [[nodiscard]] SharedTiming begin_with(const SharedSegment& segment, std::uint32_t character);
  [[nodiscard]] double core_share(const SharedSegment& segment, const Character* character);
  void join(const SharedSegment& segment, std::uint32_t group, const Member& member);
  void look_at_cache(Group& group) const;
  void change_cache(std::uint32_t cpu, std::uint32_t character, int users);
  [[nodiscard]] double mixed_traffic(const Group& group) const;
  [[nodiscard]] double rate_of(const Group& group) const;
  [[nodiscard]] double mixed_time(const Group& group, double slowdown) const;
  void touch_memory(const DataPlace& place);
  void retime(std::uint32_t group);
  void retime_all(const std::vector<std::uint32_t>& groups);
  [[nodiscard]] const CoreSpec& core_of(std::uint32_t cpu) const {
    return machine_.cores[index_of(machine_.cpus[cpu].core)];
  }

  sim::Engine& engine_;
  const MachineSpec& machine_;
  const CpuRates& rates_;
  std::vector<Character> characters_;
  std::uint8_t kind_;

  MemoryTraffic traffic_;
  NodeMemory memory_;
  CacheDomains caches_;
  ResidentSets sets_;
  SharedLines lines_;
  std::vector<std::vector<double>> turbo_;   // by package and active cores; empty: constant
  std::vector<std::uint32_t> active_;        // cores at work, by package
  std::vector<std::uint32_t> busy_of_core_;  // CPUs at work
  std::vector<double> core_use_;             // by CPU; below 0: the default; 0: idle
  std::vector<std::uint32_t> special_;       // CPUs of a core with a use of their own
  std::vector<std::vector<std::uint32_t>> cpus_of_core_;
  double default_use_ = 0.0;
  bool use_changed_ = false;

  std::vector<Group> groups_;
  std::map<Key, std::uint32_t> numbers_;
  std::vector<std::uint32_t> ordinary_;  // the group of work without character, by package
  std::vector<std::vector<std::uint32_t>> of_package_;  // groups that the package's clock slows
  std::vector<std::vector<std::uint32_t>> of_llc_;
  std::vector<std::vector<std::uint32_t>> of_node_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> of_line_;

  std::vector<Member> members_;               // by CPU
  std::vector<std::uint32_t> character_of_;   // by thread
  std::vector<std::uint32_t> home_of_;        // by thread: of the present step's data
  std::vector<std::uint32_t> first_home_of_;  // by thread: of its own data
  std::vector<double> uses_;                  // scratch
};

}  // namespace timeslice::models
