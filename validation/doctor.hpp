// What on this host would spoil a native run, what is missing, and how to mend it.
//
// Reads /proc and /sys below a root, so that tests can give it canned trees; asks the Pythons
// through a function. Changes nothing. Cost: some files, and a start of each Python.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace timeslice::validation {

enum class Verdict { ok, doubt, bad };

struct Check {
  std::string name;
  Verdict verdict = Verdict::ok;
  std::string value;
  std::string mend;       // how to mend it; empty: nothing to do
  bool prevents = false;  // native runs are not possible with it
};

struct DoctorOptions {
  std::string root{};                  // "" is the real system
  std::vector<std::string> pythons{};  // executables to ask
  /// What a Python prints for a program text; nothing: it did not run.
  std::function<std::optional<std::string>(const std::string& python, const std::string& text)>
      ask{};
  std::string temporary = "/tmp";  // where native runs put their scripts
};

/// All checks, in a fixed order.
[[nodiscard]] std::vector<Check> examine(const DoctorOptions& options);

/// Whether nothing prevents native runs.
[[nodiscard]] bool runs_are_possible(const std::vector<Check>& checks);

[[nodiscard]] const char* word_of(Verdict verdict);

/// Runs `python -I -B -c text` in a child within limits.
[[nodiscard]] std::optional<std::string> ask_python(const std::string& python,
                                                    const std::string& text);

}  // namespace timeslice::validation
