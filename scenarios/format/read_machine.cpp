#include "scenarios/format/read_machine.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "models/machine/regular.hpp"
#include "scenarios/format/read_measured.hpp"
#include "scenarios/format/read_os.hpp"
#include "scenarios/format/read_runtime.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::array<std::string_view, 5> topology_keys{"packages", "cores", "core_kinds", "smt",
                                                        "caches"};

/// `32MiB shared by package`: size, then who shares one such cache.
void read_cache(const Reading& reading, const Node& node, models::RegularCache& cache) {
  const std::string_view text = node.text;
  const std::string_view mark = " shared by ";
  const std::size_t at = text.find(mark);
  const auto size = parse_bytes(trimmed(text.substr(0, at)));
  if (!size) {
    reading.reporter.error(node.mark, size.problem.code, with_key(size.problem.what, "a cache"),
                           "write its size and who shares one: 32MiB shared by package");
    return;
  }
  cache.size = models::Bytes{size.value};
  if (at == std::string_view::npos) {
    return;
  }
  const std::string_view who = trimmed(text.substr(at + mark.size()));
  if (who == "core" || who == "package") {
    cache.sharing = who == "core" ? models::CacheSharing::core : models::CacheSharing::package;
    return;
  }
  const std::string_view number = trimmed(who.substr(0, who.find(' ')));
  const auto cores = parse_count(number);
  if (!cores || cores.value == 0 || cores.value > models::max_cpus || !who.ends_with(" cores")) {
    reading.reporter.error(node.mark, "E-type", fmt::format("'{}' cannot share a cache", who),
                           "write: shared by core, shared by package, or shared by 4 cores");
    return;
  }
  cache.sharing = models::CacheSharing::cores;
  cache.cores = static_cast<std::uint32_t>(cores.value);
}

void read_caches(const Reading& reading, const Node& node, models::RegularMachine& regular,
                 models::MachineSpec& machine) {
  using Type = models::CacheSpec::Type;
  struct Level {
    std::string_view key;
    std::uint32_t level;
    Type type;
    models::CacheSharing sharing;
  };
  constexpr std::array<Level, 4> levels{{
      {"l1d", 1, Type::data, models::CacheSharing::core},
      {"l1i", 1, Type::instruction, models::CacheSharing::core},
      {"l2", 2, Type::unified, models::CacheSharing::core},
      {"l3", 3, Type::unified, models::CacheSharing::package},
  }};
  Fields fields{reading, node, section_named("caches")};
  fields.read("usable", machine.memory_system.llc_usable);
  for (const Level& level : levels) {
    const Node* value = fields.find(level.key);
    if (value == nullptr) {
      continue;
    }
    if (!value->is_scalar()) {
      fields.error(level.key, "E-type",
                   fmt::format("'{}' must be a single value, not {}", level.key, noun_of(*value)),
                   "write it as 32MiB shared by package");
      continue;
    }
    models::RegularCache cache{
        .level = level.level, .type = level.type, .size = {}, .sharing = level.sharing};
    read_cache(reading, *value, cache);
    regular.caches.push_back(cache);
  }
}

void read_core_kind(const Reading& reading, const Node& node, models::RegularMachine& regular) {
  if (!node.is_map()) {
    reading.reporter.error(node.mark, "E-type", "a core kind is a map",
                           "write it as {name: P, count: 6, smt: 2, speed: 1.0}");
    return;
  }
  Fields fields{reading, node, section_named("core_kind")};
  models::RegularCoreKind kind;
  fields.read("name", kind.name);
  fields.read("count", kind.count);
  fields.read("smt", kind.smt);
  fields.read("speed", kind.speed);
  regular.core_kinds.push_back(std::move(kind));
}

void read_cores(const Reading& reading, Fields& fields, models::RegularMachine& regular) {
  models::RegularCoreKind alike;
  fields.read("cores", alike.count);
  fields.read("smt", alike.smt);
  const Node* kinds = fields.list("core_kinds");
  if (kinds == nullptr) {
    regular.core_kinds = {alike};
    return;
  }
  if (fields.has("cores") || fields.has("smt")) {
    fields.error("core_kinds", "E-key", "'core_kinds' stands beside 'cores' or 'smt'",
                 "give counts and smt inside core_kinds alone");
  }
  regular.core_kinds.clear();
  for (const Node& kind : kinds->items) {
    read_core_kind(reading, kind, regular);
  }
}

void read_memory(const Reading& reading, const Node& node, models::RegularMachine& regular,
                 models::MachineSpec& machine) {
  Fields fields{reading, node, section_named("memory")};
  fields.read("bandwidth", machine.memory_bandwidth_node);
  fields.read("one_core", machine.memory_bandwidth_one_core);
  fields.read("local", machine.memory_local);
  fields.read("remote", machine.memory_remote);
  fields.read("size", regular.memory);
  fields.read("nodes", regular.nodes_per_package);
  models::MemorySystem& system = machine.memory_system;
  fields.read("near", system.near);
  fields.read("saturated", system.saturated);
  fields.read("remote_bandwidth", system.bandwidth_remote);
  fields.read("near_bandwidth", system.bandwidth_near);
}

