#include "tools/store/design_samples.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "tools/store/connection.hpp"
#include "tools/store/statement.hpp"

namespace timeslice::tools {
namespace {

bool is_batch(std::string_view text) {
  return text == "last" || text == "prev" ||
         (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos);
}

sim::Error not_a_design(std::string_view text) {
  return {.where = std::string{text},
          .what = "is no batch and no choice of points",
          .advice =
              "write a batch's number (see `timeslice query DB batches`), last, prev, "
              "NAME=VALUE or 3:NAME=VALUE,NAME=VALUE"};
}

std::int64_t batch_id(SQLite::Database& database, const std::string& name) {
  if (name != "last" && name != "prev") {
    std::int64_t id = 0;
    std::from_chars(name.data(), name.data() + name.size(), id);
    SQLite::Statement find{database, "SELECT 1 FROM batch WHERE id = ?"};
    prepare(find, id);
    if (find.executeStep()) {
      return id;
    }
    throw bad_query(fmt::format("there is no batch {}", name),
                    "`timeslice query DB batches` lists them");
  }
  SQLite::Statement find{database, "SELECT id FROM batch ORDER BY id DESC LIMIT 1 OFFSET ?"};
  prepare(find, name == "last" ? 0 : 1);
  if (!find.executeStep()) {
    throw bad_query(name == "last" ? "there is no batch in it" : "there is only one batch in it",
                    "run a scenario with --db first");
  }
  return find.getColumn(0).getInt64();
}

std::string title_of(SQLite::Database& database, std::int64_t batch) {
  SQLite::Statement find{database,
                         "SELECT scenario.name, version, git, started_utc FROM batch JOIN scenario "
                         "ON scenario.id = batch.scenario WHERE batch.id = ?"};
  prepare(find, batch);
  find.executeStep();
  const std::string git = find.getColumn(2).getString();
  return fmt::format("batch {} ({}, version {}{}, {})", batch, find.getColumn(0).getString(),
                     find.getColumn(1).getString(), git.empty() ? "" : " " + git,
                     find.getColumn(3).getString());
}

struct SeriesRow {
  std::int64_t id = 0;
  std::string unit;
};

SeriesRow series_of(SQLite::Database& database, const MetricName& metric) {
  SQLite::Statement find{database, "SELECT id, unit FROM series WHERE name = ? AND entity = ?"};
  prepare(find, metric.name, metric.entity);
  if (find.executeStep()) {
    return {find.getColumn(0).getInt64(), find.getColumn(1).getString()};
  }
  const std::string entity = metric.entity.empty() ? "" : '[' + metric.entity + ']';
  throw bad_query(fmt::format("there is no metric {}{} in it", metric.name, entity),
                  "`timeslice query DB \"SELECT DISTINCT name, entity FROM series\"` lists them");
}

std::map<std::string, std::string> params_of(SQLite::Database& database, std::int64_t point) {
  SQLite::Statement find{database, "SELECT name, value FROM param WHERE point = ?"};
  prepare(find, point);
  std::map<std::string, std::string> params;
  while (find.executeStep()) {
    params[find.getColumn(0).getString()] = find.getColumn(1).getString();
  }
  return params;
}

bool is_chosen(const DesignPoint& point, const DesignChoice& choice) {
  return std::ranges::all_of(choice.params, [&](const auto& wanted) {
    const auto found = point.params.find(wanted.first);
    return found != point.params.end() && found->second == wanted.second;
  });
}

std::vector<DesignSample> samples_of(SQLite::Database& database, std::int64_t point,
                                     std::int64_t series) {
  SQLite::Statement find{database,
                         "SELECT rep, seed, value FROM run JOIN sample ON sample.run = run.id "
                         "WHERE run.point = ? AND series = ? AND kind = 'simulated' AND status = "
                         "'ok' AND value NOT NULL ORDER BY rep"};
  prepare(find, point, series);
  std::vector<DesignSample> samples;
  while (find.executeStep()) {
    samples.push_back({find.getColumn(0).getInt64(), find.getColumn(1).getInt64(),
                       find.getColumn(2).getDouble()});
  }
  return samples;
}

Design read(SQLite::Database& database, const DesignChoice& choice, const MetricName& metric) {
  Design design;
  design.batch = batch_id(database, choice.batch);
  design.title = title_of(database, design.batch);
  const SeriesRow series = series_of(database, metric);
  design.unit = series.unit;
  SQLite::Statement find{database, "SELECT id FROM point WHERE batch = ? ORDER BY ordinal, id"};
  prepare(find, design.batch);
  while (find.executeStep()) {
    const std::int64_t id = find.getColumn(0).getInt64();
    DesignPoint point{.params = params_of(database, id), .samples = {}};
    if (is_chosen(point, choice)) {
      point.samples = samples_of(database, id, series.id);
      design.points.push_back(std::move(point));
    }
  }
  if (design.points.empty()) {
    throw bad_query(fmt::format("batch {} has no point with these parameters", design.batch),
                    fmt::format("`timeslice query DB \"SELECT params FROM v_point WHERE batch = "
                                "{}\"` lists its points",
                                design.batch));
  }
  return design;
}

}  // namespace

std::variant<DesignChoice, sim::Error> parse_design(std::string_view text) {
  DesignChoice choice;
  std::string_view rest = text;
  const std::size_t colon = text.find(':');
  const std::string_view head = text.substr(0, colon);
  if (is_batch(head)) {
    choice.batch = head;
    rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (colon != std::string_view::npos && rest.empty()) {
      return not_a_design(text);
    }
  } else if (text.empty()) {
    return not_a_design(text);
  }
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return not_a_design(text);
    }
    choice.params[std::string{part.substr(0, equals)}] = part.substr(equals + 1);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return choice;
}

std::variant<MetricName, sim::Error> parse_metric_name(std::string_view text) {
  const std::size_t open = text.find('[');
  if (open == std::string_view::npos) {
    return MetricName{.name = std::string{text}, .entity = {}};
  }
  if (!text.ends_with(']')) {
    return sim::Error{
        .where = std::string{text}, .what = "is no metric", .advice = "write NAME or NAME[ENTITY]"};
  }
  return MetricName{.name = std::string{text.substr(0, open)},
                    .entity = std::string{text.substr(open + 1, text.size() - open - 2)}};
}

std::variant<Design, StoreError> read_design(const std::string& path, const DesignChoice& choice,
                                             const MetricName& metric) {
  try {
    const auto database = open_to_read(path);
    return read(*database, choice, metric);
  } catch (const SQLite::Exception& problem) {
    return explain(problem, path);
  } catch (const StoreError& problem) {
    return problem;
  }
}

}  // namespace timeslice::tools
