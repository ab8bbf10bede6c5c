#include "scenarios/format/read_executors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "models/os/cpuset.hpp"
#include "models/pool/pool_check.hpp"
#include "scenarios/format/without_effect.hpp"

namespace timeslice::scenarios {
namespace {

using models::CpuId;
using models::ExecutorKind;
using models::ExecutorSpec;

struct KindWord {
  std::string_view word;
  ExecutorKind kind;
  bool python;  // made by Python, so it needs one
  bool cpp;     // a pool of a C++ program, which Python has no way to use
};
constexpr std::array<KindWord, 10> kind_words{{
    {"serial", ExecutorKind::serial, false, false},
    {"threads", ExecutorKind::threads, true, false},
    {"thread-per-task", ExecutorKind::thread_per_task, true, false},
    {"processes", ExecutorKind::processes, true, false},
    {"process-per-task", ExecutorKind::process_per_task, true, false},
    {"asyncio", ExecutorKind::asyncio, true, false},
    {"process-executor", ExecutorKind::process_executor, true, false},
    {"interpreters", ExecutorKind::interpreters, true, false},
    {"cpp-threads", ExecutorKind::cpp_threads, false, true},
    {"cpp-async", ExecutorKind::cpp_async, false, true},
}};

/// Whether there is one.
bool read_nice(Fields& fields, int& nice) {
  double value = 0.0;
  if (!fields.read("nice", value)) {
    return false;
  }
  if (value != std::floor(value)) {
    fields.error("nice", "E-type", "'nice' must be a whole number", "from -20 to 19");
  }
  nice = static_cast<int>(value);
  return true;
}

void read_class(Fields& fields, models::ClassSpec& sched) {
  using models::SchedulingClass;
  constexpr std::array<std::pair<std::string_view, SchedulingClass>, 6> words{{
      {"normal", SchedulingClass::normal},
      {"batch", SchedulingClass::batch},
      {"idle", SchedulingClass::idle},
      {"fifo", SchedulingClass::fifo},
      {"rr", SchedulingClass::round_robin},
      {"deadline", SchedulingClass::deadline},
  }};
  const Node* node = fields.map("class");
  if (node == nullptr) {
    return;
  }
  Fields inner{fields.reading(), *node, section_named("class")};
  if (const auto kind = inner.choice("kind")) {
    const auto* found = std::ranges::find(words, *kind, &decltype(words)::value_type::first);
    sim::expect(found != words.end(), "every class in the table of keys has a meaning");
    sched.kind = found->second;
  }
  inner.read("priority", sched.priority);
  inner.read("runtime", sched.runtime);
  inner.read("period", sched.period);
  inner.read("slice", sched.slice);
  if (!inner.read("deadline", sched.deadline)) {
    sched.deadline = sched.period;
  }
}

void read_group(Fields& fields, WorldNames& names, models::GroupId& group) {
  const Node* node = fields.find("group");
  if (node == nullptr) {
    return;
  }
  const auto index = names.groups.resolve(fields.reading(), *node);
  group = models::GroupId{index.has_value() ? *index + 1 : 0};
}

/// Those that the executor's group may use; empty: all.
std::vector<CpuId> cpus_of_group(const models::WorldSpec& world, models::GroupId group) {
  if (models::unsupported(world.os)) {
    return {};  // reported already
  }
  group = group == models::GroupId{} ? world.os.program_group : group;
  return models::allowed_cpus(world.os, group).value_or(std::vector<CpuId>{});
}

/// CPUs in the order that a word means: by core, then sibling, or the other way round.
std::vector<CpuId> cpu_order(const models::MachineSpec& machine, bool cores_first) {
  struct Placed {
    std::uint32_t core;
    std::uint32_t sibling;
    std::uint32_t cpu;
  };
  std::vector<std::uint32_t> siblings(machine.cores.size());
  std::vector<Placed> placed;
  for (std::size_t i = 0; i < machine.cpus.size(); ++i) {
    const std::size_t core = models::index_of(machine.cpus[i].core);
    placed.push_back(
        {static_cast<std::uint32_t>(core), siblings[core]++, static_cast<std::uint32_t>(i)});
  }
  std::ranges::sort(placed, {}, [cores_first](const Placed& p) {
    return cores_first ? std::pair{p.sibling, p.core} : std::pair{p.core, p.sibling};
  });
  std::vector<CpuId> order;
  for (const Placed& each : placed) {
    order.push_back(CpuId{each.cpu});
  }
  return order;
}

/// After the group: words take the CPUs that it leaves.
void read_pin(Fields& fields, const models::WorldSpec& world, ExecutorSpec& executor) {
  const models::MachineSpec& machine = world.machine;
  const Node* node = fields.find("pin");
  if (node == nullptr) {
    return;
  }
  if (const auto word = fields.choice("pin")) {
    if (*word != "none") {
      executor.pin = models::common_cpus(cpu_order(machine, *word == "cores-first"),
                                         cpus_of_group(world, executor.group));
    }
    return;
  }
  for (const std::uint64_t cpu : fields.counts("pin")) {
    if (cpu >= machine.cpus.size()) {
      fields.error("pin", "E-range",
                   fmt::format("there is no CPU {}: the machine has {}", cpu, machine.cpus.size()),
                   "CPUs count from 0");
      return;
    }
    executor.pin.push_back(CpuId{static_cast<std::uint32_t>(cpu)});
  }
}

void read_workers(Fields& fields, models::WorkerCount& workers) {
  using Kind = models::WorkerCount::Kind;
  if (const auto word = fields.choice("workers")) {
    workers = {.kind = *word == "cores" ? Kind::cores : Kind::runtime_default, .number = 0};
    return;
  }
  if (fields.read("workers", workers.number)) {
    workers.kind = Kind::number;
  }
}

void read_words(Fields& fields, ExecutorSpec& executor) {
  if (const auto start = fields.choice("start")) {
    executor.start = *start == "fork"         ? models::StartMethod::fork
                     : *start == "spawn"      ? models::StartMethod::spawn
                     : *start == "forkserver" ? models::StartMethod::forkserver
                                              : models::StartMethod::platform_default;
  }
  if (const auto create = fields.choice("create")) {
    executor.create =
        *create == "start" ? ExecutorSpec::Create::start : ExecutorSpec::Create::first_use;
  }
  if (const auto shutdown = fields.choice("shutdown")) {
    executor.shutdown =
        *shutdown == "terminate" ? ExecutorSpec::Shutdown::terminate : ExecutorSpec::Shutdown::join;
  }
}

void read_kind(Fields& fields, const models::RuntimeSpec& runtime, ExecutorSpec& executor) {
  const auto word = fields.choice("kind");
  if (!word.has_value()) {
    return;
  }
  const auto* kind = std::ranges::find(kind_words, *word, &KindWord::word);
  sim::expect(kind != kind_words.end(), "every kind in the table of keys has a meaning");
  executor.kind = kind->kind;
  if (kind->python && runtime.language == models::Language::none) {
    fields.error("kind", "E-key",
                 fmt::format("'{}' is made by Python, and the runtime is none", *word),
                 "use cpp-threads, cpp-async or serial, or give a runtime");
  }
  if (kind->cpp && runtime.language == models::Language::python) {
    fields.error("kind", "E-key",
                 fmt::format("'{}' is a pool of C++, and the runtime is Python", *word),
                 "write runtime: none, or use a Python executor such as threads");
  }
}

void read_payload(const Reading& reading, const Node& node, models::PayloadSpec& payload) {
  Fields fields{reading, node, section_named("payload")};
  fields.read("argument", payload.argument);
  fields.read("result", payload.result);
  fields.read("objects", payload.objects);
  if (const auto codec = fields.choice("codec")) {
    payload.codec =
        *codec == "shared-memory" ? models::Codec::shared_memory : models::Codec::pickle;
  }
}

void read_executor(const Reading& reading, const Node& node, WorldNames& names,
                   models::WorldSpec& world) {
  ExecutorSpec& executor = world.executors.back();
  Fields fields{reading, node, section_named("executor")};
  read_kind(fields, world.runtime, executor);
  read_workers(fields, executor.workers);
  read_words(fields, executor);
  std::uint64_t chunksize = 0;
  if (!fields.choice("chunksize") && fields.read("chunksize", chunksize)) {
    executor.chunksize = chunksize;
  }
  if (const Node* payload = fields.map("payload"); payload != nullptr) {
    read_payload(reading, *payload, executor.payload);
  }
  if (std::uint64_t tasks = 0; fields.read("maxtasksperchild", tasks)) {
    executor.maxtasksperchild = tasks;
  }
  fields.read("import_cost", executor.import_cost);
  fields.read("memory", executor.memory);
  fields.read("import_memory", executor.import_memory);
  fields.read("touches", executor.touches);
  fields.read("daemon", executor.daemon);
  int nice = 0;
  if (read_nice(fields, nice)) {
    executor.nice = nice;
  }
  read_class(fields, executor.sched);
  read_group(fields, names, executor.group);
  read_pin(fields, world, executor);
  for (const sim::Error& error : models::check_process_pool(executor, world.runtime)) {
    fields.error(node.find("maxtasksperchild") != nullptr ? "maxtasksperchild" : "kind", "E-key",
                 error.what, error.advice);
  }
  warn_without_effect(reading, executor.name, node);
}

void refuse_shape(const Reading& reading, const Node& node, std::string_view noun) {
  reading.reporter.error(node.mark, "E-type",
                         fmt::format("{} must be a map, not {}", noun, noun_of(node)),
                         "write it as {key: value}");
}

}  // namespace

namespace {

/// Its kind, and what only that kind has.
void read_lock_kind(Fields& fields, models::LockSpec& lock) {
  using models::LockKind;
  constexpr std::array<std::pair<std::string_view, LockKind>, 6> words{{
      {"mutex", LockKind::mutex},
      {"rwlock", LockKind::rwlock},
      {"semaphore", LockKind::semaphore},
      {"barrier", LockKind::barrier},
      {"queue", LockKind::queue},
      {"event", LockKind::event},
  }};
  if (const auto kind = fields.choice("kind")) {
    lock.kind = std::ranges::find(words, *kind, &decltype(words)::value_type::first)->second;
  }
  const auto only = [&](std::string_view key, LockKind kind, std::string_view word) {
    if (fields.has(key) && lock.kind != kind) {
      fields.error(key, "E-key", fmt::format("only a {} has '{}'", word, key),
                   fmt::format("write kind: {}, or leave it out", word));
    }
  };
  fields.read("value", lock.value);
  fields.read("parties", lock.parties);
  fields.read("capacity", lock.capacity);
  only("value", LockKind::semaphore, "semaphore");
  only("parties", LockKind::barrier, "barrier");
  only("capacity", LockKind::queue, "queue");
  if (lock.kind == LockKind::barrier && lock.parties == 0 && !fields.has("parties")) {
    fields.error("kind", "E-key", "a barrier needs to know how many meet", "add parties: 2 or so");
  }
}

}  // namespace

void read_locks(const Reading& reading, const Node* node, models::WorldSpec& world) {
  const Names sorted{"lock", node};
  for (const std::string& name : sorted.all()) {
    const Node& value = *node->find(name);
    models::LockSpec& lock = world.locks.emplace_back();
    lock.name = name;
    if (value.is_null()) {
      continue;
    }
    if (!value.is_map()) {
      refuse_shape(reading, value, "a lock");
      continue;
    }
    Fields fields{reading, value, section_named("lock")};
    read_lock_kind(fields, lock);
    if (const auto scope = fields.choice("scope")) {
      lock.scope = *scope == "process" ? models::LockScope::process : models::LockScope::thread;
    }
    fields.read("inherit", lock.inherit);
    if (lock.kind != models::LockKind::mutex &&
        (lock.scope == models::LockScope::process || lock.inherit)) {
      fields.error(lock.inherit ? "inherit" : "scope", "E-later",
                   fmt::format("only a mutex can be {} in this version",
                               lock.inherit ? "one that lends urgency" : "shared by processes"),
                   "use kind: mutex, or leave this out");
    }
  }
}

void read_executors(const Reading& reading, const Node* node, WorldNames& names,
                    models::WorldSpec& world) {
  for (const std::string& name : names.executors.all()) {
    const Node& value = *node->find(name);
    world.executors.emplace_back().name = name;
    if (value.is_map()) {
      read_executor(reading, value, names, world);
    } else {
      refuse_shape(reading, value, "an executor");
    }
  }
}

void read_background(const Reading& reading, const Node* node, WorldNames& names,
                     models::WorldSpec& world) {
  for (std::size_t i = 0; node != nullptr && i < node->items.size(); ++i) {
    const Node& value = node->items[i];
    if (!value.is_map()) {
      refuse_shape(reading, value, "a background program");
      continue;
    }
    models::BackgroundSpec program;
    Fields fields{reading, value, section_named("background")};
    if (const Node* task = fields.find("task"); task != nullptr) {
      program.task = models::TaskIndex{names.tasks.resolve(reading, *task).value_or(0)};
    }
    fields.read("threads", program.threads);
    static_cast<void>(read_nice(fields, program.nice));
    read_class(fields, program.sched);
    read_group(fields, names, program.group);
    fields.read("start", program.start);
    world.background.push_back(program);
  }
}

}  // namespace timeslice::scenarios
