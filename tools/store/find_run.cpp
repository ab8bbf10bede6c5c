#include "tools/store/find_run.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>

#include "scenarios/format/printable.hpp"
#include "tools/store/connection.hpp"
#include "tools/store/statement.hpp"

namespace timeslice::tools {
namespace {

std::optional<std::int64_t> first_id(SQLite::Statement& find) {
  return find.executeStep() ? std::optional{find.getColumn(0).getInt64()} : std::nullopt;
}

std::optional<std::int64_t> run_named(SQLite::Database& database, const std::string& run) {
  const bool number =
      !run.empty() && run.size() < 16 &&
      std::ranges::all_of(run, [](unsigned char c) { return std::isdigit(c) != 0; });
  if (number) {
    SQLite::Statement find{database, "SELECT id FROM run WHERE id = ?"};
    prepare(find, std::stoll(run));
    return first_id(find);
  }
  const auto colon = run.find(':');
  const std::string key = run.substr(0, colon);
  const std::string rep = colon == std::string::npos ? "" : run.substr(colon + 1);
  SQLite::Statement find{database,
                         "SELECT run.id FROM run JOIN point ON point.id = run.point WHERE key = ?1 "
                         "AND (?2 = '' OR CAST(rep AS TEXT) = ?2) ORDER BY point.batch DESC, rep"};
  prepare(find, key, rep);
  return first_id(find);
}

}  // namespace

std::int64_t find_run(SQLite::Database& database, const std::string& path, const std::string& run) {
  const auto id = run_named(database, run);
  if (!id) {
    throw bad_query(fmt::format("there is no run '{}' in {}", scenarios::safe_text(run), path),
                    "`timeslice query DB runs` lists the runs");
  }
  return *id;
}

}  // namespace timeslice::tools
