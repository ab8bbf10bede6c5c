// A table of text for terminals: columns as wide as their widest cell, numbers to the right.
//
// Widths count code points, so "± 3 ms" and "8 us" line up; wide East Asian characters are not
// measured. Long tables are shortened in the middle. Cost: two passes over the cells.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/format/printable.hpp"

namespace timeslice::tools {

using scenarios::safe_lines;
using scenarios::safe_text;

enum class Align { left, right };

struct TextColumn {
  std::string title;
  Align align = Align::right;
};

class TextTable {
 public:
  explicit TextTable(std::vector<TextColumn> columns);

  /// Requires: as many cells as columns.
  void add_row(std::vector<std::string> cells);

  /// Drops columns in which every cell is empty, "0" or "-".
  void drop_empty_columns();

  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

  /// The table, each line indented by two blanks and ended; `bold` goes around the titles
  /// (escape sequences or empty). Of more than `rows_max` rows the middle is left out.
  [[nodiscard]] std::string text(std::size_t rows_max, std::string_view bold_on = {},
                                 std::string_view bold_off = {}) const;

 private:
  /// Of each column, over its title and the rows `shown`.
  [[nodiscard]] std::vector<std::size_t> widths(const std::vector<std::size_t>& shown) const;
  [[nodiscard]] std::string line(const std::vector<std::string>& cells,
                                 const std::vector<std::size_t>& widths) const;

  std::vector<TextColumn> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Number of code points of UTF-8 text; bytes that are not UTF-8 count one each.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// At most `width` columns, the cut marked by "..".
[[nodiscard]] std::string shortened(std::string_view text, std::size_t width);

}  // namespace timeslice::tools
