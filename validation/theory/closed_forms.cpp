#include "validation/theory/closed_forms.hpp"

#include "sim/expect.hpp"

namespace timeslice::validation {

double amdahl_speedup(double serial, double workers) {
  sim::expect(serial >= 0.0 && serial <= 1.0 && workers >= 1.0, "a share of the work is serial");
  return 1.0 / (serial + (1.0 - serial) / workers);
}

double erlang_c(std::uint32_t servers, double offered) {
  sim::expect(offered >= 0.0 && offered < servers, "the servers can keep up");
  // Erlang B by its recursion in the number of servers (stable), then C from B.
  double blocked = 1.0;
  for (std::uint32_t n = 1; n <= servers; ++n) {
    blocked = offered * blocked / (n + offered * blocked);
  }
  const double load = offered / servers;
  return blocked / (1.0 - load * (1.0 - blocked));
}

double mmc_mean_wait(std::uint32_t servers, double offered) {
  return erlang_c(servers, offered) / (servers - offered);
}

}  // namespace timeslice::validation
