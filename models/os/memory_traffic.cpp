#include "models/os/memory_traffic.hpp"

#include <algorithm>

#include "models/machine/loaded_latency.hpp"
#include "models/machine/saturation.hpp"
#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr double bytes_a_second = 1e9;  // of one B/ns

std::int64_t whole(double value) {
  return static_cast<std::int64_t>(value * bytes_a_second + 0.5);
}

}  // namespace

MemoryTraffic::MemoryTraffic(const MachineSpec& machine)
    : paths_{machine},
      nodes_(paths_.nodes()),
      links_(std::size_t{paths_.nodes()} * paths_.nodes()) {
  for (Load& node : nodes_) {
    node.capacity = paths_.node_bandwidth();
  }
  for (std::uint32_t from = 0; from < paths_.nodes(); ++from) {
    for (std::uint32_t to = 0; to < paths_.nodes(); ++to) {
      links_[from * paths_.nodes() + to].capacity = paths_.path_bandwidth(from, to);
    }
    homes_.push_back({{.node = from}});
  }
  std::vector<NodeShare>& all = homes_.emplace_back();
  for (std::uint32_t node = 0; node < paths_.nodes(); ++node) {
    all.push_back({.node = node, .part = 1.0 / static_cast<double>(paths_.nodes())});
  }
}

std::uint32_t MemoryTraffic::home_of(const std::vector<NodeShare>& shares) {
  const auto at = std::ranges::find(homes_, shares);
  const auto home = static_cast<std::uint32_t>(at - homes_.begin());
  if (at == homes_.end()) {
    homes_.push_back(shares);
  }
  return home;
}

void MemoryTraffic::add(Load& load, double rate, std::int64_t users) {
  load.users += users;
  sim::expect(load.users >= 0, "who leaves a memory node has joined it");
  if (load.capacity > 0.0) {
    load.rates += users * whole(rate);
    load.demands += users * whole(demand_of(rate, load.capacity));
    answer(load);
  }
}

void MemoryTraffic::add(const DataPlace& place, double rate, std::int64_t users) {
  for (const NodeShare& share : shares_of(place.home)) {
    add(nodes_[share.node], rate * share.part, users);
    if (share.node != place.from) {
      add(links_[place.from * paths_.nodes() + share.node], rate * share.part, users);
    }
  }
}

/// What the sums come to. A lone user is slowed by nobody: its rate and the idle latency were
/// measured with it.
void MemoryTraffic::answer(Load& load) {
  if (load.users < 2 || load.demands <= 0) {
    load.slowdown = 1.0;
    load.part = 0.0;
    return;
  }
  const double got = delivered(static_cast<double>(load.demands) / bytes_a_second, load.capacity);
  load.slowdown = std::max(1.0, static_cast<double>(load.rates) / bytes_a_second / got);
  load.part = std::min(got / load.capacity, 1.0);
}

double MemoryTraffic::lone_ratio(std::uint32_t from, std::uint32_t to, bool latency_bound) const {
  return latency_bound ? paths_.latency_ratio(from, to) : paths_.lone_stream_ratio(from, to);
}

double MemoryTraffic::slowdown(std::uint32_t from, std::uint32_t to, bool latency_bound) const {
  const Load& node = nodes_[to];
  const Load& link = links_[from * paths_.nodes() + to];
  const double lone = lone_ratio(from, to, latency_bound);
  if (latency_bound) {
    return lone * latency_factor(std::max(node.part, link.part), paths_.saturated());
  }
  return lone * std::max(node.slowdown, link.slowdown);
}

double MemoryTraffic::slowdown(const DataPlace& place, bool latency_bound) const {
  double sum = 0.0;
  for (const NodeShare& share : shares_of(place.home)) {
    sum += share.part * slowdown(place.from, share.node, latency_bound);
  }
  return sum;
}

double MemoryTraffic::lone_rate(const DataPlace& place, double rate, bool latency_bound) const {
  double sum = 0.0;
  for (const NodeShare& share : shares_of(place.home)) {
    sum += share.part * lone_ratio(place.from, share.node, latency_bound);
  }
  return rate / sum;
}

}  // namespace timeslice::models
