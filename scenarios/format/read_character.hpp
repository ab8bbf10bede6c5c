// Reads what steps do to caches, memory and cores: `memory`, `atomic`, `work` and `uses`.
//
// Equal characters get one number, so that threads that do the same are timed together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/units.hpp"
#include "models/work/character_spec.hpp"
#include "models/work/step.hpp"
#include "scenarios/format/fields.hpp"

namespace timeslice::scenarios {

/// The characters of one scenario; number 0 stands for "nothing special".
struct Characters {
  std::vector<models::CharacterSpec> specs{models::CharacterSpec{}};
  std::vector<std::string> lines;  // names of cache lines, as they were first read
  models::Hertz clock{};           // that `work` runs at; 0: the machine does not say
  bool clock_missing = false;      // and some step asked for it

  [[nodiscard]] std::uint32_t number_of(const models::CharacterSpec& spec);
  [[nodiscard]] std::uint32_t line_of(const std::string& name);
};

/// `memory: {...}`.
[[nodiscard]] models::MemoryStep read_touch(Fields& step, Characters& characters);

/// `atomic: N`.
[[nodiscard]] models::MemoryStep read_atomic(Fields& step, Characters& characters);

/// `work: {...}`: native work whose duration follows from instructions, cycles and clock.
[[nodiscard]] models::NativeStep read_work(Fields& step, Characters& characters);

/// `uses: {...}` of a step, or of `work`; the number of its character.
[[nodiscard]] std::uint32_t read_uses(Fields& fields, Characters& characters);

/// The characters as a world wants them: none at all if all steps are ordinary.
[[nodiscard]] std::vector<models::CharacterSpec> characters_of_world(const Characters& read);

}  // namespace timeslice::scenarios
