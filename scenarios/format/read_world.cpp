#include "scenarios/format/read_world.hpp"

#include <utility>

#include <fmt/format.h>

#include "models/os/cpuset.hpp"
#include "scenarios/format/check_tasks.hpp"
#include "scenarios/format/check_world.hpp"
#include "scenarios/format/machine_loader.hpp"
#include "scenarios/format/read_executors.hpp"
#include "scenarios/format/read_os.hpp"
#include "scenarios/format/read_repeat.hpp"
#include "scenarios/format/read_runtime.hpp"
#include "scenarios/format/read_steps.hpp"
#include "scenarios/format/without_effect.hpp"
#include "scenarios/format/without_effect_os.hpp"

namespace timeslice::scenarios {
namespace {

/// Stands in for a machine that cannot be read, so that the rest is checked all the same.
MachinePointer usable(const Reading& reading, MachinePointer machine) {
  if (machine->problems.empty()) {
    return machine;
  }
  reading.reporter.add(machine->problems);
  return resolve_machine(reading.files, scalar_node("ideal-256", {}));
}

/// The node under `runtime` when it has a usable shape.
const Node* runtime_node(Fields& fields) {
  const Node* node = fields.find("runtime");
  if (node == nullptr || node->is_map() || fields.choice("runtime").has_value()) {
    return node;
  }
  fields.error(
      "runtime", "E-type",
      fmt::format("'runtime' must be a map or none, not {}",
                  node->is_scalar() ? "'" + node->text + "'" : std::string{noun_of(*node)}),
      "write it as {python: \"3.11\"}, or none");
  return nullptr;
}

void read_tasks(const StepContext& context, const Node* node, models::WorldSpec& world) {
  for (const std::string& name : context.names.tasks.all()) {
    world.tasks.push_back({.name = name, .steps = read_steps(context, *node->find(name))});
  }
}

class WorldReader {
 public:
  WorldReader(const WorldContext& context, const Node& tree)
      : context_{context},
        reading_{context.reading},
        tree_{tree},
        fields_{context.reading, tree, section_named("scenario")} {}

  ReadWorld read() {
    read_head();
    read_system();
    read_programs();
    if (const std::string doubt = scheduler_warning(world().os); !doubt.empty()) {
      reading_.warnings.push_back(doubt);
    }
    result_.scenario.warnings = std::move(reading_.warnings);
    return std::move(result_);
  }

 private:
  models::WorldSpec& world() { return result_.scenario.world; }

  void read_head() {
    Scenario& scenario = result_.scenario;
    scenario.name = context_.name;
    std::uint64_t version = 1;
    fields_.read("timeslice", version);
    fields_.read("name", scenario.name);
    fields_.read("about", scenario.about);
    scenario.repeat = read_repeat(fields_);
    fields_.read("seed", scenario.seed);
    for (const char* handled : {"extends", "params", "matrix", "variants", "expect"}) {
      static_cast<void>(fields_.find(handled));  // taken out of the tree by the loader
    }
  }

  void read_system() {
    const Node* node = fields_.find("machine");
    const MachinePointer target = usable(
        reading_,
        resolve_machine(reading_.files, node == nullptr ? scalar_node("ideal-256", {}) : *node));
    world().machine = target->file.machine;
    world().os = target->file.os.value_or(models::OsSpec{});
    if (const Node* os = fields_.map("os"); os != nullptr) {
      read_os(reading_, *os, world().os);
      const auto wrong = models::unsupported(world().os)
                             ? std::nullopt
                             : models::wrong_cpus(world().machine, world().os);
      if (wrong) {
        reading_.reporter.error(place_of(tree_, wrong->where), "E-range",
                                wrong->where + ": " + wrong->what, wrong->advice);
      }
    }
    world().runtime = read_runtime(reading_, runtime_node(fields_), *target);
    const Origin from = origin();
    characters_.clock = clock_of_work(from, *target, world().machine);
    scale(from, *target, world().machine, world().runtime, reading_.warnings);
    const auto& speed = world().machine.speed;
    const auto& factor = world().runtime.factor;
    result_.canonical_machine =
        fmt::format("{} speed {} {} {} factor {} {} {}", target->canonical, speed.python,
                    speed.native, speed.memory, factor.python, factor.native, factor.memory);
  }

