#include "scenarios/format/without_effect.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "models/world_spec.hpp"

namespace timeslice::scenarios {
namespace {

struct ExecutorUse {
  std::string_view key;
  std::array<std::string_view, 6> kinds;  // that use it; empty places mean nothing
};
constexpr std::array<ExecutorUse, 12> executor_uses{{
    {"workers",
     {"threads", "processes", "cpp-threads", "process-executor", "interpreters", "asyncio"}},
    {"start", {"processes", "process-per-task", "process-executor"}},
    {"import_cost", {"processes", "process-per-task", "process-executor", "interpreters"}},
    {"memory", {"processes", "process-per-task", "process-executor"}},
    {"import_memory", {"processes", "process-per-task", "process-executor"}},
    {"touches", {"processes", "process-per-task", "process-executor"}},
    {"chunksize", {"processes", "process-executor"}},
    {"payload", {"processes", "process-executor", "interpreters"}},
    {"create",
     {"threads", "processes", "cpp-threads", "process-executor", "interpreters", "asyncio"}},
    {"shutdown", {"processes"}},
    {"maxtasksperchild", {"processes", "process-executor"}},
    {"daemon", {"thread-per-task"}},
}};

/// What decides about threads of an executor; `serial` has none.
constexpr std::array<std::string_view, 4> thread_keys{"pin", "nice", "class", "group"};

bool is_default(std::string_view key, const Node& value) {
  return value.is_scalar() && value.text == find_key(section_named("executor"), key)->fallback;
}

/// A loop without `workers` runs in main's thread.
bool has_threads(std::string_view kind, const Node& executor) {
  const Node* workers = executor.find("workers");
  const bool named = workers != nullptr && !is_default("workers", *workers);
  return kind != "serial" && (kind != "asyncio" || named);
}

bool is_used(std::string_view key, std::string_view kind, const Node& executor) {
  if (std::ranges::find(thread_keys, key) != thread_keys.end()) {
    return has_threads(kind, executor);
  }
  const auto* use = std::ranges::find(executor_uses, key, &ExecutorUse::key);
  return use == executor_uses.end() || std::ranges::find(use->kinds, kind) != use->kinds.end();
}

/// Whether the value was written elsewhere: a parameter, the matrix or a variant put it here.
bool comes_from_elsewhere(const Node& map, std::string_view key) {
  const auto at = std::ranges::find(map.keys, key, &Node::Key::text);
  const Mark& written = map.items[static_cast<std::size_t>(at - map.keys.begin())].mark;
  return written.source != at->mark.source || written.line != at->mark.line;
}

struct Unfelt {
  std::string_view path;  // below `machine`
  std::string_view note = {};
};
constexpr std::array<Unfelt, 6> felt_by_memory{{
    {.path = "caches", .note = " (its sizes; who shares a cache does count)"},
    {.path = "memory.bandwidth"},
    {.path = "memory.one_core"},
    {.path = "memory.local"},
    {.path = "memory.remote"},
    {.path = "transfer"},
}};

bool computes(const models::Steps& steps);

bool computes(const models::Step& step) {
  if (const models::Steps* body = models::body_of(step)) {
    return computes(*body);
  }
  if (const auto* choose = std::get_if<models::ChooseStep>(&step.what)) {
    return std::ranges::any_of(choose->choices,
                               [](const models::Choice& choice) { return computes(choice.body); });
  }
  return std::holds_alternative<models::PythonStep>(step.what) ||
         std::holds_alternative<models::NativeStep>(step.what);
}

bool computes(const models::Steps& steps) {
  return std::ranges::any_of(steps, [](const models::Step& step) { return computes(step); });
}

}  // namespace

void warn_without_effect(const Reading& reading, const std::string& name, const Node& executor) {
  const Node* kind = executor.find("kind");
  if (kind == nullptr || !kind->is_scalar()) {
    return;
  }
  const bool swept = comes_from_elsewhere(executor, "kind");
  for (std::size_t i = 0; i < executor.keys.size(); ++i) {
    const std::string& key = executor.keys[i].text;
    if (!is_used(key, kind->text, executor) && !is_default(key, executor.items[i]) &&
        !(swept && key == "workers")) {
      reading.warnings.push_back(
          fmt::format("executor {}: {} has no effect on kind {}", name, key, kind->text));
    }
  }
}

void warn_unfelt(const Reading& reading, const Node& machine, const models::WorldSpec& world) {
  const bool computing =
      computes(world.main) || std::ranges::any_of(world.tasks, [](const models::TaskSpec& task) {
        return computes(task.steps);
      });
  std::string names;
  for (const Unfelt& key : felt_by_memory) {
    const bool by_locks = key.path == "transfer" && !world.locks.empty();
    if (computing && !by_locks && world.characters.empty() &&
        find_path(machine, split_path(key.path)) != nullptr) {
      names += fmt::format("{}machine.{}{}", names.empty() ? "" : ", ", key.path, key.note);
    }
  }
  if (!names.empty()) {
    reading.warnings.push_back(fmt::format(
        "no step says what it does to memory (`memory`, `uses`), so these have no effect: {}",
        names));
  }
}

}  // namespace timeslice::scenarios
