#include "tools/store/migrations.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tools/store/sample_batch.hpp"
#include "tools/store/store.hpp"
#include "tools/store/timeline.hpp"

namespace timeslice::tools {
namespace {

std::string fixture(const std::string& name) {
  return std::string{TIMESLICE_SOURCE_DIR} + "/tests/tools/store/fixtures/" + name;
}

void add_flag(SQLite::Database& database) {
  database.exec("ALTER TABLE run ADD COLUMN flag INTEGER");
}

void break_halfway(SQLite::Database& database) {
  database.exec("ALTER TABLE run ADD COLUMN other INTEGER");
  database.exec("this is not SQL");
}

int version_of(const std::string& path) {
  SQLite::Database database{path, SQLite::OPEN_READONLY};
  return database.execAndGet("PRAGMA user_version").getInt();
}

TEST(Migrations, a_stored_file_of_every_older_version_can_be_opened_and_written) {
  for (const char* name :
       {"version-0.db", "version-1.db", "version-2.db", "version-3.db", "version-4.db"}) {
    const SampleFile file;
    std::filesystem::copy_file(fixture(name), file.path);
    std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
    write_all(file.path, {sample_outcome(0, 2, 1)});
    EXPECT_EQ(version_of(file.path), newest_version()) << name;
    EXPECT_EQ(one(file.path, "SELECT makespan_ns FROM v_run ORDER BY run DESC LIMIT 1"), "5000");
  }
}

TEST(Migrations, runs_of_a_version_1_file_are_still_there_afterwards) {
  const SampleFile file;
  std::filesystem::copy_file(fixture("version-1.db"), file.path);
  std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
  const auto store = opened(file.path);
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM v_run WHERE workers = 8 AND makespan_ns = 1250"),
            "2");
}

TEST(Migrations, points_of_a_version_1_file_have_no_plan_and_still_a_speedup) {
  const SampleFile file;
  std::filesystem::copy_file(fixture("version-1.db"), file.path);
  std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
  const auto store = opened(file.path);
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM point WHERE repeat IS NOT NULL"), "0");
  EXPECT_EQ(one(file.path, "SELECT count(*) > 0 FROM v_speedup WHERE value = '8'"), "1");
}

TEST(Migrations, the_timeline_of_a_version_2_file_is_read_before_and_after_it_was_migrated) {
  const SampleFile file;
  std::filesystem::copy_file(fixture("version-2.db"), file.path);
  std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
  const auto before = read_timeline(file.path, "1");
  ASSERT_TRUE(std::holds_alternative<models::Timings>(before));
  EXPECT_FALSE(std::get<models::Timings>(before).slices.empty());
  const auto store = opened(file.path);
  const auto after = read_timeline(file.path, "1");
  ASSERT_TRUE(std::holds_alternative<models::Timings>(after));
  EXPECT_EQ(std::get<models::Timings>(after).slices.size(),
            std::get<models::Timings>(before).slices.size());
  EXPECT_TRUE(std::get<models::Timings>(after).wakes.empty());
}

TEST(Migrations, the_timeline_of_a_version_4_file_says_nothing_of_how_cpus_were_busy) {
  const SampleFile file;
  std::filesystem::copy_file(fixture("version-4.db"), file.path);
  std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
  for (int time = 0; time < 2; ++time) {
    const auto read = read_timeline(file.path, "1");
    ASSERT_TRUE(std::holds_alternative<models::Timings>(read));
    EXPECT_EQ(std::get<models::Timings>(read).slices.size(), 14U);
    EXPECT_TRUE(std::get<models::Timings>(read).cpu_states.empty());
    const auto store = opened(file.path);  // migrates it
  }
}

TEST(Migrations, the_values_of_a_version_3_file_are_the_same_before_and_after_it_was_migrated) {
  const SampleFile file;
  std::filesystem::copy_file(fixture("version-3.db"), file.path);
  std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
  const std::string all =
      "SELECT group_concat(run || name || '[' || entity || '] ' || coalesce(value, 'none') || "
      "unit) "
      "FROM (SELECT * FROM metric ORDER BY run, name, entity)";
  const std::string summary =
      "SELECT group_concat(params || name || n || mean || low) FROM v_summary";
  const std::string before = one(file.path, all);
  const std::string summary_before = one(file.path, summary);
  ASSERT_GT(before.size(), 10'000U);
  ASSERT_EQ(one(file.path, "SELECT count(*) FROM metric WHERE value IS NULL"), "1");
  const auto store = opened(file.path);
  EXPECT_EQ(one(file.path, all), before);
  EXPECT_EQ(one(file.path, summary), summary_before);
  EXPECT_EQ(one(file.path, "SELECT type FROM sqlite_master WHERE name = 'sample'"), "view");
}

TEST(Migrations, a_step_is_taken_once_and_raises_the_version) {
  const SampleFile file;
  std::filesystem::copy_file(fixture("version-1.db"), file.path);
  std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
  SQLite::Database database{file.path, SQLite::OPEN_READWRITE};
  const std::array steps{migrations()[0], Migration{2, add_flag}};
  migrate(database, steps);
  migrate(database, steps);
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), 2);
  EXPECT_EQ(database.execAndGet("SELECT count(flag) FROM run").getInt(), 0);
}

