#include "scenarios/format/files.hpp"

#include <filesystem>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/distribution_text.hpp"
#include "scenarios/format/sha256.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::size_t max_sample_bytes = std::size_t{16} << 20;

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
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return {.text = {}, .problem = fmt::format("there is no file '{}'", path)};
  }
  std::ifstream stream{path, std::ios::binary};
  std::string text(limit + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) {
    return {.text = {}, .problem = fmt::format("the file '{}' cannot be read", path)};
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > limit) {
    return {.text = {},
            .problem = fmt::format("the file '{}' is larger than {} MiB", path, limit >> 20U)};
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
