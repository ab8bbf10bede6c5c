#include "scenarios/format/load.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/check_points.hpp"
#include "scenarios/format/check_rules.hpp"
#include "scenarios/format/check_settings.hpp"
#include "scenarios/format/document.hpp"
#include "scenarios/format/machine_loader.hpp"
#include "scenarios/format/plan_state.hpp"
#include "scenarios/format/sha256.hpp"
#include "scenarios/format/suggest.hpp"
#include "scenarios/format/utf8.hpp"
#include "scenarios/format/yaml_reader.hpp"
#include "sim/expect.hpp"

namespace timeslice::scenarios {
namespace {

/// `--set` of what the matrix sweeps pins that axis; all else is written into every variant.
std::vector<Setting> pin(const Node& base, const std::vector<Setting>& settings) {
  std::vector<Setting> pinned;
  const Node* matrix = base.find("matrix");
  for (const Setting& setting : settings) {
    if (matrix != nullptr && matrix->find(setting.key) != nullptr) {
      pinned.push_back(setting);
    }
  }
  return pinned;
}

void apply_setting(const Setting& setting, Node& tree, Reporter& reporter) {
  if (!assign(tree, locate(tree, setting.key), setting.value, setting.value.mark)) {
    reporter.error(setting.value.mark, "E-key",
                   fmt::format("there is nothing at '{}'", setting.key),
                   "the path must lead through maps, or to an element of a list");
  }
}

void apply_settings(std::vector<Variant>& variants, const std::vector<Setting>& settings,
                    Reporter& reporter) {
  for (Variant& variant : variants) {
    for (const Setting& setting : settings) {
      apply_setting(setting, variant.tree, reporter);
    }
  }
}

void apply_counts(Plan::State& state, const Overrides& overrides) {
  const auto write = [&](const char* key, std::uint64_t value) {
    const Source& source =
        state.files->sources().add(fmt::format("--{}", key), "", fmt::format("{}", value));
    const auto width = static_cast<std::uint32_t>(source.text().size());
    for (Variant& variant : state.variants) {
      variant.tree.set({key, {&source, 1, 1, width}},
                       scalar_node(source.text(), {&source, 1, 1, width}));
    }
  };
  if (overrides.seed.has_value()) {
    write("seed", *overrides.seed);
  }
  if (overrides.repeat.has_value()) {
    write("repeat", *overrides.repeat);
  }
}

/// Takes `expect` out of the trees: rules are about points, not part of them.
void read_rules(Plan::State& state, Node& base, Reporter& reporter) {
  const Node* rules = base.find("expect");
  if (rules != nullptr && !rules->is_sequence()) {
    reporter.error(rules->mark, "E-type", "'expect' must be a list of rules",
                   "write each as a line: - makespan < 20s");
  } else if (rules != nullptr) {
    state.rule_nodes = rules->items;
  }
  for (const Node& rule : state.rule_nodes) {
    state.rules.push_back(flow_text(rule));
  }
  base.erase("expect");
}

/// Whether a path leads into keys that a point may change.
bool is_open(const std::string& first) {
  constexpr std::array<std::string_view, 5> closed{"timeslice", "extends", "matrix", "variants",
                                                   "expect"};
  return find_key(section_named("scenario"), first) != nullptr &&
         std::ranges::find(closed, first) == closed.end();
}

void refuse_axis(const Axis& axis, const Node& base, Reporter& reporter) {
  std::vector<std::string> names = key_names(section_named("scenario"));
  if (const Node* params = base.find("params"); params != nullptr) {
    for (const Node::Key& key : params->keys) {
      names.push_back(key.text);
    }
  }
  reporter.error(axis.mark, "E-name",
                 fmt::format("'{}' is neither a parameter nor a path", axis.key),
                 near_names(axis.key, names).empty()
                     ? "define it under params, or write a path such as runtime.gil"
                     : suggestion(axis.key, names));
}

/// Reports axes that are neither a parameter nor a path into keys that scenarios have.
void check_axes(const Plan::State& state, const Node& base, Reporter& reporter) {
  for (const Axis& axis : state.matrix.axes()) {
    if (!is_open(locate(base, axis.key)[0]) || axis.key == "variant") {
      refuse_axis(axis, base, reporter);
    }
  }
}

void build(Plan::State& state, Node base, const Overrides& overrides, Reporter& reporter) {
  const std::vector<Setting> settings = read_settings(*state.files, overrides, reporter);
  check_settings(base, settings, reporter);
  const std::vector<Setting> pinned = pin(base, settings);
  read_rules(state, base, reporter);
  state.matrix = Matrix::read(base.find("matrix"), pinned, reporter);
  state.narrowed = !pinned.empty() || overrides.variant.has_value();
  check_axes(state, base, reporter);
  base.erase("matrix");
  state.origin = base_origin(state, base);
  state.variants = expand_variants(base, overrides.variant, reporter);
  apply_settings(state.variants, settings, reporter);
  apply_counts(state, overrides);
  if (state.matrix.size() * state.variants.size() > max_points) {
    reporter.error(base.mark, "E-limit", "the sweep has more than 1e6 points",
                   "use fewer variants or a smaller matrix");
  } else if (state.matrix.size() * state.variants.size() == 0 && reporter.clean()) {
    reporter.error(base.mark, "E-missing", "no point is left to run", "skip less");
  }
  name_plan(state, base);
}

Loaded load_source(std::shared_ptr<Plan::State> state, const Source& source,
                   const Overrides& overrides) {
  Reporter reporter;
  std::optional<Node> base = read_document(*state->files, source, reporter);
  if (base.has_value()) {
    build(*state, std::move(*base), overrides, reporter);
  }
  // Points show more of what is wrong, unless the axes themselves cannot be trusted.
  if (base.has_value() && state->matrix.size() > 0 && !state->variants.empty()) {
    check_points(*state, reporter);
  }
  if (reporter.clean()) {
    check_rules(*state, reporter);
  }
  if (!reporter.clean()) {
    return reporter.take();
  }
  return Plan{std::move(state)};
}

Diagnostics file_problem(const std::string& name, std::string what) {
  return {{.place = {.file = name, .line = 0, .column = 0, .width = 1},
           .code = "E-file",
           .what = std::move(what),
           .advice = "check the path",
           .source_line = {}}};
}

}  // namespace

Loaded load_file(const std::string& path, const Overrides& overrides, const SearchPath& search) {
  FileText file = read_file(path, max_file_bytes);
  if (!file.problem.empty()) {
    return file_problem(path, file.problem);
  }
  // What a pipe gives has no folder of its own.
  const std::string directory = path.starts_with("/dev/") ? std::string{} : directory_of(path);
  return load_text(file.text, path, directory, overrides, search);
}

Loaded load_text(std::string_view text, const std::string& name, const std::string& directory,
                 const Overrides& overrides, const SearchPath& search) {
  auto state = std::make_shared<Plan::State>();
  state->files = std::make_shared<Files>(search);
  state->yaml = std::string{text};
  state->sha256 = sha256_hex(text);
  state->fallback_name = stem_of(name);
  const Source& source =
      state->files->sources().add(name, directory, std::string{without_bom(text)});
  return load_source(std::move(state), source, overrides);
}

std::variant<MachineFile, Diagnostics> load_machine(const std::string& name_or_path,
                                                    const SearchPath& search) {
  Files files{search};
  const Source& source = files.sources().add("machine", "", name_or_path);
  const Mark mark{&source, 1, 1, static_cast<std::uint32_t>(name_or_path.size())};
  const MachinePointer found = resolve_machine(files, scalar_node(name_or_path, mark));
  if (!found->problems.empty()) {
    return found->problems;
  }
  return found->file;
}

}  // namespace timeslice::scenarios
