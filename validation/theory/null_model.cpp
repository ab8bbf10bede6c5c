#include "validation/theory/null_model.hpp"

#include <algorithm>
#include <vector>

#include "validation/native/support.hpp"

namespace timeslice::validation {

namespace {

WorkTotals slowed(WorkTotals work, double slowness) {
  work.python *= slowness;
  work.native *= slowness;
  return work;
}

/// Main's own steps and the batches that overlap with them.
class Stage {
 public:
  Stage(const models::WorldSpec& world, double slowness) : world_{&world}, slowness_{slowness} {}

  void add_own(const WorkTotals& work) {
    const WorkTotals own = slowed(work, slowness_);
    own_ += own;
    cpu_ += own.cpu();
    gil_ += own.python;
  }

  void add_batch(const NativeProgram& program, const Batch& batch) {
    const models::ExecutorSpec& executor = world_->executors[models::index_of(batch.executor)];
    WorkTotals sum;
    double longest = 0.0;
    for (const std::uint32_t item : batch.items) {
      const WorkTotals work = slowed(totals(program.programs[item]), slowness_);
      sum += work;
      longest = std::max(longest, work.all());
    }
    if (executor.kind == models::ExecutorKind::serial) {
      own_ += sum;
    }
    const double workers = workers_of(executor, batch);
    const double cpus = static_cast<double>(world_->machine.cpus.size());
    chain_ = std::max({chain_, longest, sum.all() / workers, sum.cpu() / std::min(cpus, workers)});
    cpu_ += sum.cpu();
    gil_ += shares_the_gil(executor) ? sum.python : 0.0;
  }

  [[nodiscard]] double makespan() const {
    const double cpus = std::max(1.0, static_cast<double>(world_->machine.cpus.size()));
    return std::max({chain_, own_.all(), cpu_ / cpus, gil_});
  }

 private:
  [[nodiscard]] bool shares_the_gil(const models::ExecutorSpec& executor) const {
    return world_->runtime.language == models::Language::python && world_->runtime.gil.enabled &&
           executor.kind != models::ExecutorKind::processes &&
           executor.kind != models::ExecutorKind::process_per_task;
  }

  [[nodiscard]] double workers_of(const models::ExecutorSpec& executor, const Batch& batch) const {
    switch (executor.kind) {
      case models::ExecutorKind::serial:
        return 1.0;
      case models::ExecutorKind::thread_per_task:
      case models::ExecutorKind::process_per_task:
      case models::ExecutorKind::cpp_async:
        return std::max(1.0, static_cast<double>(batch.items.size()));
      default:
        return std::max(1.0, static_cast<double>(worker_count(*world_, executor)));
    }
  }

  const models::WorldSpec* world_;  // a pointer, so that a stage can be replaced
  double slowness_;
  WorkTotals own_;      // of main's own thread
  double chain_ = 0.0;  // the longest batch
  double cpu_ = 0.0;
  double gil_ = 0.0;  // bytecode of the main process
};

class NullRun {
 public:
  NullRun(const models::WorldSpec& world, const NativeProgram& program, double slowness)
      : world_{world},
        program_{program},
        slowness_{slowness},
        stage_{world, slowness},
        open_(world.futures.size(), 0) {}

  double makespan() {
    for (const Instruction& instruction : program_.main) {
      step(instruction);
    }
    return finished_ + stage_.makespan();
  }

 private:
  void step(const Instruction& instruction) {
    const auto argument = static_cast<std::size_t>(instruction.argument);
    if (instruction.op == Op::map) {
      close_if_alone();
      stage_.add_batch(program_, program_.batches[argument]);
      close_if_alone();
    } else if (instruction.op == Op::submit) {
      const Batch& batch = program_.batches[argument];
      stage_.add_batch(program_, batch);
      ++open_[models::index_of(batch.future)];
    } else if (instruction.op == Op::join) {
      open_[argument] = 0;
      close_if_alone();
    } else {
      stage_.add_own(totals(Instructions{instruction}));
    }
  }

  /// Ends the stage when nothing that was submitted is still open.
  void close_if_alone() {
    if (std::ranges::all_of(open_, [](std::uint64_t count) { return count == 0; })) {
      finished_ += stage_.makespan();
      stage_ = Stage{world_, slowness_};
    }
  }

  const models::WorldSpec& world_;
  const NativeProgram& program_;
  double slowness_;
  double finished_ = 0.0;
  Stage stage_;
  std::vector<std::uint64_t> open_;  // by future: batches not joined yet
};

}  // namespace

NullPrediction null_model(const models::WorldSpec& world, const NativeProgram& program,
                          double slowness) {
  return {.makespan_ns = NullRun{world, program, slowness}.makespan(),
          .cpu_ns = slowed(totals(program), slowness).cpu()};
}

}  // namespace timeslice::validation
