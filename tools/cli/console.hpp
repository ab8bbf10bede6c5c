// Where the program's words go: results to stdout, everything else to stderr.
//
// A reader that went away (`| head -1`) is no error: what is left is dropped and the work goes on.
// A full disk is one, and shows in the exit code.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sim/result.hpp"

namespace timeslice::tools {

/// Text for one file descriptor, buffered.
class Output {
 public:
  explicit Output(int descriptor) : descriptor_{descriptor} {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { flush(); }

  void write(std::string_view text);
  void flush();

  /// Why text was lost; nothing while none was, or only because the reader left.
  [[nodiscard]] std::optional<sim::Error> problem() const { return problem_; }

 private:
  int descriptor_;
  std::string waiting_;
  bool reader_left_ = false;
  std::optional<sim::Error> problem_;
};

enum class ColorWhen { automatic, always, never };

struct ConsoleOptions {
  ColorWhen color = ColorWhen::automatic;
  bool quiet = false;
  bool verbose = false;
};

class Console {
 public:
  explicit Console(const ConsoleOptions& options);

  /// The result.
  void print(std::string_view text) { out_.write(text); }

  /// A remark, unless --quiet. No line end needed.
  void note(std::string_view text);

  /// A doubt about a result; shown even with --quiet. May have several lines; each is ended.
  void warn(std::string_view lines);

  /// Why something failed: "timeslice: where: what; advice".
  void complain(const sim::Error& error);

  /// Text for stderr as it is.
  void tell(std::string_view text);

  /// A line that will be overwritten: progress. Nothing unless stderr is a terminal.
  [[nodiscard]] bool shows_progress() const { return progress_; }

  void flush();
  [[nodiscard]] std::optional<sim::Error> problem() const { return out_.problem(); }

  [[nodiscard]] bool colour() const { return colour_out_; }
  [[nodiscard]] bool verbose() const { return options_.verbose; }
  [[nodiscard]] bool unicode() const { return unicode_; }
  [[nodiscard]] std::size_t width() const { return width_; }

 private:
  ConsoleOptions options_;
  Output out_;
  Output err_;
  bool colour_out_;
  bool colour_err_;
  bool progress_;
  bool unicode_;
  std::size_t width_;
};

}  // namespace timeslice::tools
