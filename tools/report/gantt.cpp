#include "tools/report/gantt.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tools/report/humanize.hpp"
#include "tools/report/text_table.hpp"

namespace timeslice::tools {
namespace {

using models::SliceState;
using models::SliceTiming;

constexpr std::size_t state_count = 4;
constexpr std::size_t label_width_max = 24;
constexpr std::size_t cells_min = 20;

struct CellLook {
  std::string_view unicode;
  std::string_view ascii;
  std::string_view colour;  // ANSI foreground
  std::string_view meaning;
};

// In the order of SliceState: running, ready, blocked, gil_wait.
constexpr std::array<CellLook, state_count> looks{{
    {"█", "#", "\x1b[32m", "running"},
    {"░", "-", "\x1b[33m", "ready, waiting for a CPU"},
    {"·", ".", "\x1b[2m", "blocked (I/O, sleep, lock, join)"},
    {"▒", "g", "\x1b[31m", "waiting for the GIL"},
}};
// In the order of models::CpuState: alone, beside_sibling, time_shared.
constexpr std::array<CellLook, 3> cpu_looks{{
    {"█", "#", "\x1b[32m", "alone on its core"},
    {"▚", "s", "\x1b[36m", "beside a busy sibling"},
    {"≡", "q", "\x1b[33m", "time-shared: others wait for it"},
}};
constexpr std::string_view colour_off = "\x1b[0m";
constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view nobody_unicode = "·";
constexpr std::string_view nobody_ascii = ".";

std::int64_t nanoseconds(sim::Instant instant) {
  return instant.time_since_epoch().count();
}

// Maps time to cells.
struct Scale {
  std::int64_t end_ns = 1;
  std::size_t cells = 1;

  [[nodiscard]] double cell_ns() const {
    return static_cast<double>(end_ns) / static_cast<double>(cells);
  }
  [[nodiscard]] std::size_t cell_of(std::int64_t ns) const {
    const auto cell = static_cast<std::size_t>(static_cast<double>(ns) / cell_ns());
    return std::min(cell, cells - 1);
  }

  // Calls visit(cell, overlap in ns) for every cell that the slice or stretch touches.
  template <typename Slice, typename Visit>
  void spread(const Slice& slice, Visit&& visit) const {
    const std::int64_t begin = std::max<std::int64_t>(nanoseconds(slice.start), 0);
    const std::int64_t end = std::min(nanoseconds(slice.end), end_ns);
    if (begin >= end) {
      return;
    }
    for (std::size_t cell = cell_of(begin); cell <= cell_of(end - 1); ++cell) {
      const double from =
          std::max(static_cast<double>(begin), static_cast<double>(cell) * cell_ns());
      const double to =
          std::min(static_cast<double>(end), static_cast<double>(cell + 1) * cell_ns());
      visit(cell, std::max(to - from, 0.0));
    }
  }
};

// What one row shows in each cell: the key (thread or state) that took the most time.
class CellRow {
 public:
  explicit CellRow(std::size_t cells) : shares_(cells) {}

  void add(std::size_t cell, std::size_t key, double ns) {
    for (auto& [known, total] : shares_[cell]) {
      if (known == key) {
        total += ns;
        return;
      }
    }
    shares_[cell].emplace_back(key, ns);
  }

  // The strongest key, if it fills at least `least_ns`; ties go to the lower key.
  [[nodiscard]] std::int64_t strongest(std::size_t cell, double least_ns) const {
    std::int64_t best = -1;
    double most = 0.0;
    for (const auto& [key, total] : shares_[cell]) {
      if (total > most || (total == most && static_cast<std::int64_t>(key) < best)) {
        best = static_cast<std::int64_t>(key);
        most = total;
      }
    }
    return most >= least_ns ? best : -1;
  }

