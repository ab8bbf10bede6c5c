// A calibrated file: what is written is what the loader reads back.

#include "validation/calibrate/machine_text.hpp"

#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/format/load.hpp"

namespace timeslice::validation {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr const char* base =
    "name: \"lab: 2\"\n"
    "about: >-\n  two\n  lines\n"
    "cores: 2\n"
    "caches: {l3: 8MiB shared by package}\n"
    "clock: {base: 3GHz, turbo: {1: 3.5GHz}}\n"
    "costs: {switch: 9us, migration: 3us}\n"
    "runtimes:\n  3.10: {submit: 11us, executor: {get: 7us}}\n";

Samples repeated(double value) {
  return {.ns = std::vector<double>(5, value), .rejected = 2};
}

Findings some() {
  Findings found{"2026-11-22"};
  const Samples one = repeated(1500);
  const Samples two = repeated(2750);
  found.add({"costs", "switch"}, &one, 0.2, "yields");
  found.add({"runtimes", "3.13t", "executor", "get"}, &two, 0.2, "CPython 3.13.0t");
  found.add_value({.path = {"runtimes", "3.11", "payload", "result_build"},
                   .values = {"2us 0.50", "3us 0.00", "4us 1.00", "5us 1.00"},
                   .list = true,
                   .name = {},
                   .measured = {}});
  found.observe("turn", &one, "two burners");
  return found;
}

std::variant<scenarios::Plan, scenarios::Diagnostics> loaded(const std::string& machine) {
  std::string text = "timeslice: 1\nmachine:\n";
  std::string line;
  for (const char c : machine) {
    line += c;
    if (c == '\n') {
      text += "  " + line;
      line.clear();
    }
  }
  return scenarios::load_text(text + "runtime: {python: \"3.11\"}\nmain: []\n", "s.yaml", "", {},
                              {});
}

models::WorldSpec world_of(const std::string& machine) {
  const auto plan = loaded(machine);
  if (const auto* problems = std::get_if<scenarios::Diagnostics>(&plan)) {
    ADD_FAILURE() << scenarios::to_text(*problems);
    return {};
  }
  return std::get<scenarios::Point>(std::get<scenarios::Plan>(plan).point(0)).scenario.world;
}

std::string text_of(const std::string& under, const Findings& findings) {
  const auto text = machine_text(under, findings.all(), {"a remark"});
  EXPECT_TRUE(text);
  return text ? text.value() : std::string{};
}

TEST(MachineText, what_is_written_is_read_back) {
  const std::string text = text_of(base, some());
  const models::WorldSpec world = world_of(text);
  EXPECT_EQ(world.machine.costs.context_switch, 1500ns);
  EXPECT_EQ(world.runtime.costs.payload.result_build.cpu[3], 5us);
  EXPECT_EQ(world.runtime.costs.payload.result_build.fresh[0], 0.5);
  EXPECT_TRUE(world.machine.costs_known);
  EXPECT_TRUE(world.runtime.costs_known);
  EXPECT_THAT(text, HasSubstr("# a remark\n"));
  EXPECT_THAT(text, HasSubstr("rejected: 2"));
}

TEST(MachineText, adding_keeps_what_others_wrote) {
  const models::WorldSpec world = world_of(text_of(base, some()));
  EXPECT_EQ(world.machine.name, "lab: 2");
  EXPECT_EQ(world.machine.about, "two lines");
  EXPECT_EQ(world.machine.costs.migration, 3us);
  EXPECT_EQ(world.machine.turbo.size(), 1U);
  EXPECT_THAT(text_of(base, some()), HasSubstr("\"3.10\""));
  EXPECT_THAT(text_of(base, some()), HasSubstr("submit: 11us"));
}

TEST(MachineText, writing_twice_changes_nothing) {
  const std::string once = text_of(base, some());
  EXPECT_EQ(text_of(once, some()), once);
  EXPECT_EQ(text_of(once, Findings{"2027-01-01"}), once);
}

TEST(MachineText, names_of_costs_that_no_entry_stands_behind_become_warnings) {
  const models::WorldSpec world = world_of(text_of(base, some()));
  std::string all;
  for (const std::string& line : world.machine.warnings) {
    all += line + "\n";
  }
  EXPECT_THAT(all, HasSubstr("migration"));
  EXPECT_THAT(all, HasSubstr("fork_per_mib"));
  EXPECT_THAT(all, Not(HasSubstr("switch")));
  EXPECT_THAT(all, Not(HasSubstr("cold_refill")));
  // A file without `measured` is as it was: its author stands for its numbers.
  EXPECT_TRUE(world_of(base).machine.warnings.empty());
}

TEST(MachineText, a_file_broken_by_hand_is_refused_with_its_place) {
  std::string text = text_of(base, some());
  const auto broken = [&text](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    const auto plan = loaded(changed);
    const auto* problems = std::get_if<scenarios::Diagnostics>(&plan);
    return problems == nullptr ? std::string{} : scenarios::to_text(*problems);
  };
  EXPECT_THAT(broken("p20: 1500ns", "p20: 1500"), HasSubstr("error[E-unit]"));
  EXPECT_THAT(broken("p20: 1500ns", "p20: 15us"), HasSubstr("the quantiles do not grow"));
  EXPECT_THAT(broken("samples: 5", "sample: 5"), HasSubstr("s.yaml:"));
  EXPECT_THAT(broken("date: 2026-11-22", "date: today"), HasSubstr("is no date"));
  EXPECT_THAT(broken("switch: 1500ns", "switch: fast"), HasSubstr("s.yaml:"));
}

TEST(MachineText, text_that_is_no_map_is_refused) {
  EXPECT_FALSE(machine_text("- a\n", {}, {}));
  EXPECT_FALSE(machine_text("a: [1\n", {}, {}));
}

}  // namespace
}  // namespace timeslice::validation
