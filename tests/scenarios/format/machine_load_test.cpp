// Machines and operating systems as scenarios name, describe and change them.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

std::string on(const std::string& machine, const std::string& rest = "main: []\n") {
  return "timeslice: 1\nmachine: " + machine + "\n" + rest;
}

TEST(MachineLoad, an_ideal_machine_costs_nothing_and_has_no_tick) {
  const models::WorldSpec world = scenario(on("ideal-3")).world;
  EXPECT_EQ(world.machine.cpus.size(), 3U);
  EXPECT_EQ(world.machine.costs.context_switch, 0ns);
  EXPECT_EQ(world.runtime.costs.submit, 0ns);
  EXPECT_EQ(world.runtime.gil.switch_interval, 5ms);
  EXPECT_EQ(world.os.tick, 0ns);
  EXPECT_EQ(world.os.policy.kind, models::PolicyKind::fifo);
  EXPECT_EQ(scenario(on("ideal-65536")).world.machine.cpus.size(), 65536U);
}

TEST(MachineLoad, a_map_describes_a_machine) {
  const models::MachineSpec machine =
      scenario(on("{packages: 2, cores: 4, smt: 2, caches: {l3: 32MiB shared by 2 cores}, "
                  "clock: {base: 2.6GHz, turbo: {1: 3.5GHz}}, costs: {switch: 2us}, "
                  "memory: {bandwidth: 40GiB/s per node, size: 64GiB}}"))
          .world.machine;
  const models::MachineCounts counted = models::counts(machine);
  EXPECT_EQ(counted.packages, 2U);
  EXPECT_EQ(counted.cores, 8U);
  EXPECT_EQ(counted.cpus, 16U);
  EXPECT_EQ(machine.cores[2].llc, 1U);
  EXPECT_EQ(machine.clock_base.per_second, 2.6e9);
  EXPECT_EQ(machine.costs.context_switch, 2us);
  EXPECT_TRUE(machine.costs_known);
  EXPECT_EQ(machine.memory_bandwidth_node.per_second, 40.0 * 1073741824.0);
}

TEST(MachineLoad, kinds_of_cores_are_read_in_order) {
  const models::MachineSpec machine =
      scenario(on("{core_kinds: [{name: P, count: 2, smt: 2}, {name: E, count: 3, speed: 0.5}]}"))
          .world.machine;
  EXPECT_EQ(models::counts(machine).cpus, 7U);
  EXPECT_EQ(machine.core_kinds[1].speed, 0.5);
  EXPECT_EQ(machine.cores[4].kind, 1U);
}

TEST(MachineLoad, a_preset_is_found_by_name_and_a_slip_gets_suggestions) {
  EXPECT_EQ(scenario(on("vm-2c")).world.machine.cpus.size(), 2U);
  EXPECT_THAT(errors(on("laptop-4c8")), HasSubstr("did you mean 'laptop-4c8t"));
  EXPECT_THAT(errors(on("../vm-2c")), HasSubstr("error[E-file]"));
}

TEST(MachineLoad, linux_balances_by_its_mechanism_where_there_is_a_tick) {
  using models::BalanceKind;
  const auto kind = [](const std::string& os) {
    return scenario(on("vm-2c", "os: " + os + "\nmain: []\n")).world.os.balance.kind;
  };
  EXPECT_EQ(kind("{tick: 4ms}"), BalanceKind::linux_domains);
  EXPECT_EQ(kind("{scheduler: rr}"), BalanceKind::work_conserving);
  EXPECT_EQ(kind("{balance: {kind: work-conserving}}"), BalanceKind::work_conserving);
  EXPECT_EQ(kind("{balance: {move_on_wake: 0.1}}"), BalanceKind::measured);
  EXPECT_EQ(scenario(on("ideal-2")).world.os.balance.kind, BalanceKind::work_conserving);
  const std::string chance = "os: {balance: {kind: linux, move_on_wake: 0.1}}\nmain: []\n";
  EXPECT_THAT(errors(on("vm-2c", chance)), HasSubstr("only the kind 'measured' has chances"));
  const std::string still = "os: {tick: 0ms, balance: {kind: linux}}\nmain: []\n";
  EXPECT_THAT(errors(on("vm-2c", still)), HasSubstr("Linux balances at ticks"));
}

