// Groups of threads that share a virtual clock: their rates, and when those change.
#include <algorithm>

#include "models/os/shared_rates.hpp"

namespace timeslice::models {

namespace {

/// Groups of several threads whose rate would change by less than this part keep it, so that an
/// event on a large memory node does not re-time all its groups.
constexpr double rate_slack = 2e-3;

}  // namespace

/// One more user of the CPU's cache, or one less: the misses of all its users change.
void SharedRates::change_cache(std::uint32_t cpu, std::uint32_t character, int users) {
  const std::uint32_t llc = core_of(cpu).llc;
  caches_.add(llc, character, users);
  for (const std::uint32_t number : of_llc_[llc]) {
    Group& group = groups_[number];
    if (group.members == 0) {
      continue;
    }
    const double before = group.traffic;
    look_at_cache(group);
    if (group.traffic != before) {
      traffic_.add(group.key.place, before, -std::int64_t{group.members});
      traffic_.add(group.key.place, group.traffic, std::int64_t{group.members});
      touch_memory(group.key.place);
    }
    retime(number);
  }
}

void SharedRates::look_at_cache(Group& group) const {
  const Character& it = characters_[group.key.character];
  group.miss_ratio = group.key.llc == nowhere
                         ? it.lone_ratio
                         : caches_.miss_ratio(group.key.llc, group.key.character);
  if (it.uses_memory()) {
    group.traffic = mixed_traffic(group);
  }
}

/// The time of a unit of work, if a miss takes `slowdown` times as long as alone at home.
double SharedRates::mixed_time(const Group& group, double slowdown) const {
  const Character& it = characters_[group.key.character];
  const double clock =
      group.key.package == nowhere ? 1.0 : turbo_[group.key.package][active_[group.key.package]];
  const double outside = it.core_path ? group.key.stretch : 1.0;
  return it.core * group.key.stretch / clock +
         outside * (it.hit * (1.0 - group.miss_ratio) + it.miss * group.miss_ratio * slowdown);
}

/// What each member draws from memory when it is alone there. [B/ns]
double SharedRates::mixed_traffic(const Group& group) const {
  const Character& it = characters_[group.key.character];
  const double lone = 1.0 / traffic_.lone_rate(group.key.place, 1.0, it.latency_bound);
  return it.bytes * group.miss_ratio / mixed_time(group, lone);
}

double SharedRates::rate_of(const Group& group) const {
  const Key& key = group.key;
  switch (key.kind) {
    case Kind::package:
      return turbo_[key.package][active_[key.package]];
    case Kind::path:
      return 1.0 / traffic_.slowdown(key.place, key.latency_bound);
    case Kind::line: {
      const Character& it = characters_[key.character];
      return 1.0 / lines_.slowdown(it.line, it.unit_ns);
    }
    case Kind::mixed:
      break;
  }
  const bool memory = characters_[key.character].uses_memory();
  return 1.0 / mixed_time(group, memory ? traffic_.slowdown(key.place, key.latency_bound) : 1.0);
}

void SharedRates::touch_memory(const DataPlace& place) {
  for (const NodeShare& share : traffic_.shares_of(place.home)) {
    retime_all(of_node_[share.node]);
  }
}

void SharedRates::retime_all(const std::vector<std::uint32_t>& groups) {
  for (const std::uint32_t group : groups) {
    retime(group);
  }
}

void SharedRates::retime(std::uint32_t group) {
  Group& it = groups_[group];
  if (it.members == 0) {
    return;
  }
  const double rate = rate_of(it);
  const double slack = it.key.kind == Kind::mixed && it.members > 1 ? rate_slack * rate : 0.0;
  const double change = rate - it.clock.rate();
  if (change > slack || change < -slack) {
    it.clock.set_rate(now(), rate);
    arm(group);
  }
}

void SharedRates::arm(std::uint32_t clock) {
  const Group& group = groups_[clock];
  const std::int64_t next = group.clock.next_end();
  if (next == never) {
    engine_.clear_slot(group.slot);
  } else {
    engine_.set_slot(group.slot, sim::Instant{sim::Duration{std::max(next, now())}});
  }
}

std::uint32_t SharedRates::take_ended(std::uint32_t clock) {
  return groups_[clock].clock.take_ended(now());
}

}  // namespace timeslice::models
