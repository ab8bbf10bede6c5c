#include "tools/store/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace timeslice::tools {
namespace {

struct Unit {
  std::string_view name;
  double factor;
  std::string_view base;
};

constexpr double kibi = 1024.0;
constexpr std::array units{
    Unit{"", 1.0, ""},
    Unit{"%", 0.01, ""},
    Unit{"ns", 1.0, "ns"},
    Unit{"us", 1e3, "ns"},
    Unit{"\u00B5s", 1e3, "ns"},
    Unit{"ms", 1e6, "ns"},
    Unit{"s", 1e9, "ns"},
    Unit{"min", 60e9, "ns"},
    Unit{"h", 3600e9, "ns"},
    Unit{"B", 1.0, "B"},
    Unit{"kB", 1e3, "B"},
    Unit{"MB", 1e6, "B"},
    Unit{"GB", 1e9, "B"},
    Unit{"TB", 1e12, "B"},
    Unit{"KiB", kibi, "B"},
    Unit{"MiB", kibi* kibi, "B"},
    Unit{"GiB", kibi* kibi* kibi, "B"},
    Unit{"TiB", kibi* kibi* kibi* kibi, "B"},
    Unit{"Hz", 1.0, "Hz"},
    Unit{"kHz", 1e3, "Hz"},
    Unit{"MHz", 1e6, "Hz"},
    Unit{"GHz", 1e9, "Hz"},
    Unit{"/s", 1.0, "1/s"},
    Unit{"/min", 1.0 / 60.0, "1/s"},
    Unit{"/h", 1.0 / 3600.0, "1/s"},
};

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view text) {
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  if (error != std::errc{} || !std::isfinite(number)) {
    return std::nullopt;
  }
  std::string_view name{end, static_cast<std::size_t>(text.end() - end)};
  name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (unit == units.end()) {
    return std::nullopt;
  }
  return Quantity{.number = number * unit->factor, .unit = unit->base};
}

}  // namespace timeslice::tools
