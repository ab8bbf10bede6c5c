// libFuzzer target: any bytes as a scenario. Every rejection has a line, nothing crashes or hangs.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "scenarios/format/load.hpp"

// The name and its form are libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace timeslice::scenarios;  // NOLINT(google-build-using-namespace)
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const Loaded loaded = load_text(text, "fuzz.yaml", "/nonexistent", {}, {});
  if (const auto* found = std::get_if<Diagnostics>(&loaded)) {
    for (const Diagnostic& diagnostic : *found) {
      if (diagnostic.place.line == 0 || to_text(diagnostic).empty()) {
        std::abort();
      }
    }
  }
  return 0;
}
