// `${name}`: puts the values of `params` into a tree.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "scenarios/format/node.hpp"

namespace timeslice::scenarios {

inline constexpr std::size_t max_param_bytes = 4096;                        // one value
inline constexpr std::size_t max_substituted_bytes = std::size_t{4} << 20;  // in one tree

/// The values of `params`, references among them resolved. Reports cycles and values that are no
/// single values.
class ParamValues {
 public:
  ParamValues(const Node* params, Reporter& reporter);

  /// Replaces every reference in `node` and below; a scalar that is one reference takes the value
  /// as it is, quotes and all. Reports unknown names.
  void substitute(Node& node);

  [[nodiscard]] bool used(const std::string& name) const;

 private:
  struct Value {
    Node node;
    enum class State { raw, open, done } state = State::raw;
    bool used = false;
  };

  void substitute_scalar(Node& node);
  [[nodiscard]] const Node* value_of(const std::string& name, const Mark& mark);

  [[nodiscard]] std::string circle_of(const std::string& name) const;

  std::map<std::string, Value> values_;
  std::vector<std::string> open_;  // those whose values are being worked out, outermost first
  Reporter& reporter_;
  std::size_t substituted_ = 0;
};

}  // namespace timeslice::scenarios
