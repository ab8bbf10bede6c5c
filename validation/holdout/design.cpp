#include "validation/holdout/design.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace timeslice::validation {

namespace {

struct PerItem {
  double gil = 0.0;  // bytecode, and C code that keeps the GIL
  double cpu = 0.0;
  double all = 0.0;
  double gated = 0.0;  // under the lock
};

PerItem sum_of(const std::vector<Phase>& phases) {
  PerItem sum;
  for (const Phase& phase : phases) {
    const auto time = static_cast<double>(phase.mean_us);
    const bool waits = phase.work == Work::sleep || phase.work == Work::io;
    const bool holds = phase.work == Work::python || phase.work == Work::held;
    sum.gil += holds ? time : 0.0;
    sum.cpu += waits ? 0.0 : time;
    sum.all += time;
    sum.gated += phase.in_gate ? time : 0.0;
  }
  return sum;
}

const char* word(Work work) {
  constexpr std::array<const char*, 5> words{"python", "native", "held", "sleep", "io"};
  return words[static_cast<std::size_t>(work)];
}

std::string step(const Phase& phase) {
  const std::string plain = phase.work == Work::held
                                ? fmt::format("{{native: \"{}\", holds_gil: true}}", phase.duration)
                                : fmt::format("{{{}: \"{}\"}}", word(phase.work), phase.duration);
  return phase.in_gate ? fmt::format("{{with: gate, do: [{}]}}", plain) : plain;
}

/// In a coroutine, waits are awaited.
std::string coroutine_step(const Phase& phase) {
  const bool waits = phase.work == Work::sleep || phase.work == Work::io;
  return waits ? fmt::format("{{await: {{{}: \"{}\"}}}}", word(phase.work), phase.duration)
               : step(phase);
}

std::string steps(const std::vector<Phase>& phases, bool coroutine) {
  std::string text;
  for (const Phase& phase : phases) {
    text += (text.empty() ? "" : ", ") + (coroutine ? coroutine_step(phase) : step(phase));
  }
  return text;
}

std::string task(const std::string& name, const std::string& list) {
  return fmt::format("  {}: [{}]\n", name, list);
}

std::string tasks_of(const Design& design) {
  const bool coroutine = design.kind == "asyncio";
  const std::string all = steps(design.phases, coroutine);
  const std::vector<Phase> first{design.phases.front()};
  const std::vector<Phase> rest{design.phases.begin() + 1, design.phases.end()};
  std::string text = "tasks:\n";
  if (design.meeting == Meeting::queue) {
    return text + task("produce", steps(first, false) + ", {put: meeting}") +
           task("work", "{get: meeting}, " + steps(rest, false));
  }
  if (design.meeting == Meeting::event) {
    return text + task("open", steps(first, false) + ", {set: meeting}") +
           task("work", "{wait: meeting}, " + all);
  }
  if (design.meeting == Meeting::barrier) {
    return text + task("work", steps(first, false) + ", {barrier: meeting}" +
                                   (rest.empty() ? "" : ", " + steps(rest, false)));
  }
  if (!design.blocking.empty()) {
    text += task("block", steps(design.blocking, false));
    return text + task("work", all + ", {await: {task: block, executor: crew}}");
  }
  return text + task("work", all);
}

std::string locks_of(const Design& design) {
  std::string text;
  if (design.gate == 1) {
    text += fmt::format("  gate: {{kind: mutex{}}}\n",
                        in_processes(design.kind) ? ", scope: process" : "");
  } else if (design.gate > 1) {
    text += fmt::format("  gate: {{kind: semaphore, value: {}}}\n", design.gate);
  }
  if (design.meeting == Meeting::queue) {
    text += "  meeting: {kind: queue}\n";
  } else if (design.meeting == Meeting::event) {
    text += "  meeting: {kind: event}\n";
  } else if (design.meeting == Meeting::barrier) {
    text += fmt::format("  meeting: {{kind: barrier, parties: {}}}\n", design.workers);
  }
  return text.empty() ? text : "locks:\n" + text;
}

std::string payload_of(const Design& design) {
  if (design.argument == 0 && design.result == 0) {
    return {};
  }
  std::string text;
  if (design.argument > 0) {
    text += fmt::format("argument: {}B", design.argument);
  }
  if (design.result > 0) {
    text += fmt::format("{}result: {}B", text.empty() ? "" : ", ", design.result);
  }
  return fmt::format(", payload: {{{}}}", text);
}

std::string executors_of(const Design& design) {
  std::string text = fmt::format("executors:\n  crew: {{kind: {}", design.kind);
  if (!design.blocking.empty()) {
    text = fmt::format(
        "executors:\n  loop: {{kind: asyncio}}\n  crew: {{kind: threads, workers: {}", design.crew);
  }
  text += design.workers > 0 ? fmt::format(", workers: {}", design.workers) : "";
  text += design.start.empty() ? "" : fmt::format(", start: {}", design.start);
  text += design.chunk.empty() ? "" : fmt::format(", chunksize: {}", design.chunk);
  text += payload_of(design);
  text += design.per_child > 0 ? fmt::format(", maxtasksperchild: {}", design.per_child) : "";
  text += design.terminate ? ", shutdown: terminate" : "";
  text += design.at_start ? ", create: start" : "";
  return text + "}\n";
}

std::string hand_over(const Design& design, const std::string& indent) {
  const std::string executor = design.blocking.empty() ? "crew" : "loop";
  const auto submit = [&](const char* name, std::uint64_t items, const char* future) {
    return fmt::format("{}- submit: {{task: {}, items: {}, executor: {}, as: {}}}\n", indent, name,
                       items, executor, future);
  };
  const auto join = [&](const char* future) {
    return fmt::format("{}- join: {}\n", indent, future);
  };
  if (design.meeting == Meeting::queue) {
    return submit("produce", design.items, "made") + submit("work", design.items, "done") +
           join("made") + join("done");
  }
  if (design.meeting == Meeting::event) {
    return submit("open", 1, "opened") + submit("work", design.items, "done") + join("opened") +
           join("done");
  }
  if (design.call == "submit") {
    return submit("work", design.items, "done") + join("done");
  }
  return fmt::format("{}- {}: {{task: work, items: {}, executor: {}}}\n", indent, design.call,
                     design.items, executor);
}

std::string main_of(const Design& design) {
  std::string text = "main:\n";
  if (design.main_us > 0) {
    text += fmt::format("  - {}: {}us\n", design.python ? "python" : "native", design.main_us);
  }
  if (design.rounds == 1) {
    return text + hand_over(design, "  ");
  }
  return text + fmt::format("  - repeat: {}\n    do:\n", design.rounds) +
         hand_over(design, "      ");
}

std::string variants_of(const Design& design) {
  std::string text;
  for (const std::string& change : design.other) {
    text += (text.empty() ? "" : ", ") + change;
  }
  return text.empty() ? text : fmt::format("variants:\n  other: {{{}}}\n", text);
}

std::string size_text(std::uint64_t bytes) {
  return bytes >= 1000 ? fmt::format("{:.0f} kB", static_cast<double>(bytes) / 1000.0)
                       : fmt::format("{} B", bytes);
}

std::string ingredients(const std::vector<Phase>& phases) {
  std::string text;
  for (const Phase& phase : phases) {
    text +=
        fmt::format("{}{}{} {:.2g} ms", text.empty() ? "" : ", ", phase.in_gate ? "locked " : "",
                    word(phase.work), static_cast<double>(phase.mean_us) / 1000.0);
  }
  return text;
}

std::string meeting_text(const Design& design) {
  switch (design.meeting) {
    case Meeting::queue:
      return "; through a queue";
    case Meeting::event:
      return "; behind an event";
    case Meeting::barrier:
      return "; at a barrier";
    case Meeting::none:
      break;
  }
  return {};
}

}  // namespace

