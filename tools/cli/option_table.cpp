#include "tools/cli/option_table.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace timeslice::tools {
namespace {

constexpr std::uint64_t repeat_max = 1'000'000;
constexpr std::uint64_t jobs_max = 4096;

// In the order in which help shows them.
constexpr auto options = std::to_array<OptionSpec>({
    {.name = "machine",
     .letter = 'm',
     .kind = ValueKind::text,
     .argument = "M",
     .help = "run on this machine instead of the scenario's: a preset's name (see `timeslice "
             "machine list`), a .yaml or hwloc .xml file, ideal-N or host",
     .commands = "run check expand validate batch",
     .setting = true},
    {.name = "seed",
     .kind = ValueKind::count,
     .argument = "N",
     .help = "base of all random draws; the same seed gives the same bytes",
     .commands = "run check expand validate batch holdout",
     .fallback = "the scenario's",
     .setting = true},
    {.name = "repeat",
     .letter = 'n',
     .kind = ValueKind::count,
     .argument = "N",
     .help = "replications of each point (validate: accepted native runs)",
     .commands = "run check expand validate batch",
     .fallback = "the scenario's",
     .lowest = 1,
     .highest = repeat_max,
     .setting = true},
    {.name = "set",
     .letter = 's',
     .kind = ValueKind::assignment,
     .argument = "PATH=VALUE",
     .help = "change one value of the scenario, such as workers=8 or runtime.gil=off",
     .commands = "run check expand validate batch",
     .repeatable = true},
    {.name = "variant",
     .kind = ValueKind::text,
     .argument = "V",
     .help = "only this variant; `base` is the scenario without any",
     .commands = "run check expand validate batch"},
    {.name = "count",
     .kind = ValueKind::count,
     .argument = "N",
     .help = "so many scenarios",
     .commands = "holdout",
     .fallback = "60",
     .lowest = 1,
     .highest = 10'000},
    {.name = "pairs",
     .help = "two designs for the same work in each file, to compare which one is faster",
     .commands = "holdout"},
    {.name = "jobs",
     .letter = 'j',
     .kind = ValueKind::count,
     .argument = "N",
     .help = "simulate on N cores; results do not depend on it",
     .commands = "run",
     .fallback = "all cores",
     .lowest = 1,
     .highest = jobs_max,
     .setting = true},
    {.name = "shard",
     .kind = ValueKind::text,
     .argument = "I/N",
     .help = "only part I of N of the sweep, from 0, or `slurm` in a job array; what its database "
             "has is not run again, and `merge` joins the parts",
     .commands = "run"},
    {.name = "db",
     .kind = ValueKind::file,
     .argument = "F",
     .help = "store the results in this SQLite file",
     .commands = "run validate",
     .fallback = "timeslice.db",
     .setting = true},
    {.name = "no-db", .help = "store nothing", .commands = "run validate"},
    {.name = "resume",
     .help = "go on with an interrupted run of the same sweep: what is stored is not run again",
     .commands = "run"},
    {.name = "keep",
     .kind = ValueKind::text,
     .argument = "WHAT",
     .help =
         "store also tasks (which worker ran which item), timeline (what each thread did), "
         "threads (figures of each thread, process, core and CPU, which sweeps of 1000 runs and "
         "more leave out), or several: tasks,timeline",
     .commands = "run validate batch"},
    {.name = "sample-period",
     .kind = ValueKind::duration,
     .argument = "D",
     .help = "of the time line that --keep timeline stores and --json shows: memory, CPU per cent, "
             "threads and switches, as psutil sees them; by default a 200th of the makespan, from "
             "1ms on; validate: 20ms",
     .commands = "run validate"},
    {.name = "gantt",
     .letter = 'g',
     .help = "draw one run: who ran on each CPU, what each thread did, which worker ran which item",
     .commands = "run"},
    {.name = "point",
     .kind = ValueKind::count,
     .argument = "N",
     .help = "the point that --gantt and --trace show, by its number in `expand`",
     .commands = "run",
     .fallback = "0"},
    {.name = "rep",
     .kind = ValueKind::count,
     .argument = "N",
     .help = "the replication that --gantt and --trace show",
     .commands = "run",
     .fallback = "0",
     .highest = repeat_max},
    {.name = "trace",
     .kind = ValueKind::file,
     .argument = "F",
     .help = "write every event of one run as text, - is stdout; or its timeline if the name ends "
             "with .pftrace (Perfetto), .json, .ftrace or .csv",
     .commands = "run"},
    {.name = "costs",
     .help = "say what each effect costs (GIL, starting, IPC, switches ...): simulates every run "
             "seven times, with the effects switched on one after the other; validate: with each "
             "of them switched off, and how far off the prediction then is",
     .commands = "run validate"},
    {.name = "ascii", .help = "draw with ASCII characters only", .commands = "run"},
    {.name = "dry-run", .help = "say what would be run, and run nothing", .commands = "run"},
    {.name = "time-limit",
     .kind = ValueKind::duration,
     .argument = "D",
     .help = "stop after this much real time, such as 90s or 10min; what is done is kept",
     .commands = "run validate",
     .setting = true},
    {.name = "python",
     .kind = ValueKind::file,
     .argument = "EXE",
     .help = "the Python that runs the scenario natively (several: each in turn, side by side), is "
             "measured by `calibrate` and `doctor` (several too), or draws the plot",
     .commands = "validate plot calibrate doctor",
     .fallback = "/usr/bin/python3",
     .repeatable = true,
     .setting = true},
    {.name = "budget",
     .kind = ValueKind::duration,
     .argument = "D",
     .help = "time that measuring aims at; it ends after 90s, or after this if it is more",
     .commands = "calibrate",
     .fallback = "90s"},
    {.name = "refresh", .help = "measure again what the file has", .commands = "calibrate"},
    {.name = "tolerance",
     .kind = ValueKind::percent,
     .argument = "P%",
     .help = "exit with 5 if a makespan is predicted further off than this",
     .commands = "validate"},
    {.name = "noise-limit",
     .kind = ValueKind::percent,
     .argument = "P%",
     .help =
         "reject native runs in which other programs used more than this share of the makespan; "
         "below 50% also those from which the hypervisor took time",
     .commands = "validate",
     .fallback = "10%"},
    {.name = "timeline",
     .help =
         "record what each native thread did and compare that too: switches, waits, run lengths",
     .commands = "validate"},
    {.name = "latencies",
     .help = "note natively how long each item took from submit to result, and compare the "
             "quantiles; Python's threads, pools and executors; costs some us an item",
     .commands = "validate"},
    {.name = "until",
     .kind = ValueKind::percent,
     .argument = "P%",
     .help = "fewer runs of a point, 5 at least, where they tell the median makespan (each by the "
             "speed of its CPUs) to this share, with 95 %",
     .commands = "validate"},
    {.name = "record",
     .kind = ValueKind::file,
     .argument = "DIR",
     .help = "keep what the native runs delivered in this new or empty folder, for --replay",
     .commands = "validate"},
    {.name = "replay",
     .kind = ValueKind::file,
     .argument = "DIR",
     .help = "run nothing natively: predict the runs that --record kept there, and compare as ever",
     .commands = "validate"},
    {.name = "format",
     .letter = 'f',
     .kind = ValueKind::choice,
     .argument = "FORMAT",
     .help = "how to print the rows, or how to write the trace",
     .commands = "query export",
     .fallback = "table; export: by the name of the file, else perfetto",
     .choices = "table csv json perfetto ftrace"},
    {.name = "output",
     .letter = 'o',
     .kind = ValueKind::file,
     .argument = "F",
     .help = "write there instead of to stdout",
     .commands = "machine plot query schema batch export report holdout calibrate"},
    {.name = "csv",
     .kind = ValueKind::file,
     .argument = "F",
     .help = "where the numbers behind the plot go; none: nowhere",
     .commands = "plot",
     .fallback = "beside the picture"},
    {.name = "run",
     .kind = ValueKind::count,
     .argument = "RUN",
     .help = "the run that gantt, gil, timeline, resources, latency, waterfall and memory draw, a "
             "number from "
             "v_run",
     .commands = "plot",
     .fallback = "the first of the newest batch that has what is needed",
     .lowest = 1,
     .highest = INT64_MAX},
    {.name = "batch",
     .kind = ValueKind::count,
     .argument = "N",
     .help = "the batch to draw, a number from `timeslice query DB batches`",
     .commands = "plot",
     .fallback = "the newest that has what is needed",
     .lowest = 1,
     .highest = INT64_MAX},
    {.name = "shards",
     .kind = ValueKind::count,
     .argument = "N",
     .help = "parts of the sweep, each one task of the job array",
     .commands = "batch",
     .fallback = "one for each 100 points, at most 1000",
     .lowest = 1,
     .highest = 100'000},
    {.name = "metric",
     .kind = ValueKind::text,
     .argument = "NAME",
     .help = "the metric that `compare` compares (also NAME[ENTITY]), and that the plots heatmap "
             "and error draw",
     .commands = "compare plot",
     .fallback = "makespan",
     .repeatable = true},
    {.name = "fail-if",
     .kind = ValueKind::text,
     .argument = "RULE",
     .help = "exit with 5 if a difference is significant and larger, such as 'makespan > +5%'",
     .commands = "compare",
     .repeatable = true},
    {.name = "json",
     .help = "print JSON for programs instead of text",
     .commands = "run validate status compare doctor"},
    {.name = "color",
     .kind = ValueKind::choice,
     .argument = "WHEN",
     .help = "colour the text; NO_COLOR and TERM=dumb switch `auto` off",
     .commands = "*",
     .fallback = "auto",
     .choices = "auto always never",
     .setting = true},
    {.name = "quiet", .letter = 'q', .help = "no notes and no progress", .commands = "*"},
    {.name = "verbose",
     .letter = 'v',
     .help = "say more: every metric of every point",
     .commands = "*"},
    {.name = "help", .letter = 'h', .help = "explain the program or the command", .commands = "*"},
    {.name = "version",
     .help = "print the version; -v: and the fingerprints of models and method",
     .commands = ""},
    {.name = "man", .help = "print the manual page (troff)", .commands = ""},
    {.name = "completion",
     .kind = ValueKind::choice,
     .argument = "SHELL",
     .help = "print the completion script for a shell",
     .commands = "",
     .choices = "bash zsh"},
});

}  // namespace

std::span<const OptionSpec> option_table() {
  return options;
}

const OptionSpec* find_option(std::string_view name) {
  const auto found = std::ranges::find(options, name, &OptionSpec::name);
  return found == options.end() ? nullptr : &*found;
}

bool belongs_to(const OptionSpec& option, std::string_view command) {
  if (option.commands == "*") {
    return true;
  }
  const auto allowed = words(option.commands);
  return std::ranges::find(allowed, command) != allowed.end();
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  std::istringstream stream{std::string{text}};
  for (std::string word; stream >> word;) {
    result.push_back(word);
  }
  return result;
}

std::string environment_name(std::string_view option) {
  std::string name = "TIMESLICE_";
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

}  // namespace timeslice::tools
