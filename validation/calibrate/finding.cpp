#include "validation/calibrate/finding.hpp"

#include <algorithm>
#include <cmath>

#include "models/machine/quantity_text.hpp"
#include "sim/expect.hpp"
#include "validation/statistics.hpp"

namespace timeslice::validation {

Samples adjusted(const Samples& samples, double off, double factor) {
  Samples result{.ns = samples.ns, .rejected = samples.rejected};
  for (double& value : result.ns) {
    value = std::max(0.0, value * factor - off);
  }
  return result;
}

sim::Duration at(const Samples& samples, double p) {
  sim::expect(!samples.ns.empty(), "a quantile is of samples");
  return sim::Duration{std::llround(quantile(samples.ns, p))};
}

scenarios::MeasuredCost condense(const Samples& samples, const std::string& from) {
  scenarios::MeasuredCost cost;
  cost.samples = samples.ns.size();
  cost.rejected = samples.rejected;
  cost.p20 = at(samples, cpu_quantile);
  cost.p50 = at(samples, wall_quantile);
  cost.p90 = at(samples, 0.9);
  cost.from = from;
  return cost;
}

std::string dotted(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& part : path) {
    text += (text.empty() ? "" : ".") + part;
  }
  return text;
}

void Findings::add(std::vector<std::string> path, const Samples* samples, double p,
                   const std::string& from) {
  if (samples == nullptr || samples->ns.empty()) {
    return;
  }
  add_value({.path = std::move(path),
             .values = {models::to_text(at(*samples, p))},
             .list = false,
             .name = {},
             .measured = condense(*samples, from)});
}

void Findings::add_value(Finding finding) {
  finding.name = finding.name.empty() ? dotted(finding.path) : finding.name;
  finding.measured.date = date_;
  all_.push_back(std::move(finding));
}

void Findings::observe(const std::string& name, const Samples* samples, const std::string& from) {
  if (samples != nullptr && !samples->ns.empty()) {
    add_value({.path = {},
               .values = {},
               .list = false,
               .name = "observed." + name,
               .measured = condense(*samples, from)});
  }
}

const Finding* Findings::find(const std::string& name) const {
  const auto found = std::ranges::find(all_, name, &Finding::name);
  return found == all_.end() ? nullptr : &*found;
}

void Findings::append(const Findings& other) {
  all_.insert(all_.end(), other.all_.begin(), other.all_.end());
}

}  // namespace timeslice::validation
