#include "tools/cli/version.hpp"

#include "scenarios/simulate.hpp"

namespace timeslice::tools {
namespace {

// The build passes both (tools/CMakeLists.txt); an IDE or a test may not.
#ifdef TIMESLICE_VERSION
constexpr const char* version_text = TIMESLICE_VERSION;
#else
constexpr const char* version_text = "0.1.0";
#endif
#ifdef TIMESLICE_GIT
constexpr const char* git_text = TIMESLICE_GIT;
#else
constexpr const char* git_text = "unknown";
#endif

}  // namespace

ToolVersion tool_version() {
  return ToolVersion{.version = version_text, .git = git_text, .model = scenarios::model_version};
}

}  // namespace timeslice::tools