  /// Where the durations come from: `measured_on`, and for what it leaves out the base scenario.
  Origin origin() {
    Origin from = context_.origin;
    const Node* node = fields_.map("measured_on");
    if (node == nullptr) {
      return from;
    }
    Fields measured{reading_, *node, section_named("measured_on")};
    if (const Node* machine = measured.find("machine"); machine != nullptr) {
      from.machine = usable(reading_, resolve_machine(reading_.files, *machine));
    }
    if (const Node* python = measured.find("python");
        python != nullptr && from.machine != nullptr) {
      Node runtime = map_node(python->mark);
      runtime.set({"python", python->mark}, *python);
      from.runtime = read_runtime(reading_, &runtime, *from.machine);
    }
    return from;
  }

  void read_programs() {
    const Node* os = tree_.find("os");
    const Node* tasks = fields_.names("tasks");
    const Node* executors = fields_.names("executors");
    const Node* locks = fields_.names("locks");
    WorldNames names{Names{"task", tasks}, Names{"executor", executors}, Names{"lock", locks},
                     Names{"group", os == nullptr ? nullptr : os->find("groups")}, Futures{}};
    read_locks(reading_, locks, world());
    read_executors(reading_, executors, names, world());
    const StepContext steps{reading_, names, characters_,
                            world().runtime.language == models::Language::python};
    read_tasks(steps, tasks, world());
    const Node* main = fields_.find("main");
    if (main != nullptr) {
      StepContext in_main = steps;
      in_main.main_cpus = world().machine.cpus.size();
      world().main = read_steps(in_main, *main);
    }
    world().characters = characters_of_world(characters_);
    warn_of_memory(characters_, world(), reading_.warnings);
    read_background(reading_, fields_.list("background"), names, world());
    if (const Node* machine = tree_.find("machine"); machine != nullptr && machine->is_map()) {
      warn_unfelt(reading_, *machine, world());
    }
    warn_os_without_effect(reading_, os, world());
    mark_groups(names.groups);
    names.futures.check(reading_);
    world().futures = names.futures.all();
    for (const Names* each : {&names.tasks, &names.executors, &names.locks, &names.groups}) {
      each->warn_unused(reading_.warnings);
    }
    if (reading_.reporter.clean()) {  // names that are not resolved would look like circles
      check_tasks(reading_, world(), tasks, main);
    }
    world() = models::with_sessions(std::move(world()));
    if (reading_.reporter.clean()) {
      check_world(reading_, world(), tree_);
    }
  }

  /// Groups that hold others or the program are in use.
  void mark_groups(Names& names) {
    const models::OsSpec& os = world().os;
    const auto mark = [&](models::GroupId group) {
      if (group != models::GroupId{}) {
        names.mark_used(os.groups[models::index_of(group) - 1].name);
      }
    };
    mark(os.program_group);
    for (const models::GroupSpec& group : os.groups) {
      mark(group.parent.value_or(models::GroupId{}));
    }
  }

  const WorldContext& context_;
  const Reading& reading_;
  const Node& tree_;
  Fields fields_;
  ReadWorld result_;
  Characters characters_;
};

}  // namespace

ReadWorld read_world(const WorldContext& context, const Node& tree) {
  return WorldReader{context, tree}.read();
}

Origin origin_of(Files& files, const Node& tree) {
  Origin origin;
  const Node* machine = tree.find("machine");
  if (machine == nullptr || !(machine->is_scalar() || machine->is_map())) {
    return origin;
  }
  const MachinePointer found = resolve_machine(files, *machine);
  if (!found->problems.empty()) {
    return origin;
  }
  origin.machine = found;
  Reporter unheard;
  std::vector<std::string> warnings;
  std::vector<std::string> contents;
  const Node* runtime = tree.find("runtime");
  const bool none = runtime != nullptr && runtime->is_scalar() && runtime->text == "none";
  if (runtime == nullptr || runtime->is_map() || none) {
    origin.runtime = read_runtime({unheard, files, warnings, contents}, runtime, *found);
  }
  return origin;
}

}  // namespace timeslice::scenarios
