#include "scenarios/format/check_tasks.hpp"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

using models::TaskIndex;

/// Walks the programs depth first; counts the items that one run of each task hands over.
class TaskWalk {
 public:
  explicit TaskWalk(const models::WorldSpec& world)
      : world_{world}, state_(world.tasks.size()), items_(world.tasks.size()) {}

  /// Items that `steps` hand over, those of the tasks that they start included.
  double items_of(const models::Steps& steps) {
    double sum = 0.0;
    for (const models::Step& step : steps) {
      sum += std::visit([this](const auto& what) { return items(what); }, step.what);
    }
    return sum;
  }

  double items_of(TaskIndex task) {
    const std::size_t index = models::index_of(task);
    if (index >= state_.size() || problem_ != Problem::none) {
      return 0.0;
    }
    if (state_[index] == State::open || depth_ >= max_call_depth) {
      problem_ = state_[index] == State::open ? Problem::cycle : Problem::depth;
      at_ = task;
      return 0.0;
    }
    if (state_[index] == State::fresh) {
      state_[index] = State::open;
      ++depth_;
      items_[index] = items_of(world_.tasks[index].steps);
      --depth_;
      state_[index] = State::done;
    }
    return items_[index];
  }

  enum class Problem { none, cycle, depth };
  [[nodiscard]] Problem problem() const { return problem_; }
  [[nodiscard]] TaskIndex at() const { return at_; }

 private:
  enum class State : std::uint8_t { fresh, open, done };

  template <typename Plain>
  double items(const Plain& /*step*/) {
    return 0.0;
  }
  double items(const models::CallStep& step) { return items_of(step.task); }
  double items(const models::WithStep& step) { return items_of(step.body); }
  double items(const models::TimeoutStep& step) { return items_of(step.body); }
  double items(const models::RepeatStep& step) {
    return static_cast<double>(step.times) * items_of(step.body);
  }
  double items(const models::ChooseStep& step) {
    double most = 0.0;
    for (const models::Choice& choice : step.choices) {
      most = std::max(most, items_of(choice.body));
    }
    return most;
  }
  double items(const models::MapStep& step) {
    return static_cast<double>(step.items) * (1.0 + items_of(step.task));
  }
  double items(const models::AwaitStep& step) {
    if (step.what != models::AwaitStep::What::task) {
      return 0.0;
    }
    return items_of(step.task) + (step.executor ? 1.0 : 0.0);
  }
  double items(const models::GatherStep& step) {
    return static_cast<double>(step.items) * (1.0 + items_of(step.task));
  }
  double items(const models::SubmitStep& step) {
    return static_cast<double>(step.items) * (1.0 + items_of(step.task));
  }

  const models::WorldSpec& world_;
  std::vector<State> state_;
  std::vector<double> items_;
  std::size_t depth_ = 0;
  Problem problem_ = Problem::none;
  TaskIndex at_{};
};

const Mark& mark_of(const Node* node, const Mark& otherwise) {
  return node == nullptr ? otherwise : node->mark;
}

void report(const Reading& reading, const TaskWalk& walk, const models::WorldSpec& world,
            const Node* tasks) {
  const std::string& name = world.tasks[models::index_of(walk.at())].name;
  const Mark nowhere;
  const Mark& mark = mark_of(tasks == nullptr ? nullptr : tasks->find(name), nowhere);
  if (walk.problem() == TaskWalk::Problem::cycle) {
    reading.reporter.error(mark, "E-cycle", fmt::format("the task '{}' starts itself", name),
                           "a task may not call, map or submit itself, also not through others");
  } else {
    reading.reporter.error(mark, "E-limit",
                           fmt::format("tasks start one another more than {} deep", max_call_depth),
                           "use repeat, or fewer tasks");
  }
}

}  // namespace

void check_tasks(const Reading& reading, const models::WorldSpec& world, const Node* tasks,
                 const Node* main) {
  TaskWalk walk{world};
  for (std::size_t i = 0; i < world.tasks.size(); ++i) {
    walk.items_of(TaskIndex{static_cast<std::uint32_t>(i)});
  }
  const double items = walk.items_of(world.main);
  if (walk.problem() != TaskWalk::Problem::none) {
    report(reading, walk, world, tasks);
  } else if (items > max_tasks) {
    const Mark nowhere;
    reading.reporter.error(mark_of(main, nowhere), "E-limit",
                           fmt::format("main hands over {:.3g} items in all", items),
                           "at most 1e7: use fewer items or repeats");
  }
}

}  // namespace timeslice::scenarios
