#include "models/os/resident_sets.hpp"

#include <algorithm>

#include "sim/math.hpp"

namespace timeslice::models {

namespace {

/// Whether work of this character brings new lines into a cache of that size all the time.
bool streams_through(const Character& character, double bytes) {
  const ColdSet& it = character.cold;
  return it.walk > 0.0 && (it.never_stays || it.touched > bytes);
}

}  // namespace

ResidentSets::ResidentSets(const MachineSpec& machine, std::span<const Character> characters)
    : machine_{machine}, characters_{characters} {
  if (characters.size() < 2) {
    return;  // the first stands for none
  }
  double own = 0.0;
  for (const Character& character : characters) {
    own = std::max(own, character.cold.own);
  }
  std::uint32_t llcs = 0;
  for (const CoreSpec& core : machine.cores) {
    caches_.push_back({.bytes = own});
    llcs = std::max(llcs, core.llc + 1);
  }
  for (std::uint32_t llc = 0; llc < llcs; ++llc) {
    caches_.push_back({.bytes = llc_bytes(machine, llc)});
  }
}

ResidentSets::Thread& ResidentSets::thread_at(std::uint32_t thread) {
  if (thread >= threads_.size()) {
    threads_.resize(thread + std::size_t{1});
  }
  return threads_[thread];
}

double ResidentSets::passed_at(const Cache& cache, std::int64_t now) {
  return cache.passed + cache.rate * static_cast<double>(now - cache.since);
}

double ResidentSets::still_held(const Held& held, std::int64_t now) const {
  if (held.cache == nowhere || held.bytes <= 0.0) {
    return 0.0;
  }
  const double passed = passed_at(caches_[held.cache], now) - held.passed;
  return passed > 0.0 ? held.bytes * sim::exp(-passed) : held.bytes;
}

bool ResidentSets::has_set(std::uint32_t thread) const {
  return thread < threads_.size() && threads_[thread].active &&
         characters_[threads_[thread].character].cold.set > 0.0;
}

double ResidentSets::pass_ns(std::uint32_t thread) const {
  const ColdSet& cold = characters_[threads_[thread].character].cold;
  // Of code nobody said how fast it walks: as fast as its own caches are filled, a guess.
  return cold.at_once ? cold.set * cold.own_ns : cold.set / cold.walk;
}

double ResidentSets::switch_in(std::uint32_t thread, std::uint32_t cpu, std::int64_t now) {
  if (caches_.empty()) {
    return 0.0;
  }
  const auto core = static_cast<std::uint32_t>(machine_.cpus[cpu].core);
  const std::uint32_t llc =
      static_cast<std::uint32_t>(machine_.cores.size()) + machine_.cores[core].llc;
  Thread& it = thread_at(thread);
  double debt = 0.0;
  if (const ColdSet& cold = characters_[it.character].cold; it.active && cold.set > 0.0) {
    const double near = it.own.cache == core ? still_held(it.own, now) : 0.0;
    if (it.own.cache == core) {
      debt += (it.own.bytes - near) * cold.own_ns;
    }
    if (it.shared.cache == llc) {
      // What the core's own caches still hold is not asked of the LLC.
      const double lost = it.shared.bytes - still_held(it.shared, now);
      debt += lost * std::max(0.0, 1.0 - near / cold.set) * cold.memory_ns;
    }
  }
  it.core = core;
  it.llc = llc;
  it.on_cpu = true;
  if (it.active) {
    begin(it, now);
  }
  return debt;
}

void ResidentSets::switch_out(std::uint32_t thread, double llc_share, std::int64_t now) {
  if (caches_.empty()) {
    return;
  }
  Thread& it = thread_at(thread);
  if (it.active && it.on_cpu) {
    end(it, llc_share, now);
  }
  it.on_cpu = false;
}

void ResidentSets::set_character(std::uint32_t thread, std::uint32_t character, double llc_share,
                                 std::int64_t now) {
  if (caches_.empty()) {
    return;
  }
  Thread& it = thread_at(thread);
  if (it.active && it.on_cpu) {
    end(it, llc_share, now);
  }
  it.active = character != no_character;
  if (!it.active) {
    return;
  }
  if (it.character != character) {
    it.character = character;
    it.own = {};
    it.shared = {};
  }
  if (it.on_cpu) {
    begin(it, now);
  }
}

void ResidentSets::begin(Thread& thread, std::int64_t now) {
  const Character& character = characters_[thread.character];
  thread.begun = now;
  begin_in(thread.own, thread.core, character, now);
  begin_in(thread.shared, thread.llc, character, now);
}

void ResidentSets::begin_in(Held& held, std::uint32_t cache, const Character& character,
                            std::int64_t now) {
  held.bytes = held.cache == cache ? still_held(held, now) : 0.0;
  held.cache = cache;
  Cache& it = caches_[cache];
  if (it.bytes > 0.0 && streams_through(character, it.bytes)) {
    it.passed = passed_at(it, now);
    it.since = now;
    it.rate += character.cold.walk / it.bytes;
    ++it.streams;
  }
}

void ResidentSets::end(Thread& thread, double llc_share, std::int64_t now) {
  const Character& character = characters_[thread.character];
  end_in(thread.own, character, character.cold.set, thread, now);
  end_in(thread.shared, character, std::min(character.cold.set, llc_share), thread, now);
}

/// The thread brought in what it did not have yet, as far as it came.
void ResidentSets::end_in(Held& held, const Character& character, double share,
                          const Thread& thread, std::int64_t now) {
  Cache& it = caches_[held.cache];
  if (it.bytes <= 0.0) {
    return;
  }
  const ColdSet& cold = character.cold;
  const double walked =
      cold.walk * static_cast<double>(now - thread.begun) + (cold.at_once ? cold.touched : 0.0);
  const double part = walked >= cold.touched ? 1.0 : walked / cold.touched;
  const double most = std::min(share, it.bytes);
  it.passed = passed_at(it, now);
  it.since = now;
  if (streams_through(character, it.bytes)) {
    it.rate -= cold.walk / it.bytes;
    if (--it.streams == 0) {
      it.rate = 0.0;  // no rest of rounding
    }
  } else if (const double whole = std::min(cold.touched, it.bytes); whole > held.bytes) {
    const double came = held.bytes + (whole - held.bytes) * part;
    const double left = (it.bytes - came) / (it.bytes - held.bytes);
    const double needed = left > 0.0 ? -sim::log(left) : walked / it.bytes;
    it.passed += std::min(needed, walked / it.bytes);
  }
  held.bytes += std::max(0.0, most - held.bytes) * part;
  held.passed = it.passed;
}

}  // namespace timeslice::models
