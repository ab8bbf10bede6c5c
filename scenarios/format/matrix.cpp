#include "scenarios/format/matrix.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/fields.hpp"
#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

std::vector<std::string> axis_names(const std::vector<Axis>& axes) {
  std::vector<std::string> names;
  for (const Axis& axis : axes) {
    names.push_back(axis.key);
  }
  return names;
}

bool same_value(const Node& a, const Node& b) {
  return a.kind == b.kind &&
         (a.is_scalar() ? a.text == b.text : canonical_json(a) == canonical_json(b));
}

constexpr double max_skip_work = 1e8;  // points times entries of `skip`: about a second

/// One entry of `skip`: for each axis, which of its values it covers.
using SkipMask = std::vector<std::vector<bool>>;

std::vector<bool> covered(const Axis& axis, const Node& wanted, Reporter& reporter) {
  std::vector<bool> mask(axis.values.size());
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < axis.values.size(); ++i) {
    known.emplace(flow_text(axis.values[i]), i);
  }
  const std::vector<Node> values = wanted.is_sequence() ? wanted.items : std::vector<Node>{wanted};
  for (const Node& value : values) {
    const auto found = known.find(flow_text(value));
    if (found == known.end() && axis.pinned) {
      continue;
    }
    if (found == known.end()) {
      reporter.error(value.mark, "E-name",
                     fmt::format("'{}' has no value {}", axis.key, flow_text(value)),
                     "skip names values as the axis writes them");
      continue;
    }
    mask[found->second] = true;
  }
  return mask;
}

}  // namespace

Matrix Matrix::read(const Node* node, const std::vector<Setting>& pinned, Reporter& reporter) {
  Matrix matrix;
  if (node == nullptr) {
    return matrix;
  }
  if (!node->is_map()) {
    reporter.error(node->mark, "E-type",
                   fmt::format("'matrix' must be a map, not {}", noun_of(*node)),
                   "write it as workers: [1, 2, 4]");
    return matrix;
  }
  matrix.read_axes(*node, pinned, reporter);
  if (matrix.product() > max_points) {
    reporter.error(node->mark, "E-limit", "the matrix has more than 1e6 points",
                   "use fewer values, or several scenarios");
    return Matrix{};
  }
  if (const Node* skip = node->find("skip"); skip != nullptr) {
    matrix.read_skip(*skip, reporter);
  }
  if (const Node* add = node->find("add"); add != nullptr && pinned.empty()) {
    matrix.read_add(*add, reporter);
  }
  return matrix;
}

void Matrix::read_axes(const Node& node, const std::vector<Setting>& pinned, Reporter& reporter) {
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const Node::Key& key = node.keys[i];
    if (key.text == "skip" || key.text == "add" || is_ignored(key.text)) {
      continue;
    }
    Axis axis{.key = key.text, .mark = key.mark, .values = {}};
    const auto pin = std::ranges::find(pinned, key.text, &Setting::key);
    if (!node.items[i].is_sequence() || node.items[i].items.empty()) {
      reporter.error(node.items[i].mark, "E-type",
                     fmt::format("'{}' must be a list of values", key.text),
                     "write it as [1, 2, 4]");
      axis.values = {scalar_node("1", key.mark)};
    } else if (pin != pinned.end()) {
      axis.values = {pin->value};
      axis.pinned = true;
    } else {
      axis.values = node.items[i].items;
    }
    for (std::size_t v = 1; v < axis.values.size() && axis.values.size() <= 1000; ++v) {
      const auto end = axis.values.begin() + static_cast<std::ptrdiff_t>(v);
      const auto twin = std::find_if(axis.values.begin(), end, [&](const Node& each) {
        return same_value(each, axis.values[v]);
      });
      if (twin != end) {
        reporter.error(axis.values[v].mark, "E-dup",
                       fmt::format("'{}' has the value {} twice", key.text, flow_text(*twin)),
                       "write each value once; `repeat` makes replications");
      }
    }
    axes_.push_back(std::move(axis));
  }
}

std::optional<std::size_t> Matrix::axis_index(const Node::Key& key, Reporter& reporter) const {
  const auto found = std::ranges::find(axes_, key.text, &Axis::key);
  if (found == axes_.end()) {
    reporter.error(key.mark, "E-name", fmt::format("'{}' is not a key of the matrix", key.text),
                   suggestion(key.text, axis_names(axes_)));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - axes_.begin());
}

