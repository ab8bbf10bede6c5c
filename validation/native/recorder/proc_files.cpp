#include "validation/native/recorder/proc_files.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace timeslice::validation {

namespace {

constexpr std::size_t read_most = 64 << 10;  // bytes
constexpr int start_time_field = 22;         // of /proc/PID/stat, proc(5)

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return std::nullopt;
  }
  std::string text;
  std::array<char, 4096> part{};
  ssize_t got = 0;
  while (text.size() < read_most && (got = ::read(file, part.data(), part.size())) > 0) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  ::close(file);
  return got < 0 ? std::nullopt : std::optional{std::move(text)};
}

int write_file(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (file < 0) {
    return errno;
  }
  const bool wrote =
      text.empty() || ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int code = wrote ? 0 : errno;
  ::close(file);
  return code;
}

std::optional<std::uint64_t> start_time_of(std::int32_t process) {
  const auto text = read_file(fmt::format("/proc/{}/stat", process));
  const auto name_end = text ? text->rfind(')') : std::string::npos;  // a name may hold anything
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields{text->substr(name_end + 1)};
  std::string word;
  for (int field = 3; field < start_time_field; ++field) {
    fields >> word;
  }
  std::uint64_t start = 0;
  return fields >> start ? std::optional{start} : std::nullopt;
}

std::vector<std::int32_t> threads_of(std::int32_t process) {
  std::vector<std::int32_t> threads;
  std::error_code ignored;
  const std::string folder = fmt::format("/proc/{}/task", process);
  for (const auto& entry : std::filesystem::directory_iterator{folder, ignored}) {
    const std::string name = entry.path().filename();
    std::int32_t thread = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec == std::errc{}) {
      threads.push_back(thread);
    }
  }
  return threads;
}

std::vector<std::int32_t> children_of(std::int32_t process) {
  std::vector<std::int32_t> children;
  for (const std::int32_t thread : threads_of(process)) {
    const auto text = read_file(fmt::format("/proc/{}/task/{}/children", process, thread));
    std::istringstream words{text.value_or("")};
    std::int32_t child = 0;
    while (words >> child) {
      children.push_back(child);
    }
  }
  return children;
}

}  // namespace timeslice::validation
