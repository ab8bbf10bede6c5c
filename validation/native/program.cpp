#include "validation/native/program.hpp"

#include <map>
#include <span>
#include <utility>
#include <variant>

#include "models/work/distribution.hpp"
#include "models/work/draws.hpp"
#include "sim/expect.hpp"
#include "sim/random.hpp"

namespace timeslice::validation {

namespace {

using models::DrawScope;

class Expander {
 public:
  Expander(const models::WorldSpec& world, std::uint64_t run_seed)
      : world_{world}, random_{run_seed}, next_item_(world.tasks.size(), 0) {}

  NativeProgram take_program() && {
    steps(world_.main, models::main_scope(), program_.main);
    return std::move(program_);
  }

 private:
  void steps(const models::Steps& list, const DrawScope& scope, Instructions& out) {
    for (const models::Step& step : list) {
      std::visit([&](const auto& what) { add(what, step.number, scope, out); }, step.what);
    }
  }

  void timed(Op op, const models::Distribution& duration, const sim::DrawKey& key,
             Instructions& out) const {
    const sim::Duration drawn = models::sample(duration, random_, key);
    if (drawn > sim::Duration::zero()) {
      out.push_back({.op = op, .argument = drawn.count()});
    }
  }

  void add(const models::PythonStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    timed(Op::python, step.duration, models::draw_key(scope, number), out);
  }
  void add(const models::NativeStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    timed(step.holds_gil ? Op::held : Op::native, step.duration, models::draw_key(scope, number),
          out);
  }
  void add(const models::IoStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    timed(Op::sleep, step.duration, models::draw_key(scope, number), out);
  }
  void add(const models::SleepStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    timed(Op::sleep, step.duration, models::draw_key(scope, number), out);
  }

  void add(const models::YieldStep& /*step*/, std::uint32_t /*number*/, const DrawScope& /*scope*/,
           Instructions& out) {
    out.push_back({.op = Op::yield, .argument = 0});
  }
  void add(const models::NiceStep& /*step*/, std::uint32_t /*number*/, const DrawScope& /*scope*/,
           Instructions& /*out*/) {
    sim::expect(false, "a scenario passed native_obstacle, which refuses nice steps");
  }

  void add(const models::CallStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    const models::TaskSpec& task = world_.tasks[models::index_of(step.task)];
    steps(task.steps, models::call_scope(scope, number, models::task_key(task.name)), out);
  }

  void add(const models::WithStep& step, std::uint32_t /*number*/, const DrawScope& scope,
           Instructions& out) {
    const auto lock = static_cast<std::int64_t>(step.lock);
    out.push_back({.op = step.reads ? Op::read_lock : Op::lock, .argument = lock});
    steps(step.body, scope, out);
    out.push_back({.op = step.reads ? Op::read_unlock : Op::unlock, .argument = lock});
  }

  void add(const models::RepeatStep& step, std::uint32_t /*number*/, const DrawScope& scope,
           Instructions& out) {
    for (std::uint64_t turn = 0; turn < step.times; ++turn) {
      steps(step.body, models::loop_scope(scope, turn), out);
    }
  }

  void add(const models::TimeoutStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    const sim::Duration after =
        models::sample(step.after, random_, models::draw_key(scope, number));
    out.push_back({.op = Op::timeout, .argument = after.count()});
    steps(step.body, scope, out);
    out.push_back({.op = Op::timeout_end});
  }

  void add(const models::ChooseStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    double left = random_.uniform(models::draw_key(scope, number));
    for (const models::Choice& choice : step.choices) {
      if (left < choice.probability) {
        steps(choice.body, scope, out);
        return;
      }
      left -= choice.probability;
    }
  }

  void add(const models::MapStep& step, std::uint32_t /*number*/, const DrawScope& /*scope*/,
           Instructions& out) {
    Batch batch;
    batch.executor = step.executor;
    batch.chunksize = step.chunksize;
    batch.star = step.star;
    batch.order = step.order;
    batch.task = step.task;
    batch.items = main_items(step.task, step.items, step.executor);
    hand_over(Op::map, std::move(batch), out);
  }

  void add(const models::SubmitStep& step, std::uint32_t /*number*/, const DrawScope& /*scope*/,
           Instructions& out) {
    Batch batch;
    batch.executor = step.executor;
    batch.future = step.as;
    batch.task = step.task;
    batch.items = main_items(step.task, step.items, step.executor);
    hand_over(Op::submit, std::move(batch), out);
  }

  void add(const models::JoinStep& step, std::uint32_t /*number*/, const DrawScope& /*scope*/,
           Instructions& out) {
    out.push_back({.op = Op::join, .argument = static_cast<std::int64_t>(step.future)});
  }

  void add(const models::SyncStep& step, std::uint32_t /*number*/, const DrawScope& /*scope*/,
           Instructions& out) {
    const auto op = static_cast<std::uint8_t>(static_cast<std::uint8_t>(Op::put) +
                                              static_cast<std::uint8_t>(step.what));
    out.push_back({.op = Op{op}, .argument = static_cast<std::int64_t>(step.lock)});
  }

  void add(const models::PeriodicStep& /*step*/, std::uint32_t /*number*/,
           const DrawScope& /*scope*/, Instructions& /*out*/) {
    sim::expect(false, "a scenario passed native_obstacle, which refuses periodic steps");
  }

