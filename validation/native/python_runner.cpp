#include "validation/native/python_runner.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "scenarios/simulate.hpp"
#include "validation/native/proc_sampler.hpp"
#include "validation/native/program.hpp"
#include "validation/native/shared_blocks.hpp"
#include "validation/native/support.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

using nlohmann::json;

json kernel(const KernelCost& cost) {
  return json::array({cost.fixed_ns, cost.per_iteration_ns});
}

json instructions(const Instructions& program) {
  json list = json::array();
  for (const Instruction& instruction : program) {
    list.push_back(json::array({static_cast<int>(instruction.op), instruction.argument}));
  }
  return list;
}

std::string kind_word(models::ExecutorKind kind) {
  switch (kind) {
    case models::ExecutorKind::threads:
      return "threads";
    case models::ExecutorKind::thread_per_task:
      return "thread-per-task";
    case models::ExecutorKind::processes:
      return "processes";
    case models::ExecutorKind::process_per_task:
      return "process-per-task";
    case models::ExecutorKind::asyncio:
      return "asyncio";
    case models::ExecutorKind::process_executor:
      return "process-executor";
    default:
      return "serial";
  }
}

json executor_plan(const models::WorldSpec& world, const models::ExecutorSpec& executor) {
  const bool terminate = executor.shutdown == models::ExecutorSpec::Shutdown::terminate;
  const bool at_start = executor.create == models::ExecutorSpec::Create::start;
  const bool in_threads =
      executor.workers.kind != models::WorkerCount::Kind::runtime_default;  // of event loops
  return {{"kind", kind_word(executor.kind)},
          {"workers", worker_count(world, executor)},
          {"loops", in_threads ? worker_count(world, executor) : 0},
          {"start", start_method(world.runtime, executor)},
          {"shutdown", terminate ? "terminate" : "join"},
          {"create", at_start ? "start" : "first-use"},
          {"argument", executor.payload.argument.count},
          {"result", executor.payload.result.count},
          {"objects", executor.payload.objects},
          {"shared", uses_shared_blocks(executor) ? own_block_prefix() : std::string{}},
          {"daemon", executor.daemon},
          {"tasks_per_child",
           executor.maxtasksperchild ? json(*executor.maxtasksperchild) : json(nullptr)},
          {"import_ns", executor.import_cost.count()}};
}

const char* order_word(models::MapOrder order) {
  return order == models::MapOrder::whole      ? "map"
         : order == models::MapOrder::in_order ? "imap"
                                               : "imap_unordered";
}

json batch_plan(const models::WorldSpec& world, const Batch& batch) {
  const auto& executor = world.executors[models::index_of(batch.executor)];
  const auto chunksize = batch.chunksize ? batch.chunksize : executor.chunksize;
  return {{"executor", models::index_of(batch.executor)},
          {"chunksize", chunksize ? json(*chunksize) : json(nullptr)},
          {"star", batch.star},
          {"order", order_word(batch.order)},
          {"future", models::index_of(batch.future)},
          {"gathers", batch.gathers},
          {"items", batch.items}};
}

/// CPUs of the host that the run may use: as many as the scenario's machine has.
json cpu_plan(const models::WorldSpec& world, const HostCalibration& calibration) {
  const std::size_t wanted = world.machine.cpus.size();
  if (wanted == 0 || wanted >= calibration.cpus.size()) {
    return json::array();
  }
  return std::vector<std::int32_t>(calibration.cpus.begin(),
                                   calibration.cpus.begin() + static_cast<std::ptrdiff_t>(wanted));
}

/// RFC 4648 alphabet; nothing if `text` is not base64.
std::optional<std::string> from_base64(const std::string& text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<int, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  unsigned held = 0;
  int bits = 0;
  for (const char letter : text) {
    if (letter == '=') {
      break;
    }
    const int value = values[static_cast<unsigned char>(letter)];
    if (value < 0) {
      return std::nullopt;
    }
    held = (held << 6U) | static_cast<unsigned>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>((held >> static_cast<unsigned>(bits)) & 0xFFU));
    }
  }
  return bytes;
}

std::vector<KernelSample> unpack(const std::string& bytes, std::int64_t start_ns) {
  static_assert(sizeof(KernelSample) == 48, "the harness packs samples as <qqqqiiii");
  std::vector<KernelSample> samples(bytes.size() / sizeof(KernelSample));
  if (!samples.empty()) {
    std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(KernelSample));
  }
  std::erase_if(samples, [](const KernelSample& sample) {  // a process that was killed writes less
    return sample.kernel < Kernel::python || sample.kernel > Kernel::held;
  });
  for (KernelSample& sample : samples) {
    sample.begin_ns -= start_ns;
    sample.end_ns -= start_ns;
  }
  std::ranges::sort(samples, {}, &KernelSample::begin_ns);
  return samples;
}

