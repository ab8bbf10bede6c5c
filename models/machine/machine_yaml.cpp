#include "models/machine/machine_yaml.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "models/machine/cost_names.hpp"
#include "models/machine/quantity_text.hpp"
#include "models/machine/regular.hpp"

namespace timeslice::models {
namespace {

std::vector<std::uint32_t> threads_of_cores(const MachineSpec& machine) {
  std::vector<std::uint32_t> threads(machine.cores.size());
  for (const CpuSpec& cpu : machine.cpus) {
    ++threads[index_of(cpu.core)];
  }
  return threads;
}

/// The kinds of the first package's cores, in their order.
std::vector<RegularCoreKind> kinds_of(const MachineSpec& machine) {
  const std::vector<std::uint32_t> threads = threads_of_cores(machine);
  std::vector<RegularCoreKind> kinds;
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < machine.cores.size() && machine.cores[i].package == 0; ++i) {
    const CoreKindSpec& kind = machine.core_kinds[machine.cores[i].kind];
    if (kinds.empty() || last != machine.cores[i].kind) {
      kinds.push_back({.name = kind.name, .count = 0, .smt = threads[i], .speed = kind.speed});
    }
    last = machine.cores[i].kind;
    ++kinds.back().count;
  }
  return kinds;
}

/// One entry a level and type, from the first such cache.
std::vector<RegularCache> caches_of(const MachineSpec& machine, std::size_t cores_a_package) {
  std::vector<RegularCache> levels;
  for (const CacheSpec& cache : machine.caches) {
    const bool known = std::ranges::any_of(levels, [&cache](const RegularCache& level) {
      return level.level == cache.level && level.type == cache.type;
    });
    if (known) {
      continue;
    }
    const auto cores = static_cast<std::uint32_t>(cache.cores.size());
    levels.push_back({.level = cache.level,
                      .type = cache.type,
                      .size = cache.size,
                      .line = cache.line,
                      .sharing = cores == cores_a_package ? CacheSharing::package
                                 : cores == 1             ? CacheSharing::core
                                                          : CacheSharing::cores,
                      .cores = cores});
  }
  std::ranges::sort(levels, {},
                    [](const RegularCache& level) { return std::tuple{level.level, level.type}; });
  return levels;
}

RegularMachine regular_of(const MachineSpec& machine) {
  RegularMachine regular;
  regular.packages = machine.packages;
  regular.core_kinds = kinds_of(machine);
  regular.caches = caches_of(machine, machine.cores.size() / machine.packages);
  regular.nodes_per_package = static_cast<std::uint32_t>(machine.nodes.size()) / machine.packages;
  for (const NodeSpec& node : machine.nodes) {
    regular.memory = regular.memory + node.memory;
  }
  return regular;
}

auto cores_shape(const MachineSpec& machine) {
  const std::vector<std::uint32_t> threads = threads_of_cores(machine);
  std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::string>>
      shape;
  for (std::size_t i = 0; i < machine.cores.size(); ++i) {
    const CoreSpec& core = machine.cores[i];
    shape.emplace_back(core.package, core.node, core.llc, threads[i],
                       machine.core_kinds[core.kind].name);
  }
  return shape;
}

auto caches_shape(const MachineSpec& machine) {
  std::multiset<std::tuple<std::uint32_t, CacheSpec::Type, Bytes, std::vector<CoreId>>> shape;
  for (const CacheSpec& cache : machine.caches) {
    shape.emplace(cache.level, cache.type, cache.size, cache.cores);
  }
  return shape;
}

/// The regular machine with the same parts; nothing if there is none that the format can say.
std::optional<RegularMachine> as_regular(const MachineSpec& machine) {
  if (machine.cores.empty() || machine.packages == 0) {
    return std::nullopt;
  }
  RegularMachine regular = regular_of(machine);
  const auto rebuilt = build_regular(regular);
  const bool same = rebuilt && rebuilt.value().nodes.size() == machine.nodes.size() &&
                    cores_shape(rebuilt.value()) == cores_shape(machine) &&
                    caches_shape(rebuilt.value()) == caches_shape(machine);
  const bool writable = std::ranges::all_of(regular.caches, [](const RegularCache& cache) {
    return cache.level <= 3 && (cache.level == 1 || cache.type == CacheSpec::Type::unified);
  });
  return same && writable ? std::optional{std::move(regular)} : std::nullopt;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' || c == '\\' ? "\\" : "";
    out += c < ' ' ? '?' : c;
  }
  return out + "\"";
}

