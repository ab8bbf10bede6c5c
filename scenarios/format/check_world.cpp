#include "scenarios/format/check_world.hpp"

#include "models/world.hpp"

namespace timeslice::scenarios {
namespace {

/// The value at `where` ("executors.crew", "main", ...), else the nearest thing around it. Of a
/// list such as `background` no element is named: its place is the list.
const Mark& place_of(const Node& tree, const std::string& where) {
  const Node* at = &tree;
  for (const std::string& name : split_path(where)) {
    const Node* next = at->find(name);
    if (next == nullptr) {
      break;
    }
    at = next;
  }
  return at->mark;
}

}  // namespace

void check_world(const Reading& reading, const models::WorldSpec& world, const Node& tree) {
  for (const sim::Error& error : models::check_world(world)) {
    reading.reporter.error(place_of(tree, error.where), "E-world", error.where + ": " + error.what,
                           error.advice);
  }
}

}  // namespace timeslice::scenarios
