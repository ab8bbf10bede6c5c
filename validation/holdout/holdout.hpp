// `timeslice holdout`: scenarios that nobody has looked at, drawn from the grammar by number.
//
// Every drawn file is good for `check` and can run natively on a host of so many CPUs, is of the
// class that it was drawn for, and has a nominal makespan of 50 to 500 ms; what is not is drawn
// again and counted. The same seed, count and CPUs give the same bytes. Cost: a load a draw.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace timeslice::validation {

struct HoldoutOptions {
  std::uint64_t seed = 0;
  std::uint32_t count = 60;
  std::uint32_t cpus = 1;  // of the host that they are for
  bool pairs = false;      // two designs a file, as variants: for ranking
};

struct DrawnScenario {
  std::string name;   // "holdout-7-012"
  std::string file;   // "012-pool-fork.yaml"
  std::string group;  // its class; of a pair what its designs differ in
  std::string about;
  std::string yaml;
};

struct Holdout {
  std::vector<DrawnScenario> scenarios;  // classes in turn, from one that the seed decides
  std::uint64_t drawn_again = 0;
  std::vector<std::string> reasons;  // why, each once
};

[[nodiscard]] Holdout draw_holdout(const HoldoutOptions& options);

}  // namespace timeslice::validation
