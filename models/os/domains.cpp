#include "models/os/domains.hpp"

#include <algorithm>

namespace timeslice::models {

namespace {

// The levels of CpuMap, bottom up: CPU, core, cache, node, package, machine.
constexpr std::uint32_t core_level = 1;
constexpr std::uint32_t cache_level = 2;
constexpr std::uint32_t node_level = 3;
constexpr std::uint32_t levels = 6;

constexpr double smt_imbalance_pct = 110.0;  // sd_init(), topology.c of 6.12; 117 elsewhere
constexpr double reclaim_distance = 30.0;    // RECLAIM_DISTANCE, include/linux/topology.h
constexpr std::uint32_t numa_part = 8;       // imb_numa_nr: an eighth of a node with one cache

CpuRange range(const CpuMap& map, std::uint32_t level, std::uint32_t position) {
  switch (level) {
    case 0:
      return {.begin = position, .end = position + 1};
    case core_level:
      return map.core(position);
    case cache_level:
      return map.llc(position);
    case node_level:
      return map.node(position);
    case node_level + 1:
      return map.package(position);
    default:
      return map.all();
  }
}

std::uint32_t node_of(const CpuMap& map, const MachineSpec& machine, std::uint32_t position) {
  return machine.cores[index_of(machine.cpus[map.cpu_at(position)].core)].node;
}

/// The greatest distance between two nodes of the span; 0 if none is known.
double widest(const CpuMap& map, const MachineSpec& machine, CpuRange span) {
  const std::size_t nodes = machine.nodes.size();
  if (machine.node_distance.size() != nodes * nodes) {
    return 0.0;
  }
  const std::uint32_t first = node_of(map, machine, span.begin);
  double found = 0.0;
  for (std::uint32_t at = span.begin; at < span.end; at = map.node(at).end) {
    found = std::max(found, machine.node_distance[first * nodes + node_of(map, machine, at)]);
  }
  return found;
}

std::uint32_t numa_imbalance(const CpuMap& map, CpuRange span) {
  const CpuRange node = map.node(span.begin);
  const std::uint32_t caches = node.size() / map.llc(span.begin).size();
  return std::max(1U, caches == 1 ? node.size() / numa_part : caches);
}

DomainKind kind_of(const CpuMap& map, std::uint32_t level, CpuRange span) {
  if (level <= cache_level) {
    return level == core_level ? DomainKind::smt : DomainKind::cache;
  }
  return map.node(span.begin).size() < span.size() ? DomainKind::numa : DomainKind::package;
}

}  // namespace

void Domains::append(const CpuMap& map, const MachineSpec& machine, std::uint32_t level,
                     CpuRange span) {
  Domain domain{.kind = kind_of(map, level, span), .span = span, .groups = {}};
  for (std::uint32_t at = span.begin; at < span.end; at = domain.groups.back().end) {
    domain.groups.push_back(range(map, level - 1, at));
  }
  domain.shares_cache = domain.kind == DomainKind::smt || domain.kind == DomainKind::cache;
  if (domain.kind == DomainKind::smt) {
    domain.imbalance_pct = smt_imbalance_pct;
    domain.cache_nice_tries = 0;
  }
  const bool hybrid_cache = map.hybrid() && domain.kind != DomainKind::smt;
  domain.spreads_children = level > core_level && !hybrid_cache && domain.groups.front().size() > 1;
  if (domain.kind == DomainKind::numa) {
    domain.numa_imbalance_max = numa_imbalance(map, span);
    domain.far = widest(map, machine, span) > reclaim_distance;
    domain.cache_nice_tries = domain.far ? 2 : 1;
  }
  domains_.push_back(std::move(domain));
}

Domains::Domains(const CpuMap& map, const MachineSpec& machine) : chains_(map.cpus()) {
  for (std::uint32_t level = core_level; level < levels; ++level) {
    for (std::uint32_t at = 0; at < map.cpus(); at = range(map, level, at).end) {
      const CpuRange span = range(map, level, at);
      if (span.size() == range(map, level - 1, at).size()) {
        continue;
      }
      append(map, machine, level, span);
      for (std::uint32_t position = span.begin; position < span.end; ++position) {
        chains_[position].push_back(count() - 1);
      }
    }
  }
}

}  // namespace timeslice::models
