// A private folder with the Python scripts, gone when this object is.
//
// Real files, since a spawned child imports its parent's main module from its path.
#pragma once

#include <string>
#include <string_view>

#include "sim/result.hpp"

namespace timeslice::validation {

/// Text of the scripts in validation/python/, as built in.
[[nodiscard]] std::string_view harness_text();
[[nodiscard]] std::string_view event_loop_text();
[[nodiscard]] std::string_view parcels_text();
[[nodiscard]] std::string_view calibrate_text();
[[nodiscard]] std::string_view runtime_parts_text();
[[nodiscard]] std::string_view payload_parts_text();
[[nodiscard]] std::string_view pool_parts_text();

class ScriptFolder {
 public:
  /// Below TMPDIR, or /tmp. Readable by this user alone. Its name tells the process that made it;
  /// folders that dead ones of this user left there are removed first.
  [[nodiscard]] static sim::Result<ScriptFolder> create();

  ScriptFolder(ScriptFolder&& other) noexcept;
  ScriptFolder& operator=(ScriptFolder&& other) noexcept;
  ScriptFolder(const ScriptFolder&) = delete;
  ScriptFolder& operator=(const ScriptFolder&) = delete;
  ~ScriptFolder();

  [[nodiscard]] std::string file(std::string_view name) const;

  /// Writes a file into the folder; false if that failed (no space).
  [[nodiscard]] bool write(std::string_view name, std::string_view text) const;

 private:
  explicit ScriptFolder(std::string path);

  std::string path_;
};

}  // namespace timeslice::validation