class Writer {
 public:
  Writer(const MachineSpec& machine, const RegularMachine& regular)
      : machine_{machine}, regular_{regular} {}

  std::string write() {
    write_losses();
    write_head();
    write_cores();
    write_clock();
    if (machine_.speed_known) {
      put("speed: {{python: {}, native: {}, memory: {}}}", machine_.speed.python,
          machine_.speed.native, machine_.speed.memory);
    }
    write_caches();
    write_memory();
    put("smt_gain: {}", machine_.smt_gain);
    write_costs();
    return out_;
  }

 private:
  template <typename... Values>
  void put(fmt::format_string<Values...> format, Values&&... values) {
    out_ += fmt::format(format, std::forward<Values>(values)...) + "\n";
  }

  void write_losses() {
    const MachineSpec rebuilt = build_regular(regular_).value();
    const bool same_numbers =
        std::ranges::equal(rebuilt.cpus, machine_.cpus, [](const CpuSpec& a, const CpuSpec& b) {
          return a.core == b.core && a.os_index == b.os_index;
        });
    if (!same_numbers) {
      put("# Not said here: the numbers of its CPUs (they become those of an x86 server).");
    }
    if (!machine_.node_distance.empty()) {
      put("# Not said here: the distances between its memory nodes; see memory: remote.");
    }
    const Bytes first = machine_.nodes.front().memory;
    if (std::ranges::any_of(machine_.nodes,
                            [first](const NodeSpec& node) { return node.memory != first; })) {
      put("# Not said here: how the memory spreads over the nodes (evenly).");
    }
    if (std::ranges::any_of(machine_.caches,
                            [](const CacheSpec& cache) { return cache.line != Bytes{64}; })) {
      put("# Not said here: line sizes of caches (64 bytes).");
    }
    for (const std::string& warning : machine_.warnings) {
      put("# warning: {}", warning);
    }
  }

  void write_head() {
    put("name: {}", quoted(machine_.name));
    put("about: {}", quoted(machine_.about));
    put("source: {}", quoted(machine_.source));
    put("packages: {}", machine_.packages);
  }

  void write_cores() {
    const std::vector<RegularCoreKind>& kinds = regular_.core_kinds;
    if (kinds.size() == 1 && kinds.front().name == "core") {
      put("cores: {}", kinds.front().count);
      put("smt: {}", kinds.front().smt);
      return;
    }
    put("core_kinds:");
    for (const RegularCoreKind& kind : kinds) {
      put("  - {{name: {}, count: {}, smt: {}, speed: {}}}", quoted(kind.name), kind.count,
          kind.smt, kind.speed);
    }
  }

  void write_clock() {
    if (machine_.clock_base.per_second <= 0.0) {
      return;
    }
    put("clock:");
    put("  base: {}", to_text(machine_.clock_base));
    put_part("avx2", machine_.memory_system.vector_clock[0]);
    put_part("avx512", machine_.memory_system.vector_clock[1]);
    if (machine_.turbo.empty()) {
      return;
    }
    put("  turbo:");
    for (const TurboStep& step : machine_.turbo) {
      put("    {}: {}", step.cores, to_text(step.frequency));
    }
  }

