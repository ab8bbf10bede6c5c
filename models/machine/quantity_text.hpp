// Quantities as text with a unit, so that reading the text back gives the same value.
//
// The largest unit that needs no digits behind the point (durations, bytes) or the fewest digits
// (frequencies, rates) is taken. The words are those of the scenario format.
#pragma once

#include <string>

#include "models/units.hpp"
#include "sim/time.hpp"

namespace timeslice::models {

[[nodiscard]] std::string to_text(sim::Duration duration);  // "1500ns", "28us", "0s"
[[nodiscard]] std::string to_text(Bytes bytes);             // "32KiB"
[[nodiscard]] std::string to_text(Hertz frequency);         // "2.6GHz"
[[nodiscard]] std::string to_text(BytesPerSecond rate);     // "40GiB/s"

}  // namespace timeslice::models