TEST(MachineLoad, a_machine_can_change_another_one) {
  const models::MachineSpec changed =
      scenario(on("{extends: vm-2c, cores: 4, costs: {switch: 9us}}")).world.machine;
  EXPECT_EQ(changed.cpus.size(), 4U);
  EXPECT_EQ(changed.costs.context_switch, 9us);
  EXPECT_EQ(changed.costs.fork, 86us) << "the rest stays";
  const models::MachineSpec ideal =
      scenario(on("{extends: ideal-2, costs: {switch: 1us}}")).world.machine;
  EXPECT_EQ(ideal.costs.context_switch, 1us);
  EXPECT_EQ(ideal.costs.syscall, 0ns);
  EXPECT_THAT(errors(on("{extends: ideal-2, cores: 3}")), HasSubstr("'cores' cannot change here"));
  EXPECT_THAT(errors(on("{costs: {switch: 1us}}")), HasSubstr("neither 'cores' nor 'extends'"));
  const Scenario set = scenario(on("vm-2c"), {.set = {{"machine.costs.switch", "7us"}}});
  EXPECT_EQ(set.world.machine.costs.context_switch, 7us);
}

TEST(MachineLoad, an_hwloc_file_is_a_machine) {
  const Folder folder{"hwloc"};
  const std::string path = folder.write("two.xml", R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE topology SYSTEM "hwloc2.dtd">
<topology version="2.0">
  <object type="Machine" os_index="0" cpuset="0x3" complete_cpuset="0x3" allowed_cpuset="0x3"
   nodeset="0x1" complete_nodeset="0x1" allowed_nodeset="0x1" gp_index="1">
    <object type="Package" os_index="0" cpuset="0x3" complete_cpuset="0x3" nodeset="0x1"
     complete_nodeset="0x1" gp_index="2">
      <object type="NUMANode" os_index="0" cpuset="0x3" complete_cpuset="0x3" nodeset="0x1"
       complete_nodeset="0x1" gp_index="3" local_memory="1073741824"/>
      <object type="Core" os_index="0" cpuset="0x1" complete_cpuset="0x1" nodeset="0x1"
       complete_nodeset="0x1" gp_index="4">
        <object type="PU" os_index="0" cpuset="0x1" complete_cpuset="0x1" nodeset="0x1"
         complete_nodeset="0x1" gp_index="5"/>
      </object>
      <object type="Core" os_index="1" cpuset="0x2" complete_cpuset="0x2" nodeset="0x1"
       complete_nodeset="0x1" gp_index="6">
        <object type="PU" os_index="1" cpuset="0x2" complete_cpuset="0x2" nodeset="0x1"
         complete_nodeset="0x1" gp_index="7"/>
      </object>
    </object>
  </object>
</topology>
)");
  const auto found = load_machine(path, {});
  ASSERT_TRUE(std::holds_alternative<MachineFile>(found)) << to_text(std::get<Diagnostics>(found));
  EXPECT_EQ(models::counts(std::get<MachineFile>(found).machine).cpus, 2U);
  const std::string broken = folder.write("broken.xml", "<topology");
  EXPECT_TRUE(std::holds_alternative<Diagnostics>(load_machine(broken, {})));
}

TEST(MachineLoad, the_host_is_a_machine) {
  EXPECT_GE(scenario(on("host")).world.machine.cpus.size(), 1U);
}

TEST(MachineLoad, errors_in_machine_files_name_that_file) {
  const Folder folder{"machines"};
  const std::string path = folder.write("m.yaml", "cores: 4\nsmt: 9\n");
  const auto found = load_machine(path, {});
  ASSERT_TRUE(std::holds_alternative<Diagnostics>(found));
  EXPECT_THAT(to_text(std::get<Diagnostics>(found)),
              HasSubstr("m.yaml:2:6: error[E-range]: 'smt' must be at most 8, not 9"));
}

