#include "tools/report/progress.hpp"

#include <utility>

#include <fmt/format.h>

#include "tools/report/humanize.hpp"

namespace timeslice::tools {
namespace {

constexpr std::chrono::seconds patience{2};  // nothing is shown before
constexpr std::chrono::milliseconds redraw_pause{100};
constexpr std::string_view wipe = "\r\x1b[K";  // carriage return, erase to the end of the line

}  // namespace

Progress::Progress(std::string what, std::function<void(std::string_view)> write)
    : what_{std::move(what)}, write_{std::move(write)}, began_{Clock::now()}, drawn_{began_} {}

Progress::~Progress() {
  clear();
}

void Progress::update(std::uint64_t done, std::uint64_t total, Clock::time_point now) {
  if (!write_ || now - began_ < patience || (visible_ && now - drawn_ < redraw_pause)) {
    return;
  }
  drawn_ = now;
  visible_ = true;
  std::string line = fmt::format("{}{}: {} of {}", wipe, what_, done, total);
  if (done > 0 && total >= done) {
    const double spent = std::chrono::duration<double, std::nano>(now - began_).count();
    const double left = spent / static_cast<double>(done) * static_cast<double>(total - done);
    line += fmt::format(", {} left", human_duration(left));
  }
  write_(line);
}

void Progress::clear() {
  if (visible_) {
    write_(wipe);
    visible_ = false;
  }
}

}  // namespace timeslice::tools
