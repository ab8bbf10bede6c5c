#include "tools/cli/trace_output.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "tools/cli/console.hpp"
#include "tools/cli/text_file.hpp"

namespace timeslice::tools {

std::optional<sim::Error> write_to_file(const std::string& file,
                                        const std::function<void(const ByteSink&)>& write) {
  constexpr int readable_by_all = 0644;
  if (auto database = refuse_database(file)) {
    return database;
  }
  const int descriptor =
      file == "-" ? STDOUT_FILENO
                  : ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, readable_by_all);
  if (descriptor < 0) {
    const char* reason = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
    return sim::Error{.where = file,
                      .what = fmt::format("cannot be written: {}", reason),
                      .advice = "choose another file"};
  }
  std::optional<sim::Error> problem;
  {
    Output output{descriptor};
    write([&output](std::string_view bytes) { output.write(bytes); });
    output.flush();
    problem = output.problem();
  }
  if (file != "-" && ::close(descriptor) != 0 && !problem) {
    problem = sim::Error{.where = file, .what = "cannot be written", .advice = "make room"};
  }
  if (problem) {
    problem->where = file;
  }
  return problem;
}

}  // namespace timeslice::tools
