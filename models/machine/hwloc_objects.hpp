// The objects of an hwloc file as typed records, each checked on its own.
//
// Stage two of the import: after models/machine/xml_reader.hpp has read the text, before
// models/machine/hwloc_machine.hpp makes a machine of the objects. An object is refused here for
// what is wrong with it or with its place below its parent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/machine/index_set.hpp"
#include "models/machine/machine_spec.hpp"
#include "models/machine/xml_reader.hpp"
#include "models/units.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

enum class HwlocType { machine, package, group, node, cache, memory_cache, core, cpu, other };

struct HwlocObject {
  static constexpr std::uint32_t no_parent = UINT32_MAX;

  HwlocType type = HwlocType::other;
  std::uint32_t parent = no_parent;       // index among the objects
  std::uint32_t element = 0;              // index among the XML elements
  std::optional<std::uint32_t> os_index;  // present in CPUs and nodes
  std::optional<IndexSet> cpuset;
  Bytes memory;     // nodes; 0: not known
  CacheSpec cache;  // caches; size 0: not known; `cores` stays empty
};

/// A file on its way to a machine. Views into the text, which must live longer.
struct HwlocFile {
  std::string name;
  std::string_view text;
  XmlDocument xml;
  std::string version;               // "1" for files that name none, else as written
  std::vector<HwlocObject> objects;  // in document order, the machine first
  std::vector<std::string> warnings;

  [[nodiscard]] bool is_version_1() const { return version.starts_with('1'); }
  [[nodiscard]] const XmlElement& element_of(const HwlocObject& object) const;
  [[nodiscard]] std::optional<std::string_view> attribute(const HwlocObject& object,
                                                          std::string_view key) const;
  /// An error whose place is the line of `element`.
  [[nodiscard]] sim::Error error(const XmlElement& element, std::string what,
                                 std::string advice) const;
};

/// A decimal number without sign, at most 2^63 - 1; nothing for any other text.
[[nodiscard]] std::optional<std::int64_t> parse_count(std::string_view text);

/// Fills `file.objects` from `file.xml`; the first object at fault, or nothing.
[[nodiscard]] std::optional<sim::Error> read_objects(HwlocFile& file);

}  // namespace timeslice::models
