#include "models/os/shared_rates.hpp"

#include <algorithm>
#include <utility>

#include "models/machine/smt.hpp"
#include "models/machine/turbo.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr sim::EventClass clock_class = 3;  // with the CPUs: one more way for a segment to end

/// Cores of each package.
std::vector<std::uint32_t> package_sizes(const MachineSpec& machine) {
  std::vector<std::uint32_t> sizes(machine.packages);
  for (const CoreSpec& core : machine.cores) {
    sizes.resize(std::max<std::size_t>(sizes.size(), core.package + std::size_t{1}));
    ++sizes[core.package];
  }
  return sizes;
}

std::uint32_t llc_count(const MachineSpec& machine) {
  std::uint32_t count = 0;
  for (const CoreSpec& core : machine.cores) {
    count = std::max(count, core.llc + 1);
  }
  return count;
}

/// The entry of `thread`, which need not be there yet.
std::uint32_t& entry(std::vector<std::uint32_t>& table, std::uint32_t thread, std::uint32_t fresh) {
  if (thread >= table.size()) {
    table.resize(thread + std::size_t{1}, fresh);
  }
  return table[thread];
}

}  // namespace

bool SharedRates::needed(const MachineSpec& machine, const std::vector<CharacterSpec>& characters) {
  if (characters.size() > 1) {
    return true;  // the first stands for none
  }
  const std::vector<std::uint32_t> sizes = package_sizes(machine);
  return std::ranges::any_of(
      sizes, [&](std::uint32_t size) { return !turbo_factors(machine, size).empty(); });
}

SharedRates::SharedRates(sim::Engine& engine, const MachineSpec& machine, const CpuRates& rates,
                         std::vector<Character> characters, std::uint8_t kind)
    : engine_{engine},
      machine_{machine},
      rates_{rates},
      characters_{std::move(characters)},
      kind_{kind},
      traffic_{machine},
      memory_{machine},
      caches_{machine, characters_},
      sets_{machine, characters_},
      lines_{machine},
      busy_of_core_(machine.cores.size()),
      core_use_(machine.cpus.size()),
      special_(machine.cores.size()),
      cpus_of_core_(machine.cores.size()),
      default_use_{core_use_of_gain(machine.smt_gain)},
      of_llc_(llc_count(machine)),
      of_node_(traffic_.paths().nodes()),
      members_(machine.cpus.size()) {
  const std::vector<std::uint32_t> sizes = package_sizes(machine);
  for (const std::uint32_t size : sizes) {
    turbo_.push_back(turbo_factors(machine, size));
  }
  active_.assign(sizes.size(), 0);
  of_package_.resize(sizes.size());
  ordinary_.assign(sizes.size(), DomainClock::none);
  for (std::uint32_t cpu = 0; cpu < machine.cpus.size(); ++cpu) {
    cpus_of_core_[index_of(machine.cpus[cpu].core)].push_back(cpu);
  }
}

/// Bytes of the last-level cache of `cpu` that the thread's present work has, or could have.
double SharedRates::llc_share(std::uint32_t thread, std::uint32_t cpu) const {
  const std::uint32_t character =
      thread < character_of_.size() ? character_of_[thread] : no_character;
  return character == no_character ? 0.0 : caches_.share_of(core_of(cpu).llc, character);
}

void SharedRates::set_character(std::uint32_t thread, std::uint32_t cpu, std::uint32_t character) {
  sim::expect(character < characters_.size(), "a step's character exists");
  sets_.set_character(thread, character, llc_share(thread, cpu), now());
  entry(character_of_, thread, no_character) = character;
  entry(home_of_, thread, nowhere) = nowhere;
  memory_.release(thread);
}

/// Where the data of the thread's step lies, seen from where it runs now.
DataPlace SharedRates::place_of(const SharedSegment& segment, const Character& character) {
  const std::uint32_t from = core_of(segment.cpu).node;
  std::uint32_t& home = entry(home_of_, segment.thread, nowhere);
  if (home != nowhere) {
    return {.from = from, .home = home};
  }
  std::uint32_t& own = entry(first_home_of_, segment.thread, nowhere);
  switch (character.place) {
    case DataHome::first_touch:
      home = from;
      break;
    case DataHome::home:
      own = own == nowhere ? from : own;
      home = own;
      break;
    case DataHome::main:
      home = first_home_of_[0] == nowhere ? from : first_home_of_[0];  // thread 0 is main
      break;
    case DataHome::interleave:
      home = traffic_.paths().nodes() > 1 ? traffic_.everywhere() : from;
      break;
    case DataHome::remote:
      home = traffic_.paths().remote_of(from);
      break;
    case DataHome::node:
      home = character.node;
      break;
    case DataHome::preferred:
      home = traffic_.home_of(
          memory_.place(segment.thread, character.node, character.set, traffic_.paths()));
      break;
  }
  return {.from = from, .home = home};
}

