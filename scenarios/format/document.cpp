#include "scenarios/format/document.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/fields.hpp"
#include "scenarios/format/suggest.hpp"
#include "scenarios/format/utf8.hpp"
#include "scenarios/format/yaml_reader.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::size_t max_document_chain = 16;
constexpr std::array<std::string_view, 6> fixed_keys{"timeslice", "extends", "matrix",
                                                     "variants",  "expect",  "measured_on"};

class DocumentReader {
 public:
  DocumentReader(Files& files, Reporter& reporter) : files_{files}, reporter_{reporter} {}

  std::optional<Node> read(const Source& source) {
    std::optional<Node> tree = read_yaml(source, reporter_);
    if (!tree.has_value()) {
      return std::nullopt;
    }
    if (!tree->is_map()) {
      reporter_.error(tree->mark.source == nullptr ? Mark{&source, 1, 1, 1} : tree->mark, "E-type",
                      "a scenario is a map of keys", "start with timeslice: 1");
      return std::nullopt;
    }
    const Node* extends = tree->find("extends");
    if (extends == nullptr) {
      return tree;
    }
    std::optional<Node> base = read_base(*extends, source);
    if (!base.has_value()) {
      return std::nullopt;
    }
    tree->erase("extends");
    merge(*base, *tree);
    base->mark = tree->mark;
    return base;
  }

  void opened(const std::string& path) { open_.insert(path); }

 private:
  std::optional<Node> read_base(const Node& extends, const Source& from) {
    if (!extends.is_scalar()) {
      reporter_.error(extends.mark, "E-type", "'extends' must name a file", "extends: other.yaml");
      return std::nullopt;
    }
    const std::string path = join_path(from.directory(), extends.text);
    if (!open_.insert(path).second || open_.size() > max_document_chain) {
      reporter_.error(extends.mark, "E-cycle", fmt::format("'{}' extends itself", path),
                      fmt::format("a chain of at most {} files must end", max_document_chain));
      return std::nullopt;
    }
    FileText file = read_file(path, max_file_bytes);
    if (!file.problem.empty()) {
      reporter_.error(extends.mark, "E-file", file.problem, "the path starts where this file lies");
      return std::nullopt;
    }
    return read(
        files_.sources().add(path, directory_of(path), std::string{without_bom(file.text)}));
  }

  Files& files_;
  Reporter& reporter_;
  std::set<std::string> open_;
};

void lay_over(Node& tree, const Node& changes, Reporter& reporter) {
  for (std::size_t i = 0; i < changes.keys.size(); ++i) {
    const Node::Key& key = changes.keys[i];
    const Path path = locate(tree, key.text);
    if (std::ranges::find(fixed_keys, path[0]) != fixed_keys.end()) {
      reporter.error(key.mark, "E-key", fmt::format("a variant cannot change '{}'", path[0]),
                     "write it at the top of the scenario");
      continue;
    }
    if (is_ignored(key.text)) {
      continue;
    }
    const Node* present = find_path(tree, path);
    Node value = present != nullptr && present->is_map() ? *present : Node{};
    merge(value, changes.items[i]);
    if (!assign(tree, path, value, key.mark)) {
      reporter.error(key.mark, "E-key", fmt::format("there is nothing at '{}'", key.text),
                     "the path must lead through maps, or to an element of a list");
    }
  }
}

std::vector<std::string> variant_names(const Node& variants) {
  std::vector<std::string> names;
  names.reserve(variants.keys.size());
  for (const Node::Key& key : variants.keys) {
    names.push_back(key.text);
  }
  return names;
}

}  // namespace

std::optional<Node> read_document(Files& files, const Source& source, Reporter& reporter) {
  DocumentReader reader{files, reporter};
  reader.opened(source.name());
  return reader.read(source);
}

Path locate(const Node& tree, const std::string& key) {
  const Node* params = tree.find("params");
  if (params != nullptr && params->find(key) != nullptr) {
    return {"params", key};
  }
  return split_path(key);
}

bool assign(Node& tree, const Path& path, const Node& value, const Mark& mark) {
  Node* machine = path[0] == "machine" && path.size() > 1 ? tree.find("machine") : nullptr;
  if (machine != nullptr && machine->is_scalar()) {
    Node change = map_node(machine->mark);
    change.set({"extends", machine->mark}, *machine);
    *machine = std::move(change);
  }
  return set_path(tree, path, value, mark);
}

std::vector<Variant> expand_variants(const Node& base, const std::optional<std::string>& only,
                                     Reporter& reporter) {
  Node plain = base;
  plain.erase("variants");
  std::vector<Variant> expanded;
  const bool base_asked = !only.has_value() || only->empty() || *only == "base";
  if (base_asked) {
    expanded.push_back({.name = "", .tree = plain});
  }
  const Node* variants = base.find("variants");
  if (variants != nullptr && !variants->is_map()) {
    reporter.error(variants->mark, "E-type", "'variants' must be a map",
                   "write a name, and below it what changes");
    return expanded;
  }
  for (std::size_t i = 0; variants != nullptr && i < variants->keys.size(); ++i) {
    const std::string& name = variants->keys[i].text;
    if (only.has_value() && name != *only) {
      continue;
    }
    if (!is_name(name) || name == "base" || !variants->items[i].is_map()) {
      reporter.error(variants->keys[i].mark, "E-type",
                     fmt::format("'{}' is not a variant: a name and a map of changes", name),
                     "such as spawned: {executors.pool: {start: spawn}}; 'base' is taken");
      continue;
    }
    expanded.push_back({.name = name, .tree = plain});
    lay_over(expanded.back().tree, variants->items[i], reporter);
  }
  if (only.has_value() && expanded.empty() && reporter.clean()) {
    reporter.error(base.mark, "E-name", fmt::format("no variant is called '{}'", *only),
                   suggestion(*only, variants == nullptr ? std::vector<std::string>{}
                                                         : variant_names(*variants)));
  }
  return expanded;
}

std::vector<Setting> read_settings(Files& files, const Overrides& overrides, Reporter& reporter) {
  std::vector<Setting> settings;
  // First, so that `--set machine.cores=8` changes this one.
  if (overrides.machine.has_value()) {
    const Source& source = files.sources().add("--machine", "", *overrides.machine);
    const auto width = static_cast<std::uint32_t>(overrides.machine->size());
    settings.push_back(
        {.key = "machine", .value = scalar_node(*overrides.machine, {&source, 1, 1, width})});
  }
  for (const auto& [key, text] : overrides.set) {
    const Source& source = files.sources().add("--set " + key, "", text);
    std::optional<Node> value = read_yaml(source, reporter);
    if (key.empty() || key.front() == '.' || key.back() == '.') {
      reporter.error({&source, 1, 1, 1}, "E-key", fmt::format("'{}' is not a path", key),
                     "write --set runtime.gil=off");
    } else if (value.has_value()) {
      if (value->mark.source == nullptr) {  // an empty text has no place of its own
        value->mark = {&source, 1, 1, 1};
      }
      const bool param = key.starts_with("params.");
      settings.push_back({.key = param ? key.substr(7) : key, .value = std::move(*value)});
    }
  }
  return settings;
}

}  // namespace timeslice::scenarios
