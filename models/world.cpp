#include "models/world.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "models/python/fork_server.hpp"
#include "models/python/start_check.hpp"
#include "models/work/context.hpp"
#include "models/work/periodic.hpp"
#include "models/work/program.hpp"
#include "models/work/thread_names.hpp"
#include "models/world_report.hpp"
#include "models/world_samples.hpp"
#include "models/world_slices.hpp"
#include "models/world_waits.hpp"

namespace timeslice::models {

namespace {

/// An empty turn of a background program's loop. Guess; keeps such a loop from standing still.
constexpr sim::Duration empty_turn = std::chrono::microseconds{1};

/// Events without progress of the program after which the watchdog looks: about a second of wall
/// time. Work done by any of its threads is progress, but not what a pool's own threads do: they
/// may turn in circles. So between two such events lies at most the time for which all wait. That
/// is a clock, a device or a background program's lock, and then the run goes on; or their turn on
/// a CPU, which comes every few thousand events.
constexpr std::uint64_t default_patience = 5'000'000;

/// Simulated time stops here, 2^62 ns or 146 years: the longest single stretch (127 years,
/// os/cpu_rates.cpp) that begins before still ends within 64 bits.
constexpr sim::Instant horizon{sim::Duration{std::int64_t{1} << 62U}};

class WorldRun {
 public:
  WorldRun(const WorldSpec& spec, std::uint64_t run_seed, const WorldOptions& options)
      : spec_{spec},
        options_{options},
        activities_{options.sink},
        recorder_{&activities_},
        trace_{options.keep_slices ? &recorder_ : options.sink},
        random_{run_seed},
        os_{engine_, trace_, random_, spec.machine, spec.os},
        context_{spec, {engine_, trace_, random_, os_}, options.keep_slices} {
    timings_.seed = run_seed;
    if (options.keep_slices) {
      os_.log_cpu_states(states_);
    }
  }

  [[nodiscard]] Timings run();
  [[nodiscard]] sim::FramePool& frame_pool() { return engine_.frame_pool(); }

 private:
  void start_main();
  void start_background();
  Program main_program(Actor& actor);
  sim::Process<> shut_down_all(Actor& main);
  Program background_program(Actor& actor, std::uint32_t entry, std::uint32_t copy);
  [[nodiscard]] sim::Limits limits() const;
  [[nodiscard]] sim::StopReason run_to_the_end();
  [[nodiscard]] bool program_goes_on();
  [[nodiscard]] bool goes_on(const Actor& actor);
  [[nodiscard]] std::string why_not_done();
  [[nodiscard]] bool anybody_runs();
  void run_past_the_horizon();
  void judge_standstill();
  [[nodiscard]] bool has_failed(sim::StopReason reason);
  void judge(sim::StopReason reason);
  void report();
  void add_cpu_states(sim::Duration shift);
  void add_timeline();

