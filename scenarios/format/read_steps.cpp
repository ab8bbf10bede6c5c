#include "scenarios/format/read_steps.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

using models::Steps;

constexpr double probability_slack = 1e-9;  // sums of decimal fractions such as 0.1 + 0.2 + 0.7

/// The first key that is not ignored.
const Node::Key* first_key(const Node& node) {
  const auto found = std::ranges::find_if_not(node.keys, is_ignored, &Node::Key::text);
  return found == node.keys.end() ? nullptr : &*found;
}

class StepReader {
 public:
  explicit StepReader(const StepContext& context) : context_{context} {}

  Steps read_list(const Node& node) {
    Steps steps;
    if (!node.is_sequence()) {
      error(node, "E-type", fmt::format("steps must be a list, not {}", noun_of(node)),
            "write each step as a line that starts with '- '");
      return steps;
    }
    ++depth_;
    for (const Node& item : node.items) {
      if (context_.reading.reporter.full()) {
        break;
      }
      read_step(item, steps);
    }
    --depth_;
    return steps;
  }

 private:
  using Reader = void (StepReader::*)(Fields&, models::Step&);
  struct Entry {
    std::string_view name;
    Reader reader;
  };

  void error(const Node& node, std::string code, std::string what, std::string advice) {
    context_.reading.reporter.error(node.mark, std::move(code), std::move(what), std::move(advice));
  }

  void read_step(const Node& node, Steps& steps) {
    const Node::Key* first = node.is_map() ? first_key(node) : nullptr;
    if (first == nullptr) {
      error(node, "E-type", fmt::format("a step must be a map, not {}", noun_of(node)),
            "write it as - python: 5ms");
      return;
    }
    const Section* section = find_step(first->text);
    if (section == nullptr) {
      refuse_unknown(node, *first);
      return;
    }
    Fields fields{context_.reading, node, *section};
    models::Step step;
    step.number = next_++;
    const auto reader = std::ranges::find(readers, section->name, &Entry::name);
    if (section->name == "python" && !context_.has_python) {
      fields.error("python", "E-key", "'python' steps need a Python, and the runtime is none",
                   "use native, or give a runtime");
    }
    if (reader != readers.end()) {
      (this->*(reader->reader))(fields, step);
      steps.push_back(std::move(step));
    }
  }

  void refuse_unknown(const Node& node, const Node::Key& first) {
    const auto named = std::ranges::find_if(
        node.keys, [](const Node::Key& key) { return find_step(key.text) != nullptr; });
    context_.reading.reporter.error(
        first.mark, "E-key", fmt::format("there is no step '{}'", first.text),
        named != node.keys.end()
            ? fmt::format("a step's name comes first: write '{}' before it", named->text)
            : suggestion(first.text, step_names(), 12));
  }

  void read_python(Fields& fields, models::Step& step) {
    models::PythonStep read;
    fields.read("python", read.duration);
    fields.read("shared", read.shared);
    read.character = read_uses(fields, context_.characters);
    step.what = std::move(read);
  }

  void read_native(Fields& fields, models::Step& step) {
    models::NativeStep read;
    fields.read("native", read.duration);
    fields.read("holds_gil", read.holds_gil);
    read.character = read_uses(fields, context_.characters);
    step.what = std::move(read);
  }

  void read_work_step(Fields& fields, models::Step& step) {
    step.what = read_work(fields, context_.characters);
  }

  void read_memory(Fields& fields, models::Step& step) {
    step.what = read_touch(fields, context_.characters);
  }

  void read_atomic_step(Fields& fields, models::Step& step) {
    step.what = read_atomic(fields, context_.characters);
  }

  void read_io(Fields& fields, models::Step& step) {
    models::IoStep read;
    fields.read("io", read.duration);
    step.what = std::move(read);
  }

  void read_sleep(Fields& fields, models::Step& step) {
    models::SleepStep read;
    fields.read("sleep", read.duration);
    step.what = std::move(read);
  }

