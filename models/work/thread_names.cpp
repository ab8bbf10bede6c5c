#include "models/work/thread_names.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace timeslice::models {

namespace {

/// Whether a thread of an executor may be called so: "NAME-..." of its workers and helpers, or the
/// helpers of all.
bool is_reserved(const WorldSpec& spec, std::string_view name) {
  const bool helper = name == "resource-tracker" || name == "fork-server";
  return helper || std::ranges::any_of(spec.executors, [&](const ExecutorSpec& executor) {
           return name.size() > executor.name.size() && name.starts_with(executor.name) &&
                  name[executor.name.size()] == '-';
         });
}

/// The number in "WANTED-number"; 0: `name` is not of that form.
std::uint64_t number_behind(std::string_view name, std::string_view wanted) {
  if (!name.starts_with(wanted) || name.size() <= wanted.size() + 1 || name[wanted.size()] != '-') {
    return 0;
  }
  name.remove_prefix(wanted.size() + 1);
  std::uint64_t number = 0;
  const auto [end, wrong] = std::from_chars(name.begin(), name.end(), number);
  return wrong == std::errc{} && end == name.end() ? number : 0;
}

}  // namespace

std::string free_thread_name(const Context& world, const std::string& wanted) {
  bool taken = is_reserved(world.spec, wanted);
  std::uint64_t highest = 0;
  for (std::uint32_t id = 0; id < world.os.threads(); ++id) {
    const std::string& name = world.os.name(ThreadId{id});
    taken = taken || name == wanted;
    highest = std::max(highest, number_behind(name, wanted));
  }
  if (!taken) {
    return wanted;
  }
  const std::string next = wanted + "-" + std::to_string(highest + 1);
  return is_reserved(world.spec, next) ? free_thread_name(world, wanted + "'") : next;
}

std::string background_prefix(const WorldSpec& spec) {
  std::string prefix = "background";
  const auto begins_alike = [&](const ExecutorSpec& executor) {
    return (executor.name + "-").starts_with(prefix + "-");
  };
  while (std::ranges::any_of(spec.executors, begins_alike)) {
    prefix += "'";
  }
  return prefix;
}

}  // namespace timeslice::models
