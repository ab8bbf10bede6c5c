#include "tools/report/text_table.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

#include "sim/expect.hpp"

namespace timeslice::tools {
namespace {

constexpr unsigned char continuation_mask = 0xC0;
constexpr unsigned char continuation = 0x80;

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & continuation_mask) == continuation;
}

void append_cell(std::string& line, const std::string& cell, std::size_t width, Align align) {
  const std::size_t padding = width - std::min(width, display_width(cell));
  if (align == Align::right) {
    line.append(padding, ' ');
  }
  line += cell;
  if (align == Align::left) {
    line.append(padding, ' ');
  }
}

void trim_end(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
}

bool says_nothing(const std::string& cell) {
  return cell.empty() || cell == "0" || cell == "-";
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return !continues(byte); }));
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width || width < 3) {
    return std::string{text};
  }
  std::size_t taken = 0;
  std::size_t end = 0;
  while (end < text.size() && taken < width - 2) {
    ++end;
    while (end < text.size() && continues(text[end])) {
      ++end;
    }
    ++taken;
  }
  return std::string{text.substr(0, end)} + "..";
}

TextTable::TextTable(std::vector<TextColumn> columns) : columns_{std::move(columns)} {}

void TextTable::add_row(std::vector<std::string> cells) {
  sim::expect(cells.size() == columns_.size(), "a row has a cell for each column");
  rows_.push_back(std::move(cells));
}

void TextTable::drop_empty_columns() {
  for (std::size_t column = columns_.size(); column-- > 0;) {
    const bool empty =
        std::ranges::all_of(rows_, [&](const auto& row) { return says_nothing(row[column]); });
    if (!empty) {
      continue;
    }
    const auto at = static_cast<std::ptrdiff_t>(column);
    columns_.erase(columns_.begin() + at);
    for (auto& row : rows_) {
      row.erase(row.begin() + at);
    }
  }
}

std::vector<std::size_t> TextTable::widths(const std::vector<std::size_t>& shown) const {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    std::size_t width = display_width(columns_[column].title);
    for (const std::size_t row : shown) {
      width = std::max(width, display_width(rows_[row][column]));
    }
    widths.push_back(width);
  }
  return widths;
}

std::string TextTable::line(const std::vector<std::string>& cells,
                            const std::vector<std::size_t>& widths) const {
  std::string line = "  ";
  for (std::size_t column = 0; column < cells.size(); ++column) {
    line += column == 0 ? "" : "  ";
    append_cell(line, cells[column], widths[column], columns_[column].align);
  }
  trim_end(line);
  return line;
}

std::string TextTable::text(std::size_t rows_max, std::string_view bold_on,
                            std::string_view bold_off) const {
  const std::size_t kept = std::min(rows_.size(), rows_max);
  const std::size_t head = (kept + 1) / 2;
  const std::size_t left_out = rows_.size() - kept;
  std::vector<std::size_t> shown;
  shown.reserve(kept);
  for (std::size_t row = 0; row < kept; ++row) {
    shown.push_back(row < head ? row : row + left_out);
  }
  const std::vector<std::size_t> wide = widths(shown);
  std::vector<std::string> titles;
  std::ranges::transform(columns_, std::back_inserter(titles), &TextColumn::title);
  std::string result = std::string{bold_on} + line(titles, wide) + std::string{bold_off} + '\n';
  for (const std::size_t row : shown) {
    if (row == head + left_out && left_out > 0) {
      result += "  ... " + std::to_string(left_out) + " more rows ...\n";
    }
    result += line(rows_[row], wide) + '\n';
  }
  return result;
}

}  // namespace timeslice::tools
