// A machine from an hwloc XML file (formats 1.x and 2.x, as `lstopo` writes them).
//
// Takes the text, never a path: nothing outside the text is read, and no environment variable moves
// the result. The reader and all checks are our own, since libhwloc loads many broken files without
// a word (docs/models/hwloc-import.md, ADR 7). Cost: linear in the text; a 384-CPU server (325 kB)
// takes about 10 ms in a release build.
// Not here: the machine's speeds and costs. hwloc knows none, so they keep the defaults and
// `costs_known` and `speed_known` are false.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "models/machine/machine_spec.hpp"
#include "sim/result.hpp"

namespace timeslice::models {

inline constexpr std::size_t max_hwloc_bytes = std::size_t{16} << 20;  // 48 times the largest seen

/// The machine that `xml_text` describes, called `name`. Doubts are in its `warnings`; an error's
/// `where` is "name:line" where the line is known.
[[nodiscard]] sim::Result<MachineSpec> import_hwloc_xml(std::string_view xml_text,
                                                        const std::string& name);

}  // namespace timeslice::models
