#include "models/aio/loop_check.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "models/ids.hpp"

namespace timeslice::models {

namespace {

/// Who runs some steps: main, another thread or process, a coroutine, or a plain function that a
/// coroutine has called and that keeps its loop's thread.
struct Runner {
  enum class Kind : std::uint8_t { main, thread, coroutine, called } kind = Kind::main;
  ExecutorIndex loop{};  // of coroutine and called

  bool operator==(const Runner&) const = default;
};
using Kind = Runner::Kind;

/// How the tasks that are handed to event loops under one name are submitted and waited for.
struct FutureUse {
  bool by_coroutine = false;
  bool by_thread = false;
  std::vector<std::pair<std::string, Kind>> joins;
};

class LoopCheck {
 public:
  explicit LoopCheck(const WorldSpec& spec)
      : spec_{spec}, seen_(spec.tasks.size()), futures_(spec.futures.size()) {}

  std::vector<sim::Error> check() {
    walk(spec_.main, "main", {});
    for (const BackgroundSpec& background : spec_.background) {
      task(background.task, {.kind = Kind::thread});
    }
    for (std::size_t i = 0; i < futures_.size(); ++i) {
      check_joins(futures_[i], spec_.futures[i]);
    }
    return std::move(errors_);
  }

 private:
  void complain(const std::string& where, std::string what, std::string advice) {
    const bool known = std::ranges::any_of(errors_, [&](const sim::Error& error) {
      return error.where == where && error.what == what;
    });
    if (!known) {
      errors_.push_back({where, std::move(what), std::move(advice)});
    }
  }

  [[nodiscard]] const ExecutorSpec& executor(ExecutorIndex index) const {
    return spec_.executors[index_of(index)];
  }
  [[nodiscard]] bool is_loop(ExecutorIndex index) const {
    return executor(index).kind == ExecutorKind::asyncio;
  }
  [[nodiscard]] bool in_threads(ExecutorIndex loop) const {
    return executor(loop).workers.kind != WorkerCount::Kind::runtime_default;
  }

  void task(TaskIndex index, const Runner& runner) {
    std::vector<Runner>& seen = seen_[index_of(index)];
    if (std::ranges::find(seen, runner) == seen.end()) {
      seen.push_back(runner);
      walk(spec_.tasks[index_of(index)].steps, "tasks." + spec_.tasks[index_of(index)].name,
           runner);
    }
  }

  void walk(const Steps& steps, const std::string& where, const Runner& runner) {
    for (const Step& step : steps) {
      std::visit([&](const auto& what) { look(what, where, runner); }, step.what);
    }
  }

  template <typename Plain>
  void look(const Plain& /*step*/, const std::string& /*where*/, const Runner& /*runner*/) {}
  void look(const WithStep& step, const std::string& where, const Runner& runner) {
    walk(step.body, where, runner);
  }
  void look(const RepeatStep& step, const std::string& where, const Runner& runner) {
    walk(step.body, where, runner);
  }
  void look(const TimeoutStep& step, const std::string& where, const Runner& runner);
  void look(const ChooseStep& step, const std::string& where, const Runner& runner) {
    for (const Choice& choice : step.choices) {
      walk(choice.body, where, runner);
    }
  }
  void look(const PeriodicStep& step, const std::string& /*where*/, const Runner& /*runner*/) {
    task(step.task, {.kind = Kind::thread});
  }
  void look(const CallStep& step, const std::string& /*where*/, const Runner& runner) {
    task(step.task, function_of(runner));
  }
  void look(const AwaitStep& step, const std::string& where, const Runner& runner);
  void look(const GatherStep& step, const std::string& where, const Runner& runner);
  void look(const MapStep& step, const std::string& where, const Runner& runner);
  void look(const SubmitStep& step, const std::string& where, const Runner& runner);
  void look(const JoinStep& step, const std::string& where, const Runner& runner) {
    futures_[index_of(step.future)].joins.emplace_back(where, runner.kind);
  }

  /// A plain function of that runner: in a coroutine it keeps the thread of the loop.
  [[nodiscard]] static Runner function_of(const Runner& runner) {
    return runner.kind == Kind::coroutine ? Runner{.kind = Kind::called, .loop = runner.loop}
                                          : runner;
  }
  void hand_over(TaskIndex index, ExecutorIndex to, const Runner& runner) {
    if (is_loop(to)) {
      task(index, {.kind = Kind::coroutine, .loop = to});
    } else {
      task(index, executor(to).kind == ExecutorKind::serial ? function_of(runner)
                                                            : Runner{.kind = Kind::thread});
    }
  }
  void into_loop(ExecutorIndex loop, const std::string& where, const Runner& runner);
  void await_executor(ExecutorIndex other, const std::string& where, const Runner& runner);
  void check_joins(const FutureUse& use, const std::string& name);

