#include "models/machine/character.hpp"

#include <algorithm>
#include <limits>

#include "models/machine/smt.hpp"
#include "models/machine/turbo.hpp"
#include "models/machine/warm_up.hpp"

namespace timeslice::models {

namespace {

// A core's own caches, in clock cycles a line of 64 B. Chase: 1.09 and 3.8 ns at 3.5 GHz on the
// reference guest. Stream: one core's loads on eight machines, medians 114 and 54 GB/s at about
// 2.6 GHz (kerncraft machine files). Random: a quarter of the latency, guess.
constexpr double l1_chase_cycles = 4.0;
constexpr double l2_chase_cycles = 13.5;
constexpr double l1_stream_cycles = 1.5;
constexpr double l2_stream_cycles = 3.1;
constexpr double private_overlap = 4.0;
/// The LLC, which has a clock of its own. Reference guest: 12-16 ns (in a VM); streams from it are
/// 1.7 times as fast as from memory (median of seven machines, 1.4-2.5).
constexpr double llc_latency_ns = 14.0;
constexpr double llc_stream_gain = 1.7;
/// Misses that a core has in flight. Guess: line-fill buffers of x86 cores are 10 to 16.
constexpr double misses_in_flight = 10.0;
constexpr double clock_default_ghz = 3.5;  // of the reference guest

// Two like threads on one core. Stream: median of 13 configurations, 0.99 (triad) to 1.11 (load).
// Chase: guess, above the 1.6 of POWER8 SMT2 on ordinary code; random: between them, guess.
constexpr double stream_gain = 1.05;
constexpr double random_gain = 1.4;
constexpr double chase_gain = 1.78;

double as_double(Bytes bytes) {
  return static_cast<double>(bytes.count);
}

double clock_ghz(const MachineSpec& machine) {
  const double hertz = lone_core_clock(machine).per_second;
  return hertz > 0.0 ? hertz * 1e-9 : clock_default_ghz;
}

bool is_line(Pattern pattern) {
  return pattern == Pattern::atomic || pattern == Pattern::store;
}

/// Bytes of a core's own cache of this level; 0: not known.
double private_bytes(const MachineSpec& machine, std::uint32_t level) {
  for (const CacheSpec& cache : machine.caches) {
    if (cache.level == level && cache.type != CacheSpec::Type::instruction) {
      return as_double(cache.size) /
             static_cast<double>(std::max<std::size_t>(1, cache.cores.size()));
    }
  }
  return 0.0;
}

std::uint32_t top_level(const MachineSpec& machine) {
  std::uint32_t level = 0;
  for (const CacheSpec& cache : machine.caches) {
    if (cache.type != CacheSpec::Type::instruction && cache.size.count > 0) {
      level = std::max(level, cache.level);
    }
  }
  return level;
}

Where resolved(const CharacterSpec& spec, const MachineSpec& machine) {
  if (spec.where != Where::automatic) {
    return spec.where;
  }
  const double set = as_double(spec.set);
  const std::uint32_t top = top_level(machine);
  if (set <= private_bytes(machine, 1)) {
    return Where::l1;
  }
  if (top > 2 && set <= private_bytes(machine, 2)) {
    return Where::l2;
  }
  return top > 0 ? Where::l3 : Where::memory;
}

double private_line_ns(Pattern pattern, bool first_level, double ghz) {
  const double chase = (first_level ? l1_chase_cycles : l2_chase_cycles) / ghz;
  const double stream = (first_level ? l1_stream_cycles : l2_stream_cycles) / ghz;
  switch (pattern) {
    case Pattern::chase:
      return chase;
    case Pattern::random:
      return std::max(chase / private_overlap, stream);
    default:
      return stream;
  }
}

struct LineTimes {
  double hit_ns = 0.0;
  double miss_ns = 0.0;
};

LineTimes shared_line_ns(const CharacterSpec& spec, const MemoryPaths& paths) {
  const double stream = line_bytes * (1.0 + spec.write) / paths.one_core();
  const LineTimes streams{.hit_ns = stream / llc_stream_gain, .miss_ns = stream};
  switch (spec.pattern) {
    case Pattern::chase:
      return {.hit_ns = llc_latency_ns, .miss_ns = paths.local_latency_ns()};
    case Pattern::random:
      return {.hit_ns = std::max(llc_latency_ns / misses_in_flight, streams.hit_ns),
              .miss_ns = std::max(paths.local_latency_ns() / misses_in_flight, streams.miss_ns)};
    default:
      return streams;
  }
}

double gain_of(const CharacterSpec& spec) {
  switch (spec.pattern) {
    case Pattern::chase:
      return chase_gain;
    case Pattern::random:
      return random_gain;
    default:
      return stream_gain;
  }
}

/// Bytes that the largest LLC offers one user; a lone walk has a whole one.
double lone_cache(const MachineSpec& machine) {
  double most = 0.0;
  for (const CoreSpec& core : machine.cores) {
    most = std::max(most, llc_bytes(machine, core.llc));
    if (machine.memory_system.llc_usable.count > 0) {
      break;
    }
  }
  return most;
}

Character of_memory(const CharacterSpec& spec, const MachineSpec& machine) {
  Character it;
  it.core_path = true;
  const Where where = resolved(spec, machine);
  if (where == Where::l1 || where == Where::l2) {
    it.unit_ns = private_line_ns(spec.pattern, where == Where::l1, clock_ghz(machine));
    return it;
  }
  const MemoryPaths paths{machine};
  const LineTimes line = shared_line_ns(spec, paths);
  it.core = 0.0;
  it.latency_bound = spec.pattern == Pattern::chase;
  it.set = as_double(spec.set);
  const double cache = lone_cache(machine);
  if (where == Where::memory) {
    it.lone_ratio = 1.0;
  } else if (cache <= 0.0) {
    it.lone_ratio = 0.0;  // nobody said how large it is: what is said to lie there fits
  } else {
    it.misses = spec.pattern == Pattern::stream ? MissCurve::walk_over(spec.set)
                                                : MissCurve::random_over(spec.set);
    it.lone_ratio = it.misses.at(std::min(it.set, cache));
    if (it.lone_ratio >= 1.0) {
      it.misses = {};  // it misses with the whole cache, so with any part of it
    }
  }
  it.unit_ns = (1.0 - it.lone_ratio) * line.hit_ns + it.lone_ratio * line.miss_ns;
  it.hit = it.misses.empty() && it.lone_ratio == 1.0 ? 0.0 : line.hit_ns / it.unit_ns;
  it.miss = it.misses.empty() && it.lone_ratio == 0.0 ? 0.0 : line.miss_ns / it.unit_ns;
  it.accesses = 1.0 / it.unit_ns;
  it.bytes = it.miss > 0.0 ? line_bytes * (1.0 + spec.write) / it.unit_ns : 0.0;
  return it;
}

Character of_line(const CharacterSpec& spec) {
  Character it;
  it.core = 1.0;
  it.contends = true;
  it.line = spec.line;
  it.unit_ns = spec.pattern == Pattern::atomic ? atomic_alone_ns : store_alone_ns;
  return it;
}

Character of_code(const CharacterSpec& spec, const MachineSpec& machine) {
  Character it;
  const double accesses = spec.traffic.per_second * 1e-9 / line_bytes;
  const double cache = lone_cache(machine);
  it.set = as_double(spec.set);
  it.accesses = accesses;
  it.bytes = spec.traffic.per_second * 1e-9 * (1.0 + spec.write);
  it.misses = spec.misses;
  if (it.misses.empty() && spec.set.count > 0) {
    it.misses = MissCurve::random_over(spec.set);
  }
  if (!spec.misses.empty() && it.set == 0.0) {
    it.set = as_double(spec.misses.points().back().size);
  }
  if (!it.misses.empty()) {
    it.lone_ratio = it.misses.at(cache > 0.0 ? std::min(it.set, cache) : it.set);
  }
  it.miss = accesses * static_cast<double>(spec.stall.count());
  it.core = 1.0 - it.miss * it.lone_ratio;
  it.latency_bound = true;
  return it;
}

/// Memory of the node; infinite where nobody said.
double node_bytes(const MachineSpec& machine, std::uint32_t node) {
  const Bytes memory = node < machine.nodes.size() ? machine.nodes[node].memory : Bytes{};
  return memory.count > 0 ? as_double(memory) : std::numeric_limits<double>::infinity();
}

double vector_clock(const CharacterSpec& spec, const MachineSpec& machine) {
  if (spec.vector == VectorClass::none) {
    return 1.0;
  }
  const std::size_t index = spec.vector == VectorClass::avx2 ? 0 : 1;
  const double said = machine.memory_system.vector_clock[index];
  return said > 0.0 ? said : 1.0;
}

ColdMove cold_move(const CharacterSpec& spec, const MachineSpec& machine) {
  const bool walks_far = spec.where == Where::memory || is_line(spec.pattern);
  return {.pattern = spec.pattern,
          .set = walks_far ? 0.0 : as_double(spec.set),
          .written = spec.write,
          .own = std::max(private_bytes(machine, 1),
                          top_level(machine) > 2 ? private_bytes(machine, 2) : 0.0),
          .shared = lone_cache(machine),
          .memory_ns = MemoryPaths{machine}.local_latency_ns(),
          .other_llc = false};
}

/// Requires: the parts of time of `it` are known.
ColdSet cold_set(const CharacterSpec& spec, const Character& it, const ColdMove& move) {
  ColdSet cold;
  if (is_line(spec.pattern)) {
    return cold;
  }
  const bool code = spec.pattern == Pattern::code;
  const double line_overlap = line_bytes * overlap_of(spec.pattern);
  cold.set = move.own + move.shared > 0.0 ? move.set : 0.0;  // no cache is known: `cold_refill`
  cold.own = move.own;
  cold.own_ns = clean_line_ns / line_overlap;
  cold.memory_ns = move.memory_ns / line_overlap;
  cold.touched = spec.set.count > 0 ? as_double(spec.set) : it.set;
  cold.walk = line_bytes * (code ? it.accesses : 1.0 / it.unit_ns);
  cold.at_once = code;
  cold.never_stays = spec.where == Where::memory || cold.touched <= 0.0;
  return cold;
}

ColdMove beyond(ColdMove move) {
  move.other_llc = true;
  return move;
}

}  // namespace

double llc_bytes(const MachineSpec& machine, std::uint32_t llc) {
  if (machine.memory_system.llc_usable.count > 0) {
    return as_double(machine.memory_system.llc_usable);
  }
  const std::uint32_t top = top_level(machine);
  for (const CacheSpec& cache : machine.caches) {
    const bool shared = cache.level == top && cache.type != CacheSpec::Type::instruction;
    if (shared && !cache.cores.empty() && machine.cores[index_of(cache.cores.front())].llc == llc) {
      return as_double(cache.size);
    }
  }
  return 0.0;
}

std::optional<sim::Error> check_character(const CharacterSpec& spec, const MachineSpec& machine) {
  const auto wrong = [](std::string what, std::string advice) {
    return sim::Error{.where = {}, .what = std::move(what), .advice = std::move(advice)};
  };
  const std::size_t nodes = std::max<std::size_t>(1, machine.nodes.size());
  const bool names_node = spec.place == DataHome::node || spec.place == DataHome::preferred;
  if (names_node && spec.node >= nodes) {
    return wrong("there is no memory node " + std::to_string(spec.node),
                 "the machine has nodes 0 to " + std::to_string(nodes - 1));
  }
  if (spec.place == DataHome::remote && nodes < 2) {
    return wrong("the machine has one memory node, so none is remote",
                 "use a machine with several nodes, or leave `place` out");
  }
  const double data = is_line(spec.pattern) ? 0.0 : as_double(spec.set);
  if (spec.place == DataHome::node && data > node_bytes(machine, spec.node)) {
    return wrong("its data do not fit memory node " + std::to_string(spec.node),
                 "write `place: preferred` beside `node`: the rest goes to the nearest others");
  }
  if (const Bytes all = memory_of(machine); all.count > 0 && data > as_double(all)) {
    return wrong("its data are larger than the machine's memory",
                 "use a smaller `set` or `touch`; swapping is not modelled");
  }
  const std::uint32_t top = top_level(machine);
  if ((spec.where == Where::l3 && top > 0 && top < 3) || (spec.where == Where::l2 && top == 1)) {
    return wrong("the machine has no such cache", "leave `where` out, or name a level that it has");
  }
  if (spec.pattern == Pattern::code) {
    const Character it = of_code(spec, machine);
    if (it.core < 0.0) {
      return wrong("its cache misses alone would take longer than the step",
                   "use less `traffic`, or a shorter `stall`");
    }
  } else if (!is_line(spec.pattern) && spec.set.count <= 0) {
    return wrong("it touches nothing", "use `touch` and `set` above 0");
  }
  return std::nullopt;
}

Character character_of(const CharacterSpec& spec, const MachineSpec& machine) {
  Character it = spec.pattern == Pattern::code ? of_code(spec, machine)
                 : is_line(spec.pattern)       ? of_line(spec)
                                               : of_memory(spec, machine);
  it.place = spec.place;
  it.node = spec.node;
  it.clock = vector_clock(spec, machine);
  if (spec.smt_gain) {
    it.core_use = core_use_of_gain(*spec.smt_gain);
  } else if (spec.pattern != Pattern::code && !is_line(spec.pattern)) {
    it.core_use = core_use_of_gain(gain_of(spec));
  }
  if (machine.memory_system.cools_caches) {
    const ColdMove move = cold_move(spec, machine);
    it.warm_up_ns = warm_up_ns(move);
    it.warm_up_far_ns = warm_up_ns(beyond(move));
    it.cold = cold_set(spec, it, move);
  }
  if (!machine.memory_system.shares_cache) {
    it.accesses = 0.0;
  }
  if (!machine.memory_system.contends_lines) {
    it.contends = false;
  }
  return it;
}

}  // namespace timeslice::models
