#include "validation/calibrate/derive_runtime.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "models/machine/quantity_text.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

using models::EventLoopCosts;

constexpr double page_bytes = 4096.0;

class RuntimeDeriver {
 public:
  RuntimeDeriver(const ProbeSamples& samples, const RuntimeGround& ground)
      : samples_{samples}, ground_{ground}, found_{ground.date} {}

  Findings run() {
    threads();
    starts();
    pool();
    executor();
    payload();
    event_loop();
    memory();
    return std::move(found_);
  }

 private:
  [[nodiscard]] double low(const std::string& name) const {
    const Samples* found = samples_.find(name);
    return found == nullptr ? 0.0 : quantile(found->ns, cpu_quantile);
  }

  [[nodiscard]] std::vector<std::string> place(const std::string& key) const {
    std::vector<std::string> path{"runtimes", ground_.name};
    const std::size_t dot = key.find('.');
    path.push_back(key.substr(0, dot));
    if (dot != std::string::npos) {
      path.push_back(key.substr(dot + 1));
    }
    return path;
  }

  /// The cost `key` is `source` less `off`.
  void cost(const std::string& key, const std::string& source, double off = 0.0,
            double factor = 1.0) {
    if (const Samples* found = samples_.find(source)) {
      const Samples taken = adjusted(*found, off, factor);
      found_.add(place(key), &taken, cpu_quantile, ground_.from);
    }
  }

  void threads() {
    cost("gil_take", "gil_take");
    cost("lock", "lock");
    cost("sync", "sync");
    cost("thread_object", "thread_start_python", sim::as_ns(ground_.os.thread_start));
    cost("submit", "submit");
    cost("thread_item", "thread_item");
    cost("imap_next", "imap_next");
    cost("cpp_task", "cpp_task");
    cost("interpreter_create", "interpreter_create");
    cost("interpreter_call", "interpreter_call");
    cost("interpreter_close", "interpreter_close");
    found_.observe("gil_reacquire_" + ground_.name, samples_.find("gil_reacquire"),
                   "lateness of a sleep of 1 ms beside a busy thread");
  }

  /// What the kernel charges for the size of a process of this Python, at its end.
  [[nodiscard]] double kernel_exit() const {
    const double mib = low("resident") / (1 << 20);
    return sim::as_ns(ground_.os.process_exit) + mib * sim::as_ns(ground_.os.fork_per_mib);
  }

  void starts() {
    cost("process_object", "process.parent", low("fork"));
    cost("fork_child", "process.until");
    cost("child_exit", "process.after", kernel_exit());
    cost("pool_create", "pool", 2.0 * low("process.parent"));
    cost("pool_import", "pool_import");
    cost("spawn_parent", "spawn.parent", sim::as_ns(ground_.os.fork));
    cost("interpreter_start", "spawn.until");
    cost("spawn_exit", "spawn.after", kernel_exit());
    cost("resource_tracker", "helpers.tracker");
    cost("forkserver_start", "helpers.server");
    cost("forkserver_child", "forkserver.until");
  }

  void pool() {
    const double write = low("parts.os_write");
    const double read = low("parts.os_read");
    cost("item", "parts.worker_item");
    cost("pool_put", "parts.task_handler_chunk", write);
    cost("pool_put_item", "parts.task_handler_item");
    cost("pool_get", "parts.worker_chunk", low("parts.result_put") + read);
    cost("pool_result", "parts.result_put", write);
    cost("pool_store", "parts.result_handler_chunk", read);
    cost("pool_store_item", "parts.result_handler_item");
    cost("worker_handler_turn", "worker_handler_turn");
  }

  void executor() {
    const double write = low("parts.os_write");
    const double read = low("parts.os_read");
    const double call = sim::as_ns(ground_.os.syscall);
    cost("executor.submit", "parts.executor_submit", write);
    cost("executor.add", "parts.executor_add");
    cost("executor.feed", "parts.executor_feed");
    cost("executor.send", "parts.executor_send", write);
    cost("executor.get", "parts.executor_get", read);
    cost("executor.put", "parts.executor_put", write);
    cost("executor.receive", "parts.executor_recv", read);
    cost("executor.store", "parts.executor_store");
    cost("executor.result", "parts.future_result");
    cost("executor.wait", "parts.wait_base");
    cost("executor.wait_each", "parts.wait_per_object");
    cost("executor.poll", "parts.poll", call);
    cost("executor.take_byte", "parts.executor_clear", low("parts.poll") + read);
    cost("executor.create", "executor_create");
  }