  void read_yield(Fields& outer, models::Step& step) {
    if (const Node* node = outer.map("yield"); node != nullptr) {
      const Fields none{context_.reading, *node, section_named("yield")};
    }
    step.what = models::YieldStep{};
  }

  void read_nice(Fields& fields, models::Step& step) {
    double level = 0.0;
    if (fields.read("nice", level) && level != std::floor(level)) {
      fields.error("nice", "E-type", "'nice' must be a whole number", "from -20 to 19");
    }
    step.what = models::NiceStep{static_cast<std::int32_t>(level)};
  }

  template <typename Index>
  void resolve(Names& names, Fields& fields, std::string_view key, Index& into) {
    const Node* node = fields.find(key);
    if (node != nullptr) {
      into = Index{names.resolve(context_.reading, *node).value_or(0)};
    }
  }

  void read_call(Fields& fields, models::Step& step) {
    models::CallStep read;
    resolve(context_.names.tasks, fields, "call", read.task);
    step.what = read;
  }

  Steps read_body(Fields& fields) {
    const Node* body = fields.find("do");
    return body == nullptr ? Steps{} : read_list(*body);
  }

  void read_with(Fields& fields, models::Step& step) {
    models::WithStep read;
    resolve(context_.names.locks, fields, "with", read.lock);
    read.reads = fields.choice("mode").value_or("write") == "read";
    read.body = read_body(fields);
    step.what = std::move(read);
  }

  void read_sync(Fields& fields, models::Step& step, models::SyncStep::What what,
                 std::string_view key) {
    models::SyncStep read{.what = what};
    resolve(context_.names.locks, fields, key, read.lock);
    step.what = read;
  }
  void read_put(Fields& fields, models::Step& step) {
    read_sync(fields, step, models::SyncStep::What::put, "put");
  }
  void read_get(Fields& fields, models::Step& step) {
    read_sync(fields, step, models::SyncStep::What::get, "get");
  }
  void read_set(Fields& fields, models::Step& step) {
    read_sync(fields, step, models::SyncStep::What::set, "set");
  }
  void read_wait(Fields& fields, models::Step& step) {
    read_sync(fields, step, models::SyncStep::What::wait, "wait");
  }
  void read_barrier(Fields& fields, models::Step& step) {
    read_sync(fields, step, models::SyncStep::What::barrier, "barrier");
  }

  void read_repeat(Fields& fields, models::Step& step) {
    models::RepeatStep read;
    fields.read("repeat", read.times);
    read.body = read_body(fields);
    step.what = std::move(read);
  }

  void read_timeout(Fields& fields, models::Step& step) {
    models::TimeoutStep read;
    fields.read("timeout", read.after);
    read.body = read_body(fields);
    step.what = std::move(read);
  }

  void read_choose(Fields& fields, models::Step& step) {
    models::ChooseStep read;
    double sum = 0.0;
    const Node* branches = fields.list("choose");
    for (std::size_t i = 0; branches != nullptr && i < branches->items.size(); ++i) {
      read.choices.push_back(read_choice(branches->items[i]));
      sum += read.choices.back().probability;
    }
    if (sum > 1.0 + probability_slack) {
      fields.error("choose", "E-range", fmt::format("the probabilities sum to {}", sum),
                   "they may sum to 1 at most");
    }
    step.what = std::move(read);
  }

  models::Choice read_choice(const Node& node) {
    models::Choice choice;
    if (!node.is_map()) {
      error(node, "E-type", fmt::format("a branch must be a map, not {}", noun_of(node)),
            "write it as - {p: 0.05, do: [...]}");
      return choice;
    }
    Fields fields{context_.reading, node, section_named("choice")};
    fields.read("p", choice.probability);
    choice.body = read_body(fields);
    return choice;
  }

