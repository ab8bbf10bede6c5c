#include "models/work/look_ahead.hpp"

#include "models/work/context.hpp"
#include "models/work/program.hpp"
#include "models/work/scheduling_steps.hpp"

namespace timeslice::models {

namespace {

/// Adds up CPU work until somebody waits.
class Walk {
 public:
  explicit Walk(const Context& world) : world_{world} {}

  [[nodiscard]] bool over() const { return waits_ || left_ == 0; }
  [[nodiscard]] sim::Duration sum() const { return sim::Duration{static_cast<std::int64_t>(ns_)}; }

  void list(const Steps& steps, std::size_t from, const DrawScope& scope) {
    for (std::size_t i = from; i < steps.size() && !over(); ++i) {
      --left_;
      step(steps[i], scope);
    }
  }

  void loop(const Steps& body, std::uint64_t from, std::uint64_t turns, const DrawScope& scope) {
    for (std::uint64_t turn = from; turn < turns && !over(); ++turn) {
      --left_;
      list(body, 0, loop_scope(scope, turn));
    }
  }

 private:
  void add(const Distribution& duration, const DrawScope& scope, std::uint32_t number,
           double stretch) {
    const sim::Duration drawn = sample(duration, world_.random, draw_key(scope, number));
    ns_ += static_cast<double>(drawn.count()) * stretch;
  }

  void step(const Step& step, const DrawScope& scope) {
    if (const auto* python = std::get_if<PythonStep>(&step.what)) {
      add(python->duration, scope, step.number, python_stretch(world_.spec.runtime));
    } else if (const auto* native = std::get_if<NativeStep>(&step.what)) {
      add(native->duration, scope, step.number, 1.0 / world_.spec.runtime.factor.native);
    } else if (const auto* memory = std::get_if<MemoryStep>(&step.what)) {
      ns_ += memory->units * world_.os.unit_ns(memory->character);
    } else if (const auto* call = std::get_if<CallStep>(&step.what)) {
      const std::size_t task = index_of(call->task);
      list(world_.spec.tasks[task].steps, 0,
           call_scope(scope, step.number, world_.task_keys[task]));
    } else if (const auto* repeat = std::get_if<RepeatStep>(&step.what)) {
      loop(repeat->body, 0, repeat->times, scope);
    } else if (const Steps* body = body_of(step)) {
      list(*body, 0, scope);
    } else if (const auto* choose = std::get_if<ChooseStep>(&step.what)) {
      choice(*choose, scope, step.number);
    } else if (!stays_able(step)) {
      waits_ = true;
    }
  }

  void choice(const ChooseStep& step, const DrawScope& scope, std::uint32_t number) {
    double left = world_.random.uniform(draw_key(scope, number));
    for (const Choice& choice : step.choices) {
      if (left < choice.probability) {
        list(choice.body, 0, scope);
        return;
      }
      left -= choice.probability;
    }
  }

  const Context& world_;
  double ns_ = 0.0;
  std::uint32_t left_ = most_steps_ahead;
  bool waits_ = false;
};

}  // namespace

bool looks_ahead(const Context& world) {
  const PolicyKind kind = world.spec.os.policy.kind;
  return kind == PolicyKind::sjf || kind == PolicyKind::srtf;
}

sim::Duration burst_of(const Context& world, const Steps& steps, const DrawScope& scope) {
  Walk walk{world};
  walk.list(steps, 0, scope);
  return walk.sum();
}

void announce_start(Context& world, ThreadId thread, const Steps& steps, const DrawScope& scope) {
  if (looks_ahead(world)) {
    Job job;
    job.length = burst_of(world, steps, scope);
    world.os.begin_job(thread, job);
  }
}

void announce_rest(Actor& actor) {
  if (!looks_ahead(actor.world)) {
    return;
  }
  Walk walk{actor.world};
  for (const Place* place = actor.place; place != nullptr && !walk.over(); place = place->around) {
    if (place->turns > 0) {
      walk.loop(*place->steps, place->next, place->turns, place->scope);
    } else {
      walk.list(*place->steps, place->next, place->scope);
    }
  }
  Job job = actor.job == nullptr ? Job{} : *actor.job;
  job.length = walk.sum();
  actor.world.os.begin_job(actor.thread, job);
}

}  // namespace timeslice::models
