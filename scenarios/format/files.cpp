#include "scenarios/format/files.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/format/distribution_text.hpp"
#include "scenarios/format/sha256.hpp"

namespace timeslice::scenarios {
namespace {

std::string reason(int code) {
  return std::generic_category().message(code);
}

bool is_terminal(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const bool terminal = descriptor >= 0 && ::isatty(descriptor) == 1;
  if (descriptor >= 0) {
    ::close(descriptor);
  }
  return terminal;
}

constexpr std::size_t max_sample_bytes = std::size_t{16} << 20;
constexpr std::size_t read_bytes = 64 << 10;  // at a time

/// Why there is nothing to read at `path`; empty: it is a file, a pipe or a terminal.
std::string not_readable(const std::string& path) {
  struct stat about = {};
  if (::stat(path.c_str(), &about) != 0) {
    return errno == ENOENT || errno == ENOTDIR
               ? fmt::format("there is no file '{}'", path)
               : fmt::format("the file '{}' cannot be read: {}", path, reason(errno));
  }
  if (S_ISDIR(about.st_mode)) {
    return fmt::format("'{}' is a directory, not a file", path);
  }
  const bool endless = S_ISBLK(about.st_mode) || (S_ISCHR(about.st_mode) && !is_terminal(path));
  if (endless) {
    return fmt::format("'{}' is a device, not a file", path);
  }
  if (S_ISSOCK(about.st_mode)) {
    return fmt::format("'{}' is a socket, not a file", path);
  }
  return ::access(path.c_str(), R_OK) == 0
             ? std::string{}
             : fmt::format("the file '{}' cannot be read: {}", path, reason(errno));
}

SampleFile read_samples(const std::string& path) {
  FileText file = read_file(path, max_sample_bytes);
  if (!file.problem.empty()) {
    return {.values_ns = {},
            .sha256 = {},
            .code = "E-file",
            .problem = file.problem,
            .advice = "the path starts where this file lies"};
  }
  Parsed<std::vector<double>> parsed = parse_samples(file.text);
  return {.values_ns = std::move(parsed.value),
          .sha256 = sha256_hex(file.text),
          .code = parsed.problem.code,
          .problem = fmt::format("'{}', {}", path, parsed.problem.what),
          .advice = parsed.problem.advice};
}

}  // namespace

FileText read_file(const std::string& path, std::size_t limit) {
  if (std::string problem = not_readable(path); !problem.empty()) {
    return {.text = {}, .problem = std::move(problem)};
  }
  std::ifstream stream{path, std::ios::binary};  // of a pipe: waits for its writer
  std::string text;
  while (stream.good() && text.size() <= limit) {
    const std::size_t before = text.size();
    text.resize(std::min(limit + 1, before + read_bytes));
    stream.read(text.data() + before, static_cast<std::streamsize>(text.size() - before));
    text.resize(before + static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.is_open() || stream.bad()) {
    return {.text = {}, .problem = fmt::format("the file '{}' cannot be read", path)};
  }
  if (text.size() > limit) {
    const std::string most = limit < (std::size_t{1} << 20U) ? fmt::format("{} KiB", limit >> 10U)
                                                             : fmt::format("{} MiB", limit >> 20U);
    return {.text = {}, .problem = fmt::format("the file '{}' is larger than {}", path, most)};
  }
  return {.text = std::move(text), .problem = {}};
}

std::string join_path(const std::string& directory, const std::string& path) {
  const std::filesystem::path given{path};
  if (directory.empty() || given.is_absolute()) {
    return path;
  }
  return (std::filesystem::path{directory} / given).lexically_normal().string();
}

std::string directory_of(const std::string& path) {
  return std::filesystem::path{path}.parent_path().string();
}

std::string stem_of(const std::string& path) {
  return std::filesystem::path{path}.stem().string();
}

std::shared_ptr<const SampleFile> Files::samples(const std::string& path) {
  const std::lock_guard lock{mutex_};
  std::shared_ptr<const SampleFile>& kept = samples_[path];
  if (kept == nullptr) {
    kept = std::make_shared<const SampleFile>(read_samples(path));
  }
  return kept;
}

MachinePointer Files::find_machine(const std::string& key) const {
  const std::lock_guard lock{mutex_};
  const auto found = machines_.find(key);
  return found == machines_.end() ? nullptr : found->second;
}

MachinePointer Files::keep_machine(const std::string& key, MachinePointer machine) {
  const std::lock_guard lock{mutex_};
  return machines_.emplace(key, std::move(machine)).first->second;
}

}  // namespace timeslice::scenarios