 private:
  std::vector<std::vector<std::pair<std::size_t, double>>> shares_;
};

struct Chart {
  std::vector<std::string> threads;  // in order of their first slice
  std::map<std::string, std::size_t, std::less<>> thread_numbers;
  std::map<std::int32_t, CellRow> cpus;
  std::map<std::int32_t, CellRow> cpu_states;
  bool always_alone = true;
  std::vector<CellRow> thread_rows;
  Scale scale;
};

std::size_t number_of(Chart& chart, const std::string& thread) {
  const auto [at, is_new] = chart.thread_numbers.emplace(thread, chart.threads.size());
  if (is_new) {
    chart.threads.push_back(thread);
    chart.thread_rows.emplace_back(chart.scale.cells);
  }
  return at->second;
}

// The time that the picture covers: the makespan, or the last slice of a run that has none.
std::int64_t end_of(const models::Timings& run) {
  std::int64_t end_ns = std::max<std::int64_t>(run.makespan.count(), 1);
  if (run.makespan == sim::Duration::zero()) {
    for (const SliceTiming& slice : run.slices) {
      end_ns = std::max(end_ns, nanoseconds(slice.end));
    }
  }
  return end_ns;
}

void add_slice(Chart& chart, const SliceTiming& slice) {
  const std::size_t thread = number_of(chart, slice.thread);
  CellRow& row = chart.thread_rows[thread];
  const auto state = static_cast<std::size_t>(slice.state);
  chart.scale.spread(slice, [&](std::size_t cell, double ns) { row.add(cell, state, ns); });
  if (slice.state == SliceState::running && slice.cpu >= 0) {
    CellRow& cpu = chart.cpus.try_emplace(slice.cpu, chart.scale.cells).first->second;
    chart.scale.spread(slice, [&](std::size_t cell, double ns) { cpu.add(cell, thread, ns); });
  }
}

Chart build_chart(const models::Timings& run, std::size_t cells) {
  Chart chart;
  chart.scale = Scale{.end_ns = end_of(run), .cells = cells};
  for (const SliceTiming& slice : run.slices) {
    add_slice(chart, slice);
  }
  for (const models::CpuStateTiming& stretch : run.cpu_states) {
    CellRow& row = chart.cpu_states.try_emplace(stretch.cpu, cells).first->second;
    const auto state = static_cast<std::size_t>(stretch.state);
    chart.always_alone = chart.always_alone && stretch.state == models::CpuState::alone;
    chart.scale.spread(stretch, [&](std::size_t cell, double ns) { row.add(cell, state, ns); });
  }
  return chart;
}

std::string_view letter_of(std::size_t thread) {
  return thread < letters.size() ? letters.substr(thread, 1) : std::string_view{"*"};
}

std::string label(std::string_view text, std::size_t width) {
  std::string result = shortened(safe_text(text), width);
  result.append(width - std::min(width, display_width(result)), ' ');
  return result;
}

std::string cpu_line(const CellRow& row, const Scale& scale, bool unicode) {
  // A CPU that was busy in less than a third of a cell is drawn idle there.
  const double least_ns = scale.cell_ns() / 3.0;
  const std::string_view nobody = unicode ? nobody_unicode : nobody_ascii;
  std::string text;
  for (std::size_t cell = 0; cell < scale.cells; ++cell) {
    const std::int64_t thread = row.strongest(cell, least_ns);
    text += thread < 0 ? nobody : letter_of(static_cast<std::size_t>(thread));
  }
  return text;
}

std::string cpu_lines(const Chart& chart, const GanttStyle& style, std::size_t width) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& [cpu, row] : chart.cpus) {
    if (shown++ == style.rows_max) {
      text += fmt::format("  ... {} more CPUs ...\n", chart.cpus.size() - style.rows_max);
      break;
    }
    text += "  " + label(fmt::format("cpu {}", cpu), width) + " " +
            cpu_line(row, chart.scale, style.unicode) + '\n';
  }
  return text;
}

void put_look(const CellLook& look, const GanttStyle& style, std::string& text) {
  const std::string_view symbol = style.unicode ? look.unicode : look.ascii;
  text +=
      style.colour ? fmt::format("{}{}{}", look.colour, symbol, colour_off) : std::string{symbol};
}

// How each CPU was busy; one line in words where nobody ever shared anything.
std::string state_lines(const Chart& chart, const GanttStyle& style, std::size_t width) {
  if (chart.cpu_states.empty()) {
    return {};
  }
  if (chart.always_alone) {
    return "  every busy CPU was alone on its core, and nobody waited for one\n";
  }
  const double least_ns = chart.scale.cell_ns() / 3.0;
  std::string text = "  CPUs: how they were busy\n";
  std::size_t shown = 0;
  for (const auto& [cpu, row] : chart.cpu_states) {
    if (shown++ == style.rows_max) {
      text += fmt::format("  ... {} more CPUs ...\n", chart.cpu_states.size() - style.rows_max);
      break;
    }
    text += "  " + label(fmt::format("cpu {}", cpu), width) + " ";
    for (std::size_t cell = 0; cell < chart.scale.cells; ++cell) {
      const std::int64_t state = row.strongest(cell, least_ns);
      if (state < 0) {
        text += style.unicode ? nobody_unicode : nobody_ascii;
      } else {
        put_look(cpu_looks[static_cast<std::size_t>(state)], style, text);
      }
    }
    text += '\n';
  }
  return text;
}

