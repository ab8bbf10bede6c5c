// Colours for terminals, or none: one place that knows escape sequences for text.
#pragma once

#include <string>
#include <string_view>

namespace timeslice::tools {

class Paint {
 public:
  explicit Paint(bool on) : on_{on} {}

  [[nodiscard]] std::string_view bold_on() const { return on_ ? "\x1b[1m" : ""; }
  [[nodiscard]] std::string_view off() const { return on_ ? "\x1b[0m" : ""; }
  [[nodiscard]] std::string bold(std::string_view text) const { return wrap("\x1b[1m", text); }
  [[nodiscard]] std::string good(std::string_view text) const { return wrap("\x1b[32m", text); }
  [[nodiscard]] std::string bad(std::string_view text) const { return wrap("\x1b[1;31m", text); }
  [[nodiscard]] std::string doubtful(std::string_view text) const { return wrap("\x1b[33m", text); }

 private:
  [[nodiscard]] std::string wrap(std::string_view on, std::string_view text) const {
    return on_ ? std::string{on} + std::string{text} + "\x1b[0m" : std::string{text};
  }

  bool on_;
};

}  // namespace timeslice::tools
