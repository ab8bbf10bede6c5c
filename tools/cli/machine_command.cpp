#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "models/machine/describe.hpp"
#include "models/machine/detect.hpp"
#include "models/machine/hwloc_import.hpp"
#include "models/machine/machine_yaml.hpp"
#include "scenarios/format/load.hpp"
#include "scenarios/format/suggest.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/deliver.hpp"
#include "tools/cli/input.hpp"
#include "tools/cli/locations.hpp"
#include "tools/cli/text_file.hpp"
#include "tools/report/machine_svg.hpp"
#include "tools/report/text_table.hpp"

namespace timeslice::tools {
namespace {

namespace fs = std::filesystem;

ExitCode usage(Console& console, std::string what, std::string advice) {
  console.complain({.where = {}, .what = std::move(what), .advice = std::move(advice)});
  return ExitCode::usage;
}

// Preset files of one directory, by name.
std::vector<fs::path> preset_files(const std::string& directory) {
  std::vector<fs::path> files;
  std::error_code problem;
  for (fs::directory_iterator at{directory, problem}; !problem && at != fs::directory_iterator{};
       at.increment(problem)) {
    if (at->path().extension() == ".yaml") {
      files.push_back(at->path());
    }
  }
  std::ranges::sort(files);
  return files;
}

// Every preset file that counts: one in an earlier directory hides one of its name in a later.
std::vector<fs::path> all_presets(const scenarios::SearchPath& search) {
  std::vector<fs::path> presets;
  std::set<std::string> seen;
  for (const std::string& directory : search.machines) {
    const std::vector<fs::path> files = preset_files(directory);
    std::ranges::copy_if(files, std::back_inserter(presets), [&](const fs::path& file) {
      return seen.insert(file.stem().string()).second;
    });
  }
  return presets;
}

void add_machine(TextTable& table, const std::string& name, const models::MachineSpec& machine) {
  const models::MachineCounts count = models::counts(machine);
  table.add_row({safe_text(name), std::to_string(count.cpus), std::to_string(count.cores),
                 std::to_string(count.packages), std::to_string(count.numa_nodes),
                 shortened(safe_text(machine.about), 70)});
}

ExitCode list_machines(Console& console) {
  const scenarios::SearchPath search = machine_search_path();
  TextTable table{{{"name", Align::left},
                   {"CPUs"},
                   {"cores"},
                   {"packages"},
                   {"nodes"},
                   {"about", Align::left}}};
  ExitCode code = ExitCode::done;
  for (const fs::path& file : all_presets(search)) {
    const auto loaded = scenarios::load_machine(file.string(), search);
    if (const auto* diagnostics = std::get_if<scenarios::Diagnostics>(&loaded)) {
      show_diagnostics(*diagnostics, console);
      code = ExitCode::invalid_input;
    } else {
      add_machine(table, file.stem().string(), std::get<scenarios::MachineFile>(loaded).machine);
    }
  }
  if (table.rows() == 0) {
    console.warn("no machine presets were found; name their directory in TIMESLICE_MACHINES");
  }
  console.print(table.text(SIZE_MAX));
  console.note("also: ideal-N (N cores, nothing costs anything), host, a .yaml or hwloc .xml file");
  return code;
}

// A description, or the machine file where --output asks for one.
ExitCode present(const models::MachineSpec& machine, const Arguments& arguments, Console& console) {
  if (!arguments.has("output")) {
    console.print(models::describe(machine));
    return ExitCode::done;
  }
  const auto yaml = models::to_machine_yaml(machine);
  if (!yaml) {
    console.complain(yaml.error());
    return ExitCode::invalid_input;
  }
  return deliver(yaml.value(), arguments, console);
}

ExitCode show_machine(const Arguments& arguments, Console& console) {
  const auto loaded = scenarios::load_machine(arguments.operands[1], machine_search_path());
  if (const auto* diagnostics = std::get_if<scenarios::Diagnostics>(&loaded)) {
    show_diagnostics(*diagnostics, console);
    return ExitCode::invalid_input;
  }
  return present(std::get<scenarios::MachineFile>(loaded).machine, arguments, console);
}

ExitCode detect_machine(const Arguments& arguments, Console& console) {
  const auto machine = models::detect_host();
  if (!machine) {
    console.complain(machine.error());
    return ExitCode::cannot;
  }
  return present(machine.value(), arguments, console);
}

// A path as a double-quoted YAML scalar; nothing where YAML would need more than that.
std::optional<std::string> quoted(const std::string& path) {
  std::string text = "\"";
  for (const char letter : path) {
    if (static_cast<unsigned char>(letter) < 0x20) {
      return std::nullopt;
    }
    text += letter == '"' || letter == '\\' ? "\\" : "";
    text += letter;
  }
  return text + "\"";
}

// How the file `output` names `xml`: by its bare name where both share a folder.
std::string seen_from(const fs::path& output, const fs::path& xml) {
  std::error_code problem;
  const fs::path there = fs::weakly_canonical(fs::absolute(xml, problem), problem);
  const fs::path here = fs::weakly_canonical(fs::absolute(output, problem), problem);
  const bool beside = output != "-" && there.parent_path() == here.parent_path();
  return beside ? there.filename().string() : there.string();
}

// A machine file that leans on the XML, for machines that the format's counts cannot say.
// Nothing: the XML cannot be named in a machine file.
std::optional<std::string> leaning_yaml(const models::MachineSpec& machine, const std::string& xml,
                                        const std::string& output) {
  const auto path = quoted(seen_from(output, xml));
  if (xml == "-" || !xml.ends_with(".xml") || !path) {
    return std::nullopt;
  }
  return fmt::format(
      "# Irregular: what this hwloc export says no counts can say, so it is read each time.\n"
      "extends: {}\n"
      "about: \"{} CPUs on {} cores, as hwloc saw them\"\n"
      "source: \"hwloc export\"\n",
      *path, machine.cpus.size(), machine.cores.size());
}

ExitCode deliver_import(const models::MachineSpec& machine, const Arguments& arguments,
                        Console& console) {
  const auto output = arguments.text("output");
  const bool plain = !output || models::to_machine_yaml(machine);
  const auto leaning = plain ? std::nullopt : leaning_yaml(machine, arguments.operands[1], *output);
  if (!leaning) {
    return present(machine, arguments, console);
  }
  console.note("the machine is irregular: its file extends the XML, so keep that where it is");
  return deliver(*leaning, arguments, console);
}

ExitCode import_machine(const Arguments& arguments, Console& console) {
  const std::string& file = arguments.operands[1];
  const auto text = file == "-" ? read_stdin(models::max_hwloc_bytes)
                                : read_text_file(file, models::max_hwloc_bytes);
  if (!text) {
    console.complain(text.error());
    return ExitCode::invalid_input;
  }
  const std::string name = file == "-" ? "stdin" : fs::path{file}.stem().string();
  const auto machine = models::import_hwloc_xml(text.value(), name);
  if (!machine) {
    console.complain(machine.error());
    return ExitCode::invalid_input;
  }
  return deliver_import(machine.value(), arguments, console);
}

ExitCode draw_machine(const Arguments& arguments, Console& console) {
  const auto loaded = scenarios::load_machine(arguments.operands[1], machine_search_path());
  if (const auto* diagnostics = std::get_if<scenarios::Diagnostics>(&loaded)) {
    show_diagnostics(*diagnostics, console);
    return ExitCode::invalid_input;
  }
  const models::MachineSpec& machine = std::get<scenarios::MachineFile>(loaded).machine;
  return deliver(machine_svg(machine), arguments, console);
}

struct Action {
  std::string name;
  std::size_t operands;  // besides the action
};

const std::vector<Action>& actions() {
  static const std::vector<Action> all{
      {"list", 0}, {"show", 1}, {"detect", 0}, {"import", 1}, {"draw", 1}};
  return all;
}

}  // namespace

ExitCode machine_command(const Arguments& arguments, Console& console) {
  const std::string& word = arguments.operands.front();
  const auto action = std::ranges::find(actions(), word, &Action::name);
  if (action == actions().end()) {
    std::vector<std::string> names;
    for (const Action& known : actions()) {
      names.push_back(known.name);
    }
    return usage(console, fmt::format("there is no 'timeslice machine {}'", word),
                 scenarios::suggestion(word, names));
  }
  if (arguments.operands.size() != action->operands + 1) {
    return usage(console,
                 fmt::format("'timeslice machine {}' takes {}", word,
                             action->operands == 0 ? "nothing more" : "one machine or file"),
                 "for example: timeslice machine show laptop-4c8t");
  }
  if (word == "list") {
    return list_machines(console);
  }
  if (word == "show") {
    return show_machine(arguments, console);
  }
  if (word == "draw") {
    return draw_machine(arguments, console);
  }
  return word == "detect" ? detect_machine(arguments, console) : import_machine(arguments, console);
}

}  // namespace timeslice::tools