  const WorldSpec& spec_;
  std::vector<std::vector<Runner>> seen_;  // by task
  std::vector<FutureUse> futures_;
  std::vector<sim::Error> errors_;
};

/// Python can take work from a coroutine, at an await; from a thread it cannot.
void LoopCheck::look(const TimeoutStep& step, const std::string& where, const Runner& runner) {
  if (runner.kind != Kind::coroutine) {
    const bool called = runner.kind == Kind::called;
    complain(where,
             called ? "it gives work up, but a coroutine calls it as a plain function"
                    : "it gives work up, but no event loop runs it",
             called ? "write `await: {task: ...}` instead of `call`"
                    : "hand it to an executor of kind asyncio: a thread cannot be interrupted");
  }
  walk(step.body, where, runner);
}

void LoopCheck::look(const AwaitStep& step, const std::string& where, const Runner& runner) {
  if (runner.kind != Kind::coroutine) {
    complain(where,
             runner.kind == Kind::called ? "it awaits, but a coroutine calls it as a plain function"
                                         : "it awaits, but no event loop runs it",
             runner.kind == Kind::called
                 ? "write `await: {task: ...}` instead of `call`"
                 : "hand it to an executor of kind asyncio, or wait with io, sleep, call or join");
    return;
  }
  if (step.what != AwaitStep::What::task) {
    return;
  }
  if (step.executor) {
    await_executor(*step.executor, where, runner);
    hand_over(step.task, *step.executor, runner);
  } else {
    task(step.task, runner);
  }
}

/// What a coroutine may await: tasks of its own loop and items of thread pools.
void LoopCheck::await_executor(ExecutorIndex other, const std::string& where,
                               const Runner& runner) {
  const ExecutorSpec& used = executor(other);
  if (other != runner.loop && used.kind != ExecutorKind::threads) {
    complain(where, "a coroutine cannot await executor '" + used.name + "'",
             "name one of kind threads, or leave `executor` out for the coroutine's own loop");
  }
}

void LoopCheck::look(const GatherStep& step, const std::string& where, const Runner& runner) {
  if (runner.kind == Kind::coroutine) {
    if (step.executor) {
      await_executor(*step.executor, where, runner);
    }
    hand_over(step.task, step.executor.value_or(runner.loop), runner);
    return;
  }
  if (!step.executor || !is_loop(*step.executor)) {
    complain(where, "`gather` is for event loops, and no event loop runs it",
             "name an executor of kind asyncio, or use `map`");
    return;
  }
  into_loop(*step.executor, where, runner);
  hand_over(step.task, *step.executor, runner);
}

void LoopCheck::look(const MapStep& step, const std::string& where, const Runner& runner) {
  if (is_loop(step.executor)) {
    if (runner.kind == Kind::coroutine && runner.loop == step.executor) {
      complain(where, "`map` would block the loop that it waits for", "use `gather`");
      return;
    }
    into_loop(step.executor, where, runner);
  }
  hand_over(step.task, step.executor, runner);
}

void LoopCheck::look(const SubmitStep& step, const std::string& where, const Runner& runner) {
  if (is_loop(step.executor)) {
    const ExecutorSpec& loop = executor(step.executor);
    const bool own = runner.kind == Kind::coroutine && runner.loop == step.executor;
    (own ? futures_[index_of(step.as)].by_coroutine : futures_[index_of(step.as)].by_thread) = true;
    const bool one = !in_threads(step.executor) ||
                     (loop.workers.kind == WorkerCount::Kind::number && loop.workers.number == 1);
    if (own && !one) {
      complain(where, "tasks of several loops would share a name for `join`",
               "use `gather`, or one loop: `workers: 1`");
    } else if (!own && !in_threads(step.executor)) {
      complain(where, "the loop '" + loop.name + "' runs only while main gathers in it",
               "use `gather`, or give it a thread of its own: `workers: 1`");
    } else if (!own) {
      into_loop(step.executor, where, runner);
    }
  }
  hand_over(step.task, step.executor, runner);
}

/// From outside of the loop.
void LoopCheck::into_loop(ExecutorIndex loop, const std::string& where, const Runner& runner) {
  const std::string& name = executor(loop).name;
  if (runner.kind == Kind::coroutine || runner.kind == Kind::called) {
    complain(where, "it runs in an event loop and would wait for the loop '" + name + "'",
             "let its coroutine gather in its own loop");
  } else if (runner.kind == Kind::thread && !in_threads(loop)) {
    complain(where, "the loop '" + name + "' runs in main's thread, which this is not",
             "give it a thread of its own: `workers: 1`");
  }
}

void LoopCheck::check_joins(const FutureUse& use, const std::string& name) {
  for (const auto& [where, kind] : use.joins) {
    if (use.by_coroutine && kind != Kind::coroutine) {
      complain(where, "'" + name + "' holds tasks that a coroutine has created",
               "let a coroutine of that loop join them");
    }
    if (use.by_thread && (kind == Kind::coroutine || kind == Kind::called)) {
      complain(where, "'" + name + "' holds coroutines that another thread has handed to a loop",
               "let that thread join them: in a loop this would block it");
    }
  }
}

}  // namespace

std::vector<sim::Error> check_loops(const WorldSpec& spec) {
  return LoopCheck{spec}.check();
}

}  // namespace timeslice::models
