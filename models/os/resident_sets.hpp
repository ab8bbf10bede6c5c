// What each thread's data have left in the caches while others used them.
//
// Every line that somebody brings into a cache of N lines throws out any given line with a chance
// of 1/N (random replacement), so of what a thread left behind exp(-F/C) is still there once F
// bytes were brought into a cache of C. Whoever brings a set from r to s held bytes needs
// F = C ln((C - r) / (C - s)), at most what it walks over: so sets that fit together come to lie
// side by side, and together they never hold more than C. Page: docs/models/warm-up.md.
// A cache keeps one sum of F/C for all its threads. Cost: O(1) an event; 0 without characters.
// Not for threads without a character: nobody said what they touch. Private to models/os.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/machine/character.hpp"
#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

class ResidentSets {
 public:
  /// Both must outlive this.
  ResidentSets(const MachineSpec& machine, std::span<const Character> characters);

  /// `thread` comes to `cpu`. What others took from its data meanwhile costs it so much, if it is
  /// in the middle of a step; a move to other caches is not part of it. [ns]
  [[nodiscard]] double switch_in(std::uint32_t thread, std::uint32_t cpu, std::int64_t now);
  /// It goes off its CPU, having had so many bytes of its last-level cache (LLC).
  void switch_out(std::uint32_t thread, double llc_share, std::int64_t now);
  /// It begins work of this character, or ends it (no_character); data of the same character are
  /// the same data.
  void set_character(std::uint32_t thread, std::uint32_t character, double llc_share,
                     std::int64_t now);

  /// Time of one warm pass over its set, alone. Requires: has_set. [ns]
  [[nodiscard]] double pass_ns(std::uint32_t thread) const;
  /// Whether the thread is in the middle of work that says which set it uses.
  [[nodiscard]] bool has_set(std::uint32_t thread) const;

 private:
  static constexpr std::uint32_t nowhere = 0xffffffffU;

  struct Cache {
    double bytes = 0.0;   // 0: not known
    double passed = 0.0;  // brought in up to `since`, in caches full
    double rate = 0.0;    // of those who bring in new lines all the time [a ns]
    std::uint32_t streams = 0;
    std::int64_t since = 0;
  };
  /// A thread's part of a cache.
  struct Held {
    std::uint32_t cache = nowhere;
    double bytes = 0.0;
    double passed = 0.0;  // the cache's, when that was so
  };
  struct Thread {
    std::uint32_t character = no_character;  // the last one
    bool active = false;                     // it works with that now
    bool on_cpu = false;
    std::uint32_t core = nowhere;  // where it is or was
    std::uint32_t llc = nowhere;
    std::int64_t begun = 0;  // the present stretch of work on a CPU
    Held own;
    Held shared;
  };

  [[nodiscard]] Thread& thread_at(std::uint32_t thread);
  [[nodiscard]] static double passed_at(const Cache& cache, std::int64_t now);
  [[nodiscard]] double still_held(const Held& held, std::int64_t now) const;
  void begin(Thread& thread, std::int64_t now);
  void end(Thread& thread, double llc_share, std::int64_t now);
  void begin_in(Held& held, std::uint32_t cache, const Character& character, std::int64_t now);
  void end_in(Held& held, const Character& character, double share, const Thread& thread,
              std::int64_t now);

  const MachineSpec& machine_;
  std::span<const Character> characters_;
  std::vector<Cache> caches_;  // of the cores, then the LLCs
  std::vector<Thread> threads_;
};

}  // namespace timeslice::models