TEST(MachineLoad, schedulers_and_policies_are_read) {
  const models::OsSpec rr =
      scenario(on("ideal-1", "os: {policy: {kind: rr, slice: 4ms}}\nmain: []\n")).world.os;
  EXPECT_EQ(rr.policy.kind, models::PolicyKind::round_robin);
  EXPECT_EQ(rr.policy.slice, 4ms);
  EXPECT_FALSE(rr.policy.scale_by_cpus);
  EXPECT_EQ(rr.tick, 0ns) << "an ideal machine has no tick unless asked";
  const Scenario fair =
      scenario(on("ideal-1", "os: {scheduler: linux-6.6, tick: 1ms}\nmain: []\n"));
  EXPECT_EQ(fair.world.os.policy.kind, models::PolicyKind::eevdf);
  EXPECT_EQ(fair.world.os.policy.slice, 750us);
  EXPECT_FALSE(fair.world.os.policy.delayed_dequeue) << "it came with 6.12";
  EXPECT_EQ(fair.world.os.tick, 1ms);
  const Scenario cfs = scenario(
      on("ideal-1",
         "os: {scheduler: cfs, policy: {latency: 12ms, gentle_sleepers: off}}\nmain: []\n"));
  EXPECT_EQ(cfs.world.os.policy.kind, models::PolicyKind::cfs);
  EXPECT_EQ(cfs.world.os.policy.cfs.latency, 12ms);
  EXPECT_FALSE(cfs.world.os.policy.cfs.gentle_sleepers);
  EXPECT_THAT(cfs.warnings, Contains(HasSubstr("cfs is modelled from its source")));
  EXPECT_THAT(errors(on("ideal-1", "os: {policy: {kind: cfs, slice: 3ms}}\nmain: []\n")),
              HasSubstr("CFS has no slice of a fixed length"));
}

TEST(MachineLoad, the_form_of_protection_follows_the_kernel_unless_written) {
  const auto protection = [](const std::string& os) {
    return scenario(on("ideal-1", "os: " + os + "\nmain: []\n")).world.os.policy.protect;
  };
  EXPECT_EQ(protection("{scheduler: linux-6.12}"), models::Protection::deadline);
  EXPECT_EQ(protection("{scheduler: linux-6.17}"), models::Protection::min_slice);
  EXPECT_EQ(protection("{scheduler: linux-6.17, policy: {protect: unscaled}}"),
            models::Protection::unscaled);
  EXPECT_EQ(scenario(on("vm-2c")).world.os.policy.protect, models::Protection::unscaled);
}

TEST(MachineLoad, groups_form_a_tree) {
  const models::OsSpec os =
      scenario(on("ideal-2",
                  "os: {scheduler: fair, groups: {pod: {weight: 50}, app: {parent: pod}}}\n"
                  "tasks: {t: [{native: 1ms}]}\nbackground: [{task: t, group: app}]\nmain: []\n"))
          .world.os;
  ASSERT_EQ(os.groups.size(), 2U);
  EXPECT_EQ(os.groups[0].name, "app");
  EXPECT_EQ(os.groups[0].parent, models::GroupId{2});
  EXPECT_THAT(
      errors(on("ideal-2",
                "os: {scheduler: fair, groups: {a: {parent: b}, b: {parent: a}}}\nmain: []\n")),
      HasSubstr("error[E-cycle]"));
}

models::OsSpec group_os(const std::string& keys) {
  return scenario(on("ideal-4", "os: {scheduler: fair, groups: {app: {" + keys +
                                    "}}, program_group: app}\nmain: []\n"))
      .world.os;
}

std::string group_errors(const std::string& keys) {
  return errors(on("ideal-4", "os: {scheduler: fair, groups: {app: {" + keys +
                                  "}}, program_group: app}\nmain: []\n"));
}