void read_turbo(const Reading& reading, const Node& node, models::MachineSpec& machine) {
  machine.turbo.clear();
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto cores = parse_count(node.keys[i].text);
    const auto frequency = parse_quantity(node.items[i].text, frequency_units());
    if (!cores || cores.value == 0 || cores.value > models::max_cpus) {
      reading.reporter.error(node.keys[i].mark, "E-type",
                             "'turbo' maps active cores to frequencies",
                             "write it as {1: 3.5GHz, 8: 3.0GHz}");
    } else if (!frequency) {
      reading.reporter.error(node.items[i].mark, frequency.problem.code,
                             with_key(frequency.problem.what, "turbo"), frequency.problem.advice);
    } else {
      machine.turbo.push_back({static_cast<std::uint32_t>(cores.value), {frequency.value}});
    }
  }
  std::ranges::sort(machine.turbo, {}, &models::TurboStep::cores);
}

void read_clock(const Reading& reading, const Node& node, models::MachineSpec& machine) {
  Fields fields{reading, node, section_named("clock")};
  fields.read("base", machine.clock_base);
  fields.read("avx2", machine.memory_system.vector_clock[0]);
  fields.read("avx512", machine.memory_system.vector_clock[1]);
  if (const Node* turbo = fields.map("turbo"); turbo != nullptr) {
    read_turbo(reading, *turbo, machine);
  }
}

void read_transfer(const Reading& reading, const Node& node, models::LineTransfer& transfer) {
  Fields fields{reading, node, section_named("transfer")};
  constexpr std::array<std::string_view, models::relations> names{"core", "llc", "package",
                                                                  "machine"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    sim::Duration read{};
    if (fields.read(names[i], read)) {
      transfer.ns[i] = static_cast<double>(read.count());
    }
  }
  fields.read("atomics", transfer.atomics);
  fields.read("stores", transfer.stores);
  transfer.locks = transfer.locks > 0.0 ? transfer.locks : models::lock_transfers;
  fields.read("locks", transfer.locks);
}

void read_costs(const Reading& reading, const Node& node, models::OsCosts& costs) {
  Fields fields{reading, node, section_named("costs")};
  fields.read("switch", costs.context_switch);
  fields.read("wake_idle_cpu", costs.wake_idle_cpu);
  fields.read("wake_idle_cpu_jitter", costs.wake_idle_cpu_jitter);
  fields.read("wake_by_timer", costs.wake_by_timer);
  fields.read("wake_syscall", costs.wake_syscall);
  fields.read("syscall", costs.syscall);
  fields.read("migration", costs.migration);
  fields.read("tick", costs.tick_cost);
  fields.read("thread_start", costs.thread_start);
  fields.read("thread_exit", costs.thread_exit);
  fields.read("fork", costs.fork);
  fields.read("fork_per_mib", costs.fork_per_mib);
  fields.read("process_exit", costs.process_exit);
  fields.read("pipe_message", costs.pipe_message);
  fields.read("pipe_copy_per_kib", costs.pipe_copy_per_kib);
  fields.read("page_fault", costs.page_fault);
  fields.read("idle_call", costs.idle_call);
  fields.read("idle_exit", costs.idle_exit);
  fields.read("timer_set", costs.timer_set);
  fields.read("cold_refill", costs.cold_refill);
  fields.read("cold_refill_half", costs.cold_refill_half);
}

void read_runtimes(const Reading& reading, const Node& node, MachineFile& file) {
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    Node version = scalar_node(node.keys[i].text, node.keys[i].mark);
    if (version.text.ends_with('t')) {
      version.text.pop_back();  // free-threaded build
    }
    if (!parse_version(reading, version).has_value()) {
      continue;
    }
    if (!node.items[i].is_map()) {
      reading.reporter.error(node.items[i].mark, "E-type", "a runtime is a map of costs",
                             "write it as {submit: 7us}");
      continue;
    }
    read_runtime_costs(reading, node.items[i], file.runtimes[node.keys[i].text]);
  }
}

/// The key at fault as build_regular names it ("caches.l3"), as a place in the map.
const Mark& place_of(const Node& node, const std::string& where) {
  const Node* at = find_path(node, split_path(where));
  return at == nullptr ? node.mark : at->mark;
}

