#include "tools/store/blocks.hpp"

#include <algorithm>

#include <SQLiteCpp/SQLiteCpp.h>

#include "sim/expect.hpp"
#include "tools/store/statement.hpp"

namespace timeslice::tools {

struct Blocks::Statements {
  explicit Statements(SQLite::Database& db)
      : block{db,
              "INSERT INTO main.block VALUES "
              "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
        layout{db, "INSERT INTO main.layout (layout, series, place) VALUES (?, ?, ?)"},
        last{db, "SELECT coalesce(max(layout), 0) FROM main.layout"} {}

  SQLite::Statement block;
  SQLite::Statement layout;
  SQLite::Statement last;
};

Blocks::Blocks(SQLite::Database& database)
    : database_{database}, statements_{std::make_unique<Statements>(database)} {}
Blocks::~Blocks() = default;

void Blocks::load() {
  SQLite::Statement find{database_,
                         "SELECT layout, series FROM main.layout ORDER BY layout, place"};
  std::map<std::int64_t, std::vector<std::int64_t>> by_layout;
  while (find.executeStep()) {
    by_layout[find.getColumn(0).getInt64()].push_back(find.getColumn(1).getInt64());
  }
  for (auto& [layout, series] : by_layout) {
    layouts_.emplace(std::move(series), layout);
  }
  loaded_ = true;
}

std::int64_t Blocks::layout_of(std::span<const std::int64_t> series) {
  sim::expect(series.size() <= block_width, "a layout fits into a block");
  if (!loaded_) {
    load();
  }
  std::vector<std::int64_t> key{series.begin(), series.end()};
  if (const auto known = layouts_.find(key); known != layouts_.end()) {
    return known->second;
  }
  // Another process may have added layouts since: only the file knows the next number.
  statements_->last.executeStep();
  const std::int64_t added = statements_->last.getColumn(0).getInt64() + 1;
  statements_->last.reset();
  for (std::size_t place = 0; place < series.size(); ++place) {
    execute(statements_->layout, added, series[place], place);
  }
  layouts_.emplace(std::move(key), added);
  return added;
}

void Blocks::write(std::int64_t run, std::span<const std::int64_t> series,
                   std::span<const double> values) {
  sim::expect(series.size() == values.size(), "each value has a series");
  SQLite::Statement& block = statements_->block;
  for (std::size_t first = 0; first < series.size(); first += block_width) {
    const std::size_t size = std::min(block_width, series.size() - first);
    prepare(block, run, layout_of(series.subspan(first, size)));
    for (std::size_t place = 0; place < block_width; ++place) {
      const int index = static_cast<int>(place) + 3;
      if (place < size) {
        put(block, index, values[first + place]);
      } else {
        block.bind(index);  // NULL
      }
    }
    block.exec();
    block.reset();
  }
}

void Blocks::forget() {
  loaded_ = false;
  layouts_.clear();
}

}  // namespace timeslice::tools
