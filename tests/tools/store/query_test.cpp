#include "tools/store/query.hpp"

#include <filesystem>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/store/sample_batch.hpp"
#include "tools/report/query_table.hpp"
#include "tools/store/views.hpp"

namespace timeslice::tools {
namespace {

using testing::HasSubstr;

StoreError refused(const std::string& path, const std::string& sql,
                   const QueryOptions& options = {}) {
  auto result = run_query(path, sql, options);
  if (const auto* problem = std::get_if<StoreError>(&result)) {
    return *problem;
  }
  ADD_FAILURE() << "this was allowed: " << sql;
  return {};
}

TEST(Query, every_named_view_and_its_example_can_be_asked) {
  const SampleFile file;
  fill(file.path, {.workers = {1, 2}, .repeat = 2});
  for (const View& view : views()) {
    for (const std::string_view text : {view.name, view.example}) {
      const auto result = run_query(file.path, std::string{text});
      const auto* problem = std::get_if<StoreError>(&result);
      EXPECT_EQ(problem, nullptr) << text << ": " << problem->error.what;
    }
    EXPECT_THAT(explain_views(), HasSubstr(std::string{view.sentence}));
  }
}

TEST(Query, nothing_but_reading_is_allowed) {
  const SampleFile file;
  fill(file.path, {.workers = {1}, .repeat = 1});
  const auto before = std::filesystem::file_size(file.path);
  for (const std::string sql :
       {"DELETE FROM run", "DROP TABLE run", "INSERT INTO meta VALUES ('a', 'b')",
        "CREATE TABLE x (y)", "CREATE TEMP TABLE x (y)", "ATTACH '/tmp/other.db' AS other",
        "PRAGMA user_version = 9", "PRAGMA journal_mode = WAL", "VACUUM", "VACUUM INTO '/tmp/x.db'",
        "BEGIN", "SELECT load_extension('x')", "SELECT 1; DELETE FROM run", "SELECT 1; SELECT 2"}) {
    EXPECT_EQ(refused(file.path, sql).fault, StoreFault::bad_query) << sql;
  }
  EXPECT_EQ(std::filesystem::file_size(file.path), before);
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM run;  -- a comment may follow"), "1");
}

TEST(Query, an_endless_query_is_stopped) {
  const SampleFile file;
  fill(file.path, {.workers = {1}, .repeat = 1});
  const QueryOptions options{.time_limit = std::chrono::milliseconds{50}};
  const StoreError late = refused(
      file.path,
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
      options);
  EXPECT_EQ(late.fault, StoreFault::too_long);
}

TEST(Query, rows_beyond_the_limit_are_cut_and_said) {
  const SampleFile file;
  fill(file.path, {.workers = {1, 2, 4}, .repeat = 1});
  const QueryOptions options{.time_limit = std::chrono::seconds{10}, .rows_max = 2};
  const auto table = std::get<QueryTable>(run_query(file.path, "SELECT * FROM run", options));
  EXPECT_EQ(table.rows.size(), 2U);
  EXPECT_TRUE(table.cut);
  EXPECT_THAT(to_table(table), HasSubstr("only the first 2 rows"));
}

TEST(Query, wrong_sql_and_unknown_views_are_explained) {
  const SampleFile file;
  fill(file.path, {.workers = {1}, .repeat = 1});
  EXPECT_THAT(refused(file.path, "speedups").error.what, HasSubstr("no view 'speedups'"));
  EXPECT_THAT(refused(file.path, "SELECT nope FROM run").error.what, HasSubstr("nope"));
  EXPECT_EQ(refused(file.path, "").fault, StoreFault::bad_query);
  EXPECT_EQ(refused(file.path, "SELECT nope").fault, StoreFault::bad_query) << "no FROM";
}

TEST(Query, a_missing_file_is_not_created) {
  const SampleFile file;
  EXPECT_EQ(refused(file.path, "runs").fault, StoreFault::unusable);
  EXPECT_FALSE(std::filesystem::exists(file.path));
}

TEST(QueryTable, tables_align_numbers_right_and_show_null) {
  const QueryTable result{.columns = {"name", "n"},
                          .rows = {{std::string{"a"}, std::int64_t{5}}, {std::monostate{}, 12.5}},
                          .cut = false};
  EXPECT_EQ(to_table(result),
            "name     n\n"
            "----  ----\n"
            "a        5\n"
            "NULL  12.5\n");
}

TEST(QueryTable, stored_text_cannot_steer_the_terminal) {
  const QueryTable result{.columns = {"x"}, .rows = {{std::string{"\x1b[31mred\n"}}}, .cut = false};
  EXPECT_THAT(to_table(result), HasSubstr("?[31mred"));
}

TEST(QueryTable, csv_quotes_what_needs_it_and_leaves_null_empty) {
  const QueryTable result{.columns = {"a", "b"},
                          .rows = {{std::string{"x,\"y\""}, std::monostate{}}, {1.25e9, Blob{7}}},
                          .cut = false};
  EXPECT_EQ(to_csv(result), "a,b\r\n\"x,\"\"y\"\"\",\r\n1250000000,<7 bytes>\r\n");
}

TEST(QueryTable, json_keeps_types_and_survives_broken_utf8) {
  const QueryTable result{.columns = {"i", "f", "n", "t"},
                          .rows = {{std::int64_t{1}, 0.5, std::monostate{}, std::string{"\xff"}}},
                          .cut = false};
  const std::string text = to_json(result);
  EXPECT_THAT(text, HasSubstr("\"i\": 1"));
  EXPECT_THAT(text, HasSubstr("\"f\": 0.5"));
  EXPECT_THAT(text, HasSubstr("\"n\": null"));
  EXPECT_THAT(text, HasSubstr("\"t\": \"\xEF\xBF\xBD\""));
}

}  // namespace
}  // namespace timeslice::tools
