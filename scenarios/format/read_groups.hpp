// Reads `os.groups`: a tree of groups with weight, quota and CPUs.
#pragma once

#include <optional>
#include <string>

#include "models/os/os_spec.hpp"
#include "scenarios/format/fields.hpp"

namespace timeslice::scenarios {

/// Replaces the groups of `os`; their ids follow the sorted names.
void read_groups(const Reading& reading, const Node& node, models::OsSpec& os);

/// The group of that name.
[[nodiscard]] std::optional<models::GroupId> group_named(const models::OsSpec& os,
                                                         const std::string& name);

}  // namespace timeslice::scenarios
