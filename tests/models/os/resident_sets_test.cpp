// What a switch costs a thread whose data others threw out of the caches meanwhile.
#include "models/os/resident_sets.hpp"

#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/machine/character.hpp"
#include "models/machine/regular.hpp"
#include "models/os/os_spec.hpp"
#include "tests/models/os/os_bench.hpp"

namespace timeslice::models {
namespace {

using namespace std::chrono_literals;
using os_bench::no_costs;
using os_bench::quiet_os;
using os_bench::World;

constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;

/// The reference guest: 1 MiB of its own, 32 MiB shared, 160 ns to memory; one core unless said.
MachineSpec guest(std::uint32_t cores = 1) {
  MachineSpec machine = os_bench::small_machine(cores);
  std::vector<CoreId> all;
  for (std::uint32_t core = 0; core < cores; ++core) {
    all.push_back(CoreId{core});
    for (const auto& [level, size] : {std::pair{1U, 48 * kib}, std::pair{2U, mib}}) {
      machine.caches.push_back({.level = level, .size = Bytes{size}, .cores = {CoreId{core}}});
    }
  }
  machine.caches.push_back({.level = 3, .size = Bytes{32 * mib}, .cores = all});
  machine.memory_local = 160ns;
  return machine;
}

CharacterSpec walk(Pattern pattern, std::int64_t set) {
  return {.pattern = pattern, .set = Bytes{set}};
}

std::vector<Character> characters_on(const MachineSpec& machine,
                                     const std::vector<CharacterSpec>& specs) {
  std::vector<Character> all{Character{}};
  for (const CharacterSpec& spec : specs) {
    all.push_back(character_of(spec, machine));
  }
  return all;
}

/// Threads 0, 1, ... work with characters 1, 2, ...
struct Bench {
  Bench(MachineSpec its_machine, const std::vector<CharacterSpec>& specs)
      : machine{std::move(its_machine)},
        characters{characters_on(machine, specs)},
        sets{machine, characters} {
    for (std::uint32_t thread = 0; thread < specs.size(); ++thread) {
      sets.set_character(thread, thread + 1, 0.0, now);
    }
  }

  /// The thread has `cpu` for so long; what coming there cost it.
  double turn(std::uint32_t thread, sim::Duration length, std::uint32_t cpu = 0) {
    const double debt = sets.switch_in(thread, cpu, now);
    now += length.count();
    sets.switch_out(thread, 1e18, now);
    return debt;
  }