/// What the other hardware threads of the core leave.
double SharedRates::core_share(const SharedSegment& segment, const Character* character) {
  const auto core = static_cast<std::uint32_t>(machine_.cpus[segment.cpu].core);
  const double use = character == nullptr ? -1.0 : character->core_use;
  double& kept = core_use_[segment.cpu];
  if (kept != use) {
    special_[core] += (use > 0.0 ? 1U : 0U) - (kept > 0.0 ? 1U : 0U);
    kept = use;
    use_changed_ = true;
  }
  if (special_[core] == 0) {
    return rates_.share(segment.busy);
  }
  uses_.clear();
  for (const std::uint32_t cpu : cpus_of_core_[core]) {
    const double used = core_use_[cpu];
    if (used != 0.0) {
      uses_.push_back(used < 0.0 ? default_use_ : used);
    }
  }
  return smt_speed(uses_);
}

bool SharedRates::take_core_use_changed(std::uint32_t cpu) {
  const bool changed = use_changed_ && busy_of_core_[index_of(machine_.cpus[cpu].core)] > 1;
  use_changed_ = false;
  return changed;
}

SharedRates::Key SharedRates::key_of(const SharedSegment& segment, std::uint32_t character,
                                     double stretch) {
  const CoreSpec& core = core_of(segment.cpu);
  Key key;
  const bool turbo = !turbo_[core.package].empty();
  const Character& it = characters_[character];
  if (it.contends) {
    key.kind = Kind::line;
    key.character = character;
  } else if (it.only_memory()) {
    key.kind = Kind::path;
    key.latency_bound = it.latency_bound;
    key.place = place_of(segment, it);
  } else if (it.uses_cache() || it.uses_memory()) {
    key.kind = Kind::mixed;
    key.latency_bound = it.latency_bound;
    key.character = character;
    key.package = turbo && it.core > 0.0 ? core.package : nowhere;
    key.llc = it.uses_cache() && !it.misses.empty() ? core.llc : nowhere;
    key.place = it.uses_memory() ? place_of(segment, it) : DataPlace{nowhere, nowhere};
    key.stretch = stretch;
  } else {
    key.package = turbo ? core.package : nowhere;
  }
  return key;
}

SharedTiming SharedRates::begin(const SharedSegment& segment) {
  if (segment.thread == 0 && entry(first_home_of_, 0, nowhere) == nowhere) {
    first_home_of_[0] = core_of(segment.cpu).node;
  }
  if (segment.kind == WorkKind::kernel || segment.thread >= character_of_.size() ||
      character_of_[segment.thread] == no_character) {
    return begin_ordinary(segment);
  }
  return begin_with(segment, character_of_[segment.thread]);
}

/// Work that feels its core and the package's clock alone.
SharedTiming SharedRates::begin_ordinary(const SharedSegment& segment) {
  const std::uint32_t package = core_of(segment.cpu).package;
  SharedTiming timing;
  timing.rate = rates_.rate(segment.cpu, segment.kind, 1) * core_share(segment, nullptr);
  if (turbo_[package].empty()) {
    leave(segment.cpu);
    return timing;
  }
  timing.clock = ordinary_group(package);
  join(segment, timing.clock, Member{.group = timing.clock});
  groups_[timing.clock].clock.schedule(now(), segment.cpu, segment.remaining_ns / timing.rate);
  arm(timing.clock);
  return timing;
}

std::uint32_t SharedRates::ordinary_group(std::uint32_t package) {
  std::uint32_t& group = ordinary_[package];
  if (group == DomainClock::none) {
    Key key;
    key.package = package;
    group = group_of(key);
  }
  return group;
}

SharedTiming SharedRates::begin_with(const SharedSegment& segment, std::uint32_t character) {
  const Character& it = characters_[character];
  const double share = core_share(segment, &it);
  const double time = rates_.time_share(segment.cpu);
  const double speed = rates_.core_speed(segment.cpu) * it.clock;
  const double by_kind = it.core_path || it.contends ? 1.0 : rates_.kind_factor(segment.kind);
  const double stretch = it.core_path && it.core == 0.0 ? 1.0 / share : 1.0 / (share * speed);
  const Key key = key_of(segment, character, stretch);
  Member member{.character = character};
  SharedTiming timing;
  switch (key.kind) {
    case Kind::package:
      timing.rate = time * speed * share * by_kind;
      if (key.package == nowhere) {
        leave(segment.cpu);
        return timing;
      }
      break;
    case Kind::path:
      timing.rate = time * share;
      member.traffic = traffic_.lone_rate(key.place, it.bytes * share, it.latency_bound);
      break;
    case Kind::mixed:
      timing.rate = time * by_kind;
      break;
    case Kind::line:
      timing.rate = time;
      break;
  }
  timing.clock = group_of(key);
  member.group = timing.clock;
  join(segment, timing.clock, member);
  groups_[timing.clock].clock.schedule(now(), segment.cpu, segment.remaining_ns / timing.rate);
  arm(timing.clock);
  return timing;
}

