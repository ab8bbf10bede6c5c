// A drawn program before it is YAML: one executor, what its items do, how main hands them over.
//
// Values only; the grammar fills them (grammar.hpp), to_yaml writes them. Cost: linear in phases.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace timeslice::validation {

enum class Work : std::uint8_t { python, native, held, sleep, io };

/// One step of a task.
struct Phase {
  Work work = Work::python;
  std::int64_t mean_us = 0;
  std::string duration;  // as the format writes it: "1200us", "exp(1200us)"
  bool in_gate = false;  // under the design's lock
};

/// What items meet at besides the lock that they may hold.
enum class Meeting : std::uint8_t { none, queue, event, barrier };

struct Design {
  std::string group;  // class that it is meant for: validation's group_of()
  bool python = true;
  std::string kind;            // of the executor
  std::uint32_t workers = 0;   // 0: this kind has none
  std::string start;           // of processes; empty: they are none
  std::string chunk;           // "", "auto" or a number
  std::string call = "map";    // map, starmap, imap, imap_unordered, submit, gather
  std::uint64_t argument = 0;  // bytes an item, and back
  std::uint64_t result = 0;
  std::uint64_t per_child = 0;  // maxtasksperchild; 0: none
  bool terminate = false;
  bool at_start = false;
  std::vector<Phase> phases;    // of an item
  std::vector<Phase> blocking;  // of an event loop's item: what it gives to threads
  std::uint32_t crew = 0;       // so many of them
  std::uint32_t gate = 0;       // how many may hold the lock at a time; 0: there is none
  Meeting meeting = Meeting::none;
  std::uint64_t items = 0;   // each round
  std::uint64_t rounds = 1;  // maps, one after the other, on the same executor
  std::int64_t main_us = 0;  // bytecode (C++: native work) of main before
  std::string machine = "host";
  std::uint64_t seed = 1;          // of the scenario
  std::vector<std::string> other;  // of a pair: what the variant `other` changes, as "path: value"
};

/// Whether items run in processes of their own.
[[nodiscard]] bool in_processes(const std::string& kind);

/// Least time that the work takes on `cpus` CPUs, chance and all costs apart.
[[nodiscard]] double nominal_us(const Design& design, std::uint32_t cpus);
/// What one more item adds to that.
[[nodiscard]] double item_us(const Design& design, std::uint32_t cpus);

/// "processes, 3 workers by fork, imap: 120 items of 2.1 ms (python, sleep) ..."
[[nodiscard]] std::string describe(const Design& design);

/// The scenario file; `extra` lines stand behind `about`.
[[nodiscard]] std::string to_yaml(const Design& design, const std::string& name,
                                  const std::string& extra);

}  // namespace timeslice::validation
