#include "models/machine/quantity_text.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace timeslice::models {
namespace {

struct WholeUnit {
  std::string_view name;
  std::int64_t size;
};

struct RealUnit {
  std::string_view name;
  double size;
};

constexpr std::array<WholeUnit, 4> time_units{
    {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}}};
constexpr std::array<WholeUnit, 4> byte_units{
    {{"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"B", 1}}};
constexpr std::array<RealUnit, 4> frequency_units{
    {{"GHz", 1e9}, {"MHz", 1e6}, {"kHz", 1e3}, {"Hz", 1.0}}};
constexpr std::array<RealUnit, 7> rate_units{{{"GB/s", 1e9},
                                              {"GiB/s", 1073741824.0},
                                              {"MB/s", 1e6},
                                              {"MiB/s", 1048576.0},
                                              {"kB/s", 1e3},
                                              {"KiB/s", 1024.0},
                                              {"B/s", 1.0}}};

std::string whole_text(std::int64_t value, std::span<const WholeUnit> units) {
  for (const WholeUnit& unit : units) {
    if (value % unit.size == 0) {
      return fmt::format("{}{}", value / unit.size, unit.name);
    }
  }
  return fmt::format("{}", value);
}

/// The shortest text over all units that gives `value` back; larger units first.
std::string real_text(double value, std::span<const RealUnit> units) {
  std::string best;
  for (const RealUnit& unit : units) {
    const double amount = value / unit.size;
    const std::string text = fmt::format("{}{}", amount, unit.name);
    const bool exact = amount * unit.size == value;
    if (exact && amount >= 1e-3 && (best.empty() || text.size() < best.size())) {
      best = text;
    }
  }
  return best.empty() ? fmt::format("{}{}", value, units.back().name) : best;
}

}  // namespace

std::string to_text(sim::Duration duration) {
  return whole_text(duration.count(), time_units);
}

std::string to_text(Bytes bytes) {
  return whole_text(bytes.count, byte_units);
}

std::string to_text(Hertz frequency) {
  return real_text(frequency.per_second, frequency_units);
}

std::string to_text(BytesPerSecond rate) {
  return real_text(rate.per_second, rate_units);
}

}  // namespace timeslice::models
