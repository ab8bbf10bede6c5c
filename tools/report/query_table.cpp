#include "tools/report/query_table.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "scenarios/format/printable.hpp"

namespace timeslice::tools {
namespace {

using scenarios::safe_text;

/// The shortest text that reads back as the same number; whole ones without exponent.
std::string number_text(double value) {
  constexpr double plain_max = 1e15;
  const bool whole =
      std::isfinite(value) && std::abs(value) < plain_max && value == std::floor(value);
  return whole ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

std::string cell_text(const Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
    return fmt::format("{}", *integer);
  }
  if (const auto* number = std::get_if<double>(&cell)) {
    return number_text(*number);
  }
  if (const auto* text = std::get_if<std::string>(&cell)) {
    return *text;
  }
  if (const auto* blob = std::get_if<Blob>(&cell)) {
    return fmt::format("<{} bytes>", blob->bytes);
  }
  return "NULL";
}

/// In a table nobody needs 17 digits.
std::string table_text(const Cell& cell) {
  const auto* number = std::get_if<double>(&cell);
  const bool long_tail =
      number != nullptr && number_text(*number).size() > 10 && *number != std::floor(*number);
  return long_tail ? fmt::format("{:.6g}", *number) : safe_text(cell_text(cell));
}

/// Columns that a text takes: code points, which is right for all but double-width scripts.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_number(const Cell& cell) {
  return std::holds_alternative<std::int64_t>(cell) || std::holds_alternative<double>(cell);
}

struct Layout {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
};

Layout layout_of(const QueryTable& result, const std::vector<std::vector<std::string>>& texts) {
  Layout layout;
  for (std::size_t c = 0; c < result.columns.size(); ++c) {
    std::size_t width = width_of(safe_text(result.columns[c]));
    bool right = !result.rows.empty();
    for (std::size_t r = 0; r < texts.size(); ++r) {
      width = std::max(width, width_of(texts[r][c]));
      const Cell& cell = result.rows[r][c];
      right = right && (is_number(cell) || std::holds_alternative<std::monostate>(cell));
    }
    layout.widths.push_back(width);
    layout.right.push_back(right);
  }
  return layout;
}

std::string line(const std::vector<std::string>& texts, const Layout& layout) {
  std::string out;
  for (std::size_t c = 0; c < texts.size(); ++c) {
    const std::string padding(layout.widths[c] - width_of(texts[c]), ' ');
    out += c == 0 ? "" : "  ";
    out += layout.right[c] ? padding + texts[c] : texts[c] + padding;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + '\n';
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string out{'"'};
  for (const char c : text) {
    out.append(c == '"' ? 2 : 1, c);
  }
  return out + '"';
}

nlohmann::ordered_json json_value(const Cell& cell) {
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) {
    return *integer;
  }
  if (const auto* number = std::get_if<double>(&cell)) {
    return std::isfinite(*number) ? nlohmann::ordered_json(*number) : nlohmann::ordered_json();
  }
  if (std::holds_alternative<std::monostate>(cell)) {
    return nullptr;
  }
  return cell_text(cell);
}

}  // namespace

std::string to_table(const QueryTable& result) {
  std::vector<std::vector<std::string>> texts;
  for (const auto& row : result.rows) {
    auto& out = texts.emplace_back();
    std::ranges::transform(row, std::back_inserter(out), table_text);
  }
  const Layout layout = layout_of(result, texts);
  std::vector<std::string> names;
  std::ranges::transform(result.columns, std::back_inserter(names), safe_text);
  std::string out = line(names, layout);
  std::ranges::transform(layout.widths, names.begin(), [](auto n) { return std::string(n, '-'); });
  out += line(names, layout);
  for (const auto& row : texts) {
    out += line(row, layout);
  }
  if (result.cut) {
    out += fmt::format("... and more: only the first {} rows are shown\n", result.rows.size());
  }
  return out;
}

std::string to_csv(const QueryTable& result) {
  std::string out;
  for (std::size_t c = 0; c < result.columns.size(); ++c) {
    out += (c == 0 ? "" : ",") + csv_field(result.columns[c]);
  }
  out += "\r\n";
  for (const auto& row : result.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const bool null = std::holds_alternative<std::monostate>(row[c]);
      out += (c == 0 ? "" : ",") + (null ? std::string{} : csv_field(cell_text(row[c])));
    }
    out += "\r\n";
  }
  return out;
}

std::string to_json(const QueryTable& result) {
  auto rows = nlohmann::ordered_json::array();
  for (const auto& row : result.rows) {
    auto object = nlohmann::ordered_json::object();
    for (std::size_t c = 0; c < row.size(); ++c) {
      object[result.columns[c]] = json_value(row[c]);
    }
    rows.push_back(std::move(object));
  }
  // Text that is not UTF-8 is shown with replacement characters instead of being refused.
  return rows.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace timeslice::tools