TEST(MachineLoad, groups_have_quotas_and_cpus) {
  using namespace std::chrono_literals;
  const models::OsSpec os = group_os("cpu_max: 20ms/50ms, burst: 5ms, cpus: [3, 0-1]");
  EXPECT_EQ(os.program_group, models::GroupId{1});
  ASSERT_TRUE(os.groups[0].quota.has_value());
  EXPECT_EQ(os.groups[0].quota->quota, 20ms);
  EXPECT_EQ(os.groups[0].quota->period, 50ms);
  EXPECT_EQ(os.groups[0].quota->burst, 5ms);
  using models::CpuId;
  EXPECT_THAT(os.groups[0].cpus, testing::ElementsAre(CpuId{3}, CpuId{0}, CpuId{1}));
  EXPECT_EQ(group_os("cpu_max: 30ms").groups[0].quota->period, 100ms);
  EXPECT_FALSE(group_os("cpu_max: max").groups[0].quota.has_value());
}

TEST(MachineLoad, groups_out_of_range_are_refused) {
  EXPECT_THAT(group_errors("cpu_max: 50/100ms"), HasSubstr("error[E-unit]"));
  EXPECT_THAT(group_errors("cpu_max: 100us/100ms"), HasSubstr("below 1ms"));
  EXPECT_THAT(group_errors("cpu_max: 10ms/2s"), HasSubstr("lies in 1ms..1s"));
  EXPECT_THAT(group_errors("cpu_max: 10ms, burst: 11ms"), HasSubstr("at most the quota"));
  EXPECT_THAT(group_errors("burst: 11ms"), HasSubstr("'burst' needs a limit"));
  EXPECT_THAT(group_errors("cpus: [0-4]"), HasSubstr("the machine has no CPU 4"));
  EXPECT_THAT(group_errors("cpus: [2-1]"), HasSubstr("counts down"));
  EXPECT_THAT(errors(on("ideal-4",
                        "os: {scheduler: fair, program_group: ap, groups: {app: {}}}\nmain: []\n")),
              HasSubstr("no group is called 'ap'"));
  EXPECT_THAT(errors(on("ideal-4",
                        "os: {scheduler: fair, groups: {a: {cpus: [0]}, b: {parent: a, cpus: [1]}},"
                        " program_group: b}\nmain: []\n")),
              HasSubstr("none in common"));
}

TEST(MachineLoad, autogroup_makes_a_group_of_each_session) {
  const models::WorldSpec world =
      scenario(on("ideal-2",
                  "os: {scheduler: fair, autogroup: on, groups: {app: {}}}\n"
                  "tasks: {t: [{native: 1ms}]}\n"
                  "background: [{task: t}, {task: t, group: app}, {task: t}]\nmain: []\n"))
          .world;
  ASSERT_EQ(world.os.groups.size(), 4U);
  EXPECT_EQ(world.os.program_group, models::GroupId{2});
  EXPECT_EQ(world.background[0].group, models::GroupId{3});
  EXPECT_EQ(world.background[1].group, models::GroupId{1}) << "it named one";
  EXPECT_EQ(world.background[2].group, models::GroupId{4});
  EXPECT_TRUE(scenario(on("ideal-2", "os: {scheduler: fair, autogroup: on}\nmain: []\n"))
                  .world.os.groups.empty())
      << "a single session has nobody to share with";
}

TEST(MachineLoad, pinned_workers_stay_within_their_group) {
  const auto pinned = [](const std::string& pin) {
    return on("ideal-4",
              "os: {scheduler: fair, groups: {app: {cpus: [2-3]}}}\n"
              "executors: {e: {kind: threads, group: app, pin: " +
                  pin + "}}\nmain: []\n");
  };
  using models::CpuId;
  EXPECT_THAT(scenario(pinned("cores-first")).world.executors[0].pin,
              testing::ElementsAre(CpuId{2}, CpuId{3}));
}

