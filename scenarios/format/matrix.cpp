#include "scenarios/format/matrix.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/fields.hpp"
#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {
namespace {

std::vector<std::string> axis_names(const std::vector<Axis>& axes) {
  std::vector<std::string> names;
  names.reserve(axes.size());
  for (const Axis& axis : axes) {
    names.push_back(axis.key);
  }
  return names;
}

constexpr double max_skip_work = 1e8;  // points times entries of `skip`: about a second

/// Reports values that stand twice: their points would be the same point.
void refuse_twins(const Axis& axis, Reporter& reporter) {
  std::set<std::string> seen;
  for (const Node& value : axis.values) {
    if (!seen.insert(flow_text(value)).second) {
      reporter.error(value.mark, "E-dup",
                     fmt::format("'{}' has the value {} twice", axis.key, flow_text(value)),
                     "write each value once; `repeat` makes replications");
    }
  }
}

Axis read_axis(const Node::Key& key, const Node& values, Reporter& reporter) {
  Axis axis{.key = key.text, .mark = key.mark, .values = values.items};
  if (!values.is_sequence() || values.items.empty()) {
    reporter.error(values.mark, "E-type", fmt::format("'{}' must be a list of values", key.text),
                   "write it as [1, 2, 4]");
    axis.values = {scalar_node("1", key.mark)};
  }
  refuse_twins(axis, reporter);
  return axis;
}

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
    const std::string& key = node.keys[i].text;
    if (key == "skip" || key == "add" || is_ignored(key)) {
      continue;
    }
    axes_.push_back(read_axis(node.keys[i], node.items[i], reporter));
    const auto pin = std::ranges::find(pinned, key, &Setting::key);
    if (pin != pinned.end()) {
      axes_.back().values = {pin->value};
      axes_.back().pinned = true;
    }
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

namespace {

/// Whether `skip` or `add` has the shape of a list of maps.
bool list_of_maps(const Node& node, std::string_view key, Reporter& reporter) {
  if (node.is_sequence() && std::ranges::all_of(node.items, &Node::is_map)) {
    return true;
  }
  reporter.error(node.mark, "E-type", fmt::format("'{}' must be a list of maps", key),
                 "write it as [{workers: 64}]");
  return false;
}

}  // namespace

void Matrix::read_skip(const Node& skip, Reporter& reporter) {
  if (!list_of_maps(skip, "skip", reporter)) {
    return;
  }
  if (static_cast<double>(product()) * static_cast<double>(skip.items.size()) > max_skip_work) {
    reporter.error(skip.mark, "E-limit", "'skip' has too many entries for so large a matrix",
                   "write lists inside fewer entries");
    return;
  }
  std::vector<SkipMask> masks;
  masks.reserve(skip.items.size());
  for (const Node& entry : skip.items) {
    masks.push_back(read_mask(entry, reporter));
  }
  if (reporter.clean()) {
    keep_unmasked(masks);
  }
}

Matrix::SkipMask Matrix::read_mask(const Node& entry, Reporter& reporter) const {
  SkipMask mask(axes_.size());
  for (std::size_t i = 0; i < entry.keys.size(); ++i) {
    if (const auto axis = axis_index(entry.keys[i], reporter)) {
      mask[*axis] = covered(axes_[*axis], entry.items[i], reporter);
    }
  }
  return mask;
}

/// Which value of each axis combination `number` takes.
std::vector<std::size_t> Matrix::digits_of(std::uint64_t number) const {
  std::vector<std::size_t> digits(axes_.size());
  for (std::size_t a = axes_.size(); a-- > 0;) {
    digits[a] = number % axes_[a].values.size();
    number /= axes_[a].values.size();
  }
  return digits;
}

bool Matrix::covers(const SkipMask& mask, const std::vector<std::size_t>& digits) {
  for (std::size_t a = 0; a < digits.size(); ++a) {
    if (!mask[a].empty() && !mask[a][digits[a]]) {
      return false;
    }
  }
  return true;
}

void Matrix::keep_unmasked(const std::vector<SkipMask>& masks) {
  const std::uint64_t all = product();
  std::vector<std::uint32_t> kept;
  for (std::uint64_t number = 0; number < all; ++number) {
    const std::vector<std::size_t> digits = digits_of(number);
    if (std::ranges::none_of(masks, [&](const SkipMask& mask) { return covers(mask, digits); })) {
      kept.push_back(static_cast<std::uint32_t>(number));
    }
  }
  kept_ = std::move(kept);
}

void Matrix::read_add(const Node& add, Reporter& reporter) {
  if (!list_of_maps(add, "add", reporter)) {
    return;
  }
  for (const Node& entry : add.items) {
    add_point(entry, reporter);
  }
}

void Matrix::add_point(const Node& entry, Reporter& reporter) {
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
