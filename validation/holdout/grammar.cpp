#include "validation/holdout/grammar.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "sim/expect.hpp"

namespace timeslice::validation {

namespace {

constexpr std::array<std::string_view, 11> classes{
    "gil-threads", "native-threads",   "mixed-threads",    "asyncio", "pool-fork", "pool-spawn",
    "payload",     "process-per-task", "process-executor", "c++",     "serial"};
constexpr std::array<std::string_view, 3> questions{"workers", "kind", "chunk"};

constexpr double task_least_us = 100.0;
constexpr double task_most_us = 50'000.0;
constexpr double target_least_us = 50'000.0;  // of the nominal makespan
constexpr double target_most_us = 500'000.0;
constexpr std::uint64_t items_most = 2000;
constexpr std::uint64_t threads_most = 64;       // where each item has a thread
constexpr double payload_least = 1'000.0;        // bytes
constexpr double payload_small_most = 29'000.0;  // below what the class payload begins at
constexpr double payload_large_least = 30'000.0;
constexpr double payload_large_most = 1'000'000.0;
constexpr std::uint64_t payload_bytes_most = 60'000'000;  // of all items, both ways

std::string drawn_duration(std::int64_t mean_us, Dice& dice) {
  const double form = dice.uniform(0.0, 1.0);
  if (form < 0.5) {
    return fmt::format("{}us", mean_us);
  }
  if (form < 0.65) {
    return fmt::format("exp({}us)", mean_us);
  }
  if (form < 0.8) {
    const std::int64_t half = mean_us * static_cast<std::int64_t>(dice.whole(1, 8)) / 10;
    return fmt::format("uniform({}us, {}us)", mean_us - half, mean_us + half);
  }
  return fmt::format("lognormal({}us, cv=0.{})", mean_us, dice.whole(2, 8));
}

/// A task of these ingredients, `total_us` long on the average, cut at random.
std::vector<Phase> drawn_phases(const std::vector<Work>& works, double total_us, Dice& dice) {
  std::vector<double> weights;
  double sum = 0.0;
  for (std::size_t i = 0; i < works.size(); ++i) {
    weights.push_back(dice.uniform(0.2, 1.0));
    sum += weights.back();
  }
  std::vector<Phase> phases;
  for (std::size_t i = 0; i < works.size(); ++i) {
    const auto mean = static_cast<std::int64_t>(total_us * weights[i] / sum);
    Phase phase{.work = works[i], .mean_us = std::max<std::int64_t>(mean, 20), .duration = {}};
    phase.duration = drawn_duration(phase.mean_us, dice);
    phases.push_back(std::move(phase));
  }
  return phases;
}

double task_us(Dice& dice) {
  return dice.log_uniform(task_least_us, task_most_us);
}

Work bytecode(Dice& dice) {
  return dice.chance(0.75) ? Work::python : Work::held;
}

Work any_work(Dice& dice) {
  constexpr Work all[] = {Work::python, Work::native, Work::held, Work::sleep, Work::io};
  return dice.pick(all);
}

Work wait(Dice& dice) {
  return dice.chance(0.5) ? Work::sleep : Work::io;
}

/// One to three steps: what makes the class first, the rest of what it allows.
std::vector<Work> ingredients(std::string_view group, Dice& dice) {
  const std::uint64_t more = dice.whole(0, 2);
  std::vector<Work> works;
  if (group == "gil-threads") {
    works.push_back(bytecode(dice));
    for (std::uint64_t i = 0; i < more; ++i) {
      works.push_back(dice.chance(0.5) ? bytecode(dice) : wait(dice));
    }
  } else if (group == "native-threads" || group == "c++") {
    works.push_back(Work::native);
    for (std::uint64_t i = 0; i < more; ++i) {
      works.push_back(dice.chance(0.5) ? Work::native : wait(dice));
    }
  } else if (group == "mixed-threads") {
    works = {bytecode(dice), Work::native};
    if (more > 0) {
      works.push_back(any_work(dice));
    }
    if (dice.chance(0.5)) {
      std::swap(works[0], works[1]);
    }
  } else {
    works.push_back(dice.chance(0.3) ? Work::native : bytecode(dice));
    for (std::uint64_t i = 0; i < more; ++i) {
      works.push_back(any_work(dice));
    }
  }
  return works;
}

std::uint32_t drawn_workers(std::uint32_t cpus, Dice& dice) {
  return static_cast<std::uint32_t>(dice.whole(1, std::min<std::uint64_t>(2ULL * cpus, 32)));
}

/// A quarter of the programs have a lock around one of their steps.
void draw_gate(Design& design, bool semaphores, Dice& dice) {
  if (!dice.chance(0.25)) {
    return;
  }
  design.phases[dice.whole(0, design.phases.size() - 1)].in_gate = true;
  const bool counts = semaphores && design.workers > 2 && dice.chance(0.25);
  design.gate = counts ? static_cast<std::uint32_t>(dice.whole(2, design.workers - 1)) : 1;
}

void draw_meeting(Design& design, Dice& dice) {
  if (!dice.chance(0.2)) {
    return;
  }
  switch (dice.whole(0, 2)) {
    case 0:
      design.meeting = design.phases.size() > 1 ? Meeting::queue : Meeting::none;
      break;
    case 1:
      design.meeting = Meeting::event;
      break;
    default:
      design.meeting = design.kind == "threads" ? Meeting::barrier : Meeting::none;
  }
}

/// As many items as fill a target length, within what a run may have.
void draw_items(Design& design, std::uint32_t cpus, std::uint64_t most, Dice& dice) {
  const double target = dice.log_uniform(target_least_us, target_most_us);
  design.rounds = dice.chance(0.15) ? dice.whole(2, 3) : 1;
  const bool own_program = design.main_us == 0 && dice.chance(0.15);
  design.main_us = own_program ? static_cast<std::int64_t>(dice.log_uniform(500.0, 20'000.0)) : 0;
  const double one = std::max(item_us(design, cpus), 1.0) * static_cast<double>(design.rounds);
  const auto items = static_cast<std::uint64_t>(target / one + 0.5);
  design.items = std::clamp<std::uint64_t>(items, 2, most);
  if (design.meeting == Meeting::barrier) {  // whole groups: nobody is left waiting
    design.items = std::max<std::uint64_t>(design.items / design.workers, 1) * design.workers;
  }
}

Design threads_design(std::string_view group, std::uint32_t cpus, Dice& dice) {
  Design design;
  const bool pool = dice.chance(0.7);
  design.kind = pool ? "threads" : "thread-per-task";
  design.workers = pool ? drawn_workers(cpus, dice) : 0;
  design.phases = drawn_phases(ingredients(group, dice), task_us(dice), dice);
  draw_gate(design, true, dice);
  draw_meeting(design, dice);
  design.call = dice.chance(0.25) ? "submit" : "map";
  draw_items(design, cpus, pool ? items_most : threads_most, dice);
  return design;
}

Design cpp_design(std::uint32_t cpus, Dice& dice) {
  Design design;
  const bool pool = dice.chance(0.65);
  design.python = false;
  design.kind = pool ? "cpp-threads" : "cpp-async";
  design.workers = pool ? drawn_workers(cpus, dice) : 0;
  design.phases = drawn_phases(ingredients("c++", dice), task_us(dice), dice);
  draw_gate(design, false, dice);
  draw_items(design, cpus, pool ? items_most : threads_most, dice);
  return design;
}

Design serial_design(std::uint32_t cpus, Dice& dice) {
  Design design;
  design.kind = "serial";
  design.python = dice.chance(0.7);
  const std::string_view works = design.python ? "serial" : "c++";
  design.phases = drawn_phases(ingredients(works, dice), task_us(dice), dice);
  draw_items(design, cpus, items_most, dice);
  return design;
}

Design asyncio_design(std::uint32_t cpus, Dice& dice) {
  Design design;
  design.kind = "asyncio";
  design.call = "gather";
  const double total = task_us(dice);
  const bool gives = dice.chance(0.4);
  std::vector<Work> works{dice.chance(0.8) ? Work::python : any_work(dice)};
  for (std::uint64_t more = dice.whole(0, 2); more > 0; --more) {
    works.push_back(dice.chance(0.6) ? wait(dice) : bytecode(dice));
  }
  const double part = gives ? dice.uniform(0.1, 0.7) : 1.0;
  design.phases = drawn_phases(works, total * part, dice);
  if (gives) {
    std::vector<Work> blocking{dice.chance(0.5) ? Work::native : any_work(dice)};
    design.blocking = drawn_phases(blocking, total * (1.0 - part), dice);
    design.crew = drawn_workers(cpus, dice);
  } else if (dice.chance(0.25)) {
    design.workers = drawn_workers(cpus, dice);  // loops, each in a thread of its own
    design.call = "map";
  }
  draw_items(design, cpus, items_most, dice);
  return design;
}

std::string drawn_start(std::string_view group, Dice& dice) {
  constexpr const char* fresh[] = {"spawn", "forkserver"};
  if (group == "pool-fork") {
    return "fork";
  }
  return group == "pool-spawn" || dice.chance(0.4) ? dice.pick(fresh) : "fork";
}

std::uint64_t small_payload(Dice& dice) {
  const bool any = dice.chance(0.35);
  const double bytes = dice.log_uniform(payload_least, payload_small_most);
  return any ? static_cast<std::uint64_t>(bytes) : 0;
}

void draw_payload(std::string_view group, Design& design, Dice& dice) {
  design.argument = small_payload(dice);
  design.result = small_payload(dice);
  if (group == "payload") {
    const auto large = [&] {
      return static_cast<std::uint64_t>(dice.log_uniform(payload_large_least, payload_large_most));
    };
    const std::uint64_t which = dice.whole(0, 2);  // to the worker, back, or both ways
    design.argument = which != 1 ? large() : design.argument;
    design.result = which != 0 ? large() : design.result;
  }
}

std::string drawn_chunk(std::uint64_t most, Dice& dice) {
  const double form = dice.uniform(0.0, 1.0);
  if (form < 0.35) {
    return "1";
  }
  return form < 0.6 ? "auto"
                    : std::to_string(static_cast<std::uint64_t>(dice.log_uniform(
                          2.0, static_cast<double>(std::max<std::uint64_t>(most, 3)))));
}

/// Handing over, and how long workers live, once the number of items is known.
void draw_pool_calls(Design& design, Dice& dice) {
  constexpr const char* calls[] = {"map", "map", "starmap", "imap", "imap_unordered", "submit"};
  design.call = dice.pick(calls);
  design.chunk = design.call == "submit" ? "" : drawn_chunk(design.items / 2, dice);
  const bool in_order = design.call == "imap" || design.call == "imap_unordered";
  if (in_order && design.chunk == "auto") {
    design.chunk = std::string{"1"};  // imap has no automatic chunk size
  }
  if (dice.chance(0.15)) {
    const std::uint64_t generations = dice.whole(2, design.start == "fork" ? 12 : 5);
    const std::uint64_t chunk =
        design.chunk.empty() || design.chunk == "auto" ? 1 : std::stoull(design.chunk);
    const std::uint64_t chunks = design.items * design.rounds / std::max<std::uint64_t>(chunk, 1);
    design.per_child = std::max<std::uint64_t>(chunks / generations, 1);
  }
  design.terminate = dice.chance(0.1);
}

void limit_payload(Design& design) {
  const std::uint64_t each = (design.argument + design.result) * design.rounds;
  if (each > 0) {
    design.items = std::clamp<std::uint64_t>(payload_bytes_most / each, 2, design.items);
  }
}

Design processes_design(std::string_view group, std::uint32_t cpus, Dice& dice) {
  Design design;
  const bool executor = group == "process-executor" || (group == "payload" && dice.chance(0.35));
  design.kind = executor ? "process-executor" : "processes";
  design.workers = drawn_workers(cpus, dice);
  design.start = drawn_start(group, dice);
  design.phases = drawn_phases(ingredients(group, dice), task_us(dice), dice);
  draw_gate(design, false, dice);
  draw_payload(group, design, dice);
  draw_items(design, cpus, items_most, dice);
  limit_payload(design);
  design.at_start = dice.chance(0.1);
  if (!executor) {
    draw_pool_calls(design, dice);
    return design;
  }
  design.call = dice.chance(0.3) ? "submit" : "map";
  // ProcessPoolExecutor.map takes a number, 1 by default.
  design.chunk = design.call == "submit" ? "" : drawn_chunk(design.items / 2, dice);
  design.chunk = design.chunk == "auto" ? "" : design.chunk;
  return design;
}

Design process_per_task_design(std::uint32_t cpus, Dice& dice) {
  Design design;
  design.kind = "process-per-task";
  design.start = drawn_start("process-per-task", dice);
  design.phases = drawn_phases(ingredients("process-per-task", dice), task_us(dice), dice);
  draw_gate(design, false, dice);
  design.argument = small_payload(dice);
  draw_items(design, cpus, 4ULL * cpus + 8, dice);
  return design;
}

/// Workers for the second design, other than those of the first.
std::uint32_t other_workers(const Design& design, std::uint32_t cpus, Dice& dice) {
  const std::uint32_t most = std::max(2U, std::min(2 * cpus, 32U));
  const auto other = static_cast<std::uint32_t>(dice.whole(1, most - 1));
  return other < design.workers ? other : other + 1;
}

Design workers_pair(std::uint32_t cpus, Dice& dice) {
  constexpr std::string_view with_workers[] = {"gil-threads", "native-threads",   "mixed-threads",
                                               "pool-fork",   "process-executor", "c++"};
  Design design = draw_design(dice.pick(with_workers), cpus, dice);
  if (design.workers > 0 && design.meeting != Meeting::barrier && design.gate < 2) {
    design.other = {fmt::format("executors.crew.workers: {}", other_workers(design, cpus, dice))};
  }
  return design;
}

Design kind_pair(std::uint32_t cpus, Dice& dice) {
  if (dice.chance(0.25)) {
    Design design = cpp_design(cpus, dice);
    const bool pool = design.kind == "cpp-threads";
    design.workers = drawn_workers(cpus, dice);
    design.items = std::min(design.items, threads_most);
    design.other = {fmt::format("executors.crew.kind: {}", pool ? "cpp-async" : "cpp-threads")};
    return design;
  }
  constexpr const char* kinds[] = {"threads", "processes", "process-executor"};
  Design design;
  const std::uint64_t first = dice.whole(0, 2);
  design.kind = kinds[first];
  design.workers = drawn_workers(cpus, dice);
  design.start = first == 0 ? "" : "fork";
  design.phases = drawn_phases(ingredients("pool-fork", dice), task_us(dice), dice);
  draw_items(design, cpus, items_most, dice);
  const std::uint64_t second = (first + dice.whole(1, 2)) % 3;
  design.other = {fmt::format("executors.crew.kind: {}", kinds[second])};
  if (first == 0) {
    design.other.emplace_back("executors.crew.start: fork");
  }
  return design;
}

Design chunk_pair(std::uint32_t cpus, Dice& dice) {
  constexpr std::string_view with_chunks[] = {"pool-fork", "pool-spawn", "payload"};
  Design design = processes_design(dice.pick(with_chunks), cpus, dice);
  const bool pool = design.kind == "processes";
  design.call = "map";
  design.per_child = 0;
  design.chunk = std::string{"1"};
  const std::string other =
      std::to_string(dice.whole(2, std::max<std::uint64_t>(design.items / 2, 2)));
  design.other = {
      fmt::format("executors.crew.chunksize: {}", pool && dice.chance(0.5) ? "auto" : other)};
  return design;
}

}  // namespace

std::span<const std::string_view> holdout_classes() {
  return classes;
}

std::span<const std::string_view> pair_questions() {
  return questions;
}

Design draw_design(std::string_view group, std::uint32_t cpus, Dice& dice) {
  Design design;
  if (group == "c++") {
    design = cpp_design(cpus, dice);
  } else if (group == "serial") {
    design = serial_design(cpus, dice);
  } else if (group == "asyncio") {
    design = asyncio_design(cpus, dice);
  } else if (group == "process-per-task") {
    design = process_per_task_design(cpus, dice);
  } else if (group.ends_with("-threads")) {
    design = threads_design(group, cpus, dice);
  } else {
    sim::expect(std::ranges::find(classes, group) != classes.end(), "a class has a name known");
    design = processes_design(group, cpus, dice);
  }
  design.group = group;
  return design;
}

Design draw_pair(std::string_view question, std::uint32_t cpus, Dice& dice) {
  Design design = question == "workers" ? workers_pair(cpus, dice)
                  : question == "kind"  ? kind_pair(cpus, dice)
                                        : chunk_pair(cpus, dice);
  design.group = question;
  return design;
}

}  // namespace timeslice::validation