TEST(MachineLoad, pins_are_lists_or_words) {
  const auto pins = [](const std::string& pin) {
    return scenario(on("{cores: 2, smt: 2}",
                       "executors: {e: {kind: threads, pin: " + pin + "}}\nmain: []\n"))
        .world.executors[0]
        .pin;
  };
  using models::CpuId;
  EXPECT_THAT(pins("[3, 1]"), testing::ElementsAre(CpuId{3}, CpuId{1}));
  EXPECT_THAT(pins("cores-first"), testing::ElementsAre(CpuId{0}, CpuId{1}, CpuId{2}, CpuId{3}));
  EXPECT_THAT(pins("siblings-first"), testing::ElementsAre(CpuId{0}, CpuId{2}, CpuId{1}, CpuId{3}));
  EXPECT_TRUE(pins("none").empty());
  EXPECT_THAT(errors(on("ideal-2", "executors: {e: {kind: threads, pin: [2]}}\nmain: []\n")),
              HasSubstr("there is no CPU 2: the machine has 2"));
}

const char* const fast = "{cores: 2, name: fast, speed: {python: 2, native: 3}}";
const char* const slow = "{cores: 2, name: slow, speed: {python: 0.5}}";

TEST(Scaling, durations_scale_from_where_they_were_measured) {
  const std::string text = on(fast);
  EXPECT_EQ(scenario(text).world.machine.speed.python, 1.0) << "at home";
  const Folder folder{"speeds"};
  const std::string other = folder.write("slow.yaml", "cores: 2\nspeed: {python: 0.5}\n");
  const Scenario moved = scenario(text, {.machine = other});
  EXPECT_EQ(moved.world.machine.speed.python, 0.25);
  EXPECT_TRUE(moved.world.machine.speed_known);
  const Scenario measured =
      scenario(std::string{on(fast)} + "measured_on: {machine: " + other + "}\n");
  EXPECT_EQ(measured.world.machine.speed.python, 4.0);
  EXPECT_EQ(scenario(on(slow)).world.machine.speed.python, 1.0);
}

TEST(Overrides, a_setting_below_the_machine_changes_the_one_that_is_named_instead) {
  const Scenario read =
      scenario(on(fast), {.set = {{"machine.cores", "3"}}, .machine = "laptop-4c8t"});
  EXPECT_EQ(read.world.machine.cores.size(), 3U);
}

TEST(Scaling, an_unknown_factor_is_a_warning_but_never_on_an_ideal_machine) {
  const Scenario moved = scenario(on(fast), {.machine = "laptop-4c8t"});
  EXPECT_FALSE(moved.world.machine.speed_known);
  EXPECT_THAT(moved.warnings,
              Contains(HasSubstr("nobody measured how fast laptop-4c8t is against fast")));
  const Scenario ideal = scenario(on(fast), {.machine = "ideal-2"});
  EXPECT_EQ(ideal.world.machine.speed.python, 1.0);
  EXPECT_TRUE(ideal.world.machine.speed_known);
  EXPECT_THAT(ideal.warnings, testing::Not(Contains(HasSubstr("nobody measured"))));
}

TEST(Scaling, another_python_needs_a_factor) {
  const std::string machine =
      "{cores: 2, runtimes: {\"3.13\": {speed: {python: 1.5}, submit: 9us}}}";
  const std::string text = on(machine, "runtime: {python: \"3.11\"}\nmain: []\n");
  const Scenario newer = scenario(text, {.set = {{"runtime.python", "3.13"}}});
  EXPECT_EQ(newer.world.runtime.factor.python, 1.5);
  EXPECT_EQ(newer.world.runtime.costs.submit, 9us);
  EXPECT_TRUE(newer.world.runtime.costs_known);
  const Scenario unknown = scenario(text, {.set = {{"runtime.python", "3.9"}}});
  EXPECT_FALSE(unknown.world.runtime.factor_known);
  EXPECT_THAT(unknown.warnings,
              Contains(HasSubstr("how fast CPython 3.9 is against CPython 3.11")));
}

}  // namespace
}  // namespace timeslice::scenarios