std::uint32_t SharedRates::group_of(const Key& key) {
  const auto [at, fresh] = numbers_.try_emplace(key, static_cast<std::uint32_t>(groups_.size()));
  const std::uint32_t number = at->second;
  if (!fresh) {
    return number;
  }
  Group& group = groups_.emplace_back();
  group.key = key;
  group.slot = engine_.add_slot(kind_, number, clock_class);
  group.clock.set_rate(now(), 1.0);
  if (key.package != nowhere) {
    of_package_[key.package].push_back(number);
  }
  if (key.llc != nowhere) {
    of_llc_[key.llc].push_back(number);
  }
  if (key.kind == Kind::line) {
    of_line_[characters_[key.character].line].push_back(number);
  }
  if (key.place.from != nowhere) {
    for (const NodeShare& share : traffic_.shares_of(key.place.home)) {
      of_node_[share.node].push_back(number);
    }
  }
  return number;
}

/// Adds what the segment brings to its domains, unless the CPU brings just that already.
void SharedRates::join(const SharedSegment& segment, std::uint32_t group, const Member& member) {
  Member& kept = members_[segment.cpu];
  if (kept.group == group && kept.character == member.character && kept.traffic == member.traffic) {
    return;
  }
  leave(segment.cpu);
  Group& it = groups_[group];
  const Character& character = characters_[member.character];
  kept = member;
  if (it.key.kind != Kind::package && character.uses_cache()) {
    change_cache(segment.cpu, member.character, 1);
  }
  ++it.members;
  switch (it.key.kind) {
    case Kind::package:
      break;
    case Kind::path:
      traffic_.add(it.key.place, member.traffic, 1);
      touch_memory(it.key.place);
      break;
    case Kind::mixed:
      if (it.members == 1) {
        look_at_cache(it);
      }
      if (character.uses_memory()) {
        traffic_.add(it.key.place, it.traffic, 1);
        touch_memory(it.key.place);
      }
      break;
    case Kind::line:
      lines_.join(character.line, static_cast<std::uint32_t>(machine_.cpus[segment.cpu].core));
      retime_all(of_line_[character.line]);
      break;
  }
  retime(group);
}

void SharedRates::leave(std::uint32_t cpu) {
  Member& kept = members_[cpu];
  if (kept.group == DomainClock::none) {
    return;
  }
  const std::uint32_t number = kept.group;
  Group& it = groups_[number];
  const Member left = std::exchange(kept, Member{});
  const Character& character = characters_[left.character];
  it.clock.cancel(cpu);
  --it.members;
  if (it.key.kind == Kind::path || (it.key.kind == Kind::mixed && character.uses_memory())) {
    traffic_.add(it.key.place, it.key.kind == Kind::path ? left.traffic : it.traffic, -1);
    touch_memory(it.key.place);
  } else if (it.key.kind == Kind::line) {
    lines_.leave(character.line, static_cast<std::uint32_t>(machine_.cpus[cpu].core));
    retime_all(of_line_[character.line]);
  }
  if (it.key.kind != Kind::package && character.uses_cache()) {
    change_cache(cpu, left.character, -1);
  }
  if (it.members == 0) {
    it.clock.restart(now());
  }
  arm(number);
}

double SharedRates::warm_up_ns(std::uint32_t thread, std::uint32_t from, std::uint32_t to) const {
  if (thread >= character_of_.size() || machine_.cpus[from].core == machine_.cpus[to].core) {
    return 0.0;
  }
  const Character& it = characters_[character_of_[thread]];
  return core_of(from).llc == core_of(to).llc ? it.warm_up_ns : it.warm_up_far_ns;
}

void SharedRates::set_busy(std::uint32_t cpu, bool busy) {
  const auto core = static_cast<std::uint32_t>(machine_.cpus[cpu].core);
  special_[core] -= core_use_[cpu] > 0.0 ? 1U : 0U;
  core_use_[cpu] = busy ? -1.0 : 0.0;
  const std::uint32_t before = busy_of_core_[core];
  busy_of_core_[core] += busy ? 1U : 0U - 1U;
  const std::uint32_t package = machine_.cores[core].package;
  if (turbo_[package].empty() || (before > 0 && busy_of_core_[core] > 0)) {
    return;
  }
  const double clock = turbo_[package][active_[package]];
  active_[package] += busy ? 1U : 0U - 1U;
  if (turbo_[package][active_[package]] != clock) {
    retime_all(of_package_[package]);
  }
}

}  // namespace timeslice::models
