// `memory`, `atomic`, `work` and `uses`: what is read, what is refused, what is doubted.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/format/loading.hpp"

namespace timeslice::scenarios {
namespace {

using models::CharacterSpec;
using testing::Contains;
using testing::HasSubstr;

Scenario with_main(const std::string& steps, const std::string& machine = "ideal-2") {
  return scenario("timeslice: 1\nmachine: " + machine + "\nmain: [" + steps + "]\n");
}

std::string wrong(const std::string& step, const std::string& machine = "ideal-2") {
  return errors("timeslice: 1\nmachine: " + machine + "\nmain: [{" + step + "}]\n");
}

const std::string machine = "{cores: 2, clock: {base: 2GHz}}";

TEST(MemorySteps, a_walk_over_memory_is_read_with_all_that_it_says) {
  const Scenario read = with_main(
      "{memory: {touch: 24MiB, pattern: chase, where: l3, write: 0.3, set: 4MiB, place: home}}");
  const auto& step = std::get<models::MemoryStep>(read.world.main[0].what);
  EXPECT_DOUBLE_EQ(step.units, 24.0 * 1024 * 1024 / 64);
  const CharacterSpec& spec = read.world.characters.at(step.character);
  EXPECT_EQ(spec.pattern, models::Pattern::chase);
  EXPECT_EQ(spec.where, models::Where::l3);
  EXPECT_EQ(spec.place, models::DataHome::home);
  EXPECT_DOUBLE_EQ(spec.write, 0.3);
  EXPECT_EQ(spec.set, models::Bytes{4 << 20});
}

TEST(MemorySteps, a_preferred_node_stands_beside_its_place) {
  const Scenario read = with_main("{memory: {touch: 1MiB, place: preferred, node: 1}}",
                                  "{packages: 2, cores: 1, memory: {size: 1GiB}}");
  const auto& step = std::get<models::MemoryStep>(read.world.main[0].what);
  EXPECT_EQ(read.world.characters.at(step.character).place, models::DataHome::preferred);
  EXPECT_EQ(read.world.characters.at(step.character).node, 1U);
  EXPECT_THAT(wrong("memory: {touch: 1MiB, place: preferred}"), HasSubstr("says no node"));
  EXPECT_THAT(wrong("memory: {touch: 1MiB, place: preferred, node: 3}"),
              HasSubstr("no memory node 3"));
}

TEST(MemorySteps, locks_cost_transfers_only_where_the_machine_gives_some) {
  const auto locks = [](const std::string& its_machine) {
    return with_main("{native: 1ms}", its_machine).world.machine.memory_system.transfer.locks;
  };
  EXPECT_EQ(locks("{cores: 2}"), 0.0);
  EXPECT_EQ(locks("{cores: 2, transfer: {llc: 20ns}}"), models::lock_transfers);
  EXPECT_EQ(locks("{cores: 2, transfer: {llc: 20ns, locks: 0}}"), 0.0);
}

TEST(MemorySteps, equal_characters_are_one) {
  const Scenario read = with_main(
      "{memory: {touch: 1MiB}}, {memory: {touch: 1MiB}}, {memory: {touch: 2MiB, set: 1MiB}}, "
      "{memory: {touch: 2MiB}}");
  EXPECT_EQ(read.world.characters.size(), 3U) << "none, a set of 1 MiB, a set of 2 MiB";
}

TEST(MemorySteps, lines_are_known_by_name) {
  const Scenario read =
      with_main("{atomic: 100, line: a}, {atomic: 5, line: b, kind: store}, {atomic: 7, line: a}");
  const auto character = [&](std::size_t step) {
    return std::get<models::MemoryStep>(read.world.main[step].what).character;
  };
  EXPECT_EQ(character(0), character(2));
  EXPECT_NE(character(0), character(1));
  EXPECT_EQ(read.world.characters[character(1)].pattern, models::Pattern::store);
}

TEST(MemorySteps, work_is_instructions_times_cycles_over_the_clock) {
  const Scenario read = with_main("{work: {instructions: 3e9, cpi: 0.8, gil: held}}", machine);
  const auto& step = std::get<models::NativeStep>(read.world.main[0].what);
  EXPECT_DOUBLE_EQ(models::mean_ns(step.duration), 3e9 * 0.8 / 2.0);
  EXPECT_TRUE(step.holds_gil);
  EXPECT_EQ(step.character, 0U);
}

TEST(MemorySteps, work_on_a_machine_without_a_clock_is_a_doubt) {
  EXPECT_THAT(with_main("{work: {instructions: 1e9, cpi: 1}}").warnings,
              Contains(HasSubstr("gives no clock")));
  EXPECT_THAT(with_main("{work: {instructions: 1e9, cpi: 1}}", machine).warnings,
              testing::Not(Contains(HasSubstr("gives no clock"))));
}

TEST(MemorySteps, what_code_uses_is_read_at_python_native_and_work) {
  const Scenario read = with_main(
      "{python: 1ms, uses: {smt_gain: 1.6}}, "
      "{native: 1ms, uses: {traffic: 2GB/s, misses: {1MiB: 0.9, 4MiB: 0.4, 16MiB: 0.1}}}, "
      "{work: {instructions: 1e6, cpi: 1, uses: {vector: avx512}}}",
      machine);
  EXPECT_EQ(read.world.characters.size(), 4U);
  EXPECT_THAT(read.warnings, Contains(HasSubstr("clock is under avx")));
}

TEST(MemorySteps, machines_that_say_too_little_are_a_doubt) {
  EXPECT_THAT(with_main("{memory: {touch: 1MiB}}").warnings,
              Contains(HasSubstr("defaults hold: memory.bandwidth")));
}

TEST(MemorySteps, what_makes_no_sense_is_refused) {
  EXPECT_THAT(wrong("memory: {touch: 0}"), HasSubstr("'touch' must be at least 64B"));
  EXPECT_THAT(wrong("memory: {pattern: stream}"), HasSubstr("touch"));
  EXPECT_THAT(wrong("memory: {touch: 1MiB, pattern: zigzag}"), HasSubstr("stream"));
  EXPECT_THAT(wrong("memory: {touch: 1MiB, place: remote}"), HasSubstr("none is remote"));
  EXPECT_THAT(wrong("memory: {touch: 1MiB, node: 3}"), HasSubstr("no memory node 3"));
  EXPECT_THAT(wrong("memory: {touch: 1MiB, node: 0, place: home}"), HasSubstr("stands beside"));
  EXPECT_THAT(wrong("native: 1ms, uses: {set: 1MiB}"), HasSubstr("not how much"));
  EXPECT_THAT(wrong("native: 1ms, uses: {traffic: 90GB/s}"), HasSubstr("longer than the step"));
  EXPECT_THAT(wrong("native: 1ms, uses: {traffic: 1GB/s, misses: {1MiB: 0.9, 2MiB: 0.1}}"),
              HasSubstr("three sizes"));
  EXPECT_THAT(wrong("native: 1ms, uses: {traffic: 1GB/s, misses: {1MiB: 1, 2MiB: 0, 3MiB: 1}}"),
              HasSubstr("never rise"));
  EXPECT_THAT(wrong("work: {instructions: 1e18, cpi: 1000}", machine), HasSubstr("127 years"));
  EXPECT_THAT(wrong("atomic: 10"), HasSubstr("'line'"));
}

TEST(MemorySteps, a_clock_sweep_changes_work_and_not_durations) {
  const Plan swept = plan(
      "timeslice: 1\nmachine: {cores: 1, clock: {base: 2GHz}}\n"
      "main: [{work: {instructions: 2e6, cpi: 1}}, {native: 1ms}]\n"
      "matrix: {machine.clock.base: [2GHz, 4GHz]}\n");
  const auto work_ns = [&](std::uint64_t ordinal) {
    const Scenario read = point(swept, ordinal).scenario;
    return models::mean_ns(std::get<models::NativeStep>(read.world.main[0].what).duration);
  };
  EXPECT_DOUBLE_EQ(work_ns(0), 1e6);
  EXPECT_DOUBLE_EQ(work_ns(1), 0.5e6);
}

}  // namespace
}  // namespace timeslice::scenarios
