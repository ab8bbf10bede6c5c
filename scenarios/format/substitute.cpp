#include "scenarios/format/substitute.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {

ParamValues::ParamValues(const Node* params, Reporter& reporter) : reporter_{reporter} {
  if (params == nullptr || !params->is_map()) {
    return;
  }
  for (std::size_t i = 0; i < params->keys.size(); ++i) {
    const Node& value = params->items[i];
    if (is_ignored(params->keys[i].text)) {
      continue;
    }
    if (!value.is_scalar()) {
      reporter_.error(
          value.mark, "E-type",
          fmt::format("the parameter '{}' must be a single value", params->keys[i].text),
          "lists belong into the matrix");
    }
    values_[params->keys[i].text].node = value.is_scalar() ? value : scalar_node("0", value.mark);
  }
}

bool ParamValues::used(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() && found->second.used;
}

/// ": a -> b -> a", where others lie between.
std::string ParamValues::circle_of(const std::string& name) const {
  const auto begin = std::ranges::find(open_, name);
  if (begin == open_.end() || begin + 1 == open_.end()) {
    return {};
  }
  return fmt::format(": {} -> {}", fmt::join(begin, open_.end(), " -> "), name);
}

const Node* ParamValues::value_of(const std::string& name, const Mark& mark) {
  const auto found = values_.find(name);
  if (found == values_.end()) {
    std::vector<std::string> known;
    for (const auto& [each, value] : values_) {
      known.push_back(each);
    }
    reporter_.error(mark, "E-name", fmt::format("no parameter is called '{}'", name),
                    known.empty() ? "define it under params" : suggestion(name, known));
    reporter_.spoil(mark);
    return nullptr;
  }
  Value& value = found->second;
  value.used = true;
  if (value.state == Value::State::open) {
    reporter_.error(mark, "E-cycle",
                    fmt::format("the parameter '{}' refers to itself{}", name, circle_of(name)),
                    "give one parameter of the circle a value");
    reporter_.spoil(mark);
    return nullptr;
  }
  if (value.state == Value::State::raw) {
    value.state = Value::State::open;
    open_.push_back(name);
    substitute_scalar(value.node);
    open_.pop_back();
    value.state = Value::State::done;
  }
  return &value.node;
}

void ParamValues::substitute_scalar(Node& node) {
  const std::string_view text = node.text;
  std::size_t open = text.find("${");
  if (open == std::string_view::npos) {
    return;
  }
  if (open == 0 && text.find('}') == text.size() - 1) {
    const Node* value = value_of(std::string{text.substr(2, text.size() - 3)}, node.mark);
    if (value != nullptr) {
      Node copy = *value;
      node = std::move(copy);
    }
    return;
  }
  std::string result;
  std::size_t from = 0;
  for (; open != std::string_view::npos; open = text.find("${", from)) {
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) {
      reporter_.error(node.mark, "E-type", "'${' has no closing '}'", "write ${name}");
      return;
    }
    const Node* value = value_of(std::string{text.substr(open + 2, close - open - 2)}, node.mark);
    result += text.substr(from, open - from);
    result += value == nullptr ? "0" : value->text;
    from = close + 1;
    const bool too_long = result.size() > max_param_bytes;
    substituted_ += too_long ? 0 : result.size();
    if (too_long || substituted_ > max_substituted_bytes) {
      reporter_.error(node.mark, "E-limit", "parameters grow without bound", "use shorter values");
      return;
    }
  }
  result += text.substr(from);
  node.text = std::move(result);
}

void ParamValues::substitute(Node& node) {
  if (node.is_scalar()) {
    substitute_scalar(node);
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (!node.is_map() || !is_ignored(node.keys[i].text)) {
      substitute(node.items[i]);
    }
  }
}

}  // namespace timeslice::scenarios