  MachineSpec machine;
  std::vector<Character> characters;
  ResidentSets sets;
  std::int64_t now = 0;
};

double debt_after(std::int64_t set, std::int64_t others) {
  Bench bench{guest(), {walk(Pattern::chase, set), walk(Pattern::stream, others)}};
  bench.turn(0, 1s);
  // One pass of the other, after passes that settled what of it stays.
  const double pass = static_cast<double>(others) / bench.characters[2].cold.walk;
  for (int i = 0; i < 3; ++i) {
    bench.turn(1, sim::Duration{static_cast<std::int64_t>(pass)});
  }
  bench.turn(0, 1s);
  bench.turn(1, sim::Duration{static_cast<std::int64_t>(pass)});
  return bench.turn(0, 1s);
}

// Measured on the reference guest (docs/models/warm-up.md): first pass of a chase after other
// writes on the same CPU less a warm pass, us, in two series. Inputs: 5 ns a line, 160 ns, the
// sizes.
TEST(ResidentSets, meet_what_was_measured_after_others_wrote) {
  EXPECT_NEAR(debt_after(32 * kib, 256 * kib), 0.0, 100.0) << "1.4 and 1.2 us: L1, not modelled";
  EXPECT_NEAR(debt_after(32 * kib, 16 * mib), 2.6e3, 100.0) << "7 and 13 us";
  EXPECT_NEAR(debt_after(512 * kib, 4 * mib), 50e3, 10e3) << "42 and 58 us";
  EXPECT_NEAR(debt_after(32 * kib, 64 * mib), 74.5e3, 10e3) << "74 and 75 us";
  EXPECT_NEAR(debt_after(256 * kib, 64 * mib), 518e3, 100e3) << "490 and 547 us";
  EXPECT_NEAR(debt_after(512 * kib, 64 * mib), 1118e3, 120e3) << "1126 and 1110 us";
}

TEST(ResidentSets, lose_what_the_footprint_of_others_throws_out) {
  Bench bench{guest(), {walk(Pattern::chase, 256 * kib), walk(Pattern::stream, 2 * mib)}};
  bench.turn(0, 1s);
  bench.turn(1, 100us);
  // 2 MiB do not fit the core's own caches and stream through; of the LLC they fill a part.
  const double footprint = 100e3 * bench.characters[2].cold.walk;
  ASSERT_LT(footprint, 2.0 * mib);
  const double lines = 256.0 * 1024.0 / 64.0;
  const double own = 1.0 - std::exp(-footprint / mib);
  const double shared = 1.0 - std::exp(-footprint / (32.0 * mib));
  const double expected = lines * own * (5.0 + shared * 160.0);
  EXPECT_NEAR(bench.turn(0, 1s), expected, expected * 1e-3);
}

TEST(ResidentSets, cost_nothing_where_nobody_else_ran) {
  Bench bench{guest(), {walk(Pattern::chase, 512 * kib)}};
  EXPECT_EQ(bench.turn(0, 1ms), 0.0) << "data are warm at first";
  bench.now += 1'000'000'000;
  EXPECT_EQ(bench.turn(0, 1ms), 0.0);
}

TEST(ResidentSets, that_fit_together_come_to_lie_side_by_side) {
  Bench bench{guest(), {walk(Pattern::chase, 300 * kib), walk(Pattern::chase, 400 * kib)}};
  double first = 0.0;
  double last = 0.0;
  for (int i = 0; i < 200; ++i) {
    last = bench.turn(0, 10ms);
    first = i == 1 ? last : first;
    bench.turn(1, 10ms);
  }
  EXPECT_GT(first, 5e3);
  EXPECT_LT(last, first * 0.01);
}

TEST(ResidentSets, that_do_not_fit_hold_no_more_than_the_cache) {
  // 800 + 800 KiB in 1 MiB: 576 KiB of each are to be fetched in each turn, 5 ns a line.
  Bench bench{guest(), {walk(Pattern::chase, 800 * kib), walk(Pattern::chase, 800 * kib)}};
  double last = 0.0;
  for (int i = 0; i < 200; ++i) {
    last = bench.turn(0, 10ms);
    bench.turn(1, 10ms);
  }
  EXPECT_NEAR(last, 576.0 * 1024.0 / 64.0 * 5.0, 1e3);
}

TEST(ResidentSets, lose_the_shared_cache_to_a_stream_on_another_core) {
  MachineSpec machine = guest(2);
  Bench bench{machine, {walk(Pattern::chase, 512 * kib), walk(Pattern::stream, 1024 * mib)}};
  bench.turn(0, 1s);
  EXPECT_EQ(bench.sets.switch_in(1, 1, bench.now), 0.0);
  bench.now += 100'000'000;  // it goes on and on
  EXPECT_EQ(bench.turn(0, 1s), 0.0) << "its own caches still have all of it";
  Bench larger{machine, {walk(Pattern::chase, 8 * mib), walk(Pattern::stream, 1024 * mib)}};
  larger.turn(0, 1s);
  EXPECT_EQ(larger.sets.switch_in(1, 1, larger.now), 0.0);
  larger.now += 100'000'000;
  EXPECT_GT(larger.turn(0, 1s), 7.0 * 1024 * 1024 / 64 * 150) << "what the core's own do not hold";
}

TEST(ResidentSets, of_a_moved_thread_are_left_to_the_price_of_the_move) {
  Bench bench{guest(2), {walk(Pattern::chase, 512 * kib), walk(Pattern::chase, 900 * kib)}};
  for (int i = 0; i < 5; ++i) {
    bench.turn(0, 1s, 0);
    bench.turn(1, 1s, 0);
  }
  EXPECT_LT(bench.turn(0, 1s, 1), 100.0) << "the LLC has both";
  bench.turn(0, 1s, 0);
  bench.turn(1, 1s, 0);
  EXPECT_GT(bench.turn(0, 1s, 0), 10e3);
}

Program walk_all(World& world, ThreadId thread, std::uint32_t character, sim::Duration length) {
  world.dispatcher.set_character(thread, character);
  co_await world.work(thread, length);
  world.dispatcher.set_character(thread, no_character);
}

/// The end of two threads that take turns of 1 ms on one CPU, 100 ms of work each.
sim::Duration end_of_two(MachineSpec machine, std::int64_t set) {
  World world{std::move(machine), quiet_os(PolicyKind::round_robin, 1ms)};
  world.dispatcher.share_machine({CharacterSpec{}, walk(Pattern::chase, set)});
  for (int i = 0; i < 2; ++i) {
    const ThreadId thread = world.add();
    world.start(thread, walk_all(world, thread, 1, 100ms));
  }
  world.run();
  return world.now();
}

TEST(ResidentSets, what_another_core_keeps_spares_a_moved_thread_nothing) {
  const auto debt_on = [](std::uint32_t cpu) {
    Bench bench{guest(2), {walk(Pattern::chase, 512 * kib), walk(Pattern::stream, 64 * mib)}};
    bench.turn(0, 1s, 0);
    bench.turn(1, 1s, 1);  // its own core, the LLC of both
    return bench.turn(0, 1s, cpu);
  };
  EXPECT_NEAR(debt_on(0), 0.0, 100.0) << "its own caches still hold the set";
  EXPECT_GT(debt_on(1), 500e3) << "8192 lines of 160 ns, most of them gone";
}

TEST(ResidentSets, are_nobodys_where_no_cache_is_known) {
  for (const bool caches : {false, true}) {
    MachineSpec machine = guest();
    if (!caches) {
      machine.caches.clear();
    }
    Bench bench{machine, {walk(Pattern::chase, 512 * kib)}};
    bench.turn(0, 1ms);
    EXPECT_EQ(bench.sets.has_set(0), caches);
  }
}

TEST(ResidentSets, make_switches_dear_where_two_do_not_fit) {
  EXPECT_NEAR(sim::as_ns(end_of_two(guest(), 64 * kib)), 200e6, 0.1e6);
  // 46 us in each turn of 1 ms, and in the time that this takes as well.
  EXPECT_NEAR(sim::as_ns(end_of_two(guest(), 800 * kib)), 200e6 / (1.0 - 0.046), 2e6);
}

TEST(ResidentSets, can_be_switched_off) {
  MachineSpec machine = guest();
  machine.memory_system.cools_caches = false;
  EXPECT_EQ(end_of_two(machine, 800 * kib), 200ms);
}

TEST(ResidentSets, never_keep_a_thread_from_going_on) {
  // 24 MiB from memory take 63 ms, a turn 1 ms.
  EXPECT_LT(end_of_two(guest(), 24 * mib), 100s);
}

TEST(ResidentSets, are_paid_once_where_a_machine_charges_others_too) {
  MachineSpec machine = guest();
  const sim::Duration without = end_of_two(machine, 800 * kib);
  machine.costs.cold_refill = 50us;
  EXPECT_EQ(end_of_two(machine, 800 * kib), without);
}

}  // namespace
}  // namespace timeslice::models