/// Of an event loop whose coroutines waited for timers or devices; nothing for others.
void add_loop_lag(const std::string& executor, const json& lags, models::Timings& timings) {
  const auto values = lags.get<std::vector<double>>();
  if (values.empty()) {
    return;
  }
  const auto add = [&](const char* name, double q) {
    timings.metrics.push_back(
        {.name = name, .entity = executor, .unit = "ns", .value = quantile(values, q)});
  };
  add("loop_lag_p50", 0.50);
  add("loop_lag_p99", 0.99);
  add("loop_lag_max", 1.00);
}

/// Shutdown of every executor; startup only where it is one act, the creation of a process pool.
void add_executor_metrics(const models::WorldSpec& world, const json& result,
                          models::Timings& timings) {
  for (std::size_t i = 0; i < world.executors.size(); ++i) {
    const models::ExecutorSpec& executor = world.executors[i];
    const auto add = [&](const char* name, const json& values) {
      timings.metrics.push_back({.name = name,
                                 .entity = executor.name,
                                 .unit = "ns",
                                 .value = values.at(i).get<double>()});
    };
    add("shutdown", result.at("shutdown_ns"));
    add_loop_lag(executor.name, result.at("loop_lag_ns").at(i), timings);
    const bool process_pool = executor.kind == models::ExecutorKind::processes;
    if (process_pool) {
      add("startup", result.at("startup_ns"));
    }
  }
}

/// Which processes run items besides main's.
struct WhereWork {
  bool in_processes = false;
  /// Nobody hears what they used in the span of the makespan: a fork server waits for them, or
  /// they were started before main's first step.
  bool unheard = false;
};

WhereWork where_work(const models::WorldSpec& world) {
  WhereWork where;
  for (const models::ExecutorSpec& executor : world.executors) {
    if (kind_word(executor.kind).starts_with("process")) {
      where.in_processes = true;
      where.unheard = where.unheard || start_method(world.runtime, executor) == "forkserver" ||
                      executor.create == models::ExecutorSpec::Create::start;
    }
  }
  return where;
}

/// All batches of a task together.
void add_task_latencies(const models::WorldSpec& world, const NativeProgram& program,
                        const json& by_batch, models::Timings& timings) {
  for (std::size_t task = 0; task < world.tasks.size(); ++task) {
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < program.batches.size(); ++i) {
      if (models::index_of(program.batches[i].task) == task) {
        const auto some = by_batch.at(i).get<std::vector<std::int64_t>>();
        all.insert(all.end(), some.begin(), some.end());
      }
    }
    add_latencies(world.tasks[task].name, std::move(all), timings);
  }
}

UsagePart usage_part(const json& counts) {
  return {.cpu = sim::Duration{counts.at(0).get<std::int64_t>()},
          .voluntary = counts.at(1).get<std::uint64_t>(),
          .involuntary = counts.at(2).get<std::uint64_t>()};
}

/// Fills `run` from what the harness printed. Throws nlohmann::json::exception on anything else.
void read_result(const models::WorldSpec& world, const NativeProgram& program,
                 const std::string& text, NativeRun& run) {
  const json result = json::parse(text);
  const auto start = result.at("start_ns").get<std::int64_t>();
  run.start_ns = start;
  const auto bytes = from_base64(result.at("samples").get<std::string>());
  if (bytes) {
    run.samples = unpack(*bytes, start);
  }
  std::uint64_t items = 0;
  for (const Batch& batch : program.batches) {
    items += batch.items.size();
  }
  const WhereWork where = where_work(world);
  NativeUsage usage{.makespan = sim::Duration{result.at("end_ns").get<std::int64_t>() - start},
                    .own = usage_part(result.at("own")),
                    .alone = !where.in_processes,
                    .cpus = world.machine.cpus.size(),
                    .items = items};
  if (where.in_processes && !where.unheard) {
    usage.children = usage_part(result.at("children"));
  }
  add_metrics(usage, run.timings);
  add_executor_metrics(world, result, run.timings);
  add_task_latencies(world, program, result.at("latencies_ns"), run.timings);
  std::ranges::sort(run.timings.metrics, [](const auto& a, const auto& b) {
    return std::tie(a.name, a.entity) < std::tie(b.name, b.entity);
  });
}

}  // namespace

void note_failure(const ChildOutcome& outcome, models::Timings& timings) {
  timings.status = outcome.end == ChildEnd::out_of_time ? models::RunStatus::timeout
                   : outcome.end == ChildEnd::given_up  ? models::RunStatus::killed
                                                        : models::RunStatus::failed;
  timings.error = describe(outcome);
}

