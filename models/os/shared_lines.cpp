#include "models/os/shared_lines.hpp"

#include "sim/expect.hpp"

namespace timeslice::models {

/// Counts the pairs of one thread on `core` with all that are counted already.
void SharedLines::count(Line& line, std::uint32_t core, double sign) {
  const CoreSpec& spec = machine_.cores[core];
  const double near = line.in_core[core];
  const double cached = line.in_llc[spec.llc];
  const double packed = line.in_package[spec.package];
  line.pairs[static_cast<std::size_t>(Relation::core)] += sign * near;
  line.pairs[static_cast<std::size_t>(Relation::llc)] += sign * (cached - near);
  line.pairs[static_cast<std::size_t>(Relation::package)] += sign * (packed - cached);
  line.pairs[static_cast<std::size_t>(Relation::machine)] += sign * (line.threads - packed);
}

void SharedLines::join(std::uint32_t line, std::uint32_t core) {
  Line& it = lines_[line];
  count(it, core, 1.0);
  it.threads += 1.0;
  it.in_core[core] += 1.0;
  it.in_llc[machine_.cores[core].llc] += 1.0;
  it.in_package[machine_.cores[core].package] += 1.0;
}

void SharedLines::leave(std::uint32_t line, std::uint32_t core) {
  Line& it = lines_[line];
  sim::expect(it.threads >= 1.0, "who leaves a line has used it");
  it.threads -= 1.0;
  it.in_core[core] -= 1.0;
  it.in_llc[machine_.cores[core].llc] -= 1.0;
  it.in_package[machine_.cores[core].package] -= 1.0;
  count(it, core, -1.0);
}

double SharedLines::slowdown(std::uint32_t line, double alone_ns) const {
  const auto at = lines_.find(line);
  if (at == lines_.end()) {
    return 1.0;
  }
  const LineTransfer& line_transfer = machine_.memory_system.transfer;
  const double at_once = alone_ns < atomic_alone_ns ? line_transfer.stores : line_transfer.atomics;
  const double transfer = mean_transfer_ns(at->second.pairs, line_transfer) / at_once;
  return contended_ns(at->second.threads, transfer, alone_ns) / alone_ns;
}

}  // namespace timeslice::models
