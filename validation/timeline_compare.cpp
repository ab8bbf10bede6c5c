#include "validation/timeline_compare.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "validation/statistics.hpp"

namespace timeslice::validation {

namespace {

/// One number of one side.
struct Fact {
  std::string name;
  std::string entity;
  std::string unit;
  double value = 0.0;
};

void list_lengths(const std::string& name, const std::optional<Lengths>& lengths,
                  std::vector<Fact>& facts) {
  if (!lengths) {
    return;
  }
  facts.push_back({name + "s", "", "count", static_cast<double>(lengths->count)});
  if (lengths->count > 0) {
    facts.push_back({name + "_p5", "", "ns", lengths->p5_ns});
    facts.push_back({name + "_p50", "", "ns", lengths->p50_ns});
    facts.push_back({name + "_p95", "", "ns", lengths->p95_ns});
    facts.push_back({name + "_mean", "", "ns", lengths->mean_ns});
  }
}

void list_thread(const ThreadFacts& thread, const std::string& entity, std::vector<Fact>& facts) {
  facts.push_back({"cpu_time", entity, "ns", sim::as_ns(thread.run)});
  facts.push_back({"wait", entity, "ns", sim::as_ns(thread.wait)});
  facts.push_back({"sleep", entity, "ns", sim::as_ns(thread.sleep)});
  facts.push_back({"switches_voluntary", entity, "count", static_cast<double>(thread.voluntary)});
  facts.push_back(
      {"switches_involuntary", entity, "count", static_cast<double>(thread.involuntary)});
  facts.push_back({"migrations", entity, "count", static_cast<double>(thread.migrations)});
}

std::vector<Fact> list(const TimelineFacts& from) {
  std::vector<Fact> facts;
  const ThreadFacts total = from.total();
  if (from.idle_while_runnable) {
    facts.push_back({"idle_while_runnable", "", "ns", sim::as_ns(*from.idle_while_runnable)});
  }
  list_thread(total, "", facts);
  list_lengths("run_length", from.runs, facts);
  list_lengths("gap", from.gaps, facts);
  list_lengths("wake_wait", from.waits, facts);
  for (const ThreadFacts& role : from.roles) {
    if (total.run > sim::Duration::zero()) {
      facts.push_back({"cpu_share", role.role, "1", sim::as_ns(role.run) / sim::as_ns(total.run)});
    }
    list_thread(role, role.role, facts);
  }
  return facts;
}

struct Sides {
  Fact what;
  std::vector<double> predicted;
  std::vector<double> measured;
};

/// Keeps the order in which the numbers came first.
class Collector {
 public:
  void add(const TimelinePair& pair) {
    std::map<std::pair<std::string, std::string>, double> predicted;
    for (const Fact& fact : list(pair.predicted)) {
      predicted[{fact.name, fact.entity}] = fact.value;
    }
    for (const Fact& fact : list(pair.measured)) {
      const auto other = predicted.find({fact.name, fact.entity});
      if (other != predicted.end()) {
        Sides& sides = sides_of(fact);
        sides.measured.push_back(fact.value);
        sides.predicted.push_back(other->second);
      }
    }
  }

  [[nodiscard]] std::vector<TimelineRow> rows() const {
    std::vector<TimelineRow> rows;
    for (const Sides& sides : all_) {
      TimelineRow row{.name = sides.what.name,
                      .entity = sides.what.entity,
                      .unit = sides.what.unit,
                      .predicted = median(sides.predicted),
                      .measured = median(sides.measured),
                      .error = std::nullopt};
      if (row.measured > 0.0) {
        row.error = row.predicted / row.measured - 1.0;
      }
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  Sides& sides_of(const Fact& fact) {
    const auto found = std::ranges::find_if(all_, [&](const Sides& sides) {
      return sides.what.name == fact.name && sides.what.entity == fact.entity;
    });
    if (found != all_.end()) {
      return *found;
    }
    all_.push_back({.what = fact, .predicted = {}, .measured = {}});
    return all_.back();
  }

  std::vector<Sides> all_;
};

}  // namespace

std::vector<TimelineRow> compare_timelines(std::span<const TimelinePair> pairs) {
  Collector collector;
  for (const TimelinePair& pair : pairs) {
    collector.add(pair);
  }
  return collector.rows();
}

}  // namespace timeslice::validation
