#include "scenarios/format/machine_loader.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "models/machine/detect.hpp"
#include "models/machine/hwloc_import.hpp"
#include "models/machine/regular.hpp"
#include "scenarios/format/read_machine.hpp"
#include "scenarios/format/sha256.hpp"
#include "scenarios/format/suggest.hpp"
#include "scenarios/format/utf8.hpp"
#include "scenarios/format/yaml_reader.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::size_t max_machine_chain = 16;  // `extends` of machines

using Kind = LoadedMachine::Kind;

LoadedMachine refused(const Mark& mark, std::string code, std::string what, std::string advice) {
  LoadedMachine machine;
  machine.problems.push_back(
      diagnostic_at(mark, std::move(code), std::move(what), std::move(advice)));
  return machine;
}

bool is_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".yml") ||
         name.ends_with(".xml");
}

void add_presets(const std::string& directory, std::set<std::string>& names) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
    if (entry.path().extension() == ".yaml") {
      names.insert(entry.path().stem().string());
    }
  }
}

std::vector<std::string> preset_names(const SearchPath& search) {
  std::set<std::string> names{"host", "ideal-4"};
  for (const std::string& directory : search.machines) {
    add_presets(directory, names);
  }
  return {names.begin(), names.end()};
}

/// Lists all that decides a machine's behaviour which has no text of its own.
std::string fingerprint(const models::MachineSpec& machine) {
  std::string text;
  for (const models::CoreSpec& core : machine.cores) {
    text += fmt::format("{},{},{},{};", core.package, core.kind, core.node, core.llc);
  }
  for (const models::CpuSpec& cpu : machine.cpus) {
    text += fmt::format("{},{};", models::index_of(cpu.core), cpu.os_index);
  }
  for (const models::CoreKindSpec& kind : machine.core_kinds) {
    text += fmt::format("{},{};", kind.name, kind.speed);
  }
  for (const models::NodeSpec& node : machine.nodes) {
    text += fmt::format("{},{};", node.os_index, node.memory.count);
  }
  for (const models::CacheSpec& cache : machine.caches) {
    text += fmt::format("{},{},{};", cache.level, cache.size.count, cache.cores.size());
  }
  return sha256_hex(text);
}

class MachineLoader {
 public:
  explicit MachineLoader(Files& files) : files_{files} {}

  LoadedMachine load(const Node& node) { return node.is_map() ? from_map(node) : from_name(node); }

 private:
  LoadedMachine from_name(const Node& node) {
    const std::string& name = node.text;
    if (name.starts_with("ideal-")) {
      return ideal(node);
    }
    if (is_path(name)) {
      const std::string directory =
          node.mark.source == nullptr ? std::string{} : node.mark.source->directory();
      return from_path(node, join_path(directory, name));
    }
    return from_preset(node);
  }

  static LoadedMachine ideal(const Node& node) {
    const auto cores = parse_count(std::string_view{node.text}.substr(6));
    if (!cores || cores.value == 0 || cores.value > models::max_cpus) {
      return refused(node.mark, "E-range", fmt::format("there is no machine '{}'", node.text),
                     fmt::format("ideal-N has 1 to {} cores", models::max_cpus));
    }
    LoadedMachine machine;
    machine.kind = Kind::ideal;
    machine.file.machine = models::ideal_machine(static_cast<std::uint32_t>(cores.value));
    machine.file.os = models::ideal_os();
    machine.canonical = fmt::format("ideal-{}", cores.value);
    return machine;
  }

  LoadedMachine from_preset(const Node& node) {
    for (const std::string& directory : files_.search().machines) {
      const std::string path = join_path(directory, node.text + ".yaml");
      std::error_code error;
      if (std::filesystem::is_regular_file(path, error)) {
        return from_path(node, path);
      }
    }
    if (node.text == "host") {
      return host(node);
    }
    return refused(node.mark, "E-name", fmt::format("there is no machine '{}'", node.text),
                   suggestion(node.text, preset_names(files_.search()), 20));
  }

  static LoadedMachine host(const Node& node) {
    auto detected = models::detect_host();
    if (!detected) {
      return refused(node.mark, "E-file", detected.error().what, detected.error().advice);
    }
    LoadedMachine machine;
    machine.kind = Kind::host;
    machine.file.machine = std::move(detected).value();
    machine.file.machine.warnings.emplace_back(
        "this host was detected, not calibrated: its costs are those of the reference machine");
    machine.canonical = "host " + fingerprint(machine.file.machine);
    return machine;
  }

  LoadedMachine from_path(const Node& node, const std::string& path) {
    return path.ends_with(".xml") ? from_hwloc(node, path) : from_yaml(node, path);
  }