  void read_map_arguments(Fields& outer, std::string_view key, models::MapStep& read) {
    const Node* node = outer.map(key);
    if (node == nullptr) {
      return;
    }
    const bool lazy = read.order != models::MapOrder::whole;
    Fields fields{context_.reading, *node, section_named(lazy ? "imap" : "map")};
    resolve(context_.names.tasks, fields, "task", read.task);
    resolve(context_.names.executors, fields, "executor", read.executor);
    fields.read("items", read.items);
    std::uint64_t chunksize = 0;
    if ((lazy || !fields.choice("chunksize")) && fields.read("chunksize", chunksize)) {
      read.chunksize = chunksize;
    }
  }

  void read_map(Fields& fields, models::Step& step) {
    models::MapStep read;
    read_map_arguments(fields, "map", read);
    step.what = read;
  }

  void read_starmap(Fields& fields, models::Step& step) {
    models::MapStep read;
    read.star = true;
    read_map_arguments(fields, "starmap", read);
    step.what = read;
  }

  void read_imap(Fields& fields, models::Step& step) {
    models::MapStep read;
    read.order = models::MapOrder::in_order;
    read_map_arguments(fields, "imap", read);
    step.what = read;
  }

  void read_imap_unordered(Fields& fields, models::Step& step) {
    models::MapStep read;
    read.order = models::MapOrder::unordered;
    read_map_arguments(fields, "imap_unordered", read);
    step.what = read;
  }

  void read_kill(Fields& outer, models::Step& step) {
    if (context_.main_cpus == 0 || depth_ > 1) {
      outer.error("kill", "E-key", "a kill is planned by main itself",
                  "write `kill` among main's own steps, not in a task, loop or lock");
    }
    models::KillStep read;
    if (const Node* node = outer.map("kill"); node != nullptr) {
      Fields fields{context_.reading, *node, section_named("kill")};
      resolve(context_.names.executors, fields, "executor", read.executor);
      fields.read("worker", read.worker);
      fields.read("at", read.at);
    }
    step.what = read;
  }

  void read_submit(Fields& outer, models::Step& step) {
    models::SubmitStep read;
    if (const Node* node = outer.map("submit"); node != nullptr) {
      Fields fields{context_.reading, *node, section_named("submit")};
      resolve(context_.names.tasks, fields, "task", read.task);
      resolve(context_.names.executors, fields, "executor", read.executor);
      fields.read("items", read.items);
      if (const Node* as = fields.find("as"); as != nullptr && check_future(*as)) {
        read.as = models::FutureIndex{context_.names.futures.submitted(*as)};
      }
    }
    step.what = read;
  }

  void read_await(Fields& outer, models::Step& step) {
    using What = models::AwaitStep::What;
    models::AwaitStep read;
    if (const Node* node = outer.map("await"); node != nullptr) {
      Fields fields{context_.reading, *node, section_named("await")};
      const bool io = fields.find("io") != nullptr;
      const bool sleep = fields.find("sleep") != nullptr;
      const bool task = fields.find("task") != nullptr;
      if (int{io} + int{sleep} + int{task} != 1) {
        outer.error("await", "E-key", "a coroutine awaits one thing at a time",
                    "write one of io, sleep and task, as in await: {sleep: 5ms}");
      }
      read.what = io ? What::io : task ? What::task : What::sleep;
      fields.read("io", read.duration);
      fields.read("sleep", read.duration);
      resolve(context_.names.tasks, fields, "task", read.task);
      read_optional_executor(fields, read.executor);
      if (read.executor && !task) {
        fields.error("executor", "E-key", "an executor runs tasks, and there is no task",
                     "add `task`, or leave `executor` out");
      }
    }
    step.what = std::move(read);
  }

  void read_optional_executor(Fields& fields, std::optional<models::ExecutorIndex>& executor) {
    if (fields.find("executor") != nullptr) {
      executor = models::ExecutorIndex{};
      resolve(context_.names.executors, fields, "executor", *executor);
    }
  }

  void read_gather(Fields& outer, models::Step& step) {
    models::GatherStep read;
    if (const Node* node = outer.map("gather"); node != nullptr) {
      Fields fields{context_.reading, *node, section_named("gather")};
      resolve(context_.names.tasks, fields, "task", read.task);
      fields.read("items", read.items);
      read_optional_executor(fields, read.executor);
    }
    step.what = read;
  }

