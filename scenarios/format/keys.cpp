#include "scenarios/format/keys.hpp"

#include <algorithm>
#include <array>

#include "sim/expect.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::array<CodeDoc, 15> codes{{
    {"E-cycle", "something leads back to itself: extends, params, or tasks that start themselves"},
    {"E-dup", "a key stands twice in one map"},
    {"E-expect", "a rule under `expect` cannot be read or names what does not exist"},
    {"E-file", "a file that the scenario names cannot be read"},
    {"E-key", "a key is unknown here, or does not belong here"},
    {"E-later", "a known word that this version does not model yet"},
    {"E-limit", "a limit of the format is passed"},
    {"E-missing", "a key or a value that must be there is missing"},
    {"E-name", "a name (task, executor, lock, future, group, parameter, machine) is not defined"},
    {"E-number", "a number in a form that is easily misread: octal, hexadecimal, out of range"},
    {"E-range", "a number is outside what makes sense for its key"},
    {"E-type", "a value has the wrong shape"},
    {"E-unit", "a quantity has no unit, or one of the wrong kind"},
    {"E-world", "each part is right, but together they cannot run"},
    {"E-yaml", "the text is not YAML, or uses a part of YAML that is not read here"},
}};

std::vector<Section> joined_sections() {
  std::vector<Section> all;
  for (const auto part : {scenario_sections(), machine_sections(), os_sections(),
                          runtime_sections(), step_argument_sections(), character_sections()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace

std::span<const CodeDoc> all_codes() {
  return codes;
}

std::span<const Section> all_sections() {
  static const std::vector<Section> all = joined_sections();
  return all;
}

const Section& section_named(std::string_view name) {
  const auto sections = all_sections();
  const auto found = std::ranges::find(sections, name, &Section::name);
  sim::expect(found != sections.end(), "the table of keys has every section that it names");
  return *found;
}

const Section* find_step(std::string_view name) {
  const auto steps = all_steps();
  const auto found = std::ranges::find(steps, name, &Section::name);
  return found == steps.end() ? nullptr : &*found;
}

const Key* find_key(const Section& section, std::string_view name) {
  const auto found = std::ranges::find(section.keys, name, &Key::name);
  return found == section.keys.end() ? nullptr : &*found;
}

std::vector<std::string> key_names(const Section& section) {
  std::vector<std::string> names;
  for (const Key& key : section.keys) {
    names.emplace_back(key.name);
  }
  return names;
}

std::vector<std::string> step_names() {
  std::vector<std::string> names;
  for (const Section& step : all_steps()) {
    names.emplace_back(step.name);
  }
  return names;
}

std::vector<std::string> choice_words(const Key& key) {
  std::vector<std::string> words;
  for (const Choice& choice : key.choices) {
    if (choice.later.empty()) {
      words.emplace_back(choice.word);
    }
  }
  return words;
}

}  // namespace timeslice::scenarios
