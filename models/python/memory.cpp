#include "models/python/memory.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

constexpr std::uint32_t file_region = 0;

}  // namespace

MemoryTable::MemoryTable(Bytes files) {
  regions_.push_back({.size = files.count, .left = {}});
}

MemoryTable::Space& MemoryTable::space(ProcessId process) {
  if (index_of(process) >= spaces_.size()) {
    spaces_.resize(index_of(process) + 1);
  }
  return spaces_[index_of(process)];
}

const MemoryTable::Space& MemoryTable::known_space(ProcessId process) const {
  sim::expect(knows(process), "only a process that has memory is asked for it");
  return spaces_[index_of(process)];
}

bool MemoryTable::knows(ProcessId process) const {
  return index_of(process) < spaces_.size() && spaces_[index_of(process)].known;
}

/// Of a region, what anybody maps.
std::int64_t MemoryTable::backed(const Region& region) {
  return region.left.empty() ? 0 : region.size - region.left.begin()->first;
}

void MemoryTable::attach(const Mapping& mapping) {
  Region& region = regions_[mapping.region];
  const std::int64_t before = backed(region);
  ++region.left[mapping.left];
  total_.count += backed(region) - before;
  total_resident_.count += region.size - mapping.left;
}

void MemoryTable::detach(const Mapping& mapping) {
  Region& region = regions_[mapping.region];
  const std::int64_t before = backed(region);
  const auto found = region.left.find(mapping.left);
  if (--found->second == 0) {
    region.left.erase(found);
  }
  total_.count += backed(region) - before;
  total_resident_.count -= region.size - mapping.left;
}

void MemoryTable::add_own(Space& space, std::int64_t amount) {
  space.own += amount;
  total_.count += amount;
  total_resident_.count += amount;
}

void MemoryTable::begin(ProcessId process, Bytes own, Bytes files) {
  sim::expect(!knows(process), "a process begins once");
  const Region& shared = regions_[file_region];
  sim::expect(files.count <= shared.size, "a process maps file pages that there are");
  Space& fresh = space(process);
  fresh.known = true;
  add_own(fresh, own.count);
  fresh.mappings.push_back({.region = file_region, .left = shared.size - files.count});
  attach(fresh.mappings.back());
}

void MemoryTable::fork(ProcessId parent, ProcessId child, Bytes files) {
  sim::expect(knows(parent) && !knows(child), "a process is forked off one that has begun");
  static_cast<void>(space(child));  // no reference into the table outlives its growth
  Space& from = space(parent);
  if (from.own > 0) {
    regions_.push_back({.size = from.own, .left = {}});
    const auto region = static_cast<std::uint32_t>(regions_.size() - 1);
    add_own(from, -from.own);
    from.mappings.push_back({.region = region, .left = 0});
    attach(from.mappings.back());
  }
  Space& to = space(child);
  to.known = true;
  for (const Mapping& mapping : from.mappings) {
    Mapping copy = mapping;
    if (mapping.region == file_region) {
      const std::int64_t size = regions_[file_region].size;
      copy.left = std::max(copy.left, size - std::min(size, files.count));
    }
    to.mappings.push_back(copy);
    attach(copy);
  }
}

void MemoryTable::allocate(ProcessId process, Bytes amount) {
  sim::expect(knows(process), "a process begins before it allocates");
  add_own(space(process), amount.count);
}

Bytes MemoryTable::write_inherited(ProcessId process, Bytes amount) {
  sim::expect(knows(process), "a process begins before it writes");
  Space& writer = space(process);
  std::int64_t rest = amount.count;
  for (Mapping& mapping : writer.mappings) {
    const std::int64_t shared = regions_[mapping.region].size - mapping.left;
    const std::int64_t here = mapping.region == file_region ? 0 : std::min(rest, shared);
    if (here > 0) {
      detach(mapping);
      mapping.left += here;
      attach(mapping);
      add_own(writer, here);
      rest -= here;
    }
  }
  return Bytes{amount.count - rest};
}

void MemoryTable::end(ProcessId process) {
  sim::expect(knows(process), "a process begins before it ends");
  Space& gone = space(process);
  for (const Mapping& mapping : gone.mappings) {
    detach(mapping);
  }
  add_own(gone, -gone.own);
  gone = {};
}

Bytes MemoryTable::resident(ProcessId process) const {
  const Space& of = known_space(process);
  std::int64_t sum = of.own;
  for (const Mapping& mapping : of.mappings) {
    sum += regions_[mapping.region].size - mapping.left;
  }
  return Bytes{sum};
}

MemoryUse MemoryTable::use(ProcessId process) const {
  const Space& of = known_space(process);
  MemoryUse use{
      .unshared = Bytes{of.own}, .resident = resident(process), .pss = static_cast<double>(of.own)};
  for (const Mapping& mapping : of.mappings) {
    const Region& region = regions_[mapping.region];
    std::uint64_t sharers = 0;
    for (auto part = region.left.begin(); part != region.left.end(); ++part) {
      sharers += part->second;
      const auto next = std::next(part);
      const std::int64_t end = next == region.left.end() ? region.size : next->first;
      const std::int64_t length = end - std::max(part->first, mapping.left);
      if (length > 0) {
        use.pss += static_cast<double>(length) / static_cast<double>(sharers);
        use.unshared.count += sharers == 1 ? length : 0;
      }
    }
  }
  return use;
}

}  // namespace timeslice::models