  const WorldSpec& spec_;
  const WorldOptions& options_;
  sim::Engine engine_;
  ActivityRecorder activities_;
  SliceRecorder recorder_;
  CpuStateLog states_;
  sim::Trace trace_;
  sim::Random random_;
  Dispatcher os_;
  Context context_;
  MainSpan span_;
  bool main_done_ = false;
  Timings timings_;
};

Timings WorldRun::run() {
  for (std::uint32_t index = 0; index < spec_.executors.size(); ++index) {
    context_.executors.push_back(make_executor(context_, ExecutorIndex{index}));
  }
  add_doubts(context_);
  add_start_doubts(context_);
  os_.share_machine(spec_.characters);
  start_main();
  start_background();
  const sim::StopReason reason = run_to_the_end();
  judge(reason);
  report();
  return std::move(timings_);
}

void WorldRun::start_main() {
  UserProcess& process = context_.add_process("main");
  if (context_.python()) {
    context_.memory.begin_main(engine_.now(), process.id, spec_.runtime.memory);
  }
  const NewThread thread{.name = "main", .affinity = {}, .nice = {}, .group = {}};
  Actor& actor = make_actor(context_, process, thread);
  process.live_threads = 1;
  os_.start(actor.thread, main_program(actor), WakeCause{});
}

void WorldRun::start_background() {
  const std::string prefix = background_prefix(spec_);
  for (std::uint32_t entry = 0; entry < spec_.background.size(); ++entry) {
    const BackgroundSpec& other = spec_.background[entry];
    const std::string name = prefix + "-" + std::to_string(entry);
    UserProcess& process = context_.add_process(name);
    process.background = true;
    for (std::uint32_t copy = 0; copy < other.threads; ++copy) {
      const NewThread thread{.name = name + "-" + std::to_string(copy),
                             .affinity = {},
                             .nice = other.nice,
                             .group = other.group,
                             .background = true,
                             .sched = other.sched};
      Actor& actor = make_actor(context_, process, thread);
      ++process.live_threads;
      os_.start(actor.thread, background_program(actor, entry, copy), WakeCause{});
    }
  }
}

Program WorldRun::main_program(Actor& actor) {
  co_await enter(actor);
  actor.begun = true;
  for (const std::unique_ptr<Executor>& executor : context_.executors) {
    if (executor->spec().create == ExecutorSpec::Create::start) {
      co_await executor->create(actor);
    }
  }
  span_.begin = engine_.now();
  context_.main_began = span_.begin;
  span_.accounts = WorldAccounts::from_now_on(context_);
  const DrawScope scope = main_scope();
  co_await run_steps(actor, spec_.main, scope);
  co_await join_periodic(actor);
  // Again, since tasks that main did not wait for may still start threads and processes.
  while (std::ranges::any_of(context_.executors, [](const auto& each) { return each->open(); })) {
    co_await shut_down_all(actor);
  }
  span_.end = engine_.now();
  main_done_ = true;
  engine_.stop();
}

/// Loops first: coroutines that are left over may still use the others.
sim::Process<> WorldRun::shut_down_all(Actor& main) {
  for (const bool loops : {true, false}) {
    for (std::size_t left = context_.executors.size(); left > 0; --left) {
      Executor& executor = *context_.executors[left - 1];
      if ((executor.spec().kind == ExecutorKind::asyncio) == loops) {
        co_await executor.shut_down(main);
      }
    }
  }
}

Program WorldRun::background_program(Actor& actor, std::uint32_t entry, std::uint32_t copy) {
  constexpr std::uint32_t stream = task_key("(background)");
  const BackgroundSpec& other = spec_.background[entry];
  const Steps& steps = spec_.tasks[index_of(other.task)].steps;
  if (other.start > sim::Duration::zero()) {
    static_cast<void>(co_await os_.wait_for_device(actor.thread, other.start));
  }
  co_await enter(actor);
  DrawScope scope{.task = context_.task_keys[index_of(other.task)],
                  .item = mix(mix(stream, entry), copy),
                  .count = 0};
  while (true) {
    ++scope.count;
    const sim::Instant before = engine_.now();
    co_await run_steps(actor, steps, scope);
    if (engine_.now() == before) {
      co_await kernel(actor, empty_turn);
    }
  }
}

sim::Limits WorldRun::limits() const {
  sim::Limits limits = options_.limits;
  limits.events_without_progress = std::min(limits.events_without_progress, default_patience);
  limits.time = std::min(limits.time, horizon);
  return limits;
}

/// The watchdog may have struck while the program waits for a clock beside a busy background
/// program: then it goes on, unless the clock stands still.
sim::StopReason WorldRun::run_to_the_end() {
  sim::Limits left = limits();
  while (true) {
    const sim::Instant begin = engine_.now();
    const std::uint64_t before = engine_.events();
    const sim::StopReason reason = engine_.run(os_, left);
    const bool no_progress = reason == sim::StopReason::no_progress;
    if (!no_progress || engine_.now() == begin || !program_goes_on()) {
      return reason;
    }
    left.events -= engine_.events() - before;
  }
}

bool WorldRun::program_goes_on() {
  for (std::uint32_t id = 0; id < os_.threads(); ++id) {
    const Actor* actor = context_.processes.actor_of(ThreadId{id});
    if (actor != nullptr && !actor->background && !actor->serves && goes_on(*actor)) {
      return true;
    }
  }
  return false;
}

/// Whether it runs, or will be woken by a clock or a device, or waits for the lock of a thread of
/// which that holds. Who waits for a GIL turns in circles; that is not enough.
bool WorldRun::goes_on(const Actor& actor) {
  const Actor* at = &actor;
  for (std::size_t links = 0; links <= spec_.locks.size(); ++links) {
    if (!os_.blocked(at->thread)) {
      return os_.running(at->thread) || (at->background && !os_.finished(at->thread));
    }
    const WaitCause cause = os_.waiting_for(at->thread);
    if (cause.what == WaitFor::sleep || cause.what == WaitFor::io) {
      return true;
    }
    const auto holder = cause.what == WaitFor::lock
                            ? context_.lock_holder(at->process, cause.object)
                            : std::nullopt;
    if (!holder || *holder == at->thread) {
      return false;
    }
    at = context_.processes.actor_of(*holder);
  }
  return false;
}

std::string WorldRun::why_not_done() {
  const std::string starved = describe_starvation(context_);
  return starved.empty() ? describe_waits(context_) : starved;
}

/// Whether a thread of the program is on a CPU: then what it does ends later than can be counted.
bool WorldRun::anybody_runs() {
  for (std::uint32_t id = 0; id < os_.threads(); ++id) {
    const Actor* actor = context_.processes.actor_of(ThreadId{id});
    if (actor != nullptr && !actor->background && os_.running(ThreadId{id})) {
      return true;
    }
  }
  return false;
}

void WorldRun::run_past_the_horizon() {
  timings_.status = RunStatus::timeout;
  timings_.error =
      "E-limit: the program would run for over 127 years of simulated time; use shorter durations, "
      "fewer items or fewer repeats";
}

/// Something happens, but the program gets nowhere: others keep the CPUs from it, or its threads
/// turn in circles.
void WorldRun::judge_standstill() {
  const std::string starved = describe_starvation(context_);
  if (starved.empty()) {
    timings_.status = RunStatus::deadlock;
    timings_.error = "no progress although something happens: " + describe_waits(context_);
  } else {
    timings_.status = RunStatus::timeout;
    timings_.error = "main would never end: " + starved;
  }
}

/// Whether main was ended by an exception, or waits for work that nobody will ever do.
bool WorldRun::has_failed(sim::StopReason reason) {
  const bool waits = reason == sim::StopReason::drained || reason == sim::StopReason::no_progress;
  if (!context_.failure.empty()) {
    timings_.error = context_.failure;
  } else if (waits && !context_.losses.empty()) {
    for (const std::string& loss : context_.losses) {
      timings_.error += (timings_.error.empty() ? "" : "; ") + loss;
    }
  } else {
    return false;
  }
  timings_.status = RunStatus::failed;
  return true;
}

void WorldRun::judge(sim::StopReason reason) {
  if (main_done_ && context_.failure.empty()) {
    return;
  }
  span_.end = engine_.now();
  if (has_failed(reason)) {
    return;
  }
  switch (reason) {
    case sim::StopReason::drained:
      if (anybody_runs()) {
        run_past_the_horizon();
        break;
      }
      timings_.status = RunStatus::deadlock;
      timings_.error = "deadlock: " + describe_waits(context_);
      break;
    case sim::StopReason::no_progress:
      judge_standstill();
      break;
    case sim::StopReason::time_limit:
      run_past_the_horizon();
      break;
    case sim::StopReason::event_limit:
    case sim::StopReason::gave_up:
    case sim::StopReason::stopped:
      timings_.status = RunStatus::timeout;
      timings_.error = "a limit was met before main ended: " + why_not_done();
      break;
  }
}

void WorldRun::report() {
  settle_gils(context_);
  timings_.digest = trace_.digest();
  timings_.events = engine_.events();
  timings_.makespan = span_.end - span_.begin;
  add_metrics(context_, span_, timings_);
  if (options_.keep_tasks) {
    add_tasks(context_, span_, timings_);
  }
  if (options_.keep_slices) {
    add_timeline();
  }
  timings_.warnings = context_.warnings;
  if (options_.keep_slices) {
    add_resource_samples(activities_, context_, span_, options_.sample_period, timings_);
  }
}

void WorldRun::add_cpu_states(sim::Duration shift) {
  os_.settle_cpus();
  const auto at = [&](std::int64_t ns) { return sim::Instant{sim::Duration{ns} - shift}; };
  for (const CpuStretch& stretch : states_.finish(engine_.now().time_since_epoch().count())) {
    timings_.cpu_states.push_back({.cpu = static_cast<std::int32_t>(stretch.cpu),
                                   .start = at(stretch.from_ns),
                                   .end = at(stretch.to_ns),
                                   .state = stretch.state});
  }
}

void WorldRun::add_timeline() {
  const sim::Duration shift = span_.begin.time_since_epoch();
  add_cpu_states(shift);
  for (const SliceRecorder::Slice& slice : recorder_.finish(engine_.now())) {
    timings_.slices.push_back({.thread = os_.name(slice.thread),
                               .cpu = slice.cpu,
                               .start = slice.start - shift,
                               .end = slice.end - shift,
                               .state = slice.state});
  }
  for (const SliceRecorder::Wake& wake : recorder_.wakes()) {
    timings_.wakes.push_back(
        {.thread = os_.name(wake.thread),
         .waker = wake.waker < os_.threads() ? os_.name(ThreadId{wake.waker}) : std::string{},
         .at = wake.at - shift});
  }
  for (const SliceRecorder::Hold& hold : recorder_.holds()) {
    timings_.gil_holds.push_back({.process = context_.processes.processes()[hold.process].name,
                                  .thread = os_.name(hold.thread),
                                  .start = hold.start - shift,
                                  .end = hold.end - shift});
  }
}

}  // namespace

Timings simulate_world(const WorldSpec& spec, std::uint64_t run_seed, const WorldOptions& options) {
  const auto run = std::make_unique<WorldRun>(spec, run_seed, options);
  return run->run();
}

}  // namespace timeslice::models