void Matrix::read_skip(const Node& skip, Reporter& reporter) {
  std::vector<SkipMask> masks;
  if (!skip.is_sequence() || !std::ranges::all_of(skip.items, &Node::is_map)) {
    reporter.error(skip.mark, "E-type", "'skip' must be a list of maps",
                   "write it as [{workers: [1, 2], runtime.gil: off}]");
    return;
  }
  if (static_cast<double>(product()) * static_cast<double>(skip.items.size()) > max_skip_work) {
    reporter.error(skip.mark, "E-limit", "'skip' has too many entries for so large a matrix",
                   "write lists inside fewer entries");
    return;
  }
  for (const Node& entry : skip.items) {
    SkipMask mask(axes_.size());
    for (std::size_t i = 0; i < entry.keys.size(); ++i) {
      if (const auto axis = axis_index(entry.keys[i], reporter)) {
        mask[*axis] = covered(axes_[*axis], entry.items[i], reporter);
      }
    }
    masks.push_back(std::move(mask));
  }
  if (!reporter.clean()) {
    return;
  }
  const std::uint64_t all = product();
  std::vector<std::uint32_t> kept;
  std::vector<std::size_t> digits(axes_.size());
  const auto skips = [&](const SkipMask& mask) {
    for (std::size_t a = 0; a < digits.size(); ++a) {
      if (!mask[a].empty() && !mask[a][digits[a]]) {
        return false;
      }
    }
    return true;
  };
  for (std::uint64_t number = 0; number < all; ++number) {
    std::uint64_t rest = number;
    for (std::size_t a = axes_.size(); a-- > 0;) {
      digits[a] = rest % axes_[a].values.size();
      rest /= axes_[a].values.size();
    }
    if (std::ranges::none_of(masks, skips)) {
      kept.push_back(static_cast<std::uint32_t>(number));
    }
  }
  kept_ = std::move(kept);
}

void Matrix::read_add(const Node& add, Reporter& reporter) {
  if (!add.is_sequence() || !std::ranges::all_of(add.items, &Node::is_map)) {
    reporter.error(add.mark, "E-type", "'add' must be a list of maps",
                   "write it as [{workers: 64}]: a single point each");
    return;
  }
  for (const Node& entry : add.items) {
    std::vector<Node>& values = added_values_.emplace_back();
    values.reserve(entry.items.size());  // pointers into it stay
    Combination combination(axes_.size(), nullptr);
    for (std::size_t i = 0; i < entry.keys.size(); ++i) {
      if (const auto axis = axis_index(entry.keys[i], reporter)) {
        combination[*axis] = &values.emplace_back(entry.items[i]);
      }
    }
    added_.push_back(std::move(combination));
  }
}

const Axis* Matrix::find(const std::string& key) const {
  const auto found = std::ranges::find(axes_, key, &Axis::key);
  return found == axes_.end() ? nullptr : &*found;
}

std::uint64_t Matrix::product() const {
  std::uint64_t all = 1;
  for (const Axis& axis : axes_) {
    all *= axis.values.size();  // a list has at most 1e5 values, and past 1e6 we stop
    if (all > max_points) {
      return max_points + 1;
    }
  }
  return all;
}

std::uint64_t Matrix::size() const {
  return (kept_.has_value() ? kept_->size() : product()) + added_.size();
}

Combination Matrix::product_at(std::uint64_t number) const {
  Combination combination(axes_.size());
  for (std::size_t a = axes_.size(); a-- > 0;) {
    const std::uint64_t values = axes_[a].values.size();
    combination[a] = &axes_[a].values[number % values];
    number /= values;
  }
  return combination;
}

Combination Matrix::at(std::uint64_t number) const {
  const std::uint64_t swept = size() - added_.size();
  if (number >= swept) {
    return added_[number - swept];
  }
  return product_at(kept_.has_value() ? (*kept_)[number] : number);
}

std::vector<std::uint64_t> Matrix::corners(std::size_t most) const {
  std::vector<std::uint64_t> numbers;
  const std::uint64_t swept = size() - added_.size();
  std::uint64_t stride = 1;
  for (std::size_t a = axes_.size(); a-- > 0;) {
    for (std::uint64_t v = 0; v < axes_[a].values.size(); ++v) {
      numbers.push_back(std::min(v * stride, swept == 0 ? 0 : swept - 1));
    }
    stride *= axes_[a].values.size();
  }
  for (std::uint64_t number = swept == 0 ? 0 : swept - 1; number < size(); ++number) {
    numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
  if (numbers.size() > most) {
    numbers.resize(most);
  }
  return numbers;
}

}  // namespace timeslice::scenarios