  /// CPU time of a step at each size without faults, and the share of its pages that fault.
  void payload_step(const std::string& step, bool pipe_copies) {
    Finding finding{
        .path = place("payload." + step), .values = {}, .list = true, .name = {}, .measured = {}};
    const double fault = low("payload.fault");
    double before = 0.0;
    for (const std::int64_t size : payload_sizes) {
      const std::string name = fmt::format("payload.{}.{}", step, size);
      const Samples* cpu = samples_.find(name + ".cpu");
      const Samples* faults = samples_.find(name + ".faults");
      if (cpu == nullptr || faults == nullptr || fault <= 0.0) {
        return;  // a table is whole or not there
      }
      const double touched = quantile(faults->ns, wall_quantile);
      const double rest = quantile(cpu->ns, cpu_quantile) - low("payload.step") - touched * fault;
      // A larger size never takes less: where faults ate all, what the smaller one took.
      before = pipe_copies ? 0.0 : std::max(before, rest);
      const double share = touched * page_bytes / static_cast<double>(size);
      finding.values.push_back(
          fmt::format("{} {:.2f}", models::to_text(sim::Duration{std::llround(before)}), share));
      finding.measured =
          condense(*cpu, ground_.from + ", an echo; the quantiles: at 1 MB, with faults");
    }
    found_.add_value(std::move(finding));
  }

  void payload() {
    for (const char* step :
         {"argument_dumps", "argument_loads", "result_build", "result_dumps", "result_loads"}) {
      payload_step(step, false);
    }
    payload_step("argument_read", true);
    payload_step("result_read", true);
    cost("payload.fault", "payload.fault");
    cost("payload.object_dumps", "object_dumps");
    cost("payload.object_loads", "object_loads");
    const double step = low("payload.step");
    cost("payload.shared_create", "shared_create.small", step);
    cost("payload.shared_attach", "shared_attach.small", step);
    cost("payload.shared_release", "shared_release.small", step);
    share("payload.shared_map_share", "shared_map");
    share("payload.shared_free_share", "shared_release");
  }

  /// What each further page of a block costs, as a share of a fault.
  void share(const std::string& key, const std::string& source) {
    constexpr double pages = 1023.0;  // 1024 in the large block, 1 in the small one
    const Samples* large = samples_.find(source + ".large");
    const double fault = low("payload.fault");
    if (large == nullptr || fault <= 0.0) {
      return;
    }
    const Samples each = adjusted(*large, low(source + ".small") / pages, 1.0 / pages);
    const double part = quantile(each.ns, cpu_quantile) / fault;
    found_.add_value({.path = place(key),
                      .values = {fmt::format("{:.3f}", part)},
                      .list = false,
                      .name = {},
                      .measured = condense(each, ground_.from + ", a page")});
  }

  void event_loop() {
    const Samples* among = samples_.find("loop_switch");
    if (among == nullptr) {
      return;
    }
    const EventLoopCosts usual;
    const double callback = sim::as_ns(usual.callback);
    const double step = sim::as_ns(usual.step);
    const double factor = low("loop_switch") / (callback + step);
    cost("event_loop.callback", "loop_switch", 0.0, callback / (callback + step));
    cost("event_loop.step", "loop_switch", 0.0, step / (callback + step));
    cost("event_loop.turn", "loop_alone", low("loop_switch"));
    cost("event_loop.create_task", "create_task");
    cost("event_loop.timer_set", "timer_step", step * factor);
    cost("event_loop.loop_create", "loop_create");
    cost("event_loop.loop_run", "loop_run");
    cost("event_loop.loop_close", "loop_close");
    scaled("timer_fire", usual.timer_fire);
    scaled("gather_child", usual.gather_child);
    scaled("io_start", usual.io_start);
    scaled("io_end", usual.io_end);
    scaled("wrap_future", usual.wrap_future);
    scaled("thread_result", usual.thread_result);
    scaled("take_result", usual.take_result);
    scaled("self_pipe", usual.self_pipe);
  }

  /// A part that is not measured alone: its default, scaled as callback and step are.
  void scaled(const std::string& key, sim::Duration usual) {
    const EventLoopCosts parts;
    const double factor = sim::as_ns(usual) / sim::as_ns(parts.callback + parts.step);
    const Samples taken = adjusted(*samples_.find("loop_switch"), 0.0, factor);
    found_.add(place("event_loop." + key), &taken, cpu_quantile,
               ground_.from + ", scaled as callback and step");
  }