  void write_caches() {
    if (regular_.caches.empty()) {
      return;
    }
    put("caches:");
    for (const RegularCache& cache : regular_.caches) {
      const std::string_view suffix = cache.level > 1                              ? ""
                                      : cache.type == CacheSpec::Type::instruction ? "i"
                                                                                   : "d";
      const std::string sharing = cache.sharing == CacheSharing::package ? "package"
                                  : cache.sharing == CacheSharing::core
                                      ? "core"
                                      : fmt::format("{} cores", cache.cores);
      put("  l{}{}: {} shared by {}", cache.level, suffix, to_text(cache.size), sharing);
    }
    if (machine_.memory_system.llc_usable.count > 0) {
      put("  usable: {}", to_text(machine_.memory_system.llc_usable));
    }
  }

  void write_memory() {
    put("memory:");
    put("  nodes: {}", regular_.nodes_per_package);
    if (regular_.memory.count > 0) {
      put("  size: {}", to_text(regular_.memory));
    }
    if (machine_.memory_bandwidth_node.per_second > 0.0) {
      put("  bandwidth: {} per node", to_text(machine_.memory_bandwidth_node));
    }
    if (machine_.memory_bandwidth_one_core.per_second > 0.0) {
      put("  one_core: {}", to_text(machine_.memory_bandwidth_one_core));
    }
    if (machine_.memory_local > sim::Duration::zero()) {
      put("  local: {}", to_text(machine_.memory_local));
    }
    if (machine_.memory_remote > sim::Duration::zero()) {
      put("  remote: {}", to_text(machine_.memory_remote));
    }
    const MemorySystem& system = machine_.memory_system;
    put_known("near", system.near);
    put_known("saturated", system.saturated);
    put_known("remote_bandwidth", system.bandwidth_remote);
    put_known("near_bandwidth", system.bandwidth_near);
    put_transfer(system.transfer);
  }

  void put_transfer(const LineTransfer& line) {
    if (line == LineTransfer{}) {
      return;  // nobody said
    }
    put("transfer:");
    put("  core: {}ns", line.of(Relation::core));
    put("  llc: {}ns", line.of(Relation::llc));
    put("  package: {}ns", line.of(Relation::package));
    put("  machine: {}ns", line.of(Relation::machine));
    put("  atomics: {}", line.atomics);
    put("  stores: {}", line.stores);
    put("  locks: {}", line.locks);
  }

  void put_part(std::string_view key, double part) {
    if (part > 0.0) {
      put("  {}: {}", key, part);
    }
  }
  void put_known(std::string_view key, sim::Duration duration) {
    if (duration > sim::Duration::zero()) {
      put("  {}: {}", key, to_text(duration));
    }
  }
  void put_known(std::string_view key, BytesPerSecond rate) {
    if (rate.per_second > 0.0) {
      put("  {}: {}", key, to_text(rate));
    }
  }

  void write_costs() {
    if (!machine_.costs_known) {
      put("# costs: not measured here; the defaults of the reference guest apply.");
      return;
    }
    put("costs:");
    for (const CostName& name : cost_names) {
      put("  {}: {}", name.name, to_text(machine_.costs.*name.cost));
    }
    const ColdCode& cold = machine_.cold_code;
    put("cold_code: {{factor: {}, resume: {}, after: {}, idle: {}, start: {}, start_after: {}}}",
        cold.factor, to_text(cold.resume), to_text(cold.after), cold.idle, to_text(cold.start),
        to_text(cold.start_after));
  }

  const MachineSpec& machine_;
  const RegularMachine& regular_;
  std::string out_;
};

}  // namespace

sim::Result<std::string> to_machine_yaml(const MachineSpec& machine) {
  const auto regular = as_regular(machine);
  if (!regular) {
    const bool share_nodes = machine.packages > machine.nodes.size();
    return sim::Error{machine.name,
                      share_nodes
                          ? fmt::format("{} packages with {} memory nodes, which a machine file "
                                        "cannot say",
                                        machine.packages, machine.nodes.size())
                          : "its parts are not alike, which a machine file cannot say",
                      "name the hwloc XML itself as machine, or add to it with extends: F.xml"};
  }
  return Writer{machine, *regular}.write();
}

}  // namespace timeslice::models