/// Where a mutex is known, or what else it is and its number.
json lock_plan(const models::LockSpec& lock) {
  switch (lock.kind) {
    case models::LockKind::queue:
      return {"queue", lock.capacity};
    case models::LockKind::semaphore:
      return {"semaphore", lock.value};
    case models::LockKind::barrier:
      return {"barrier", lock.parties};
    case models::LockKind::event:
      return {"event", 0};
    case models::LockKind::mutex:
    case models::LockKind::rwlock:
      break;
  }
  return lock.scope == models::LockScope::process ? "process" : "thread";
}

std::string harness_plan(const models::WorldSpec& world, const NativeProgram& program,
                         const HostCalibration& calibration, RunStyle style) {
  json plan;
  plan["part_ns"] = style.part.count();
  plan["latencies"] = style.latencies;
  plan["kernels"] = {{"python", kernel(calibration.python_kernel)},
                     {"native", kernel(calibration.native_kernel)},
                     {"held", kernel(calibration.held_kernel)}};
  plan["cpus"] = cpu_plan(world, calibration);
  plan["switch_interval_ns"] = world.runtime.gil.switch_interval.count();
  plan["futures"] = world.futures.size();
  plan["locks"] = json::array();
  for (const models::LockSpec& lock : world.locks) {
    plan["locks"].push_back(lock_plan(lock));
  }
  plan["executors"] = json::array();
  for (const models::ExecutorSpec& executor : world.executors) {
    plan["executors"].push_back(executor_plan(world, executor));
  }
  plan["batches"] = json::array();
  for (const Batch& batch : program.batches) {
    plan["batches"].push_back(batch_plan(world, batch));
  }
  plan["programs"] = json::array();
  for (const Instructions& one : program.programs) {
    plan["programs"].push_back(instructions(one));
  }
  plan["main"] = instructions(program.main);
  return plan.dump();
}

sim::Duration wall_limit(double nominal_ns) {
  // Ten times the serial length covers a machine with two runnable neighbours a core in its slow
  // state; 20 s cover the start of processes.
  return std::chrono::seconds{20} + sim::Duration{static_cast<std::int64_t>(nominal_ns * 10.0)};
}

PythonRunner::PythonRunner(std::shared_ptr<const HostCalibration> calibration, ScriptFolder folder,
                           ChildLimits limits, RunStyle style)
    : calibration_{std::move(calibration)},
      folder_{std::move(folder)},
      limits_{std::move(limits)},
      style_{style} {}

NativeRun PythonRunner::measure(const scenarios::Scenario& scenario, std::uint64_t repetition,
                                const scenarios::RunOptions& options) {
  NativeRun run;
  run.timings.seed = scenarios::run_seed(scenario, repetition);
  const NativeProgram program = expand(scenario.world, run.timings.seed);
  const std::string plan = folder_.file("plan.json");
  run.timings.status = models::RunStatus::failed;
  if (!folder_.write("plan.json", harness_plan(scenario.world, program, *calibration_, style_))) {
    run.timings.error = "cannot write " + plan;
    return run;
  }
  ChildLimits limits = limits_;
  limits.wall = std::min(limits.wall, wall_limit(totals(program).all()));
  if (options.give_up) {
    limits.give_up = options.give_up;
  }
  std::optional<ProcSampler> sampler;
  if (options.sample_period > sim::Duration::zero()) {
    limits.on_start = [&](std::int32_t group) { sampler.emplace(group, options.sample_period); };
  }
  const SharedBlocksGuard blocks;
  const HostCpuTimes before = host_cpu_times();
  auto outcome = run_program({calibration_->python, "-I", "-B", folder_.file("harness.py"), "run",
                              plan, std::to_string(::getpid())},
                             limits);
  if (!outcome) {
    run.timings.error = outcome.error().what;
    return run;
  }
  note_disturbance(before, host_cpu_times(), outcome.value().cpu, run);
  run.root = outcome.value().group;
  if (!outcome.value().succeeded()) {
    note_failure(outcome.value(), run.timings);
    return run;
  }
  try {
    read_result(scenario.world, program, outcome.value().out, run);
    if (sampler) {
      sampler->stop();
      const std::int64_t end = run.start_ns + run.timings.makespan.count();
      sampler->add_to(run.timings, run.start_ns, end);
    }
    run.timings.status = models::RunStatus::ok;
  } catch (const json::exception& problem) {
    run.timings.error = std::string{"the harness's answer makes no sense: "} + problem.what();
  }
  return run;
}

}  // namespace timeslice::validation
