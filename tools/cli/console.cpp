#include "tools/cli/console.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/cli/environment.hpp"
#include "tools/report/paint.hpp"
#include "tools/report/text_table.hpp"

namespace timeslice::tools {
namespace {

constexpr std::size_t buffer_bytes = 64 << 10;
constexpr std::size_t width_default = 100;
constexpr std::size_t width_max = 400;

bool dumb_terminal() {
  return variable("TERM") == "dumb";
}

bool wants_colour(ColorWhen when, int descriptor) {
  if (when != ColorWhen::automatic) {
    return when == ColorWhen::always;
  }
  return variable("NO_COLOR").empty() && !dumb_terminal() && ::isatty(descriptor) == 1;
}

// UTF-8 by the locale's variables, in the order in which the C library asks them.
bool utf8_locale() {
  std::string name = variable("LC_ALL");
  name = name.empty() ? variable("LC_CTYPE") : name;
  name = name.empty() ? variable("LANG") : name;
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
}

std::size_t terminal_width() {
  const std::string columns = variable("COLUMNS");
  std::size_t width = 0;
  std::from_chars(columns.data(), columns.data() + columns.size(), width);
  struct winsize size = {};
  if (width == 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
    width = size.ws_col;
  }
  return width == 0 ? width_default : std::min(width, width_max);
}

}  // namespace

void Output::write(std::string_view text) {
  waiting_ += text;
  if (waiting_.size() >= buffer_bytes) {
    flush();
  }
}

void Output::flush() {
  std::string_view left = waiting_;
  while (!left.empty() && !reader_left_ && !problem_) {
    const ssize_t put = ::write(descriptor_, left.data(), left.size());
    if (put >= 0) {
      left.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EPIPE) {
      reader_left_ = true;
    } else if (errno != EINTR) {
      const char* reason = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
      problem_ = sim::Error{.where = descriptor_ == STDOUT_FILENO ? "stdout" : "stderr",
                            .what = fmt::format("cannot be written: {}", reason),
                            .advice = "make room, or send the output elsewhere"};
    }
  }
  waiting_.clear();
}

Console::Console(const ConsoleOptions& options)
    : options_{options},
      out_{STDOUT_FILENO},
      err_{STDERR_FILENO},
      colour_out_{wants_colour(options.color, STDOUT_FILENO)},
      colour_err_{wants_colour(options.color, STDERR_FILENO)},
      progress_{!options.quiet && !dumb_terminal() && ::isatty(STDERR_FILENO) == 1},
      unicode_{utf8_locale() && !dumb_terminal()},
      width_{terminal_width()} {}

void Console::note(std::string_view text) {
  if (!options_.quiet) {
    tell(std::string{text} + '\n');
  }
}

void Console::warn(std::string_view lines) {
  const Paint paint{colour_err_};
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    tell(paint.doubtful(lines.substr(0, end)) + '\n');
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

void Console::complain(const sim::Error& error) {
  std::string text = "timeslice: ";
  text += error.where.empty() ? "" : safe_text(error.where) + ": ";
  text += safe_text(error.what);
  text += error.advice.empty() ? "" : "; " + safe_text(error.advice);
  tell(Paint{colour_err_}.bad(text) + '\n');
}

void Console::tell(std::string_view text) {
  out_.flush();  // so that both streams of one terminal keep their order
  err_.write(text);
  err_.flush();
}

void Console::flush() {
  out_.flush();
  err_.flush();
}

}  // namespace timeslice::tools
