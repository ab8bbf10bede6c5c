#include "tools/report/humanize.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>

namespace timeslice::tools {
namespace {

struct Unit {
  double size;
  std::string_view name;
};

// Digits after the point so that three digits are significant: 1.25, 12.5, 125.
std::string three_digits(double value) {
  const double size = std::fabs(value);
  if (size >= 999.5) {
    return fmt::format("{:.0f}", value);
  }
  const int decimals = size < 9.995 ? 2 : (size < 99.95 ? 1 : 0);
  std::string text = fmt::format("{:.{}f}", value, decimals);
  while (decimals > 0 && text.back() == '0') {
    text.pop_back();
  }
  if (text.back() == '.') {
    text.pop_back();
  }
  return text;
}

template <std::size_t size>
std::string scaled(double value, const std::array<Unit, size>& units) {
  for (const Unit& unit : units) {
    // 0.9995: a value that would be rounded up to 1000 takes the next larger unit.
    if (std::fabs(value) >= unit.size * 0.9995) {
      return fmt::format("{} {}", three_digits(value / unit.size), unit.name);
    }
  }
  return fmt::format("{} {}", three_digits(value / units.back().size), units.back().name);
}

constexpr std::array<Unit, 4> short_times{{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1.0, "ns"}}};
constexpr std::array<Unit, 5> sizes{{{1099511627776.0, "TiB"},
                                     {1073741824.0, "GiB"},
                                     {1048576.0, "MiB"},
                                     {1024.0, "KiB"},
                                     {1.0, "B"}}};
constexpr double ns_a_second = 1e9;

std::string long_duration(double nanoseconds) {
  const double total = nanoseconds / ns_a_second;
  const auto seconds = static_cast<std::int64_t>(std::llround(total));
  const std::int64_t minutes = seconds / 60;
  if (minutes < 60) {
    return fmt::format("{} min {:02} s", minutes, seconds % 60);
  }
  const std::int64_t hours = minutes / 60;
  return hours < 100 ? fmt::format("{} h {:02} min", hours, minutes % 60)
                     : fmt::format("{} d {:02} h", hours / 24, hours % 24);
}

}  // namespace

std::string human_duration(double nanoseconds) {
  if (nanoseconds == 0.0) {
    return "0";
  }
  if (!std::isfinite(nanoseconds)) {
    return "unknown";
  }
  constexpr double minutes_from_ns = 120.0 * ns_a_second;
  constexpr double longest_ns = 9e18;  // what an integer of nanoseconds holds
  if (nanoseconds >= minutes_from_ns && nanoseconds < longest_ns) {
    return long_duration(nanoseconds);
  }
  return scaled(nanoseconds, short_times);
}

std::string human_bytes(double bytes) {
  return bytes == 0.0 ? "0" : scaled(bytes, sizes);
}

std::string human_count(double count) {
  constexpr double written_out = 1e6;
  if (!(std::fabs(count) < written_out)) {
    return fmt::format("{:.3g}", count);
  }
  if (count == std::floor(count)) {
    return fmt::format("{:.0f}", count);
  }
  return three_digits(count);
}

std::string human_share(double share) {
  constexpr double per_cent = 100.0;
  return fmt::format("{} %", three_digits(share * per_cent));
}

std::string human_ratio(double ratio) {
  return fmt::format("{:.2f}x", ratio);
}

std::string human_value(double value, std::string_view unit) {
  if (unit == "ns") {
    return human_duration(value);
  }
  if (unit == "B") {
    return human_bytes(value);
  }
  if (unit == "1/s") {
    return human_count(value) + "/s";
  }
  return unit == "1" ? human_share(value) : human_count(value);
}

std::string human_spread(std::optional<double> low, std::optional<double> high,
                         std::string_view unit) {
  if (!low || !high) {
    return {};
  }
  return "± " + human_value((*high - *low) / 2.0, unit);
}

std::string hex16(std::uint64_t value) {
  return fmt::format("{:016x}", value);
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

}  // namespace timeslice::tools
