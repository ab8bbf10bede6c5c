#include "scenarios/format/read_repeat.hpp"

#include <string>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

constexpr double closest = 0.0001;  // 1e-4 of a makespan would take 1e8 runs at a spread of half
constexpr double widest = 0.5;

void read_until(Fields& fields, double& until) {
  std::string text;
  if (!fields.read("until", text)) {
    return;
  }
  const Parsed<double> share = parse_ratio(text);
  if (!share || !(share.value >= closest && share.value <= widest)) {
    fields.error("until", "E-range",
                 fmt::format("'until' must be from 0.01% to 50% of the makespan, not {}", text),
                 "write it as 2%");
    return;
  }
  until = share.value;
}

}  // namespace

Repeat read_repeat(Fields& scenario) {
  Repeat repeat;
  const Node* node = scenario.find("repeat");
  if (node == nullptr || !node->is_map()) {
    scenario.read("repeat", repeat.most);
    return repeat;
  }
  Fields fields{scenario.reading(), *node, section_named("repeat")};
  repeat.most = 100;
  read_until(fields, repeat.until);
  fields.read("max", repeat.most);
  fields.read("min", repeat.least);
  if (repeat.least > repeat.most) {
    fields.error(fields.has("min") ? "min" : "max", "E-range",
                 fmt::format("'min' is {}, more than 'max', {}", repeat.least, repeat.most),
                 "name a larger 'max', or a smaller 'min'");
  }
  return repeat;
}

}  // namespace timeslice::scenarios
