#include "tools/cli/text_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "scenarios/format/files.hpp"

namespace timeslice::tools {
namespace {

// Closes a file descriptor of ours at the end of the scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::string reason(int code) {
  return std::strerror(code);
}  // NOLINT(concurrency-mt-unsafe)

sim::Error cannot_read(const std::string& path, const std::string& why) {
  return sim::Error{.where = path,
                    .what = fmt::format("cannot be read: {}", why),
                    .advice = "check the name and its permissions"};
}

sim::Result<std::string> read_all(int descriptor, const std::string& path, std::size_t bytes_max) {
  std::string text;
  std::array<char, 65536> chunk{};
  while (true) {
    const ssize_t got = ::read(descriptor, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return cannot_read(path, reason(errno));
    }
    if (got == 0) {
      return text;
    }
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > bytes_max) {
      return sim::Error{.where = path,
                        .what = fmt::format("is larger than {} KiB", bytes_max >> 10),
                        .advice = "is this the right file?"};
    }
  }
}

}  // namespace

sim::Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  scenarios::FileText file = scenarios::read_file(path, bytes_max);
  if (!file.problem.empty()) {
    return sim::Error{.where = {},
                      .what = std::move(file.problem),
                      .advice = "check the name and its permissions"};
  }
  return std::move(file.text);
}

sim::Result<std::string> read_stdin(std::size_t bytes_max) {
  return read_all(STDIN_FILENO, "<stdin>", bytes_max);
}

std::optional<sim::Error> refuse_database(const std::string& path) {
  constexpr std::string_view magic = "SQLite format 3";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return std::nullopt;  // nothing there, or what cannot hold one
  }
  std::string begin(magic.size(), ' ');
  std::ifstream{path, std::ios::binary}.read(begin.data(),
                                             static_cast<std::streamsize>(begin.size()));
  if (begin != magic) {
    return std::nullopt;
  }
  return sim::Error{.where = path,
                    .what = "is a database, which would be lost",
                    .advice = "name another file, or remove this one first"};
}

std::optional<sim::Error> write_text_file(const std::string& path, std::string_view text) {
  constexpr int readable_by_all = 0644;
  const auto failed = [&](int code) {
    return sim::Error{.where = path,
                      .what = fmt::format("cannot be written: {}", reason(code)),
                      .advice = "choose another file with -o, or make room"};
  };
  if (auto database = refuse_database(path)) {
    return database;
  }
  const Descriptor file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, readable_by_all)};
  if (file.number() < 0) {
    return failed(errno);
  }
  while (!text.empty()) {
    const ssize_t put = ::write(file.number(), text.data(), text.size());
    if (put < 0 && errno != EINTR) {
      return failed(errno);
    }
    text.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
  }
  return std::nullopt;
}

}  // namespace timeslice::tools
