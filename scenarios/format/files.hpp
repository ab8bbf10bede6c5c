// The files that a scenario draws in, each read once: other scenarios, machines, measured values.
//
// Shared by all points of a plan and safe to use from several threads.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/format/load.hpp"
#include "scenarios/format/node.hpp"
#include "scenarios/format/source.hpp"

namespace timeslice::scenarios {

/// A file's text, or why there is none.
struct FileText {
  std::string text;
  std::string problem;  // empty: it was read
};

/// All of a file, pipe or terminal, at most `limit` bytes; larger files, directories and devices
/// are a problem. A pipe can be read once.
[[nodiscard]] FileText read_file(const std::string& path, std::size_t limit);

/// `path` as seen from `directory`.
[[nodiscard]] std::string join_path(const std::string& directory, const std::string& path);

/// The directory part of a path; "" for the working directory.
[[nodiscard]] std::string directory_of(const std::string& path);

/// The last part of a path without its extension.
[[nodiscard]] std::string stem_of(const std::string& path);

/// Values of an `empirical` distribution.
struct SampleFile {
  std::vector<double> values_ns;
  std::string sha256;
  std::string code;  // empty: it was read
  std::string problem;
  std::string advice;
};

/// A machine as one name, path or map gives it, with what others need to build on it.
struct LoadedMachine {
  enum class Kind { yaml, ideal, hwloc, host } kind = Kind::yaml;
  MachineFile file;
  Node tree;              // yaml only: what `extends` merges with
  std::string canonical;  // stands for the content in a point's key
  Diagnostics problems;   // not empty: `file` is not to be used
};
using MachinePointer = std::shared_ptr<const LoadedMachine>;

class Files {
 public:
  explicit Files(SearchPath search) : search_{std::move(search)} {}

  [[nodiscard]] const SearchPath& search() const { return search_; }
  [[nodiscard]] SourceStore& sources() { return sources_; }

  [[nodiscard]] std::shared_ptr<const SampleFile> samples(const std::string& path);

  [[nodiscard]] MachinePointer find_machine(const std::string& key) const;
  /// The machine now known by `key`: this one, or the one that another thread was faster with.
  MachinePointer keep_machine(const std::string& key, MachinePointer machine);

 private:
  SearchPath search_;
  SourceStore sources_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const SampleFile>> samples_;
  std::map<std::string, MachinePointer> machines_;
};

}  // namespace timeslice::scenarios
