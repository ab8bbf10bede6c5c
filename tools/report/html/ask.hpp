// Rows for the report: queries that either all succeed or end in the first error. Internal.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tools/store/query.hpp"

namespace timeslice::tools {

using Row = std::vector<Cell>;

/// Asks one database; after an error every further answer is empty and error() says why.
class Asker {
 public:
  Asker(std::string path, std::function<bool()> give_up)
      : path_{std::move(path)}, give_up_{std::move(give_up)} {}

  [[nodiscard]] std::vector<Row> rows(const std::string& sql) {
    if (error_) {
      return {};
    }
    auto answer = run_query(path_, sql, {.give_up = give_up_});
    if (auto* problem = std::get_if<StoreError>(&answer)) {
      error_ = std::move(*problem);
      return {};
    }
    return std::move(std::get<QueryTable>(answer).rows);
  }
  [[nodiscard]] const std::optional<StoreError>& error() const { return error_; }

 private:
  std::string path_;
  std::function<bool()> give_up_;
  std::optional<StoreError> error_;
};

[[nodiscard]] inline std::string text_of(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    return *text;
  }
  if (const auto* number = std::get_if<std::int64_t>(&cell)) {
    return std::to_string(*number);
  }
  return {};
}

[[nodiscard]] inline std::optional<double> number_of(const Cell& cell) {
  if (const auto* number = std::get_if<double>(&cell)) {
    return *number;
  }
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
    return static_cast<double>(*whole);
  }
  return std::nullopt;
}

[[nodiscard]] inline std::int64_t whole_of(const Cell& cell) {
  const auto* whole = std::get_if<std::int64_t>(&cell);
  return whole == nullptr ? 0 : *whole;
}

}  // namespace timeslice::tools