  static LoadedMachine from_hwloc(const Node& node, const std::string& path) {
    FileText file = read_file(path, models::max_hwloc_bytes);
    if (!file.problem.empty()) {
      return refused(node.mark, "E-file", file.problem, "the path starts where this file lies");
    }
    auto imported = models::import_hwloc_xml(file.text, path);
    if (!imported) {
      const sim::Error& error = imported.error();
      return refused(node.mark, "E-file", fmt::format("{}: {}", error.where, error.what),
                     error.advice);
    }
    LoadedMachine machine;
    machine.kind = Kind::hwloc;
    machine.file.machine = std::move(imported).value();
    machine.file.machine.name = stem_of(path);
    machine.canonical = "hwloc " + sha256_hex(file.text);
    return machine;
  }

  LoadedMachine from_yaml(const Node& node, const std::string& path) {
    if (!open_.insert(path).second || open_.size() > max_machine_chain) {
      return refused(node.mark, "E-cycle", fmt::format("'{}' extends itself", path),
                     "let one of the machines stand alone");
    }
    FileText file = read_file(path, max_file_bytes);
    if (!file.problem.empty()) {
      return refused(node.mark, "E-file", file.problem, "the path starts where this file lies");
    }
    const Source& source =
        files_.sources().add(path, directory_of(path), std::string{without_bom(file.text)});
    Reporter reporter;
    std::optional<Node> tree = read_yaml(source, reporter);
    if (tree.has_value() && !tree->is_map()) {
      reporter.error({&source, 1, 1, 1}, "E-type", "a machine file is a map", "write packages: 1");
    }
    if (!tree.has_value() || !reporter.clean()) {
      LoadedMachine machine;
      machine.problems = reporter.take();
      return machine;
    }
    if (tree->find("name") == nullptr) {
      tree->set({"name", tree->mark}, scalar_node(stem_of(path), tree->mark));
    }
    return from_map(*tree);
  }

  LoadedMachine from_map(const Node& node) {
    const Node* extends = node.find("extends");
    if (extends == nullptr) {
      if (node.find("cores") == nullptr && node.find("core_kinds") == nullptr) {
        return refused(node.mark, "E-missing", "the machine has neither 'cores' nor 'extends'",
                       "write cores: 8, or name the machine that it changes: extends: ideal-8");
      }
      return read(node, node, {}, nullptr);
    }
    if (!extends->is_scalar()) {
      return refused(extends->mark, "E-type", "'extends' must name a machine", "write its name");
    }
    LoadedMachine base = from_name(*extends);
    if (!base.problems.empty()) {
      return base;
    }
    if (base.kind != Kind::yaml) {
      return read(node, node, {&base.file, true, base.file.machine.costs_known}, &base);
    }
    Node merged = base.tree;
    if (node.find("core_kinds") != nullptr) {
      merged.erase("cores");
      merged.erase("smt");
    } else if (node.find("cores") != nullptr || node.find("smt") != nullptr) {
      merged.erase("core_kinds");
    }
    merge(merged, node);
    merged.erase("extends");
    return read(merged, node, {nullptr, true, base.file.machine.costs_known}, nullptr);
  }

  LoadedMachine read(const Node& whole, const Node& own, const MachineBase& base,
                     const LoadedMachine* under) {
    LoadedMachine machine;
    Reporter reporter;
    std::vector<std::string> warnings;
    std::vector<std::string> contents;
    machine.file = read_machine_map({reporter, files_, warnings, contents}, whole, base);
    machine.problems = reporter.take();
    if (machine.file.machine.name.empty()) {
      machine.file.machine.name = "machine";
    }
    machine.kind = under == nullptr ? Kind::yaml : under->kind;
    machine.tree = under == nullptr ? whole : Node{};
    machine.canonical =
        under == nullptr ? canonical_json(whole) : under->canonical + " " + canonical_json(own);
    return machine;
  }

  Files& files_;
  std::set<std::string> open_;
};

std::string cache_key(const Node& node) {
  const std::string directory =
      node.mark.source == nullptr ? std::string{} : node.mark.source->directory();
  return fmt::format("{}|{}", directory, node.is_map() ? canonical_json(node) : node.text);
}

}  // namespace

MachinePointer resolve_machine(Files& files, const Node& node) {
  if (!node.is_map() && !node.is_scalar()) {
    return std::make_shared<const LoadedMachine>(
        refused(node.mark, "E-type", "'machine' must be a name, a path or a map",
                "write machine: ideal-4"));
  }
  const std::string key = cache_key(node);
  if (MachinePointer kept = files.find_machine(key); kept != nullptr) {
    return kept;
  }
  MachineLoader loader{files};
  return files.keep_machine(key, std::make_shared<const LoadedMachine>(loader.load(node)));
}

}  // namespace timeslice::scenarios
