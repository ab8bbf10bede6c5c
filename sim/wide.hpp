// The 128-bit unsigned integer of gcc and clang, named once so that -Wpedantic stays quiet.
#pragma once

namespace timeslice::sim {

__extension__ using Uint128 = unsigned __int128;

}  // namespace timeslice::sim
