// What an event costs where threads share caches, memory and clocks: 384 CPUs against 8.
//
// event_cost [THREADS]: the same programs, THREADS of them (10 000), on a server of 8 CPUs and on
// one of 384 with 24 last-level caches, turbo and hardware threads. Each thread streams, waits,
// chases and computes by turns. Printed: ns an event, as the least of five runs taken in turn, and
// the ratio, which may be 2 at most; and the same without anything shared. Each with Linux's
// placing of new threads, which looks at every CPU as the kernel does, and with the idealised one.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "models/machine/regular.hpp"
#include "models/world.hpp"

namespace {

namespace models = timeslice::models;
using namespace std::chrono_literals;

constexpr std::int64_t mib = 1 << 20;

models::MachineSpec machine(std::uint32_t packages, std::uint32_t cores, std::uint32_t a_cache) {
  models::RegularMachine regular;
  regular.packages = packages;
  regular.core_kinds = {{.count = cores, .smt = 2}};
  regular.caches = {
      {.level = 1, .size = models::Bytes{32 << 10}},
      {.level = 2, .type = models::CacheSpec::Type::unified, .size = models::Bytes{mib}},
      {.level = 3,
       .type = models::CacheSpec::Type::unified,
       .size = models::Bytes{32 * mib},
       .sharing = models::CacheSharing::cores,
       .cores = a_cache}};
  models::MachineSpec built = models::build_regular(regular).value();
  built.memory_bandwidth_node = {2.4e9 * cores};
  built.memory_bandwidth_one_core = {12e9};
  built.memory_local = 90ns;
  built.clock_base = {2.4e9};
  built.costs_known = true;
  return built;
}

models::Step memory(double lines, std::uint32_t character) {
  return {.what = models::MemoryStep{.units = lines, .character = character}, .number = 0};
}

struct Case {
  const char* name = "";
  bool shares = false;
  models::BalanceKind balance = models::BalanceKind::linux_domains;
};

models::WorldSpec world(const models::MachineSpec& on, std::uint32_t threads, const Case& how) {
  models::WorldSpec world;
  world.machine = on;
  world.os.balance.kind = how.balance;
  world.runtime.language = models::Language::none;
  world.runtime.costs_known = true;
  models::CharacterSpec stream;
  stream.pattern = models::Pattern::stream;
  stream.where = models::Where::memory;
  stream.set = models::Bytes{64 * mib};
  models::CharacterSpec chase;
  chase.pattern = models::Pattern::chase;
  chase.set = models::Bytes{6 * mib};
  models::Steps steps;
  if (how.shares) {
    world.characters = {models::CharacterSpec{}, stream, chase};
    world.machine.turbo = {{1, {3.7e9}}};
    steps = {memory(500, 1), {}, memory(300, 2), {}};
  } else {
    steps = {{}, {}, {}, {}};
    steps[0].what = models::NativeStep{models::constant(6us)};
    steps[2].what = models::NativeStep{models::constant(6us)};
  }
  steps[1].what = models::IoStep{models::constant(50us)};
  steps[3].what = models::NativeStep{models::constant(5us)};
  models::Step again;
  again.what = models::RepeatStep{3, steps};
  world.tasks.push_back({.name = "mixed", .steps = {again}});
  models::ExecutorSpec& crew = world.executors.emplace_back();
  crew.name = "crew";
  crew.kind = models::ExecutorKind::cpp_async;
  models::Step map;
  map.what = models::MapStep{.task = models::TaskIndex{0},
                             .executor = models::ExecutorIndex{0},
                             .items = threads,
                             .chunksize = std::nullopt};
  world.main = {map};
  return world;
}

double ns_an_event(const models::WorldSpec& world) {
  const auto begin = std::chrono::steady_clock::now();
  const models::Timings timings = models::simulate_world(world, 1, {});
  const std::chrono::duration<double, std::nano> wall = std::chrono::steady_clock::now() - begin;
  if (timings.status != models::RunStatus::ok) {
    std::fprintf(stderr, "%s\n", timings.error.c_str());
    std::exit(1);
  }
  return wall.count() / static_cast<double>(timings.events);
}

void compare(std::uint32_t threads, const Case& how) {
  const models::WorldSpec small = world(machine(1, 4, 4), threads, how);
  const models::WorldSpec large = world(machine(2, 96, 8), threads, how);
  std::array<double, 2> least{1e18, 1e18};
  for (int round = 0; round < 5; ++round) {
    least[0] = std::min(least[0], ns_an_event(small));
    least[1] = std::min(least[1], ns_an_event(large));
  }
  std::printf("%-34s %u threads: 8 CPUs %.0f ns, 384 CPUs %.0f ns an event, ratio %.2f\n", how.name,
              threads, least[0], least[1], least[1] / least[0]);
}

}  // namespace

int main(int count, char** arguments) {
  const auto threads =
      count > 1 ? static_cast<std::uint32_t>(std::strtoul(arguments[1], nullptr, 10)) : 10'000U;
  constexpr auto ideal = models::BalanceKind::work_conserving;
  compare(threads, {.name = "nothing shared"});
  compare(threads, {.name = "caches, memory, clock", .shares = true});
  compare(threads, {.name = "nothing shared, ideal placing", .balance = ideal});
  compare(threads, {.name = "caches, memory, clock, the same", .shares = true, .balance = ideal});
  return 0;
}
