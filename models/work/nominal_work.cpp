#include "models/work/nominal_work.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>
#include <vector>

#include "models/ids.hpp"
#include "models/machine/character.hpp"
#include "models/work/step.hpp"

namespace timeslice::models {
namespace {

NominalWork times(const NominalWork& work, double count) {
  return {.cpu_ns = work.cpu_ns * count, .wait_ns = work.wait_ns * count};
}

NominalWork plus(const NominalWork& a, const NominalWork& b) {
  return {.cpu_ns = a.cpu_ns + b.cpu_ns, .wait_ns = a.wait_ns + b.wait_ns};
}

class WorkWalk {
 public:
  explicit WorkWalk(const WorldSpec& world) : world_{world}, known_(world.tasks.size()) {}

  NominalWork of_steps(const Steps& steps) {
    NominalWork sum;
    for (const Step& step : steps) {
      sum = plus(sum, std::visit([this](const auto& what) { return this->of(what); }, step.what));
    }
    return sum;
  }

 private:
  NominalWork of_task(TaskIndex task) {
    std::optional<NominalWork>& known = known_[index_of(task)];
    if (!known) {
      const NominalWork work = of_steps(world_.tasks[index_of(task)].steps);
      known = work;
    }
    return *known;
  }

  static NominalWork of(const PythonStep& step) { return {.cpu_ns = mean_ns(step.duration)}; }
  static NominalWork of(const NativeStep& step) { return {.cpu_ns = mean_ns(step.duration)}; }
  [[nodiscard]] NominalWork of(const MemoryStep& step) const {
    const CharacterSpec& character = world_.characters[step.character];
    return {.cpu_ns = step.units * character_of(character, world_.machine).unit_ns};
  }
  static NominalWork of(const IoStep& step) { return {.wait_ns = mean_ns(step.duration)}; }
  static NominalWork of(const SleepStep& step) { return {.wait_ns = mean_ns(step.duration)}; }
  static NominalWork of(const JoinStep& /*step*/) { return {}; }
  static NominalWork of(const YieldStep& /*step*/) { return {}; }
  static NominalWork of(const NiceStep& /*step*/) { return {}; }
  static NominalWork of(const SyncStep& /*step*/) { return {}; }
  NominalWork of(const AwaitStep& step) {
    return step.what == AwaitStep::What::task ? of_task(step.task)
                                              : NominalWork{.wait_ns = mean_ns(step.duration)};
  }
  NominalWork of(const GatherStep& step) {
    return times(of_task(step.task), static_cast<double>(step.items));
  }
  static NominalWork of(const KillStep& /*step*/) { return {}; }
  NominalWork of(const CallStep& step) { return of_task(step.task); }
  NominalWork of(const WithStep& step) { return of_steps(step.body); }
  NominalWork of(const RepeatStep& step) {
    return times(of_steps(step.body), static_cast<double>(step.times));
  }
  /// Of work that is given up nobody knows how much is done: all of it counts.
  NominalWork of(const TimeoutStep& step) { return of_steps(step.body); }
  NominalWork of(const ChooseStep& step) {
    NominalWork sum;
    for (const Choice& choice : step.choices) {
      sum = plus(sum, times(of_steps(choice.body), choice.probability));
    }
    return sum;
  }
  NominalWork of(const MapStep& step) {
    return times(of_task(step.task), static_cast<double>(step.items));
  }
  NominalWork of(const SubmitStep& step) {
    return times(of_task(step.task), static_cast<double>(step.items));
  }
  /// Releases that fit into its length, one at its begin included.
  NominalWork of(const PeriodicStep& step) {
    const double every = mean_ns(step.every);
    const double length = static_cast<double>((step.length - step.offset).count());
    return every > 0.0 && length > 0.0 ? times(of_task(step.task), std::ceil(length / every))
                                       : NominalWork{};
  }

  const WorldSpec& world_;
  std::vector<std::optional<NominalWork>> known_;  // by task
};

bool alike(double a, double b) {
  constexpr double rounding = 1e-3;  // a guess: pieces of a whole are rounded to nanoseconds
  const double larger = std::max(a, b);
  return larger - std::min(a, b) <= rounding * larger;
}

}  // namespace

NominalWork nominal_work(const WorldSpec& world) {
  return WorkWalk{world}.of_steps(world.main);
}

bool same_work(const NominalWork& a, const NominalWork& b) {
  return alike(a.cpu_ns, b.cpu_ns) && alike(a.wait_ns, b.wait_ns);
}

}  // namespace timeslice::models
