// Which process maps which memory, and who shares it: private, resident (RSS) and proportional
// (PSS) size of every process.
//
// Memory comes in regions: what one process had when it was first forked, or the file pages that
// all interpreters map. A process that writes to an inherited region copies pages of it. All
// processes copy the same pages first (those that hold what every interpreter writes to), so of a
// region each maps all but a front part, and how often a page is mapped follows from the lengths
// of these parts. Cost: a change is O(regions of the process x different lengths) and so is a
// look; memory about 100 bytes a process.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "models/ids.hpp"
#include "models/units.hpp"

namespace timeslice::models {

/// Of one process, as /proc/PID/smaps_rollup adds it up.
struct MemoryUse {
  Bytes unshared;    // mapped by nobody else
  Bytes resident;    // RSS
  double pss = 0.0;  // each page by the number of processes that map it
};

class MemoryTable {
 public:
  /// `files`: pages of the program and its libraries, which every process may map.
  explicit MemoryTable(Bytes files);
  /// `process` begins with pages of its own and with the last `files` of the shared file pages.
  void begin(ProcessId process, Bytes own, Bytes files);
  /// `child` begins with what `parent` has, copy-on-write. Of the shared file pages it maps only
  /// the last `files`: a fork copies no page tables of those.
  void fork(ProcessId parent, ProcessId child, Bytes files);
  /// `process` gets `amount` of fresh memory.
  void allocate(ProcessId process, Bytes amount);
  /// `process` writes to `amount` of what it inherited; returns how much it had to copy: no more
  /// than it still shared by inheritance.
  Bytes write_inherited(ProcessId process, Bytes amount);
  /// Its memory is given back.
  void end(ProcessId process);

  /// Whether anything was ever said of it and it has not ended.
  [[nodiscard]] bool knows(ProcessId process) const;
  /// Requires: known.
  [[nodiscard]] Bytes resident(ProcessId process) const;
  [[nodiscard]] MemoryUse use(ProcessId process) const;
  /// All pages that any process has, each counted once: the sum of all PSS.
  [[nodiscard]] Bytes total() const { return total_; }
  /// The sum of all RSS.
  [[nodiscard]] Bytes total_resident() const { return total_resident_; }

 private:
  struct Region {
    std::int64_t size = 0;
    std::map<std::int64_t, std::uint32_t> left;  // length of the front part left -> by how many
  };
  struct Mapping {
    std::uint32_t region = 0;
    std::int64_t left = 0;  // length of the front part that is not mapped
  };
  struct Space {
    bool known = false;
    std::int64_t own = 0;           // in no region
    std::vector<Mapping> mappings;  // file pages, if any, are region 0
  };

  [[nodiscard]] Space& space(ProcessId process);
  [[nodiscard]] const Space& known_space(ProcessId process) const;
  void attach(const Mapping& mapping);
  void detach(const Mapping& mapping);
  void add_own(Space& space, std::int64_t amount);
  [[nodiscard]] static std::int64_t backed(const Region& region);

  std::vector<Space> spaces_;    // by ProcessId
  std::vector<Region> regions_;  // the first: file pages
  Bytes total_;
  Bytes total_resident_;
};

}  // namespace timeslice::models
