#include "tools/store/connection.hpp"

#include <filesystem>
#include <system_error>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>
#include <sqlite3.h>

#include "tools/store/migrations.hpp"

namespace timeslice::tools {
namespace {

// What stands at a path that is neither a regular file nor free; empty: one of these two.
std::string_view stranger_at(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  switch (fs::status(path, ignored).type()) {
    case fs::file_type::directory:
      return "a directory";
    case fs::file_type::fifo:
      return "a pipe";
    case fs::file_type::character:
    case fs::file_type::block:
      return "a device";
    case fs::file_type::socket:
      return "a socket";
    default:
      return {};
  }
}

/// SQLite would wait for ever at a pipe, and would take some names for more than a file's.
void refuse_strange_path(const std::string& path) {
  if (path.empty()) {
    throw store_error(StoreFault::read_only, path, "a database needs a file name", "name a file");
  }
  if (path == ":memory:") {
    throw store_error(StoreFault::bad_query, path, "a database in memory would be lost at the end",
                      "name a file, or store nothing with --no-db");
  }
  if (path.starts_with("file:")) {
    throw store_error(StoreFault::bad_query, path, "URIs are not taken as databases",
                      "name the file itself; one whose name starts like this is ./" + path);
  }
  if (const auto stranger = stranger_at(path); !stranger.empty()) {
    throw store_error(StoreFault::unusable, path,
                      fmt::format("this is {}, no database file", stranger), "name a regular file");
  }
}

int pragma(SQLite::Database& database, const char* name) {
  return database.execAndGet(fmt::format("PRAGMA {}", name)).getInt();
}

}  // namespace

int exit_code(StoreFault fault) {
  switch (fault) {
    case StoreFault::unusable:
      return 3;
    case StoreFault::bad_query:
      return 2;
    case StoreFault::busy:
      return 7;
    case StoreFault::stopped:
      return 130;
    case StoreFault::too_long:
    case StoreFault::no_room:
    case StoreFault::read_only:
    case StoreFault::failed:
      return 1;
  }
  return 1;
}

StoreError bad_query(const std::string& what, const std::string& advice) {
  return store_error(StoreFault::bad_query, "", what, advice);
}

StoreError explain(const SQLite::Exception& problem, const std::string& path) {
  constexpr int primary = 0xFF;  // the rest of an SQLite code says which kind of it
  switch (problem.getErrorCode() & primary) {
    case SQLITE_NOTADB:
      return store_error(StoreFault::unusable, path, "this is not an SQLite database",
                         "name a file that timeslice wrote, or a new one");
    case SQLITE_CORRUPT:
      return store_error(StoreFault::unusable, path,
                         fmt::format("the database is damaged: {}", problem.what()),
                         "sqlite3's .recover may save what is left of it");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return store_error(StoreFault::busy, path, "another process is writing to this database",
                         "wait for it, or write to another file and merge");
    case SQLITE_FULL:
      return store_error(StoreFault::no_room, path, "the disk is full; what was committed is kept",
                         "free some space and run the same command again");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return store_error(
          StoreFault::read_only, path,
          fmt::format("cannot open or write the database: {}", problem.what()),
          "check that the folder exists and that you may write the file and its folder");
    case SQLITE_IOERR:
      return store_error(
          StoreFault::no_room, path,
          fmt::format("cannot be written or read: {}; what was committed is kept", problem.what()),
          "look at the disk, its quota and the limit for the size of files");
    case SQLITE_ERROR:  // our own SQL is right: the file lacks what every file of ours has
      return store_error(StoreFault::unusable, path,
                         fmt::format("the database is not whole: {}", problem.what()),
                         "sqlite3's .schema shows what is left of it");
    default:
      return store_error(StoreFault::failed, path, fmt::format("SQLite: {}", problem.what()),
                         "check the disk that holds the file");
  }
}

std::unique_ptr<SQLite::Database> open_to_write(const std::string& path) {
  refuse_strange_path(path);
  return std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
                                            busy_timeout_ms);
}

void refuse_foreign(SQLite::Database& database, const std::string& path, int newest) {
  const int id = pragma(database, "application_id");
  const int version = pragma(database, "user_version");
  if (id == application_id && version <= newest) {
    return;
  }
  if (id == application_id) {
    throw store_error(
        StoreFault::unusable, path,
        fmt::format("the database has version {}, this program knows up to {}", version, newest),
        "use a newer timeslice for this file");
  }
  if (id != 0 || database.execAndGet("SELECT count(*) FROM sqlite_master").getInt() > 0) {
    throw store_error(StoreFault::unusable, path, "this SQLite database belongs to another program",
                      "name a file that timeslice wrote, or a new one");
  }
}

std::unique_ptr<SQLite::Database> open_to_read(const std::string& path) {
  refuse_strange_path(path);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) && !ignored) {
    throw store_error(StoreFault::unusable, path, "there is no such file",
                      "`timeslice run FILE --db " + path + "` makes one");
  }
  auto database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READONLY, busy_timeout_ms);
  refuse_foreign(*database, path, newest_version());
  if (pragma(*database, "application_id") != application_id) {
    throw store_error(StoreFault::unusable, path, "this file holds no results",
                      "fill it first: timeslice run FILE --db " + path);
  }
  return database;
}

}  // namespace timeslice::tools
