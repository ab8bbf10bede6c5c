#include "scenarios/format/read_runtime.hpp"

#include <charconv>
#include <string>

#include <fmt/format.h>

#include "scenarios/format/read_message_costs.hpp"

namespace timeslice::scenarios {
namespace {

constexpr int oldest_minor = 2;   // the GIL that is modelled came with 3.2
constexpr int newest_minor = 30;  // far ahead: a guess of what will be asked
constexpr models::PythonVersion reference_version{3, 11};  // has factor 1 by definition

void read_words(Fields& fields, models::RuntimeSpec& runtime) {
  if (const auto heir = fields.choice("heir")) {
    runtime.gil.heir = *heir == "first"    ? models::GilHeir::first
                       : *heir == "last"   ? models::GilHeir::last
                       : *heir == "random" ? models::GilHeir::random
                                           : models::GilHeir::condition;
  }
  if (const auto platform = fields.choice("platform")) {
    runtime.platform = *platform == "macos"     ? models::Platform::macos
                       : *platform == "windows" ? models::Platform::windows
                                                : models::Platform::linux_os;
  }
}

/// Version and GIL decide which measured costs apply, so they are read first.
void read_identity(const Reading& reading, Fields& fields, models::RuntimeSpec& runtime) {
  if (const Node* version = fields.find("python"); version != nullptr) {
    runtime.version = parse_version(reading, *version).value_or(runtime.version);
  }
  fields.read("gil", runtime.gil.enabled);
}

void read_rest(const Reading& reading, Fields& fields, models::RuntimeSpec& runtime) {
  fields.read("switch_interval", runtime.gil.switch_interval);
  fields.read("requester_overtakes", runtime.gil.requester_overtakes);
  fields.read("poll_granularity", runtime.gil.poll_granularity);
  if (double stretch = 1.0; fields.read("free_threading", stretch)) {
    runtime.gil.free_threading = stretch;
  }
  fields.read("memory", runtime.memory);
  read_words(fields, runtime);
  if (const Node* costs = fields.map("costs"); costs != nullptr) {
    RuntimeDefaults over{
        .costs = runtime.costs, .factor = runtime.factor, .factor_known = runtime.factor_known};
    read_runtime_costs(reading, *costs, over);
    runtime.costs = over.costs;
    runtime.factor = over.factor;
    runtime.factor_known = over.factor_known;
  }
}

void apply_machine(const LoadedMachine& machine, models::RuntimeSpec& runtime) {
  if (machine.kind == LoadedMachine::Kind::ideal) {
    runtime.costs = models::python_free_of_cost();
    runtime.costs_known = true;
    runtime.factor_known = true;
    return;
  }
  runtime.factor_known = runtime.version == reference_version;
  const bool gil = runtime.gil.enabled;
  const RuntimeDefaults* exact = find_runtime(machine.file, runtime.version, gil);
  const RuntimeDefaults* near =
      exact != nullptr || gil ? exact : find_runtime(machine.file, runtime.version, true);
  if (near != nullptr) {
    runtime.costs = near->costs;
    runtime.factor = near->factor;
    runtime.costs_known = exact != nullptr;
    runtime.factor_known = near->factor_known || runtime.version == reference_version;
  }
  if (!gil && exact != nullptr && exact->factor_known) {
    runtime.gil.free_threading = 1.0;  // the measured factor already holds it
  }
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
  models::PythonCosts& costs = defaults.costs;
  fields.read("gil_take", costs.gil_take);
  fields.read("lock", costs.lock);
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
  fields.read("resource_tracker", costs.resource_tracker);
  fields.read("forkserver_start", costs.forkserver_start);
  fields.read("forkserver_child", costs.forkserver_child);
  fields.read("cpp_task", costs.cpp_task);
  read_message_costs(fields, costs);
}

const RuntimeDefaults* find_runtime(const MachineFile& machine,
                                    const models::PythonVersion& version, bool gil) {
  const std::string name = fmt::format("{}.{}", version.major, version.minor);
  if (const auto exact = machine.runtimes.find(gil ? name : name + "t");
      exact != machine.runtimes.end()) {
    return &exact->second;
  }
  return nullptr;
}

std::optional<models::PythonVersion> parse_version(const Reading& reading, const Node& node) {
  const std::string& text = node.text;
  models::PythonVersion version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (node.is_scalar() && major.ec == std::errc{} && major.ptr != end && *major.ptr == '.') {
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    const bool whole = minor.ec == std::errc{} && minor.ptr == end;
    if (whole && version.major == 3 && version.minor >= oldest_minor &&
        version.minor <= newest_minor) {
      return version;
    }
  }
  reading.reporter.error(node.mark, "E-range",
                         fmt::format("'python' must be a version from 3.2 on, not '{}'", text),
                         "write it as \"3.11\"");
  return std::nullopt;
}

models::RuntimeSpec read_runtime(const Reading& reading, const Node* node,
                                 const LoadedMachine& machine) {
  models::RuntimeSpec runtime;
  if (node == nullptr || node->is_scalar()) {
    apply_machine(machine, runtime);
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
  read_rest(reading, fields, runtime);
  if (!runtime.gil.enabled && runtime.version < models::PythonVersion{3, 13}) {
    reading.warnings.push_back(
        fmt::format("CPython {}.{} has no free-threaded build: this is a what-if, never validated",
                    runtime.version.major, runtime.version.minor));
  }
  return runtime;
}

}  // namespace timeslice::scenarios
