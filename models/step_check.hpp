// What is wrong with steps, and what running them comes to: of main, of tasks, of background
// programs. Cost: one pass; what a task does is worked out once, however often it is used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/world_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

/// The most items that main's program may hand over (scenario-format.md).
constexpr double most_items = 1e7;

/// Errors, each once.
class Complaints {
 public:
  void add(std::string where, std::string what, std::string advice);
  [[nodiscard]] std::vector<sim::Error> take() { return std::move(errors_); }

 private:
  std::vector<sim::Error> errors_;
};

/// What running some steps once comes to, called tasks included; at most, where chance decides.
struct Footprint {
  double steps = 0.0;
  double items = 0.0;       // handed over, by handed-over tasks too
  bool bytecode = false;    // python steps, or C code that keeps the GIL
  bool hands_over = false;  // uses an executor that is not serial, or waits for one
  bool meets = false;       // uses a lock of the process that is no mutex
  bool acts = false;        // does more than repeat nothing, which is left out
  bool passes_time = false;

  void add(const Footprint& other, double times);
};

/// Whether its items run in processes of their own.
[[nodiscard]] bool in_other_processes(ExecutorKind kind);

class StepChecker {
 public:
  /// `groups_usable`: the numbers of executors' workers can be worked out.
  StepChecker(const WorldSpec& spec, Complaints& complaints, bool groups_usable);

  Footprint of_main();
  Footprint of_task(TaskIndex task);
  /// Complains of bytecode in a program without an interpreter.
  void check_language(const std::string& where, const Footprint& footprint);

 private:
  void complain(std::string where, std::string what, std::string advice);
  Footprint of_steps(const Steps& steps, const std::string& where);
  Footprint of_step(const Step& step, const std::string& where);
  Footprint of_repeat(const RepeatStep& step, const std::string& where);
  Footprint of_work(const Step& step, const std::string& where);
  bool check_lock(LockIndex lock, const Step& step, const std::string& where);
  Footprint of_periodic(const PeriodicStep& step, const std::string& where);
  Footprint of_await(const AwaitStep& step, const std::string& where);
  Footprint of_gather(TaskIndex task, std::optional<ExecutorIndex> executor, std::uint64_t items,
                      const std::string& where);
  void check_kill(const KillStep& step);
  void check_order(const MapStep& step, const std::string& where);
  Footprint of_hand_over(TaskIndex task, ExecutorIndex executor, std::uint64_t items,
                         const std::string& where);
  void check_distribution(const Distribution& distribution, const std::string& where);
  void check_character(std::uint32_t character, const std::string& where);

  const WorldSpec& spec_;
  Complaints& complaints_;
  bool groups_usable_;
  bool costs_time_;  // calls into the kernel or the interpreter do
  std::vector<std::optional<Footprint>> tasks_;
  std::vector<bool> open_;  // is being worked out: seen again, the task reaches itself
};

}  // namespace timeslice::models
