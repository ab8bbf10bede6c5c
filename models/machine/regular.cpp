#include "models/machine/regular.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include <fmt/format.h>

#include "sim/expect.hpp"

namespace timeslice::models {
namespace {

std::string cache_key(const RegularCache& cache) {
  const bool instruction = cache.type == CacheSpec::Type::instruction;
  const char* const suffix = instruction ? "i" : (cache.level == 1 ? "d" : "");
  return fmt::format("caches.l{}{}", cache.level, suffix);
}

std::uint64_t cores_per_package(const RegularMachine& regular) {
  std::uint64_t sum = 0;
  for (const RegularCoreKind& kind : regular.core_kinds) {
    sum += kind.count;
  }
  return sum;
}

std::uint64_t cpus_per_package(const RegularMachine& regular) {
  std::uint64_t sum = 0;
  for (const RegularCoreKind& kind : regular.core_kinds) {
    sum += std::uint64_t{kind.count} * kind.smt;
  }
  return sum;
}

std::optional<sim::Error> refuse_kind(const RegularCoreKind& kind) {
  if (kind.count == 0 || kind.count > max_cpus) {
    return sim::Error{"cores", fmt::format("{} cores in a package", kind.count),
                      fmt::format("write a number from 1 to {}", max_cpus)};
  }
  if (kind.smt == 0 || kind.smt > max_threads_a_core) {
    return sim::Error{"smt", fmt::format("{} threads on a core", kind.smt),
                      fmt::format("write a number from 1 to {}", max_threads_a_core)};
  }
  if (!(kind.speed > 0.0 && kind.speed <= 1.0)) {
    return sim::Error{"core_kinds",
                      fmt::format("core kind '{}' has speed {}", kind.name, kind.speed),
                      "write its speed as a share of the fastest kind's, above 0 and at most 1"};
  }
  return std::nullopt;
}

std::optional<sim::Error> refuse_counts(const RegularMachine& regular) {
  if (regular.packages == 0 || regular.packages > max_cpus) {
    return sim::Error{"packages", fmt::format("{} packages", regular.packages),
                      fmt::format("write a number from 1 to {}", max_cpus)};
  }
  if (regular.core_kinds.empty()) {
    return sim::Error{"cores", "a machine without cores runs nothing", "write cores: 1 or more"};
  }
  for (const RegularCoreKind& kind : regular.core_kinds) {
    if (auto error = refuse_kind(kind)) {
      return error;
    }
  }
  if (regular.packages * cpus_per_package(regular) > max_cpus) {
    return sim::Error{"cores",
                      fmt::format("{} CPUs are more than the limit of {}",
                                  regular.packages * cpus_per_package(regular), max_cpus),
                      "describe a smaller machine"};
  }
  const auto fastest = std::ranges::max_element(regular.core_kinds, {}, &RegularCoreKind::speed);
  if (fastest->speed < 1.0) {
    return sim::Error{"core_kinds", "no core kind has speed 1",
                      "give the fastest kind speed 1.0 and the others their share of it"};
  }
  return std::nullopt;
}

std::optional<sim::Error> refuse_cache(const RegularCache& cache, std::uint64_t cores) {
  const std::string where = cache_key(cache);
  if (cache.level < 1 || cache.level > 5) {
    return sim::Error{where, fmt::format("level {} of cache", cache.level), "use levels 1 to 5"};
  }
  if (cache.size < smallest_cache || cache.size > largest_cache) {
    return sim::Error{where, fmt::format("a cache of {} bytes", cache.size.count),
                      "write the size of one cache, from 1KiB to 16GiB"};
  }
  const bool power_of_two =
      cache.line.count > 0 && std::has_single_bit(static_cast<std::uint64_t>(cache.line.count));
  if (!power_of_two) {
    return sim::Error{where, fmt::format("a cache line of {} bytes", cache.line.count),
                      "a line is a power of two, mostly 64 bytes"};
  }
  if (cache.sharing == CacheSharing::cores && (cache.cores == 0 || cores % cache.cores != 0)) {
    return sim::Error{
        where, fmt::format("{} cores a package cannot share it by {}", cores, cache.cores),
        fmt::format("share it by a divisor of {}, or describe one kind of core", cores)};
  }
  return std::nullopt;
}

std::optional<sim::Error> refuse(const RegularMachine& regular) {
  if (auto error = refuse_counts(regular)) {
    return error;
  }
  const std::uint64_t cores = cores_per_package(regular);
  for (const RegularCache& cache : regular.caches) {
    if (auto error = refuse_cache(cache, cores)) {
      return error;
    }
  }
  if (regular.nodes_per_package == 0 || cores % regular.nodes_per_package != 0) {
    return sim::Error{"memory.nodes",
                      fmt::format("{} cores a package do not spread evenly over {} memory nodes",
                                  cores, regular.nodes_per_package),
                      fmt::format("use a divisor of {}", cores)};
  }
  if (regular.memory.count < 0) {
    return sim::Error{"memory.size", fmt::format("{} bytes of memory", regular.memory.count),
                      "write how much memory the machine has, or leave it out"};
  }
  return std::nullopt;
}

std::uint32_t cores_sharing(const RegularCache& cache, std::uint32_t per_package) {
  switch (cache.sharing) {
    case CacheSharing::core:
      return 1;
    case CacheSharing::package:
      return per_package;
    case CacheSharing::cores:
      return cache.cores;
  }
  return 1;
}

/// How many neighbouring cores share the cache of the highest level; a package's without any.
std::uint32_t cores_sharing_llc(const RegularMachine& regular, std::uint32_t per_package) {
  const RegularCache* last = nullptr;
  for (const RegularCache& cache : regular.caches) {
    const bool holds_data = cache.type != CacheSpec::Type::instruction;
    if (holds_data && (last == nullptr || cache.level > last->level)) {
      last = &cache;
    }
  }
  return last == nullptr ? per_package : cores_sharing(*last, per_package);
}

void add_cores(const RegularMachine& regular, MachineSpec& machine) {
  const auto per_package = static_cast<std::uint32_t>(cores_per_package(regular));
  const std::uint32_t per_node = per_package / regular.nodes_per_package;
  const std::uint32_t per_llc = cores_sharing_llc(regular, per_package);
  sim::expect(per_node > 0 && per_llc > 0, "nodes and caches have cores");
  for (std::uint32_t package = 0; package < regular.packages; ++package) {
    for (std::uint32_t kind = 0; kind < regular.core_kinds.size(); ++kind) {
      for (std::uint32_t i = 0; i < regular.core_kinds[kind].count; ++i) {
        const auto core = static_cast<std::uint32_t>(machine.cores.size());
        machine.cores.push_back(
            {.package = package, .kind = kind, .node = core / per_node, .llc = core / per_llc});
      }
    }
  }
}

void add_cpus(const RegularMachine& regular, MachineSpec& machine) {
  for (std::uint32_t thread = 0; thread < max_threads_a_core; ++thread) {
    for (std::uint32_t core = 0; core < machine.cores.size(); ++core) {
      if (thread < regular.core_kinds[machine.cores[core].kind].smt) {
        const auto os_index = static_cast<std::uint32_t>(machine.cpus.size());
        machine.cpus.push_back({.core = CoreId{core}, .os_index = os_index});
      }
    }
  }
}

void add_cache_level(const RegularCache& cache, std::uint32_t per_package, MachineSpec& machine) {
  const std::uint32_t sharing = cores_sharing(cache, per_package);
  for (std::uint32_t first = 0; first < machine.cores.size(); first += sharing) {
    CacheSpec one{.level = cache.level,
                  .type = cache.type,
                  .size = cache.size,
                  .line = cache.line,
                  .cores = {}};
    for (std::uint32_t core = first; core < first + sharing; ++core) {
      one.cores.push_back(CoreId{core});
    }
    machine.caches.push_back(std::move(one));
  }
}

void add_nodes(const RegularMachine& regular, MachineSpec& machine) {
  const std::uint32_t nodes = regular.packages * regular.nodes_per_package;
  for (std::uint32_t node = 0; node < nodes; ++node) {
    machine.nodes.push_back({.os_index = node, .memory = {regular.memory.count / nodes}});
  }
}

}  // namespace

sim::Result<MachineSpec> build_regular(const RegularMachine& regular) {
  if (auto error = refuse(regular)) {
    return std::move(*error);
  }
  MachineSpec machine;
  machine.packages = regular.packages;
  for (const RegularCoreKind& kind : regular.core_kinds) {
    machine.core_kinds.push_back({.name = kind.name, .speed = kind.speed});
  }
  add_cores(regular, machine);
  add_cpus(regular, machine);
  for (const RegularCache& cache : regular.caches) {
    add_cache_level(cache, static_cast<std::uint32_t>(cores_per_package(regular)), machine);
  }
  add_nodes(regular, machine);
  return machine;
}

MachineSpec ideal_machine(std::uint32_t cores) {
  sim::expect(cores >= 1 && cores <= max_cpus, "an ideal machine has 1 to 65536 cores");
  RegularMachine regular;
  regular.core_kinds.front().count = cores;
  MachineSpec machine = build_regular(regular).value();
  machine.name = fmt::format("ideal-{}", cores);
  machine.about = "Cores on which nothing but the work costs anything: for textbooks and theory";
  machine.source = "by definition";
  machine.costs = free_of_cost();
  machine.memory_system.shares_bandwidth = false;
  machine.memory_system.shares_cache = false;
  machine.memory_system.contends_lines = false;
  machine.costs_known = true;
  machine.speed_known = true;
  return machine;
}

}  // namespace timeslice::models
