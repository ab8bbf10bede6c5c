// Result<T>: a value, or the reason why there is none. For failures that the user can cause.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "sim/expect.hpp"

namespace timeslice::sim {

/// What went wrong, where, and what to do about it: three parts that the CLI prints as one line.
struct Error {
  std::string where;   // "pool.yaml:14:11: workers", or empty
  std::string what;    // "0 workers cannot run a task"
  std::string advice;  // "use 1 or more, or the word cores"
};

template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that `return value;` and `return Error{...};` both read well.
  Result(T value) : state_{std::move(value)} {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_{std::move(error)} {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return state_.index() == 0; }

  /// The value. Requires: this holds one.
  [[nodiscard]] const T& value() const& {
    expect(static_cast<bool>(*this), "a result is checked before its value is used");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    expect(static_cast<bool>(*this), "a result is checked before its value is used");
    return std::move(*std::get_if<0>(&state_));
  }

  /// The reason. Requires: this holds no value.
  [[nodiscard]] const Error& error() const {
    expect(!*this, "only a failed result has an error");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

}  // namespace timeslice::sim
