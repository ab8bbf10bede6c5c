#include "tools/cli/command_table.hpp"

#include <algorithm>
#include <iterator>

namespace timeslice::tools {
namespace {

constexpr std::size_t any_number = SIZE_MAX;

std::vector<CommandSpec> later_commands() {
  const auto later = [](std::string_view name, std::string_view help, std::string_view instead) {
    return CommandSpec{.name = name,
                       .help = help,
                       .operands = {{.name = "ARG...", .choices = {}, .help = "anything"}},
                       .operands_min = 0,
                       .operands_max = any_number,
                       .example = {},
                       .instead = instead};
  };
  return {
      later("theory", "closed forms beside simulated values",
            "run the scenario with --machine ideal-N, on which nothing costs anything"),
      later("advise", "the best design within limits", "a matrix over the designs"),
      later("whatif", "the effect of one change", "`variants:` in the scenario"),
      later("record", "a scenario from a real program", "write the scenario by hand"),
      later("explain", "why a run took as long as it did", "`timeslice run FILE --gantt -v`"),
  };
}

// Commands over scenarios and machines.
std::vector<CommandSpec> input_commands() {
  return {
      {.name = "run",
       .help = "simulate a scenario; with a matrix, the whole sweep",
       .operands = {{.name = "FILE...", .choices = {}, .help = "scenarios; - reads stdin"}},
       .operands_min = 1,
       .operands_max = any_number,
       .example = "timeslice run pool.yaml --set workers=8 --gantt",
       .instead = {}},
      {.name = "check",
       .help = "read scenarios and report every error; run nothing",
       .operands = {{.name = "FILE...", .choices = {}, .help = "scenarios; - reads stdin"}},
       .operands_min = 1,
       .operands_max = any_number,
       .example = "timeslice check scenarios/*.yaml",
       .instead = {}},
      {.name = "expand",
       .help = "list the points of a sweep: number, key, parameters",
       .operands = {{.name = "FILE", .choices = {}, .help = "a scenario; - reads stdin"}},
       .operands_min = 1,
       .operands_max = 1,
       .example = "timeslice expand pool.yaml",
       .instead = {}},
      {.name = "schema",
       .help = "print the JSON Schema of the scenario format",
       .operands = {},
       .operands_min = 0,
       .operands_max = 0,
       .example = "timeslice schema -o scenario.schema.json",
       .instead = {}},
      {.name = "machine",
       .help = "machines: presets, files, hwloc XML, this host",
       .operands = {{.name = "ACTION",
                     .choices = "list show detect import draw",
                     .help = "list, show M, draw M -o F.svg, detect, or import F.xml"},
                    {.name = "M", .choices = {}, .help = "a preset, a file, ideal-N or host"}},
       .operands_min = 1,
       .operands_max = 2,
       .example = "timeslice machine show laptop-4c8t",
       .instead = {}},
  };
}

// Commands that run something on this host, or prepare it.
std::vector<CommandSpec> native_commands() {
  return {
      {.name = "validate",
       .help = "run scenarios natively and simulated, side by side",
       .operands = {{.name = "FILE...", .choices = {}, .help = "scenarios; - reads stdin"}},
       .operands_min = 1,
       .operands_max = any_number,
       .example = "timeslice validate pool.yaml --repeat 10 --tolerance 10%",
       .instead = {}},
      {.name = "holdout",
       .help = "draw scenarios that nobody has seen, to validate on",
       .operands = {},
       .operands_min = 0,
       .operands_max = 0,
       .example = "timeslice holdout --seed 7 --count 60 -o unseen",
       .instead = {}},
      {.name = "calibrate",
       .help = "measure this host, and each --python, into a machine file",
       .operands = {},
       .operands_min = 0,
       .operands_max = 0,
       .example = "timeslice calibrate -o host.yaml --python /usr/bin/python3",
       .instead = {}},
      {.name = "doctor",
       .help = "what on this host would spoil a native run, what is missing, how to mend it",
       .operands = {},
       .operands_min = 0,
       .operands_max = 0,
       .example = "timeslice doctor",
       .instead = {}},
  };
}

// Commands over results.
std::vector<CommandSpec> result_commands() {
  return {
      {.name = "query",
       .help = "results as a table, CSV or JSON; without SQL: explain the views",
       .operands = {{.name = "DB", .choices = {}, .help = "a database of results"},
                    {.name = "SQL|VIEW", .choices = {}, .help = "read-only SQL or a view's name"}},
       .operands_min = 1,
       .operands_max = 2,
       .example = "timeslice query timeslice.db speedup",
       .instead = {}},
      {.name = "show",
       .help = "one stored run: parameters, metrics, warnings, origin",
       .operands = {{.name = "DB", .choices = {}, .help = "a database of results"},
                    {.name = "RUN", .choices = "1", .help = "a number from v_run, or a key"}},
       .operands_min = 2,
       .operands_max = 2,
       .example = "timeslice show timeslice.db 1",
       .instead = {}},
      {.name = "plot",
       .help = "draw a picture from a database with matplotlib",
       .operands = {{.name = "DB", .choices = {}, .help = "a database of results"},
                    {.name = "KIND",
                     .choices = "speedup efficiency heatmap gantt gil timeline utilisation latency "
                                "waterfall memory resources validation error",
                     .help =
                         "speedup, efficiency, heatmap, utilisation, memory; gantt, gil, "
                         "timeline, resources (run --keep timeline); latency (run --keep tasks); "
                         "waterfall (run --costs); validation, error (validate)"}},
       .operands_min = 2,
       .operands_max = 2,
       .example = "timeslice plot timeslice.db speedup -o speedup.png",
       .instead = {}},
      {.name = "report",
       .help = "one HTML page with summary, tables and pictures; needs no network",
       .operands = {{.name = "DB", .choices = {}, .help = "a database of results"}},
       .operands_min = 1,
       .operands_max = 1,
       .example = "timeslice report timeslice.db -o report.html",
       .instead = {}},
      {.name = "export",
       .help = "the timeline of a stored run for Perfetto and other viewers",
       .operands = {{.name = "DB", .choices = {}, .help = "a database of results"},
                    {.name = "RUN", .choices = "1", .help = "a number from v_run, or a key"}},
       .operands_min = 2,
       .operands_max = 2,
       .example = "timeslice export timeslice.db 1 -o run.pftrace",
       .instead = {}},
  };
}

// Commands for sweeps that are spread over machines, and over time.
std::vector<CommandSpec> batch_commands() {
  return {
      {.name = "merge",
       .help = "join databases: the parts of a sweep become the sweep; twice changes nothing",
       .operands = {{.name = "OUT.db", .choices = {}, .help = "what they are joined into"},
                    {.name = "IN.db...", .choices = {}, .help = "databases of results"}},
       .operands_min = 2,
       .operands_max = any_number,
       .example = "timeslice merge sweep.db shard-*.db",
       .instead = {}},
      {.name = "status",
       .help = "how far the sweeps in databases are, from the files alone",
       .operands = {{.name = "DB|DIR...", .choices = {}, .help = "databases, or their folder"}},
       .operands_min = 1,
       .operands_max = any_number,
       .example = "timeslice status sweep/",
       .instead = {}},
      {.name = "batch",
       .help = "spread a sweep over a Slurm cluster, or over processes with GNU parallel",
       .operands = {{.name = "ACTION",
                     .choices = "plan submit",
                     .help = "plan FILE writes the job scripts, submit DIR hands them to Slurm"},
                    {.name = "FILE|DIR", .choices = {}, .help = "a scenario; a planned folder"}},
       .operands_min = 2,
       .operands_max = 2,
       .example = "timeslice batch plan pool.yaml --shards 100 -o sweep",
       .instead = {}},
      {.name = "compare",
       .help = "two batches, or two designs of one: effect, interval, verdict",
       .operands = {{.name = "DB", .choices = {}, .help = "a database of results"},
                    {.name = "A",
                     .choices = {},
                     .help = "a batch: number, last, prev; or "
                             "NAME=VALUE,... of the newest; or both "
                             "as 3:workers=4"},
                    {.name = "B",
                     .choices = {},
                     .help = "what is compared with A, in the same way"}},
       .operands_min = 3,
       .operands_max = 3,
       .example = "timeslice compare results.db kind=threads kind=processes",
       .instead = {}},
  };
}

std::vector<CommandSpec> build_commands() {
  std::vector<CommandSpec> commands = input_commands();
  for (const auto& more :
       {native_commands(), result_commands(), batch_commands(), later_commands()}) {
    std::ranges::copy(more, std::back_inserter(commands));
  }
  return commands;
}

}  // namespace

std::span<const CommandSpec> command_table() {
  static const std::vector<CommandSpec> commands = build_commands();
  return commands;
}

const CommandSpec* find_command(std::string_view name) {
  const auto found = std::ranges::find(command_table(), name, &CommandSpec::name);
  return found == command_table().end() ? nullptr : &*found;
}

}  // namespace timeslice::tools
