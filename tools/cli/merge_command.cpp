#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "tools/cli/batch_writer.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/interrupt.hpp"
#include "tools/report/humanize.hpp"
#include "tools/report/progress.hpp"
#include "tools/report/text_table.hpp"
#include "tools/store/merge.hpp"

namespace timeslice::tools {

ExitCode merge_command(const Arguments& arguments, Console& console) {
  const std::string& target = arguments.operands.front();
  const std::vector<std::string> inputs{arguments.operands.begin() + 1, arguments.operands.end()};
  Progress progress{
      "merge", console.shows_progress()
                   ? std::function<void(std::string_view)>{[&](auto text) { console.tell(text); }}
                   : nullptr};
  std::uint64_t files = 0;
  Merged all;
  const auto problem = merge(target, inputs, [&](const std::string& input, const Merged& merged) {
    ++files;
    all.runs += merged.runs;
    all.added += merged.added;
    all.points += merged.points;
    if (console.verbose()) {
      console.note(fmt::format("{}: {} of {} are new", safe_text(input), merged.added,
                               counted(merged.runs, "run", "runs")));
    }
    progress.update(files, inputs.size());
    return !interrupted();
  });
  if (problem) {
    return report_store_error(*problem, console);
  }
  console.print(
      fmt::format("{}: {} and {} are new, of {} in {}\n", safe_text(target),
                  counted(all.added, "run", "runs"), counted(all.points, "point", "points"),
                  human_count(static_cast<double>(all.runs)), counted(files, "file", "files")));
  if (files < inputs.size()) {
    console.complain({.where = {},
                      .what = fmt::format("interrupted after {} of {} files", files, inputs.size()),
                      .advice = "merge again: what is joined already is passed over"});
    return ExitCode::interrupted;
  }
  return ExitCode::done;
}

}  // namespace timeslice::tools
