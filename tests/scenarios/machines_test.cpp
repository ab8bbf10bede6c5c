// The machine presets under scenarios/machines, as the loader reads them.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/machine/describe.hpp"
#include "models/machine/machine_yaml.hpp"
#include "models/machine/topology.hpp"
#include "scenarios/format/load.hpp"

namespace timeslice::scenarios {
namespace {

const std::filesystem::path presets =
    std::filesystem::path{TIMESLICE_SOURCE_DIR} / "scenarios/machines";

MachineFile loaded(const std::string& name_or_path) {
  auto result = load_machine(name_or_path, {.machines = {presets.string()}});
  if (const auto* diagnostics = std::get_if<Diagnostics>(&result)) {
    for (const Diagnostic& diagnostic : *diagnostics) {
      ADD_FAILURE() << name_or_path << ": " << diagnostic.what << " (" << diagnostic.advice << ")";
    }
    return {};
  }
  return std::get<MachineFile>(std::move(result));
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{presets}) {
    names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

struct Expected {
  const char* name;
  std::uint32_t packages;
  std::uint32_t cores;
  std::uint32_t cpus;
  std::uint32_t nodes;
  std::uint32_t llcs;
};

const std::vector<Expected>& expected() {
  static const std::vector<Expected> all{
      {"cloud-4vcpu", 1, 2, 4, 1, 1},
      {"desktop-8c16t", 1, 8, 16, 1, 1},
      {"laptop-4c8t", 1, 4, 8, 1, 1},
      {"laptop-arm-4p4e", 1, 8, 8, 1, 2},
      {"laptop-hybrid-6p8e", 1, 14, 20, 1, 1},
      {"raspberry-pi-5-4c", 1, 4, 4, 1, 1},
      {"server-1x16c32t", 1, 16, 32, 1, 4},
      {"server-1x64c128t", 1, 64, 128, 1, 8},
      {"server-2x16c64t", 2, 32, 64, 2, 2},
      {"server-2x96c384t", 2, 192, 384, 2, 24},
      {"server-arm-80c", 1, 80, 80, 1, 1},
      {"vm-1c", 1, 1, 1, 1, 1},
      {"vm-2c", 1, 2, 2, 1, 1},
  };
  return all;
}

TEST(MachinePresets, all_load_with_their_counts_a_purpose_and_a_source) {
  for (const Expected& one : expected()) {
    const models::MachineSpec machine = loaded(one.name).machine;
    const models::MachineCounts count = models::counts(machine);
    EXPECT_EQ(machine.name, one.name);
    EXPECT_EQ(count.packages, one.packages) << one.name;
    EXPECT_EQ(count.cores, one.cores) << one.name;
    EXPECT_EQ(count.cpus, one.cpus) << one.name;
    EXPECT_EQ(count.numa_nodes, one.nodes) << one.name;
    EXPECT_EQ(models::Topology{machine}.llc_count(), one.llcs) << one.name;
    EXPECT_GT(machine.about.size(), 20U) << one.name;
    EXPECT_GT(machine.source.size(), 60U) << one.name;
    EXPECT_GT(machine.clock_base.per_second, 1e9) << one.name;
    EXPECT_LE(std::ranges::count(models::describe(machine), '\n'), 60) << one.name;
  }
}

TEST(MachinePresets, no_preset_is_left_untested) {
  std::vector<std::string> names;
  for (const Expected& one : expected()) {
    names.emplace_back(one.name);
  }
  EXPECT_EQ(preset_names(), names);
}

TEST(MachinePresets, only_the_reference_guest_claims_measured_costs_and_speed) {
  for (const std::string& name : preset_names()) {
    const models::MachineSpec machine = loaded(name).machine;
    const bool reference = name == "vm-2c" || name == "vm-1c";  // one of its CPUs
    EXPECT_EQ(machine.costs_known, reference) << name;
    EXPECT_EQ(machine.speed_known, reference) << name;
  }
}

TEST(MachinePresets, the_reference_guest_carries_the_defaults_of_the_models) {
  const MachineFile file = loaded("vm-2c");
  const models::OsCosts defaults;
  EXPECT_EQ(file.machine.costs.context_switch, defaults.context_switch);
  // The defaults know no exits to a host, so the whole way to an idle CPU is latency there.
  const models::OsCosts& costs = file.machine.costs;
  EXPECT_LT(costs.wake_idle_cpu + costs.idle_exit + costs.context_switch, defaults.wake_idle_cpu);
  EXPECT_EQ(file.machine.costs.fork_per_mib, defaults.fork_per_mib);
  EXPECT_EQ(file.machine.costs.page_fault, defaults.page_fault);
  ASSERT_TRUE(file.os.has_value());
  EXPECT_EQ(file.os->tick, std::chrono::milliseconds{4});
  EXPECT_EQ(file.os->balance.kind, models::BalanceKind::linux_domains);
  EXPECT_EQ(file.os->balance.newidle_gate, models::NewidleGate::proportional);
  EXPECT_DOUBLE_EQ(file.os->balance.newidle_success, 0.17);
}

/// What a machine file says, as a string that two machines can be compared by.
std::string shape(const models::MachineSpec& machine) {
  return models::to_machine_yaml(machine).value() + models::describe(machine);
}

TEST(MachineFiles, written_from_a_machine_are_read_back_as_the_same_machine) {
  for (const std::string& name : preset_names()) {
    const models::MachineSpec machine = loaded(name).machine;
    const auto yaml = models::to_machine_yaml(machine);
    ASSERT_TRUE(yaml) << name << ": " << yaml.error().what;
    const std::filesystem::path path =
        std::filesystem::path{testing::TempDir()} / ("timeslice-" + name + ".yaml");
    std::ofstream{path} << yaml.value();
    EXPECT_EQ(shape(loaded(path.string()).machine), shape(machine)) << name;
    std::filesystem::remove(path);
  }
}

}  // namespace
}  // namespace timeslice::scenarios
