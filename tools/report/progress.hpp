// A line on a terminal that says how far a long job is and when it will be done.
//
// Silent for the first two seconds and wherever stderr is no terminal; redrawn at most ten times
// a second and wiped at the end, so that it never mixes with results.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace timeslice::tools {

class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  /// `write` gets the text of the line (no line end); nothing: stays silent.
  Progress(std::string what, std::function<void(std::string_view)> write);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// `done` of `total` are finished, at `now`.
  void update(std::uint64_t done, std::uint64_t total, Clock::time_point now = Clock::now());

  /// Wipes the line. The next update draws it again.
  void clear();

 private:
  std::string what_;
  std::function<void(std::string_view)> write_;
  Clock::time_point began_;
  Clock::time_point drawn_;
  bool visible_ = false;
};

}  // namespace timeslice::tools
