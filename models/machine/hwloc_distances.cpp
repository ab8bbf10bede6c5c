#include "models/machine/hwloc_distances.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace timeslice::models {
namespace {

constexpr std::int64_t max_matrix_objects = 4096;  // 24 nodes is the largest matrix usual today
constexpr std::int64_t means_latency = 4;          // HWLOC_DISTANCES_KIND_MEANS_LATENCY, 2.9

struct Matrix {
  std::string_view type;  // of the objects it is about
  bool by_os_index = false;
  bool is_latency = false;
  std::vector<std::int64_t> indexes;
  std::vector<double> values;
};

/// The numbers in `text`, between blanks; nothing if something else stands there.
std::optional<std::vector<std::int64_t>> parse_numbers(std::string_view text) {
  std::vector<std::int64_t> numbers;
  for (;;) {
    const std::size_t start = text.find_first_not_of(xml_blanks);
    if (start == std::string_view::npos) {
      return numbers;
    }
    const std::size_t end = std::min(text.find_first_of(xml_blanks, start), text.size());
    const auto number = parse_count(text.substr(start, end - start));
    if (!number) {
      return std::nullopt;
    }
    numbers.push_back(*number);
    text.remove_prefix(end);
  }
}

class DistanceReader {
 public:
  explicit DistanceReader(const HwlocFile& file) : file_{file} {
    for (const HwlocObject& object : file.objects) {
      if (object.type == HwlocType::node) {
        nodes_.push_back(*object.os_index);
      }
    }
  }

  sim::Result<NodeDistances> read() {
    NodeDistances found;
    for (std::uint32_t i = 0; i < file_.xml.elements.size(); ++i) {
      const XmlElement& element = file_.xml.elements[i];
      const bool version_2 = element.name == "distances2";
      if (!version_2 && element.name != "distances") {
        continue;
      }
      Matrix matrix;
      auto error = version_2 ? read_version_2(i, matrix) : read_version_1(i, matrix);
      error = error ? error : refuse(element, matrix);
      if (error) {
        return std::move(*error);
      }
      if (found.values.empty() && is_between_nodes(matrix)) {
        found = {.os_indexes = {matrix.indexes.begin(), matrix.indexes.end()},
                 .values = std::move(matrix.values)};
      }
    }
    return found;
  }

 private:
  static bool is_about_nodes(const Matrix& matrix) {
    return matrix.type == "NUMANode" && matrix.by_os_index;
  }

  [[nodiscard]] bool is_between_nodes(const Matrix& matrix) const {
    return is_about_nodes(matrix) && matrix.is_latency && matrix.indexes.size() == nodes_.size();
  }

  std::optional<sim::Error> read_size(const XmlElement& element, std::int64_t& size) const {
    const std::string_view text = file_.xml.attribute(element, "nbobjs").value_or("");
    const auto count = parse_count(text);
    if (!count || *count == 0 || *count > max_matrix_objects) {
      return file_.error(element, fmt::format("distances between '{}' objects", printable(text)),
                         fmt::format("nbobjs is from 1 to {}", max_matrix_objects));
    }
    size = *count;
    return std::nullopt;
  }

  std::optional<sim::Error> read_version_2(std::uint32_t at, Matrix& matrix) const {
    const XmlElement& element = file_.xml.elements[at];
    std::int64_t size = 0;
    if (auto error = read_size(element, size)) {
      return error;
    }
    const std::string_view kind = file_.xml.attribute(element, "kind").value_or("0");
    matrix.type = file_.xml.attribute(element, "type").value_or("");
    matrix.by_os_index = file_.xml.attribute(element, "indexing") == "os";
    matrix.is_latency = (parse_count(kind).value_or(0) & means_latency) != 0;
    if (auto error = read_numbers(at, matrix)) {
      return error;
    }
    const auto objects = static_cast<std::size_t>(size);
    if (matrix.indexes.size() != objects || matrix.values.size() != objects * objects) {
      return file_.error(element,
                         fmt::format("distances between {} objects with {} indexes and {} values",
                                     objects, matrix.indexes.size(), matrix.values.size()),
                         fmt::format("there are {} values to give", objects * objects));
    }
    return std::nullopt;
  }