  void memory() {
    bytes("interpreter", "memory.spawn.private");
    bytes("files", "memory.parent.files");
    bytes("forked_files", "memory.fork.files");
    bytes("fork_writes", "memory.fork.private");
    bytes("forkserver_writes", "memory.forkserver.private");
  }

  void bytes(const std::string& key, const std::string& source) {
    const Samples* found = samples_.find(source);
    if (found == nullptr) {
      return;
    }
    Finding finding{.path = place("memory." + key),
                    .values = {models::to_text(models::Bytes{std::llround(found->ns.front())})},
                    .list = false,
                    .name = {},
                    .measured = {}};
    finding.measured.samples = found->ns.size();
    finding.measured.from = ground_.from + ", smaps_rollup";
    found_.add_value(std::move(finding));
  }

  const ProbeSamples& samples_;
  const RuntimeGround& ground_;
  Findings found_;
};

}  // namespace

Findings derive_runtime(const ProbeSamples& samples, const RuntimeGround& ground) {
  return RuntimeDeriver{samples, ground}.run();
}

Findings derive_cold_code(const ProbeSamples& samples, const RuntimeGround& ground) {
  Findings found{ground.date};
  const Samples* later = samples.find("cold_code.later");
  const Samples* soon = samples.find("cold_code.after_1ms");
  if (later == nullptr || soon == nullptr || quantile(later->ns, wall_quantile) <= 0.0) {
    return found;
  }
  constexpr double soon_ns = 1e6;
  constexpr double longest_ns = 8e6;  // the longest while that is measured
  const double factor = quantile(later->ns, wall_quantile);
  const double share = quantile(soon->ns, wall_quantile) / factor;
  const double after = soon_ns / std::clamp(share, soon_ns / longest_ns, 1.0);
  const std::string from = ground.from + ", queue, future and pickle calls";
  const auto add = [&](const char* key, std::string value, const Samples& behind) {
    found.add_value({.path = {"cold_code", key},
                     .values = {std::move(value)},
                     .list = false,
                     .name = {},
                     .measured = condense(behind, from)});
  };
  add("factor", fmt::format("{:.2f}", factor), *later);
  add("after", models::to_text(sim::Duration{std::llround(after)}), *soon);
  const Samples* idle = samples.find("cold_code.after_idle");
  const Samples* busy = samples.find("cold_code.after_busy");
  if (idle != nullptr && busy != nullptr) {
    const double more = quantile(idle->ns, wall_quantile) - quantile(busy->ns, wall_quantile);
    add("idle", fmt::format("{:.3f}", std::clamp(more / factor, 0.0, 1.0)), *idle);
  }
  if (const Samples* crowd = samples.find("crowd"); crowd != nullptr) {
    const double start = std::max(quantile(crowd->ns, wall_quantile), 0.0);
    found.add_value({.path = {"cold_code", "start"},
                     .values = {models::to_text(sim::Duration{std::llround(start)})},
                     .list = false,
                     .name = {},
                     .measured = condense(*crowd, ground.from + ", children that start together")});
  }
  return found;
}

sim::Result<ProbeSamples> quick_samples(const std::string& text) {
  using nlohmann::json;
  ProbeSamples samples;
  const auto put = [&samples](const std::string& name, const json& values) {
    samples.by_name[name].ns = values.is_array() ? values.get<std::vector<double>>()
                                                 : std::vector<double>{values.get<double>()};
  };
  try {
    const json raw = json::parse(text);
    for (const char* name : {"fork", "pool", "pool_import", "resident", "crowd"}) {
      put(name, raw.at(name));
    }
    for (const char* group : {"process", "spawn", "forkserver", "helpers"}) {
      for (const auto& [part, values] : raw.at(group).items()) {
        put(std::string{group} + "." + part, values);
      }
    }
    for (const auto& [when, times] : raw.at("cold_code").items()) {
      put("cold_code." + when, times);
    }
    for (const auto& [process, sizes] : raw.at("memory").items()) {
      put("memory." + process + ".private", sizes.at("private"));
      put("memory." + process + ".files", sizes.at("files"));
    }
    return samples;
  } catch (const json::exception& problem) {
    return sim::Error{.where = "calibration",
                      .what = std::string{"a probe gave no numbers: "} + problem.what(),
                      .advice = "use a CPython 3.8 or newer"};
  }
}

}  // namespace timeslice::validation
