#include "validation/calibrate/probe_guard.hpp"

#include <algorithm>
#include <utility>

#include <sys/resource.h>

#include "validation/calibrate/cpp_kernel.hpp"
#include "validation/native/native_run.hpp"

namespace timeslice::validation {

namespace {

constexpr double foreign_limit = 0.10;  // of the wall time, as for native runs
constexpr sim::Duration two_ticks = std::chrono::milliseconds{20};

sim::Duration cpu_of(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

struct Reading {
  std::int64_t wall_ns = wall_ns_now();
  HostCpuTimes host = host_cpu_times();
  sim::Duration own = cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);

  static std::int64_t wall_ns_now() { return validation::wall_ns(); }
};

RoundNoise between(const Reading& before, const Reading& after) {
  const sim::Duration busy = after.host.busy - before.host.busy;
  return {.wall = sim::Duration{after.wall_ns - before.wall_ns},
          .foreign = std::max(sim::Duration::zero(), busy - (after.own - before.own)),
          .steal = std::max(sim::Duration::zero(), after.host.steal - before.host.steal)};
}

}  // namespace

bool is_disturbed(const RoundNoise& noise) {
  const double wall = static_cast<double>(noise.wall.count());
  return noise.steal > sim::Duration::zero() ||
         (noise.foreign > two_ticks &&
          static_cast<double>(noise.foreign.count()) > foreign_limit * wall);
}

void ProbeGuard::collect(const std::string& name, std::uint64_t rounds, const Round& round) {
  Samples& into = samples_.by_name[name];
  for (std::uint64_t i = 0; i < rounds; ++i) {
    for (int attempt = 1;; ++attempt) {
      const Reading before;
      const std::vector<double> found = round();
      const bool bad = is_disturbed(between(before, Reading{}));
      const bool last = attempt == most_tries || wall_ns() > deadline_ns_;
      if (bad && !last) {
        into.rejected += found.size();
        continue;
      }
      samples_.disturbed += bad ? found.size() : 0;
      into.ns.insert(into.ns.end(), found.begin(), found.end());
      break;
    }
    if (wall_ns() > deadline_ns_) {
      return;
    }
  }
}

void ProbeGuard::miss(const std::string& name, std::string why) {
  samples_.missing[name] = std::move(why);
}

}  // namespace timeslice::validation
