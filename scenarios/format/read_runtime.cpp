#include "scenarios/format/read_runtime.hpp"

#include <array>
#include <charconv>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/format/read_measured.hpp"
#include "scenarios/format/read_message_costs.hpp"

namespace timeslice::scenarios {
namespace {

constexpr int oldest_minor = 2;  // the GIL that is modelled came with 3.2
constexpr int most_patch = models::PythonVersion::newest_patch;
constexpr int newest_minor = 30;  // far ahead: a guess of what will be asked
constexpr int newest_known = 14;  // the last whose source the models were compared with
constexpr models::PythonVersion reference_version{.major = 3,
                                                  .minor = 11};  // has factor 1 by definition

void read_words(Fields& fields, models::RuntimeSpec& runtime) {
  if (const auto heir = fields.choice("heir")) {
    runtime.gil.heir = *heir == "first"    ? models::GilHeir::first
                       : *heir == "last"   ? models::GilHeir::last
                       : *heir == "random" ? models::GilHeir::random
                                           : models::GilHeir::condition;
  }
  if (const auto loop = fields.choice("event_loop")) {
    runtime.event_loop = *loop == "uvloop" ? models::LoopKind::uvloop : models::LoopKind::asyncio;
  }
  if (const auto platform = fields.choice("platform")) {
    runtime.platform = *platform == "macos"     ? models::Platform::macos
                       : *platform == "windows" ? models::Platform::windows
                                                : models::Platform::linux_os;
  }
}

void read_memory_parts(const Reading& reading, const Node& node, models::PythonMemory& parts) {
  Fields fields{reading, node, section_named("runtime_memory")};
  fields.read("interpreter", parts.interpreter);
  fields.read("files", parts.files);
  fields.read("forked_files", parts.forked_files);
  fields.read("fork_writes", parts.fork_writes);
  fields.read("forkserver_writes", parts.forkserver_writes);
  fields.read("gc_writes", parts.gc_writes);
  fields.read("touch_share", parts.touch_share);
}

/// Version and GIL decide which measured costs apply, so they are read first.
void read_identity(const Reading& reading, Fields& fields, models::RuntimeSpec& runtime) {
  if (const Node* version = fields.find("python"); version != nullptr) {
    Node number = *version;
    const bool threaded = number.is_scalar() && number.text.ends_with('t');
    if (threaded) {
      number.text.pop_back();
    }
    runtime.version = parse_version(reading, number).value_or(runtime.version);
    if (threaded && runtime.version < models::PythonVersion{3, 13}) {
      reading.reporter.error(version->mark, "E-range",
                             fmt::format("there is no free-threaded CPython '{}'", version->text),
                             "write 3.13t or later, or leave the t out");
    }
    runtime.gil.free_threaded_build = threaded;
    runtime.gil.enabled = !threaded;
  }
  fields.read("gil", runtime.gil.enabled);
  if (runtime.version.minor > newest_known) {
    reading.warnings.push_back(
        fmt::format("CPython {} is newer than 3.{}, the last that is known: it is taken to be like "
                    "that one, which nobody checked",
                    to_text(runtime.version), newest_known));
  }
}

void read_collector(Fields& fields, models::CollectorSpec& collector) {
  const Node* node = fields.map("gc");
  if (node == nullptr) {
    return;
  }
  Fields inner{fields.reading(), *node, section_named("gc")};
  inner.read("new_object_every", collector.new_object_every);
  inner.read("objects", collector.objects);
  inner.read("per_object", collector.per_object);
}

void read_rest(const Reading& reading, Fields& fields, models::RuntimeSpec& runtime) {
  fields.read("switch_interval", runtime.gil.switch_interval);
  fields.read("requester_overtakes", runtime.gil.requester_overtakes);
  if (sim::Duration poll{}; fields.read("poll_granularity", poll)) {
    runtime.gil.poll_granularity = poll;
  }
  read_collector(fields, runtime.gil.collector);
  fields.read("contended", runtime.gil.contended);
  if (double stretch = 1.0; fields.read("free_threading", stretch)) {
    runtime.gil.free_threading = stretch;
  }
  fields.read("memory", runtime.memory);
  read_words(fields, runtime);
  if (const Node* costs = fields.map("costs"); costs != nullptr) {
    RuntimeDefaults over{.costs = runtime.costs,
                         .memory_parts = runtime.memory_parts,
                         .factor = runtime.factor,
                         .factor_known = runtime.factor_known};
    read_runtime_costs(reading, *costs, over);
    runtime.costs = over.costs;
    runtime.memory_parts = over.memory_parts;
    runtime.factor = over.factor;
    runtime.factor_known = over.factor_known;
  }
}

void apply_machine(const LoadedMachine& machine, models::RuntimeSpec& runtime) {
  if (machine.kind == LoadedMachine::Kind::ideal) {
    runtime.costs = models::python_free_of_cost();
    runtime.gil.collector.new_object_every = sim::Duration::zero();
    runtime.costs_known = true;
    runtime.factor_known = true;
    return;
  }
  const bool reference = runtime.version.same_line(reference_version);
  runtime.factor_known = reference;
  const bool gil = !is_free_threaded(runtime);
  const RuntimeDefaults* exact = find_runtime(machine.file, runtime.version, gil);
  const RuntimeDefaults* near =
      exact != nullptr || gil ? exact : find_runtime(machine.file, runtime.version, true);
  if (near != nullptr) {
    runtime.costs = near->costs;
    runtime.memory_parts = near->memory_parts;
    runtime.factor = near->factor;
    runtime.costs_known = exact != nullptr;
    runtime.factor_known = near->factor_known || reference;
  }
  if (!gil && exact != nullptr && exact->factor_known) {
    runtime.gil.free_threading = 1.0;  // the measured factor already holds it
  }
}

/// A file that says how its costs were measured names those of this Python that are defaults.
void warn_of_default_costs(const Reading& reading, const MachineFile& machine,
                           const models::RuntimeSpec& runtime) {
  const auto name = runtime_name(machine, runtime.version, !is_free_threaded(runtime));
  if (machine.measured.empty() || !name) {
    return;
  }
  const std::vector<std::string> missing = default_runtime_costs(machine, *name);
  if (!missing.empty()) {
    reading.warnings.push_back(fmt::format("not measured here for CPython {}, so defaults: {}",
                                           *name, fmt::join(missing, ", ")));
  }
}

void read_event_loop_costs(const Reading& reading, const Node& node,
                           models::EventLoopCosts& costs) {
  Fields fields{reading, node, section_named("event_loop_costs")};
  fields.read("create_task", costs.create_task);
  fields.read("callback", costs.callback);
  fields.read("step", costs.step);
  fields.read("turn", costs.turn);
  fields.read("timer_set", costs.timer_set);
  fields.read("timer_fire", costs.timer_fire);
  fields.read("timeout", costs.timeout);
  fields.read("cancel", costs.cancel);
  fields.read("gather_child", costs.gather_child);
  fields.read("io_start", costs.io_start);
  fields.read("io_end", costs.io_end);
  fields.read("wrap_future", costs.wrap_future);
  fields.read("thread_result", costs.thread_result);
  fields.read("take_result", costs.take_result);
  fields.read("self_pipe", costs.self_pipe);
  fields.read("loop_create", costs.loop_create);
  fields.read("loop_run", costs.loop_run);
  fields.read("loop_close", costs.loop_close);
}

}  // namespace

void read_speed(const Reading& reading, const Node& node, models::SpeedFactors& speed) {
  Fields fields{reading, node, section_named("speed")};
  fields.read("python", speed.python);
  fields.read("native", speed.native);
  fields.read("memory", speed.memory);
}

void read_runtime_costs(const Reading& reading, const Node& node, RuntimeDefaults& defaults) {
  Fields fields{reading, node, section_named("runtime_costs")};
  if (const Node* speed = fields.map("speed"); speed != nullptr) {
    read_speed(reading, *speed, defaults.factor);
    defaults.factor_known = true;
  }
  if (const Node* parts = fields.map("memory"); parts != nullptr) {
    read_memory_parts(reading, *parts, defaults.memory_parts);
  }
  models::PythonCosts& costs = defaults.costs;
  fields.read("gil_take", costs.gil_take);
  fields.read("lock", costs.lock);
  fields.read("sync", costs.sync);
  fields.read("thread_object", costs.thread_object);
  fields.read("submit", costs.submit);
  fields.read("item", costs.item);
  fields.read("thread_item", costs.thread_item);
  fields.read("pool_put", costs.pool_put);
  fields.read("pool_put_item", costs.pool_put_item);
  fields.read("pool_get", costs.pool_get);
  fields.read("pool_result", costs.pool_result);
  fields.read("pool_store", costs.pool_store);
  fields.read("pool_store_item", costs.pool_store_item);
  fields.read("worker_handler_turn", costs.worker_handler_turn);
  fields.read("pool_create", costs.pool_create);
  fields.read("pool_import", costs.pool_import);
  fields.read("process_object", costs.process_object);
  fields.read("fork_child", costs.fork_child);
  fields.read("child_exit", costs.child_exit);
  fields.read("spawn_parent", costs.spawn_parent);
  fields.read("interpreter_start", costs.interpreter_start);
  fields.read("spawn_exit", costs.spawn_exit);
  fields.read("resource_tracker", costs.resource_tracker);
  fields.read("forkserver_start", costs.forkserver_start);
  fields.read("forkserver_child", costs.forkserver_child);
  fields.read("forkserver_reap", costs.forkserver_reap);
  fields.read("cpp_task", costs.cpp_task);
  if (const Node* loop = fields.map("event_loop"); loop != nullptr) {
    read_event_loop_costs(reading, *loop, costs.loop);
  }
  read_message_costs(fields, costs);
}

std::optional<std::string> runtime_name(const MachineFile& machine,
                                        const models::PythonVersion& version, bool gil) {
  const std::string line = fmt::format("{}.{}", version.major, version.minor);
  for (const std::string& name : {to_text(version), line}) {
    std::string full = gil ? name : name + "t";
    if (machine.runtimes.contains(full)) {
      return full;
    }
  }
  return std::nullopt;
}

const RuntimeDefaults* find_runtime(const MachineFile& machine,
                                    const models::PythonVersion& version, bool gil) {
  const auto name = runtime_name(machine, version, gil);
  return name ? &machine.runtimes.at(*name) : nullptr;
}

/// The whole number from 0 on that begins at `at`, which then stands behind it.
std::optional<int> number_at(const char*& at, const char* end) {
  int value = 0;
  const auto [behind, wrong] = std::from_chars(at, end, value);
  if (wrong != std::errc{} || value < 0 || *at == '-') {
    return std::nullopt;
  }
  at = behind;
  return value;
}

/// `3.13` or `3.13.7`.
std::optional<models::PythonVersion> version_of(const std::string& text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  std::array<int, 3> parts{0, 0, models::PythonVersion::newest_patch};
  std::size_t count = 0;
  for (bool more = true; more && count < parts.size(); ++count) {
    const auto part = number_at(at, end);
    if (!part) {
      return std::nullopt;
    }
    parts[count] = *part;
    more = at != end && *at == '.';
    at += more ? 1 : 0;
  }
  if (at != end || text.back() == '.' || count < 2 || parts[2] > most_patch) {
    return std::nullopt;
  }
  return models::PythonVersion{.major = parts[0], .minor = parts[1], .patch = parts[2]};
}

std::optional<models::PythonVersion> parse_version(const Reading& reading, const Node& node) {
  const std::string& text = node.text;
  const auto version = node.is_scalar() && !text.empty() ? version_of(text) : std::nullopt;
  if (version && version->major == 3 && version->minor >= oldest_minor &&
      version->minor <= newest_minor) {
    return version;
  }
  reading.reporter.error(
      node.mark, "E-range",
      fmt::format("'python' must be a version from 3.2 to 3.{}, not '{}'", newest_minor, text),
      fmt::format("write it as \"3.11\", \"3.11.7\" or \"3.13t\"; known are 3.{} "
                  "to 3.{}, later ones are taken to be like the last",
                  oldest_minor, newest_known));
  return std::nullopt;
}

models::RuntimeSpec read_runtime(const Reading& reading, const Node* node,
                                 const LoadedMachine& machine) {
  models::RuntimeSpec runtime;
  if (node == nullptr || node->is_scalar()) {
    apply_machine(machine, runtime);
    if (node == nullptr) {
      warn_of_default_costs(reading, machine.file, runtime);
    }
    if (node != nullptr) {  // the caller has checked that the word is `none`
      runtime.language = models::Language::none;
      runtime.factor = {};
      runtime.factor_known = true;
    }
    return runtime;
  }
  Fields fields{reading, *node, section_named("runtime")};
  read_identity(reading, fields, runtime);
  apply_machine(machine, runtime);
  warn_of_default_costs(reading, machine.file, runtime);
  read_rest(reading, fields, runtime);
  if (!runtime.gil.enabled && runtime.version < models::PythonVersion{3, 13}) {
    reading.warnings.push_back(
        fmt::format("CPython {} has no free-threaded build: this is a what-if, never validated",
                    to_text(runtime.version)));
  }
  return runtime;
}

}  // namespace timeslice::scenarios