  void add(const models::AwaitStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    using What = models::AwaitStep::What;
    if (step.what == What::task && !step.executor) {
      const models::TaskSpec& task = world_.tasks[models::index_of(step.task)];
      steps(task.steps, models::call_scope(scope, number, models::task_key(task.name)), out);
    } else if (step.what == What::task) {
      Batch batch;
      batch.executor = *step.executor;
      await_batch(std::move(batch), {step.task, 1, models::nested_item(scope, number, 0)}, out);
    } else {
      const sim::Duration drawn =
          models::sample(step.duration, random_, models::draw_key(scope, number));
      out.push_back({.op = step.what == What::io ? Op::await_io : Op::await_sleep,
                     .argument = drawn.count()});
    }
  }

  void add(const models::GatherStep& step, std::uint32_t number, const DrawScope& scope,
           Instructions& out) {
    if (&out == &program_.main) {
      Batch batch;
      batch.executor = *step.executor;
      batch.task = step.task;
      batch.items = main_items(step.task, step.items, *step.executor);
      hand_over(Op::map, std::move(batch), out);
      return;
    }
    Batch batch;
    batch.executor = step.executor.value_or(loop_);
    batch.gathers = true;
    await_batch(std::move(batch), {step.task, step.items, models::nested_item(scope, number, 0)},
                out);
  }

  /// Items of one task, numbered from `first`.
  struct Items {
    models::TaskIndex task{};
    std::uint64_t count = 0;
    std::uint32_t first = 0;
  };

  void await_batch(Batch batch, const Items& some, Instructions& out) {
    if (some.count == 0) {
      return;
    }
    batch.task = some.task;
    batch.items = items(some, batch.executor);
    out.push_back(
        {.op = Op::await_items, .argument = static_cast<std::int64_t>(program_.batches.size())});
    program_.batches.push_back(std::move(batch));
  }

  void add(const models::KillStep& /*step*/, std::uint32_t /*number*/, const DrawScope& /*scope*/,
           Instructions& /*out*/) {
    sim::expect(false, "a scenario passed native_obstacle, which refuses kills");
  }

  void add(const models::MemoryStep& /*step*/, std::uint32_t /*number*/, const DrawScope& /*scope*/,
           Instructions& /*out*/) {
    sim::expect(false, "a scenario passed native_obstacle, which refuses memory steps");
  }

  void hand_over(Op op, Batch batch, Instructions& out) {
    if (batch.items.empty()) {
      return;  // an executor is not created for nothing
    }
    sim::expect(&out == &program_.main, "only main hands items over in a native run");
    out.push_back({.op = op, .argument = static_cast<std::int64_t>(program_.batches.size())});
    program_.batches.push_back(std::move(batch));
  }

  std::vector<std::uint32_t> main_items(models::TaskIndex task, std::uint64_t count,
                                        models::ExecutorIndex executor) {
    std::uint32_t& next = next_item_[models::index_of(task)];
    const Items some{.task = task, .count = count, .first = next};
    next += static_cast<std::uint32_t>(count);
    return items(some, executor);
  }

  std::vector<std::uint32_t> items(const Items& some, models::ExecutorIndex executor) {
    const models::TaskSpec& spec = world_.tasks[models::index_of(some.task)];
    const models::ExecutorIndex around = std::exchange(loop_, executor);
    std::vector<std::uint32_t> indices;
    indices.reserve(some.count);
    for (std::uint32_t i = 0; i < some.count; ++i) {
      Instructions one;
      steps(spec.steps, {.task = models::task_key(spec.name), .item = some.first + i, .count = 0},
            one);
      indices.push_back(index_of(std::move(one)));
    }
    loop_ = around;
    return indices;
  }

  std::uint32_t index_of(Instructions&& program) {
    const auto fresh = static_cast<std::uint32_t>(program_.programs.size());
    const auto [found, added] = known_.try_emplace(program, fresh);
    if (added) {
      program_.programs.push_back(std::move(program));
    }
    return found->second;
  }

  const models::WorldSpec& world_;
  sim::Random random_;
  std::vector<std::uint32_t> next_item_;  // by task: items main has handed over
  std::map<Instructions, std::uint32_t> known_;
  models::ExecutorIndex loop_{};  // that runs the items expanded now
  NativeProgram program_;
};

}  // namespace

NativeProgram expand(const models::WorldSpec& world, std::uint64_t run_seed) {
  return Expander{world, run_seed}.take_program();
}

WorkTotals& WorkTotals::operator+=(const WorkTotals& other) {
  python += other.python;
  native += other.native;
  wait += other.wait;
  return *this;
}

WorkTotals totals(const Instructions& program) {
  WorkTotals sum;
  for (const Instruction& instruction : program) {
    const auto time = static_cast<double>(instruction.argument);
    if (instruction.op == Op::python || instruction.op == Op::held) {
      sum.python += time;
    } else if (instruction.op == Op::native) {
      sum.native += time;
    } else if (instruction.op == Op::sleep || instruction.op == Op::await_sleep ||
               instruction.op == Op::await_io) {
      sum.wait += time;
    }
  }
  return sum;
}

WorkTotals totals(const NativeProgram& program) {
  WorkTotals sum = totals(program.main);
  for (const Batch& batch : program.batches) {
    for (const std::uint32_t item : batch.items) {
      sum += totals(program.programs[item]);
    }
  }
  return sum;
}

}  // namespace timeslice::validation