std::string thread_line(const CellRow& row, std::size_t cells, const GanttStyle& style) {
  std::string text;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const std::int64_t state = row.strongest(cell, 0.0);
    if (state < 0) {
      text += ' ';
      continue;
    }
    put_look(looks[static_cast<std::size_t>(state)], style, text);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string thread_lines(const Chart& chart, const GanttStyle& style, std::size_t width) {
  std::string text;
  for (std::size_t thread = 0; thread < chart.threads.size(); ++thread) {
    if (thread == style.rows_max) {
      text += fmt::format("  ... {} more threads ...\n", chart.threads.size() - style.rows_max);
      break;
    }
    const std::string name = fmt::format("{} {}", letter_of(thread), chart.threads[thread]);
    text += "  " + label(name, width) + " " +
            thread_line(chart.thread_rows[thread], chart.scale.cells, style) + '\n';
  }
  return text;
}

// A round length of time (1, 2 or 5 times a power of ten) that divides the run into 4 to 10 parts.
std::int64_t round_step(std::int64_t end_ns) {
  std::int64_t power = 1;
  while (end_ns / power > 100) {
    power *= 10;
  }
  const std::int64_t tens = end_ns / power;  // 11 to 100 of them, fewer in very short runs
  const std::int64_t factor = tens > 50 ? 10 : tens > 20 ? 5 : 2;
  return power * factor;
}

// Marks at round times, and the times below them.
std::string axis(const Scale& scale, std::size_t width, bool unicode) {
  const std::string indent(width + 3, ' ');
  std::vector<bool> marked(scale.cells);
  std::string times = indent;
  const std::int64_t step = round_step(scale.end_ns);
  for (std::int64_t ns = 0; ns < scale.end_ns; ns += step) {
    const std::size_t cell = scale.cell_of(ns);
    const std::string time = human_duration(static_cast<double>(ns));
    const std::size_t place = indent.size() + cell;
    marked[cell] = true;
    const bool fits = times.size() <= place && cell + time.size() <= scale.cells;
    if (fits) {
      times.append(place - times.size(), ' ');
      times += time + " ";
    }
  }
  std::string line = indent;
  for (const bool mark : marked) {
    line += unicode ? (mark ? "┴" : "─") : (mark ? "+" : "-");
  }
  times.erase(times.find_last_not_of(' ') + 1);
  return line + '\n' + times + '\n';
}

std::string legend(std::span<const CellLook> shown, const GanttStyle& style) {
  std::string text = "  ";
  for (const CellLook& look : shown) {
    text += fmt::format("{} {}   ", style.unicode ? look.unicode : look.ascii, look.meaning);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + '\n';
}

}  // namespace

std::string gantt(const models::Timings& run, const GanttStyle& style) {
  if (run.slices.empty()) {
    return "  nothing to draw: the run kept no timeline\n";
  }
  std::size_t width = 0;
  for (const SliceTiming& slice : run.slices) {
    width = std::max(width, display_width(slice.thread) + 2);
  }
  width = std::clamp<std::size_t>(width, 6, label_width_max);
  const std::size_t taken = width + 4;
  const std::size_t cells = std::max(style.width > taken ? style.width - taken : 0, cells_min);
  const Chart chart = build_chart(run, cells);
  const bool shares = !chart.always_alone;
  return "  CPUs: which thread ran\n" + cpu_lines(chart, style, width) +
         state_lines(chart, style, width) + "  threads\n" + thread_lines(chart, style, width) +
         axis(chart.scale, width, style.unicode) + legend(looks, style) +
         (shares ? legend(cpu_looks, style) : std::string{});
}

std::string item_table(std::span<const models::TaskTiming> tasks, std::size_t rows_max) {
  TextTable table{{{"task", Align::left},
                   {"item", Align::right},
                   {"worker", Align::left},
                   {"started", Align::right},
                   {"finished", Align::right},
                   {"result readable", Align::right}}};
  for (const models::TaskTiming& task : tasks) {
    const auto time = [](sim::Instant at) {
      return human_duration(static_cast<double>(nanoseconds(at)));
    };
    table.add_row({safe_text(task.task), std::to_string(task.item), safe_text(task.worker),
                   time(task.started), time(task.finished), time(task.readable)});
  }
  return table.text(rows_max);
}

}  // namespace timeslice::tools
