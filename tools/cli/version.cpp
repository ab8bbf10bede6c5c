#include "tools/cli/version.hpp"

#include "scenarios/simulate.hpp"

namespace timeslice::tools {
namespace {

// The build passes both (tools/CMakeLists.txt); an IDE or a test may not.
#ifdef TIMESLICE_VERSION
constexpr const char* release_number = TIMESLICE_VERSION;
#else
constexpr const char* release_number = "0.1.0";
#endif
#ifdef TIMESLICE_GIT
constexpr const char* git_text = TIMESLICE_GIT;
#else
constexpr const char* git_text = "unknown";
#endif

}  // namespace

ToolVersion tool_version() {
  return ToolVersion{.version = release_number, .git = git_text, .model = scenarios::model_version};
}

}  // namespace timeslice::tools