bool in_processes(const std::string& kind) {
  return kind == "processes" || kind == "process-per-task" || kind == "process-executor";
}

double item_us(const Design& design, std::uint32_t cpus) {
  const bool one_gil = design.python && !in_processes(design.kind);
  const PerItem own = sum_of(design.phases);
  const PerItem given = sum_of(design.blocking);
  const double cpu = own.cpu + given.cpu;
  if (design.kind == "serial") {
    return own.all;
  }
  if (design.kind == "asyncio") {
    const double by_crew = given.all / std::max(1.0, static_cast<double>(design.crew));
    return std::max({own.cpu + given.gil, cpu / static_cast<double>(cpus), by_crew});
  }
  const double workers =
      design.workers > 0
          ? static_cast<double>(design.workers)
          : static_cast<double>(std::max(design.items, std::uint64_t{2} * cpus));  // one an item
  const double on_cpus = cpu / std::min(static_cast<double>(cpus), workers);
  const double gated = design.gate > 0 ? own.gated / static_cast<double>(design.gate) : 0.0;
  return std::max({one_gil ? own.gil : 0.0, on_cpus, own.all / workers, gated});
}

double nominal_us(const Design& design, std::uint32_t cpus) {
  const double longest = sum_of(design.phases).all + sum_of(design.blocking).all;
  const double round = std::max(longest, item_us(design, cpus) * static_cast<double>(design.items));
  return static_cast<double>(design.main_us) + round * static_cast<double>(design.rounds);
}

std::string describe(const Design& design) {
  std::string text = design.kind;
  if (design.workers > 0) {
    text += fmt::format(", {} worker{}", design.workers, design.workers == 1 ? "" : "s");
  }
  text += design.start.empty() ? "" : " by " + design.start;
  text += ", " + design.call;
  text += design.chunk.empty() ? "" : ", chunks " + design.chunk;
  text += design.per_child > 0 ? fmt::format(", new workers after {}", design.per_child) : "";
  text += fmt::format(": {}{} items of {}",
                      design.rounds > 1 ? fmt::format("{} x ", design.rounds) : "", design.items,
                      ingredients(design.phases));
  if (!design.blocking.empty()) {
    text += fmt::format(" and in {} threads {}", design.crew, ingredients(design.blocking));
  }
  if (design.argument + design.result > 0) {
    text += fmt::format("; {} in, {} out", size_text(design.argument), size_text(design.result));
  }
  text += design.gate > 1 ? fmt::format("; {} at a time", design.gate) : "";
  text += meeting_text(design);
  for (const std::string& change : design.other) {
    text += (&change == &design.other.front() ? "; other: " : ", ") + change;
  }
  return text;
}

std::string to_yaml(const Design& design, const std::string& name, const std::string& extra) {
  std::string text = fmt::format(
      "# Drawn by `timeslice holdout`: never edited, never tuned on.\ntimeslice: 1\n"
      "name: {}\nabout: \"{}\"\n{}machine: {}\n",
      name, describe(design), extra, design.machine);
  text += design.python ? "runtime: {python: \"3.11\"}\n" : "runtime: none\n";
  text += locks_of(design) + tasks_of(design) + executors_of(design) + main_of(design);
  return text + variants_of(design) + fmt::format("seed: {}\n", design.seed);
}

}  // namespace timeslice::validation
