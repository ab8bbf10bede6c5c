#include "tools/cli/native_record.hpp"

#include <filesystem>
#include <system_error>

#include "tools/cli/text_file.hpp"

namespace timeslice::tools {

namespace {

std::string path_of(const std::string& folder, const std::string& name) {
  return (std::filesystem::path{folder} / name).string();
}

}  // namespace

std::optional<sim::Error> prepare_record(const std::string& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) {
    return sim::Error{.where = folder,
                      .what = "no folder can be made there: " + problem.message(),
                      .advice = "name another folder with --record"};
  }
  const bool empty = std::filesystem::is_empty(folder, problem);
  if (problem || !empty) {
    return sim::Error{.where = folder,
                      .what = problem ? problem.message() : "the folder holds files already",
                      .advice = "name a new or empty folder with --record"};
  }
  return std::nullopt;
}

std::optional<sim::Error> write_record(const std::string& folder,
                                       const std::vector<validation::RecordFile>& files) {
  for (const validation::RecordFile& file : files) {
    if (auto problem = write_text_file(path_of(folder, file.name), file.text)) {
      return problem;
    }
  }
  return std::nullopt;
}

validation::ReadRecordFile record_reader(const std::string& folder) {
  return [folder](const std::string& name) {
    return read_text_file(path_of(folder, name), validation::longest_record_file);
  };
}

}  // namespace timeslice::tools
