#include "scenarios/format/read_measured.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "models/machine/cost_names.hpp"

namespace timeslice::scenarios {
namespace {

/// A date as the format writes it: 2026-11-22.
bool is_date(const std::string& text) {
  constexpr std::string_view shape = "0000-00-00";
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() == shape.size() && std::ranges::equal(text, shape, [&](char c, char like) {
           return like == '0' ? digit(c) : c == like;
         });
}

MeasuredCost read_entry(const Reading& reading, const Node& node) {
  Fields fields{reading, node, section_named("measured")};
  MeasuredCost cost;
  fields.read("samples", cost.samples);
  fields.read("rejected", cost.rejected);
  fields.read("p20", cost.p20);
  fields.read("p50", cost.p50);
  fields.read("p90", cost.p90);
  fields.read("from", cost.from);
  if (fields.read("date", cost.date) && !is_date(cost.date)) {
    fields.error("date", "E-type", fmt::format("'{}' is no date", cost.date),
                 "write year, month and day: 2026-11-22");
  }
  if (cost.p20 > cost.p50 || cost.p50 > cost.p90) {
    reading.reporter.error(node.mark, "E-range", "the quantiles do not grow",
                           "p20 is at most p50, and p50 at most p90");
  }
  return cost;
}

/// Keys that hold no cost, or stand for others.
bool is_no_cost(const Key& key) {
  constexpr std::array<std::string_view, 4> others{"speed", "pickle_per_kib", "sizes", "memory"};
  return key.type == Type::section || std::ranges::find(others, key.name) != others.end();
}

void add_missing(const MachineFile& file, const std::string& place, std::string_view section,
                 std::string_view group, std::vector<std::string>& missing) {
  for (const Key& key : section_named(section).keys) {
    const std::string name = fmt::format("{}{}", group, key.name);
    if (!is_no_cost(key) && !file.measured.contains(place + name)) {
      missing.push_back(name);
    }
  }
}

}  // namespace

void read_measured(const Reading& reading, const Node& node, MachineFile& file) {
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const std::string& name = node.keys[i].text;
    if (is_ignored(name)) {
      continue;
    }
    if (!node.items[i].is_map()) {
      reading.reporter.error(node.items[i].mark, "E-type",
                             fmt::format("'{}' is a map of samples and quantiles", name),
                             "write it as {samples: 60, p50: 2us, date: 2026-11-22}");
      continue;
    }
    file.measured[name] = read_entry(reading, node.items[i]);
  }
}

std::vector<std::string> default_costs(const MachineFile& file) {
  std::vector<std::string> missing;
  const bool no_refill = file.machine.costs.cold_refill == sim::Duration::zero();
  for (const models::CostName& cost : models::cost_names) {
    const bool off = file.machine.costs.*cost.cost == sim::Duration::zero() ||
                     (no_refill && cost.name.starts_with("cold_refill"));
    if (!off && !file.measured.contains(fmt::format("costs.{}", cost.name))) {
      missing.emplace_back(cost.name);
    }
  }
  return missing;
}

std::vector<std::string> default_runtime_costs(const MachineFile& file, std::string_view name) {
  const std::string place = fmt::format("runtimes.{}.", name);
  std::vector<std::string> missing;
  add_missing(file, place, "runtime_costs", "", missing);
  add_missing(file, place, "executor_costs", "executor.", missing);
  add_missing(file, place, "payload_costs", "payload.", missing);
  add_missing(file, place, "event_loop_costs", "event_loop.", missing);
  add_missing(file, place, "runtime_memory", "memory.", missing);
  return missing;
}

void warn_of_defaults(MachineFile& file) {
  const std::vector<std::string> missing = default_costs(file);
  if (!file.measured.empty() && !missing.empty()) {
    file.machine.warnings.push_back(
        fmt::format("not measured on machine '{}', so defaults of another: {}", file.machine.name,
                    fmt::join(missing, ", ")));
  }
}

}  // namespace timeslice::scenarios
