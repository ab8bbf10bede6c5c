#include "scenarios/format/schema.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "scenarios/format/keys.hpp"
#include "scenarios/format/number.hpp"

namespace timeslice::scenarios {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* number_pattern = R"([+-]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)";
constexpr const char* size_pattern = R"((0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)";

Json text_matching(const std::string& pattern) {
  return {{"type", "string"}, {"pattern", "^(" + pattern + ")$"}};
}

Json ref(std::string_view kind, std::string_view name) {
  return {{"$ref", fmt::format("#/$defs/{}.{}", kind, name)}};
}

std::string units_pattern(const UnitFamily& family) {
  std::string units;
  for (const Unit& unit : family.units) {
    units += (units.empty() ? "" : "|") + std::string{unit.name};
  }
  return fmt::format("({}) ?({})", size_pattern, units);
}

/// A quantity with its unit, or a plain 0.
Json quantity(const UnitFamily& family, const std::string& after = "") {
  return {
      {"anyOf", {text_matching(units_pattern(family) + after), {{"const", 0}}, {{"const", "0"}}}}};
}

Json either(Json a, Json b) {
  return {{"anyOf", Json::array({std::move(a), std::move(b)})}};
}

Json bounded(const Key& key, Json schema) {
  schema["minimum"] = key.low;
  if (key.high < 1e300) {
    schema["maximum"] = key.high;
  }
  // YAML readers of the 1.1 kind take 1e7 for text.
  return either(std::move(schema), text_matching(number_pattern));
}

Json scalar_type() {
  return {{"type", Json::array({"string", "number", "boolean"})}};
}

Json list_of(Json items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

Json map_of(Json values) {
  return {{"type", "object"}, {"additionalProperties", std::move(values)}};
}

/// A map of names: `x-` ones hold anything.
Json named(Json values) {
  Json schema = map_of(std::move(values));
  schema["patternProperties"]["^x-"] = true;
  return schema;
}

Json steps_type() {
  return list_of({{"$ref", "#/$defs/step"}});
}

Json axes_type() {
  Json schema = map_of(list_of(true));
  schema["properties"]["skip"] = list_of({{"type", "object"}});
  schema["properties"]["add"] = list_of({{"type", "object"}});
  return schema;
}

Json scalar_value(const Key& key) {
  switch (key.type) {
    case Type::boolean:
      return {{"enum", {true, false, "on", "off", "true", "false", "yes", "no"}}};
    case Type::count: {
      Json number = bounded(key, {{"type", "integer"}});
      return key.section.empty() ? number : either(number, ref("section", key.section));
    }
    case Type::number:
      return bounded(key, {{"type", "number"}});
    case Type::duration:
      return quantity(duration_units());
    case Type::distribution:
      return either(quantity(duration_units()), text_matching(R"([a-z]+\(.*\))"));
    case Type::bytes:
      return quantity(byte_units());
    case Type::frequency:
      return quantity(frequency_units());
    case Type::bandwidth:
      return quantity(bandwidth_units(), "( per node)?");
    case Type::version:
      return either({{"type", "number"}}, text_matching(R"(3\.[0-9]+(\.[0-9]+)?)"));
    case Type::cache:
      return text_matching(units_pattern(byte_units()) +
                           "( +shared by +(core|package|[0-9]+ +cores))?");
    default:
      return scalar_type();
  }
}

Json value_of(const Key& key) {
  switch (key.type) {
    case Type::counts:
      return list_of(either({{"type", "integer"}, {"minimum", 0}},
                            text_matching("[0-9]+-[0-9]+|\\$\\{[^}]+\\}")));
    case Type::turbo:
      return map_of(quantity(frequency_units()));
    case Type::curve:
      return map_of({{"type", "number"}, {"minimum", 0}, {"maximum", 1}});
    case Type::section:
      return ref("section", key.section);
    case Type::sections:
      return list_of(ref("section", key.section));
    case Type::named:
      return named(either(ref("section", key.section), {{"type", "null"}}));
    case Type::steps:
      return steps_type();
    case Type::tasks:
      return named(steps_type());
    case Type::machine:
      return either({{"type", "string"}}, ref("section", key.section));
    case Type::texts:
      return list_of(scalar_type());
    case Type::scalars:
      return named(scalar_type());
    case Type::axes:
      return axes_type();
    case Type::changes:
      return map_of({{"type", "object"}});
    default:
      return scalar_value(key);
  }
}

Json words_of(const Key& key) {
  Json words = Json::array();
  for (const std::string& word : choice_words(key)) {
    words.push_back(word);
  }
  return {{"enum", std::move(words)}};
}

/// A key's value, its words, or a reference to a parameter.
Json schema_of(const Key& key) {
  Json alternatives = Json::array();
  if (key.type != Type::choice) {
    alternatives.push_back(value_of(key));
  }
  if (!key.choices.empty()) {
    alternatives.push_back(words_of(key));
  }
  alternatives.push_back({{"$ref", "#/$defs/reference"}});
  Json schema{{"anyOf", std::move(alternatives)}};
  if (!key.doc.empty()) {
    schema["description"] = key.doc;
  }
  if (!key.fallback.empty()) {
    schema["default"] = key.fallback;
  }
  return schema;
}

Json object_of(const Section& section) {
  Json schema{{"type", "object"}, {"additionalProperties", false}};
  if (!section.doc.empty()) {
    schema["description"] = section.doc;
  }
  Json properties = Json::object();
  Json required = Json::array();
  for (const Key& key : section.keys) {
    if (key.later.empty()) {
      properties[std::string{key.name}] = schema_of(key);
    }
    // A scenario that extends another may leave to it what it must have in the end.
    if (key.required && section.name != "scenario") {
      required.push_back(key.name);
    }
  }
  schema["properties"] = std::move(properties);
  schema["patternProperties"]["^x-"] = true;
  if (!required.empty()) {
    schema["required"] = std::move(required);
  }
  return schema;
}

}  // namespace

std::string schema_json() {
  Json schema = object_of(section_named("scenario"));
  Json top{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
           {"title", "Timeslice scenario, version 1"}};
  top.update(schema);
  Json& definitions = top["$defs"];
  definitions["reference"] = text_matching(R"(.*\$\{[^}]*\}.*)");
  Json steps = Json::array();
  for (const Section& step : all_steps()) {
    if (step.keys[0].later.empty()) {
      definitions[fmt::format("step.{}", step.name)] = object_of(step);
      steps.push_back(ref("step", step.name));
    }
  }
  definitions["step"] = {{"anyOf", std::move(steps)}};
  for (const Section& section : all_sections()) {
    if (section.name != "scenario") {
      definitions[fmt::format("section.{}", section.name)] = object_of(section);
    }
  }
  return top.dump(2) + "\n";
}

}  // namespace timeslice::scenarios