  std::optional<sim::Error> read_numbers(std::uint32_t at, Matrix& matrix) const {
    for (std::uint32_t i = at + 1; i < file_.xml.elements.size(); ++i) {
      const XmlElement& child = file_.xml.elements[i];
      if (child.parent != at) {
        break;
      }
      const auto numbers = parse_numbers(child.text);
      if (!numbers) {
        return file_.error(child, fmt::format("<{}> holds something else than numbers", child.name),
                           "export the file again with lstopo");
      }
      if (child.name == "indexes") {
        matrix.indexes.insert(matrix.indexes.end(), numbers->begin(), numbers->end());
      } else if (child.name == "u64values") {
        matrix.values.insert(matrix.values.end(), numbers->begin(), numbers->end());
      }
    }
    return std::nullopt;
  }

  /// Format 1: a list of <latency value="1.0"/> relative to latency_base, rows in logical order.
  std::optional<sim::Error> read_version_1(std::uint32_t at, Matrix& matrix) const {
    const XmlElement& element = file_.xml.elements[at];
    std::int64_t size = 0;
    if (auto error = read_size(element, size)) {
      return error;
    }
    for (std::uint32_t i = at + 1; i < file_.xml.elements.size(); ++i) {
      const XmlElement& child = file_.xml.elements[i];
      if (child.parent != at) {
        break;
      }
      if (auto error = read_latency(child, matrix)) {
        return error;
      }
    }
    const auto objects = static_cast<std::size_t>(size);
    if (matrix.values.size() != objects * objects) {
      return file_.error(
          element,
          fmt::format("distances between {} objects with {} values", objects, matrix.values.size()),
          fmt::format("there are {} values to give", objects * objects));
    }
    matrix.is_latency = true;
    if (objects == nodes_.size()) {
      matrix.type = "NUMANode";
      matrix.by_os_index = true;
      matrix.indexes.assign(nodes_.begin(), nodes_.end());
    }
    return std::nullopt;
  }

  std::optional<sim::Error> read_latency(const XmlElement& element, Matrix& matrix) const {
    constexpr double firmware_scale = 10.0;  // local is 1.0 in format 1 and 10 in format 2
    const std::string_view text = file_.xml.attribute(element, "value").value_or("");
    double value = 0.0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = failure == std::errc{} && end == text.data() + text.size();
    if (element.name != "latency" || !whole || !(value > 0.0 && value < 1e6)) {
      return file_.error(element, fmt::format("a relative latency of '{}'", printable(text)),
                         "export the file again with lstopo");
    }
    matrix.values.push_back(value * firmware_scale);
    return std::nullopt;
  }

  [[nodiscard]] std::optional<sim::Error> refuse(const XmlElement& element,
                                                 const Matrix& matrix) const {
    if (!is_about_nodes(matrix)) {
      return std::nullopt;
    }
    for (const std::int64_t index : matrix.indexes) {
      if (std::ranges::find(nodes_, index) == nodes_.end()) {
        return file_.error(element,
                           fmt::format("distances name memory node {}, which is not there", index),
                           "export the file again with lstopo");
      }
    }
    const std::size_t size = matrix.indexes.size();
    for (std::size_t i = 0; matrix.is_latency && i < matrix.values.size(); ++i) {
      const std::size_t row = i / size;
      if (matrix.values[i] < matrix.values[row * size + row]) {
        return file_.error(
            element,
            fmt::format("memory node {} is nearer to node {} (distance {}) than to itself ({})",
                        matrix.indexes[row], matrix.indexes[i % size], matrix.values[i],
                        matrix.values[row * size + row]),
            "correct the distances, or remove them: each row is smallest on the diagonal");
      }
    }
    return std::nullopt;
  }

  const HwlocFile& file_;
  std::vector<std::uint32_t> nodes_;  // os_index of each NUMANode, in document order
};

}  // namespace

sim::Result<NodeDistances> read_node_distances(const HwlocFile& file) {
  return DistanceReader{file}.read();
}

}  // namespace timeslice::models
