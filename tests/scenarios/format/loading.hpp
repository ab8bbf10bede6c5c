// Short words for tests of the loader: a scenario as text in, a plan or its errors out.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "scenarios/format/load.hpp"

namespace timeslice::scenarios {

inline SearchPath test_machines() {
  return {{std::string{TIMESLICE_SOURCE_DIR} + "/scenarios/machines"}};
}

inline Loaded load(const std::string& text, const Overrides& overrides = {}) {
  return load_text(text, "t.yaml", "", overrides, test_machines());
}

/// The errors of `text` as the user sees them; empty when it loads.
inline std::string errors(const std::string& text, const Overrides& overrides = {}) {
  const Loaded loaded = load(text, overrides);
  const auto* found = std::get_if<Diagnostics>(&loaded);
  return found == nullptr ? std::string{} : to_text(*found);
}

inline Plan plan(const std::string& text, const Overrides& overrides = {}) {
  Loaded loaded = load(text, overrides);
  if (const auto* found = std::get_if<Diagnostics>(&loaded)) {
    ADD_FAILURE() << to_text(*found);
    loaded = load("timeslice: 1\nmachine: ideal-1\nmain: []\n");
  }
  return std::get<Plan>(std::move(loaded));
}

inline Point point(const Plan& plan, std::uint64_t ordinal = 0) {
  auto resolved = plan.point(ordinal);
  if (const auto* found = std::get_if<Diagnostics>(&resolved)) {
    ADD_FAILURE() << to_text(*found);
    return {};
  }
  return std::get<Point>(std::move(resolved));
}

inline Scenario scenario(const std::string& text, const Overrides& overrides = {}) {
  return point(plan(text, overrides)).scenario;
}

/// A scenario around `rest`, which starts in line 3.
inline std::string around(const std::string& rest) {
  const bool has_main = rest.find("main:") != std::string::npos;
  return "timeslice: 1\nmachine: ideal-4\n" + rest + (has_main ? "" : "main: []\n");
}

/// A directory for the files of one test, removed with it.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_{std::filesystem::path{testing::TempDir()} / ("timeslice-" + name)} {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ / name, std::ios::binary} << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace timeslice::scenarios
