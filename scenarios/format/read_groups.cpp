#include "scenarios/format/read_groups.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

/// The id of a group by its place among the sorted names; 0 is the root.
std::optional<models::GroupId> group_id(const std::vector<std::string>& names,
                                        const std::string& name) {
  const auto at = std::ranges::lower_bound(names, name);
  if (at == names.end() || *at != name) {
    return std::nullopt;
  }
  return models::GroupId{static_cast<std::uint32_t>(at - names.begin()) + 1};
}

/// `50ms/100ms`, `50ms` (of 100 ms), or `max`: no limit.
void read_quota(Fields& fields, models::GroupSpec& group) {
  sim::Duration burst{};
  const bool bursts = fields.read("burst", burst);
  std::string text;
  if (!fields.read("cpu_max", text) || text == "max") {
    if (bursts && burst > sim::Duration::zero()) {
      fields.error("burst", "E-key", "'burst' needs a limit", "write cpu_max: 50ms/100ms as well");
    }
    return;
  }
  const std::size_t slash = text.find('/');
  const auto quota = parse_duration_ns(trimmed(std::string_view{text}.substr(0, slash)));
  models::CpuQuota limit{.burst = burst};
  auto period = Parsed<std::int64_t>{.value = limit.period.count(), .problem = {}};
  if (slash != std::string::npos) {
    period = parse_duration_ns(trimmed(std::string_view{text}.substr(slash + 1)));
  }
  if (!quota || !period) {
    const Problem& problem = quota ? period.problem : quota.problem;
    fields.error("cpu_max", problem.code, with_key(problem.what, "cpu_max"),
                 "write it as 50ms/100ms (time in each period), or max");
    return;
  }
  limit.quota = sim::Duration{quota.value};
  limit.period = sim::Duration{period.value};
  group.quota = limit;
}

void read_group(const Reading& reading, const Node& node, const std::vector<std::string>& names,
                models::GroupSpec& group) {
  Fields fields{reading, node, section_named("group")};
  const bool weighs = fields.read("weight", group.weight);
  fields.read("cpu_idle", group.idle);
  if (group.idle && weighs) {
    fields.error("weight", "E-key", "an idle group has no weight of its own",
                 "leave out weight, or cpu_idle");
  }
  read_quota(fields, group);
  for (const std::uint64_t cpu : fields.counts("cpus")) {
    group.cpus.push_back(models::CpuId{static_cast<std::uint32_t>(cpu)});
  }
  std::string parent;
  if (fields.read("parent", parent)) {
    group.parent = group_id(names, parent);
    if (!group.parent.has_value()) {
      fields.error("parent", "E-name", fmt::format("no group is called '{}'", parent),
                   suggestion(parent, names));
    }
  }
}

/// Reports the first group that is its own ancestor.
void refuse_group_cycles(const Reading& reading, const Node& node, const models::OsSpec& os) {
  for (const models::GroupSpec& group : os.groups) {
    std::size_t steps = 0;
    for (auto at = group.parent; at.has_value() && steps <= os.groups.size(); ++steps) {
      at = os.groups[models::index_of(*at) - 1].parent;
    }
    if (steps > os.groups.size()) {
      reading.reporter.error(node.find(group.name)->mark, "E-cycle",
                             fmt::format("the group '{}' is inside itself", group.name),
                             "give one group of the circle no parent");
      return;
    }
  }
}

}  // namespace

std::optional<models::GroupId> group_named(const models::OsSpec& os, const std::string& name) {
  const auto at = std::ranges::find(os.groups, name, &models::GroupSpec::name);
  if (at == os.groups.end()) {
    return std::nullopt;
  }
  return models::GroupId{static_cast<std::uint32_t>(at - os.groups.begin()) + 1};
}

void read_groups(const Reading& reading, const Node& node, models::OsSpec& os) {
  std::vector<std::string> names;
  for (const Node::Key& key : node.keys) {
    if (!is_ignored(key.text)) {
      names.push_back(key.text);
    }
  }
  std::ranges::sort(names);
  os.groups.clear();
  for (const std::string& name : names) {
    models::GroupSpec group{.name = name};
    const Node& value = *node.find(name);
    if (value.is_map()) {
      read_group(reading, value, names, group);
    } else if (!value.is_null()) {
      reading.reporter.error(
          value.mark, "E-type",
          fmt::format("the group '{}' must be a map, not {}", name, noun_of(value)),
          "write it as {weight: 100}");
    }
    os.groups.push_back(std::move(group));
  }
  refuse_group_cycles(reading, node, os);
}

}  // namespace timeslice::scenarios
