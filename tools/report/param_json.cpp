#include "tools/report/param_json.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

#include <nlohmann/json.hpp>

namespace timeslice::tools {

std::optional<double> plain_number(std::string_view text) {
  double value = 0.0;
  const auto [stop, problem] = std::from_chars(text.begin(), text.end(), value);
  if (problem != std::errc{} || stop != text.end() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

nlohmann::ordered_json params_json(const scenarios::Params& params) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const scenarios::Param& param : params) {
    std::int64_t integer = 0;
    const char* end = param.value.data() + param.value.size();
    const auto [stop, problem] = std::from_chars(param.value.data(), end, integer);
    if (problem == std::errc{} && stop == end && !param.value.empty()) {
      json[param.name] = integer;
    } else if (const auto number = plain_number(param.value)) {
      json[param.name] = *number;
    } else {
      json[param.name] = param.value;
    }
  }
  return json;
}

}  // namespace timeslice::tools