TEST(Migrations, a_step_that_fails_leaves_the_file_as_it_was) {
  const SampleFile file;
  std::filesystem::copy_file(fixture("version-1.db"), file.path);
  std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
  SQLite::Database database{file.path, SQLite::OPEN_READWRITE};
  const std::array steps{migrations()[0], Migration{2, add_flag}, Migration{3, break_halfway}};
  EXPECT_THROW(migrate(database, steps), SQLite::Exception);
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt(), 2);
  EXPECT_THROW(database.exec("SELECT other FROM run"), SQLite::Exception);
}

TEST(Migrations, a_newer_file_is_refused_with_exit_code_3) {
  const SampleFile file;
  fill(file.path, {.workers = {1}, .repeat = 1});
  {
    SQLite::Database database{file.path, SQLite::OPEN_READWRITE};
    database.exec("PRAGMA user_version = 99");
  }
  const auto refused = Store::open(file.path);
  ASSERT_TRUE(std::holds_alternative<StoreError>(refused));
  EXPECT_EQ(exit_code(std::get<StoreError>(refused).fault), 3);
  EXPECT_NE(one(file.path, "SELECT 1").find("version 99"), std::string::npos);
}

TEST(Migrations, the_database_of_another_program_is_refused_with_exit_code_3) {
  for (const std::string sql : {"CREATE TABLE bookmarks (x)", "PRAGMA application_id = 7"}) {
    const SampleFile file;
    {
      SQLite::Database database{file.path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
      database.exec(sql);
    }
    const auto refused = Store::open(file.path);
    ASSERT_TRUE(std::holds_alternative<StoreError>(refused)) << sql;
    EXPECT_EQ(exit_code(std::get<StoreError>(refused).fault), 3) << sql;
  }
}

TEST(Store, a_killed_writer_loses_no_committed_point) {
  const SampleFile file;
  for (int round = 0; round < 3; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = std::get<Store>(Store::open(file.path));
      const auto batch = std::get<BatchId>(store.begin_batch(sample_info()));
      for (std::uint64_t i = 0; i < 20; ++i) {
        (void)store.write_point(batch, sample_outcome(i, 1, 2));
      }
      (void)raise(SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
  }
  auto store = opened(file.path);
  EXPECT_FALSE(store.pause());
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM run"), "120");
  SQLite::Database database{file.path, SQLite::OPEN_READONLY};
  EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
}

TEST(Store, two_writers_of_one_file_lose_nothing) {
  const SampleFile file;
  const auto write_many = [&file] {
    auto store = opened(file.path);
    const BatchId batch = begun(store, sample_info());
    for (std::uint64_t i = 0; i < 50; ++i) {
      EXPECT_FALSE(store.write_point(batch, sample_outcome(i, 1, 1)));
    }
    EXPECT_FALSE(store.finish(batch));
  };
  {
    std::vector<std::jthread> writers;
    writers.emplace_back(write_many);
    writers.emplace_back(write_many);
  }
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM run"), "100");
  EXPECT_EQ(one(file.path, "SELECT count(*) FROM series"), "2");
}

}  // namespace
}  // namespace timeslice::tools
