// The text of one input file, and places in it.
//
// Nodes point into sources, so a diagnostic can show the line that it talks about, wherever the
// text came from: a file, a string in a test, or `--set` on the command line.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/format/diagnostic.hpp"

namespace timeslice::scenarios {

class Source {
 public:
  /// `directory`: where relative paths in this text start; "" is the working directory.
  Source(std::string name, std::string directory, std::string text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] const std::string& text() const { return text_; }

  /// Line `number`, counted from 1, without its end; empty when there is none.
  [[nodiscard]] std::string_view line(std::uint32_t number) const;

 private:
  std::string name_;
  std::string directory_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
};

/// A place in a source, small enough to sit in every node. Lines and columns (bytes) count from 1.
struct Mark {
  const Source* source = nullptr;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t width = 1;
};

/// Owns sources; their addresses stay. May be used by several threads.
class SourceStore {
 public:
  const Source& add(std::string name, std::string directory, std::string text);

 private:
  std::mutex mutex_;
  std::deque<Source> sources_;
};

/// A diagnostic about `mark`, with the line that it is in.
[[nodiscard]] Diagnostic diagnostic_at(const Mark& mark, std::string code, std::string what,
                                       std::string advice);

/// Collects what is wrong, without repeats, up to a limit that keeps hostile input readable.
class Reporter {
 public:
  static constexpr std::size_t limit = 100;

  void error(const Mark& mark, std::string code, std::string what, std::string advice);
  /// What is said of this place from now on follows from an error that was reported: left out.
  void spoil(const Mark& mark);
  void add(Diagnostic diagnostic);
  void add(const Diagnostics& diagnostics);

  [[nodiscard]] bool clean() const { return found_.empty(); }
  [[nodiscard]] bool full() const { return found_.size() >= limit; }
  [[nodiscard]] Diagnostics take();  // in file order

 private:
  Diagnostics found_;
  std::vector<Mark> spoilt_;
};

}  // namespace timeslice::scenarios
