// Checks over all programs of a world: nothing starts itself, and the whole stays within limits.
#pragma once

#include "models/world_spec.hpp"
#include "scenarios/format/fields.hpp"

namespace timeslice::scenarios {

inline constexpr double max_tasks = 1e7;            // items that all maps and submits hand over
inline constexpr std::size_t max_call_depth = 100;  // tasks that run one another

/// Reports tasks that lead back to themselves (`call`, `map`, `submit`), chains that are too long,
/// and more than 1e7 items in all. `tasks` and `main` are the nodes that errors point at.
void check_tasks(const Reading& reading, const models::WorldSpec& world, const Node* tasks,
                 const Node* main);

}  // namespace timeslice::scenarios
