// The metrics of a run as rows: sixteen values side by side in a row of `block`, and once in
// `layout` which series stands at which place. Internal to tools/store; may throw
// SQLite::Exception.
//
// The view `sample` makes one row a value of it again. Cost, measured on 99 metrics: 5 bytes a
// value, against 15 for a row a value; a tenth of the statements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace SQLite {
class Database;
}

namespace timeslice::tools {

/// Places in a row of `block`. The schema and the view `sample` say the same.
inline constexpr std::size_t block_width = 16;

class Blocks {
 public:
  explicit Blocks(SQLite::Database& database);
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;
  ~Blocks();

  /// The number of the layout with these series in this order; it is added where it is new.
  /// Requires: a transaction that writes; no series twice; at most block_width of them.
  [[nodiscard]] std::int64_t layout_of(std::span<const std::int64_t> series);

  /// Stores the values of a run that has none yet: `values[i]` is of `series[i]`, NaN becomes NULL.
  /// Requires: as above, but for the number of series.
  void write(std::int64_t run, std::span<const std::int64_t> series,
             std::span<const double> values);

  /// Forgets numbers that a rolled back transaction gave out.
  void forget();

 private:
  struct Statements;
  void load();

  SQLite::Database& database_;
  std::unique_ptr<Statements> statements_;
  bool loaded_ = false;
  std::map<std::vector<std::int64_t>, std::int64_t> layouts_;  // by series
};

}  // namespace timeslice::tools
