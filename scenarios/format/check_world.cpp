#include "scenarios/format/check_world.hpp"

#include <charconv>
#include <string>

#include "models/world.hpp"

namespace timeslice::scenarios {
namespace {

/// The element of a list that `number` names, counted from 0; null: there is none.
const Node* element(const Node& list, const std::string& number) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  const bool whole = error == std::errc{} && end == number.data() + number.size();
  return whole && index < list.items.size() ? &list.items[index] : nullptr;
}

}  // namespace

/// Of a list such as `background` no element may be named: then its place is the list.
const Mark& place_of(const Node& tree, const std::string& where) {
  const Node* at = &tree;
  for (const std::string& name : split_path(where)) {
    const Node* next = at->is_sequence() ? element(*at, name) : at->find(name);
    if (next == nullptr) {
      break;
    }
    at = next;
  }
  return at->mark;
}

void check_world(const Reading& reading, const models::WorldSpec& world, const Node& tree) {
  for (const sim::Error& error : models::check_world(world)) {
    reading.reporter.error(place_of(tree, error.where), "E-world", error.where + ": " + error.what,
                           error.advice);
  }
}

}  // namespace timeslice::scenarios