void read_topology(const Reading& reading, Fields& fields, MachineFile& file) {
  models::RegularMachine regular;
  fields.read("packages", regular.packages);
  read_cores(reading, fields, regular);
  models::MachineSpec read;
  if (const Node* caches = fields.map("caches"); caches != nullptr) {
    read_caches(reading, *caches, regular, read);
  }
  if (const Node* memory = fields.map("memory"); memory != nullptr) {
    read_memory(reading, *memory, regular, read);
  }
  if (!reading.reporter.clean()) {
    return;
  }
  auto built = models::build_regular(regular);
  if (!built) {
    const sim::Error& error = built.error();
    reading.reporter.error(place_of(fields.node(), error.where), "E-range", error.what,
                           error.advice);
    return;
  }
  file.machine = std::move(built).value();
  file.machine.costs_known = false;
  file.machine.speed_known = false;
  file.machine.memory_bandwidth_node = read.memory_bandwidth_node;
  file.machine.memory_bandwidth_one_core = read.memory_bandwidth_one_core;
  file.machine.memory_local = read.memory_local;
  file.machine.memory_remote = read.memory_remote;
  file.machine.memory_system = read.memory_system;
}

/// On a machine that has no YAML, the topology stays and the rest may change.
void keep_topology(const Reading& reading, Fields& fields, MachineFile& file) {
  for (const std::string_view key : topology_keys) {
    if (fields.find(key) != nullptr) {
      fields.error(key, "E-key", fmt::format("'{}' cannot change here", key),
                   "the machine that `extends` names is not described by counts");
    }
  }
  if (const Node* memory = fields.map("memory"); memory != nullptr) {
    models::RegularMachine unused;
    read_memory(reading, *memory, unused, file.machine);
    for (const std::string_view key : {"size", "nodes"}) {
      if (const Node* fixed = memory->find(key); fixed != nullptr) {
        reading.reporter.error(fixed->mark, "E-key", fmt::format("'{}' cannot change here", key),
                               "the machine that `extends` names is not described by counts");
      }
    }
  }
}

void read_noise(const Reading& reading, const Node& node, models::InterruptionSpec& into) {
  Fields fields{reading, node, section_named("noise")};
  const Node* interruptions = fields.map("interruptions");
  if (interruptions == nullptr) {
    return;
  }
  Fields inner{reading, *interruptions, section_named("interruptions")};
  inner.read("every", into.every);
  inner.read("length", into.length);
}

void read_behaviour(const Reading& reading, Fields& fields, const MachineBase& base,
                    MachineFile& file) {
  models::MachineSpec& machine = file.machine;
  if (const Node* clock = fields.map("clock"); clock != nullptr) {
    read_clock(reading, *clock, machine);
  }
  if (const Node* speed = fields.map("speed"); speed != nullptr) {
    read_speed(reading, *speed, machine.speed);
    machine.speed_known = true;
  }
  fields.read("smt_gain", machine.smt_gain);
  if (const Node* transfer = fields.map("transfer"); transfer != nullptr) {
    read_transfer(reading, *transfer, machine.memory_system.transfer);
  }
  if (const Node* costs = fields.map("costs"); costs != nullptr) {
    read_costs(reading, *costs, machine.costs);
    machine.costs_known = base.costs_inherited ? base.costs_known : true;
  }
  if (const Node* cold = fields.map("cold_code"); cold != nullptr) {
    Fields inner{reading, *cold, section_named("cold_code")};
    inner.read("factor", machine.cold_code.factor);
    inner.read("resume", machine.cold_code.resume);
    inner.read("after", machine.cold_code.after);
    inner.read("idle", machine.cold_code.idle);
    inner.read("start", machine.cold_code.start);
    inner.read("start_after", machine.cold_code.start_after);
  }
  if (const Node* noise = fields.map("noise"); noise != nullptr) {
    read_noise(reading, *noise, machine.interruptions);
  }
  if (const Node* os = fields.map("os"); os != nullptr) {
    models::OsSpec spec = file.os.value_or(models::OsSpec{});
    read_os(reading, *os, spec);
    file.os = std::move(spec);
  }
  if (const Node* runtimes = fields.map("runtimes"); runtimes != nullptr) {
    read_runtimes(reading, *runtimes, file);
  }
  if (const Node* measured = fields.map("measured"); measured != nullptr) {
    read_measured(reading, *measured, file);
    warn_of_defaults(file);
  }
}

}  // namespace

MachineFile read_machine_map(const Reading& reading, const Node& node, const MachineBase& base) {
  Fields fields{reading, node, section_named("machine")};
  MachineFile file = base.file == nullptr ? MachineFile{} : *base.file;
  static_cast<void>(fields.find("extends"));  // resolved by the caller
  std::uint32_t version = 1;
  fields.read("timeslice", version);
  if (base.file == nullptr) {
    read_topology(reading, fields, file);
  } else {
    keep_topology(reading, fields, file);
  }
  fields.read("name", file.machine.name);
  fields.read("about", file.machine.about);
  fields.read("source", file.machine.source);
  read_behaviour(reading, fields, base, file);
  return file;
}

}  // namespace timeslice::scenarios