  void read_join(Fields& fields, models::Step& step) {
    models::JoinStep read;
    if (const Node* future = fields.find("join"); future != nullptr && check_future(*future)) {
      read.future = models::FutureIndex{context_.names.futures.joined(*future)};
    }
    step.what = read;
  }

  void check_cpu(Fields& fields, std::uint64_t cpu) {
    if (context_.main_cpus > 0 && cpu >= context_.main_cpus) {
      fields.error("pin", "E-range",
                   fmt::format("there is no CPU {}: the machine has {}", cpu, context_.main_cpus),
                   "CPUs count from 0");
    }
  }

  void read_periodic(Fields& outer, models::Step& step) {
    if (context_.main_cpus == 0 || depth_ > 1) {
      outer.error("periodic", "E-key", "a real-time task is started by main itself",
                  "write `periodic` among main's own steps, not in a task, loop or lock");
    }
    models::PeriodicStep read;
    if (const Node* node = outer.map("periodic"); node != nullptr) {
      Fields fields{context_.reading, *node, section_named("periodic")};
      resolve(context_.names.tasks, fields, "task", read.task);
      fields.read("every", read.every);
      sim::Duration deadline{};
      if (fields.read("deadline", deadline)) {
        read.deadline = deadline;
      }
      fields.read("offset", read.offset);
      std::uint32_t priority = 1;
      fields.read("priority", priority);
      read.priority = static_cast<std::int32_t>(priority);
      if (fields.read("for", read.length) && read.offset >= read.length) {
        fields.error("offset", "E-range", "the first release comes after the end",
                     "`for` counts from the start of the program: give an offset below it");
      }
      for (const std::uint64_t cpu : fields.counts("pin")) {
        check_cpu(fields, cpu);
        read.pin.push_back(models::CpuId{static_cast<std::uint32_t>(cpu)});
      }
    }
    step.what = std::move(read);
  }

  bool check_future(const Node& node) {
    if (node.is_scalar() && is_name(node.text)) {
      return true;
    }
    error(node, "E-name", fmt::format("'{}' cannot be a name", flow_text(node)),
          "a name is a letter, then letters, digits, _ or -");
    return false;
  }

  static constexpr std::array<Entry, 29> readers{{
      {"python", &StepReader::read_python},
      {"native", &StepReader::read_native},
      {"work", &StepReader::read_work_step},
      {"memory", &StepReader::read_memory},
      {"atomic", &StepReader::read_atomic_step},
      {"io", &StepReader::read_io},
      {"sleep", &StepReader::read_sleep},
      {"yield", &StepReader::read_yield},
      {"nice", &StepReader::read_nice},
      {"call", &StepReader::read_call},
      {"with", &StepReader::read_with},
      {"repeat", &StepReader::read_repeat},
      {"timeout", &StepReader::read_timeout},
      {"choose", &StepReader::read_choose},
      {"map", &StepReader::read_map},
      {"starmap", &StepReader::read_starmap},
      {"imap", &StepReader::read_imap},
      {"imap_unordered", &StepReader::read_imap_unordered},
      {"kill", &StepReader::read_kill},
      {"submit", &StepReader::read_submit},
      {"join", &StepReader::read_join},
      {"periodic", &StepReader::read_periodic},
      {"put", &StepReader::read_put},
      {"get", &StepReader::read_get},
      {"set", &StepReader::read_set},
      {"wait", &StepReader::read_wait},
      {"barrier", &StepReader::read_barrier},
      {"await", &StepReader::read_await},
      {"gather", &StepReader::read_gather},
  }};

  const StepContext& context_;
  std::uint32_t next_ = 0;
  std::uint32_t depth_ = 0;  // of lists of steps, one inside of the other
};

}  // namespace

Steps read_steps(const StepContext& context, const Node& node) {
  return StepReader{context}.read_list(node);
}

}  // namespace timeslice::scenarios
