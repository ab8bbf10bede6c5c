#include "scenarios/format/check_settings.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace timeslice::scenarios {
namespace {

struct ClosedKey {
  std::string_view name;
  std::string_view advice;
};
constexpr std::array closed_keys{
    ClosedKey{"extends", "write a scenario of your own that extends the other file"},
    ClosedKey{"matrix", "--set workers=8 narrows the axis `workers` to one value"},
    ClosedKey{"variants", "--variant V chooses one; change it in the file"},
    ClosedKey{"expect", "write the rule in the file"}};

std::vector<std::string> axes_of(const Node& base) {
  std::vector<std::string> axes;
  const Node* matrix = base.find("matrix");
  for (std::size_t i = 0; matrix != nullptr && i < matrix->keys.size(); ++i) {
    const std::string& key = matrix->keys[i].text;
    if (key != "skip" && key != "add" && !is_ignored(key)) {
      axes.push_back(key);
    }
  }
  return axes;
}

bool refuse_closed(const Setting& setting, const Path& path, Reporter& reporter) {
  const auto closed = std::ranges::find(closed_keys, path[0], &ClosedKey::name);
  if (closed == closed_keys.end()) {
    return false;
  }
  reporter.error(setting.value.mark, "E-key", fmt::format("--set cannot change '{}'", path[0]),
                 std::string{closed->advice});
  return true;
}

bool starts_with(const Path& path, const Path& start) {
  return path.size() > start.size() && std::equal(start.begin(), start.end(), path.begin());
}

/// How often `${name}` stands in the scalars of `node`.
std::size_t mentions(const Node& node, const std::string& reference) {
  std::size_t count = node.text.find(reference) != std::string::npos ? 1 : 0;
  for (const Node& item : node.items) {
    count += mentions(item, reference);
  }
  return count;
}

void refuse_inside_axis(const Setting& setting, const Path& path, const std::string& axis,
                        Reporter& reporter) {
  reporter.error(setting.value.mark, "E-key",
                 fmt::format("'{}' lies within '{}', which the matrix writes anew at each point",
                             fmt::join(path, "."), axis),
                 fmt::format("narrow the axis by --set '{}=...', or change the file", axis));
}

/// A setting that puts a plain value where the only use of a swept parameter stands.
void refuse_dead_axis(const Setting& setting, const Node& before, const Node& after,
                      const std::string& axis, Reporter& reporter) {
  const std::string reference = "${" + axis + "}";
  if (mentions(before, reference) > 0 && mentions(after, reference) == 0) {
    reporter.error(
        setting.value.mark, "E-key",
        fmt::format("'{}' is {} here, which the matrix sweeps: its points would be alike "
                    "under different labels",
                    setting.key, reference),
        fmt::format("--set {}=... narrows that axis to one value", axis));
  }
}

}  // namespace

void check_settings(const Node& base, const std::vector<Setting>& settings, Reporter& reporter) {
  const std::vector<std::string> axes = axes_of(base);
  for (const Setting& setting : settings) {
    const Path path = locate(base, setting.key);
    if (refuse_closed(setting, path, reporter) ||
        std::ranges::find(axes, setting.key) != axes.end()) {
      continue;
    }
    Node after = base;
    const bool assigned = assign(after, path, setting.value, setting.value.mark);
    for (const std::string& axis : axes) {
      if (starts_with(path, locate(base, axis))) {
        refuse_inside_axis(setting, path, axis, reporter);
      } else if (assigned) {
        refuse_dead_axis(setting, base, after, axis, reporter);
      }
    }
  }
}

}  // namespace timeslice::scenarios
