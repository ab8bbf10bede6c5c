#include "validation/calibrate/probe_samples.hpp"

#include <nlohmann/json.hpp>

namespace timeslice::validation {

using nlohmann::json;

const Samples* ProbeSamples::find(const std::string& name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() || found->second.ns.empty() ? nullptr : &found->second;
}

void ProbeSamples::add(const ProbeSamples& other) {
  for (const auto& [name, samples] : other.by_name) {
    Samples& mine = by_name[name];
    mine.ns.insert(mine.ns.end(), samples.ns.begin(), samples.ns.end());
    mine.rejected += samples.rejected;
  }
  missing.insert(other.missing.begin(), other.missing.end());
  disturbed += other.disturbed;
}

std::string to_json(const ProbeSamples& samples) {
  json out{{"samples", json::object()},
           {"rejected", json::object()},
           {"missing", samples.missing},
           {"disturbed", samples.disturbed}};
  for (const auto& [name, of] : samples.by_name) {
    out["samples"][name] = of.ns;
    out["rejected"][name] = of.rejected;
  }
  return out.dump();
}

sim::Result<ProbeSamples> probe_samples_from(const std::string& text) {
  try {
    const json in = json::parse(text);
    ProbeSamples samples;
    for (const auto& [name, values] : in.at("samples").items()) {
      samples.by_name[name].ns = values.get<std::vector<double>>();
    }
    for (const auto& [name, count] : in.at("rejected").items()) {
      samples.by_name[name].rejected = count.get<std::uint64_t>();
    }
    samples.missing = in.at("missing").get<std::map<std::string, std::string>>();
    samples.disturbed = in.value("disturbed", std::uint64_t{0});
    return samples;
  } catch (const json::exception& problem) {
    return sim::Error{.where = "calibration",
                      .what = std::string{"a probe gave no numbers: "} + problem.what(),
                      .advice = "try again on a quieter machine"};
  }
}

}  // namespace timeslice::validation
