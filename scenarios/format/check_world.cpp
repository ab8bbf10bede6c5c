#include "scenarios/format/check_world.hpp"

#include <charconv>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "models/world.hpp"

namespace timeslice::scenarios {
namespace {

/// The element of a list that `number` names, counted from 0; null: there is none.
const Node* list_element(const Node& list, const std::string& number) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), index);
  const bool whole = error == std::errc{} && end == number.data() + number.size();
  return whole && index < list.items.size() ? &list.items[index] : nullptr;
}

/// A tick that takes all its time leaves none to programs.
void check_tick(const Reading& reading, const models::WorldSpec& world, const Node& tree) {
  const sim::Duration cost = world.machine.costs.tick_cost;
  if (world.os.tick > sim::Duration::zero() && cost >= world.os.tick) {
    reading.reporter.error(
        place_of(tree, "os.tick"), "E-world",
        fmt::format("a tick every {} ns takes {} ns", world.os.tick.count(), cost.count()),
        "use a longer os.tick or a smaller machine.costs.tick");
  }
}

/// Each program's own limit leaves room for any number of programs.
void check_background(const Reading& reading, const models::WorldSpec& world, const Node& tree) {
  constexpr std::uint64_t most_threads = 65'536;
  std::uint64_t threads = 0;
  for (const models::BackgroundSpec& program : world.background) {
    threads += program.threads;
  }
  if (threads > most_threads) {
    reading.reporter.error(place_of(tree, "background"), "E-limit",
                           fmt::format("{} threads in the background", threads),
                           fmt::format("use at most {} in all", most_threads));
  }
}

}  // namespace

/// Of a list such as `background` no element may be named: then its place is the list.
const Mark& place_of(const Node& tree, const std::string& where) {
  const Node* at = &tree;
  for (const std::string& name : split_path(where)) {
    const Node* next = at->is_sequence() ? list_element(*at, name) : at->find(name);
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
  check_tick(reading, world, tree);
  check_background(reading, world, tree);
}

}  // namespace timeslice::scenarios
