#include "models/machine/hwloc_objects.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

#include <fmt/format.h>

namespace timeslice::models {
namespace {

constexpr std::string_view export_again = "export the file again with lstopo";

struct TypeName {
  std::string_view name;
  HwlocType type;
};

// hwloc_obj_type_string of hwloc 2.9, and the names of format 1 (Socket, Cache, System).
constexpr std::array<TypeName, 25> type_names{
    {{"Machine", HwlocType::machine}, {"System", HwlocType::machine},
     {"Package", HwlocType::package}, {"Socket", HwlocType::package},
     {"Die", HwlocType::group},       {"Group", HwlocType::group},
     {"NUMANode", HwlocType::node},   {"L1Cache", HwlocType::cache},
     {"L2Cache", HwlocType::cache},   {"L3Cache", HwlocType::cache},
     {"L4Cache", HwlocType::cache},   {"L5Cache", HwlocType::cache},
     {"L1iCache", HwlocType::cache},  {"L2iCache", HwlocType::cache},
     {"L3iCache", HwlocType::cache},  {"L1i", HwlocType::cache},
     {"Cache", HwlocType::cache},     {"MemCache", HwlocType::memory_cache},
     {"Core", HwlocType::core},       {"PU", HwlocType::cpu},
     {"Misc", HwlocType::other},      {"Bridge", HwlocType::other},
     {"PCIDev", HwlocType::other},    {"OSDev", HwlocType::other},
     {"OSDevice", HwlocType::other}}};

class ObjectReader {
 public:
  explicit ObjectReader(HwlocFile& file) : file_{file} {}

  std::optional<sim::Error> read() {
    std::vector<std::uint32_t> object_of_element(file_.xml.elements.size(), HwlocObject::no_parent);
    for (std::uint32_t i = 0; i < file_.xml.elements.size(); ++i) {
      const XmlElement& element = file_.xml.elements[i];
      if (element.name != "object") {
        continue;
      }
      HwlocObject object;
      object.element = i;
      object.parent = object_of_element[element.parent];
      if (auto error = read_object(element, object)) {
        return error;
      }
      object_of_element[i] = static_cast<std::uint32_t>(file_.objects.size());
      file_.objects.push_back(std::move(object));
    }
    return std::nullopt;
  }

 private:
  std::optional<sim::Error> read_object(const XmlElement& element, HwlocObject& object) {
    if (auto error = read_type(element, object)) {
      return error;
    }
    if (auto error = refuse_place(element, object)) {
      return error;
    }
    if (auto error = read_cpuset(element, object)) {
      return error;
    }
    switch (object.type) {
      case HwlocType::cpu:
        return read_cpu(element, object);
      case HwlocType::node:
        return read_node(element, object);
      case HwlocType::cache:
        return read_cache(element, object);
      default:
        return std::nullopt;
    }
  }

  std::optional<sim::Error> read_type(const XmlElement& element, HwlocObject& object) {
    const std::string_view type = file_.xml.attribute(element, "type").value_or("");
    const auto* const known = std::ranges::find(type_names, type, &TypeName::name);
    if (known == type_names.end()) {
      return file_.error(element, fmt::format("unknown type of object '{}'", printable(type)),
                         std::string{export_again});
    }
    object.type = known->type;
    return std::nullopt;
  }

  [[nodiscard]] bool is_inside(const HwlocObject& object, HwlocType type) const {
    for (std::uint32_t at = object.parent; at != HwlocObject::no_parent;
         at = file_.objects[at].parent) {
      if (file_.objects[at].type == type) {
        return true;
      }
    }
    return false;
  }

  std::optional<sim::Error> refuse_place(const XmlElement& element, const HwlocObject& object) {
    const std::string_view type = file_.xml.attribute(element, "type").value_or("");
    const bool first = file_.objects.empty();
    if (first != (object.type == HwlocType::machine)) {
      return file_.error(element,
                         first ? fmt::format("the first object is a {}, not a Machine", type)
                               : "a Machine inside the machine",
                         std::string{export_again});
    }
    if (!first && object.parent == HwlocObject::no_parent) {
      return file_.error(element, fmt::format("a {} outside the Machine", type),
                         std::string{export_again});
    }
    if (const auto container = wrong_container(object); !container.empty()) {
      return file_.error(element, fmt::format("a {} inside a {}", type, container),
                         std::string{export_again});
    }
    return std::nullopt;
  }

  /// What `object` must not stand inside of, but does; empty when its place is right.
  [[nodiscard]] std::string_view wrong_container(const HwlocObject& object) const {
    const bool is_package = object.type == HwlocType::package;
    if (object.type != HwlocType::other && is_inside(object, HwlocType::cpu)) {
      return "PU";
    }
    if ((object.type == HwlocType::core || is_package) && is_inside(object, HwlocType::core)) {
      return "Core";
    }
    return is_package && is_inside(object, HwlocType::package) ? "Package" : "";
  }

  std::optional<sim::Error> read_cpuset(const XmlElement& element, HwlocObject& object) {
    for (const std::string_view key : {"cpuset", "complete_cpuset", "allowed_cpuset",
                                       "online_cpuset", "nodeset", "allowed_nodeset"}) {
      const auto text = file_.xml.attribute(element, key);
      if (text && !IndexSet::parse(*text)) {
        return file_.error(
            element, fmt::format("{} '{}' is not a set of numbers", key, printable(*text)),
            fmt::format("hwloc writes sets as 0x0000000f, with numbers below {}", IndexSet::limit));
      }
    }
    const auto text = file_.xml.attribute(element, "cpuset");
    if (!text || object.type == HwlocType::other) {
      return std::nullopt;
    }
    object.cpuset = IndexSet::parse(*text);
    std::uint32_t above = object.parent;
    while (above != HwlocObject::no_parent && !file_.objects[above].cpuset) {
      above = file_.objects[above].parent;
    }
    if (above != HwlocObject::no_parent &&
        !object.cpuset->is_within(*file_.objects[above].cpuset)) {
      return file_.error(
          element,
          fmt::format("cpuset {} reaches outside the object that contains it (line {})",
                      printable(*text),
                      line_of(file_.text, file_.element_of(file_.objects[above]).offset)),
          std::string{export_again});
    }
    return std::nullopt;
  }

  std::optional<sim::Error> read_os_index(const XmlElement& element, HwlocObject& object,
                                          std::string_view what) {
    const auto text = file_.xml.attribute(element, "os_index");
    if (!text) {
      return file_.error(element, fmt::format("a {} without os_index", what),
                         "every CPU and memory node has the number that its system gives it");
    }
    const auto number = parse_count(*text);
    if (!number || *number >= IndexSet::limit) {
      return file_.error(element, fmt::format("os_index '{}' of a {}", printable(*text), what),
                         fmt::format("it is a number from 0 to {}", IndexSet::limit - 1));
    }
    object.os_index = static_cast<std::uint32_t>(*number);
    return std::nullopt;
  }

  std::optional<sim::Error> read_cpu(const XmlElement& element, HwlocObject& object) {
    if (auto error = read_os_index(element, object, "PU")) {
      return error;
    }
    if (!seen_cpus_.insert_new(*object.os_index)) {
      return file_.error(element, fmt::format("a second PU with os_index {}", *object.os_index),
                         "every CPU has its own number");
    }
    if (object.cpuset && *object.cpuset != IndexSet::of(*object.os_index)) {
      return file_.error(element, fmt::format("PU {} has a cpuset of other CPUs", *object.os_index),
                         std::string{export_again});
    }
    return std::nullopt;
  }

  std::optional<sim::Error> read_node(const XmlElement& element, HwlocObject& object) {
    if (auto error = read_os_index(element, object, "NUMANode")) {
      return error;
    }
    if (!seen_nodes_.insert_new(*object.os_index)) {
      return file_.error(element,
                         fmt::format("a second NUMANode with os_index {}", *object.os_index),
                         "every memory node has its own number");
    }
    if (const auto text = file_.xml.attribute(element, "local_memory")) {
      const auto bytes = parse_count(*text);
      if (!bytes) {
        return file_.error(element, fmt::format("local_memory '{}'", printable(*text)),
                           "it is a number of bytes");
      }
      object.memory = Bytes{*bytes};
    }
    return std::nullopt;
  }

  std::optional<sim::Error> read_cache(const XmlElement& element, HwlocObject& object) {
    const auto depth = parse_count(file_.xml.attribute(element, "depth").value_or(""));
    if (!depth || *depth < 1 || *depth > 5) {
      return file_.error(element, "a cache without a level from 1 to 5 (depth)",
                         std::string{export_again});
    }
    object.cache.level = static_cast<std::uint32_t>(*depth);
    const std::string_view type = file_.xml.attribute(element, "cache_type").value_or("0");
    object.cache.type = type == "1"   ? CacheSpec::Type::data
                        : type == "2" ? CacheSpec::Type::instruction
                                      : CacheSpec::Type::unified;
    if (file_.xml.attribute(element, "subtype") == "MemorySideCache") {
      object.type = HwlocType::memory_cache;  // how early 2.0 files write it
      return std::nullopt;
    }
    if (auto error = read_cache_size(element, object)) {
      return error;
    }
    return read_cache_line(element, object);
  }

  std::optional<sim::Error> read_cache_size(const XmlElement& element, HwlocObject& object) {
    const std::string_view text = file_.xml.attribute(element, "cache_size").value_or("0");
    if (text.starts_with('-')) {
      return file_.error(element, fmt::format("a cache of negative size {}", printable(text)),
                         "write its size in bytes");
    }
    const auto size = parse_count(text);
    const bool unknown = size == 0;
    if (!size || (!unknown && (*size < smallest_cache.count || *size > largest_cache.count))) {
      return file_.error(element, fmt::format("a cache of {} bytes", printable(text)),
                         "the size of a cache is from 1 KiB to 16 GiB");
    }
    object.cache.size = Bytes{*size};
    return std::nullopt;
  }

  /// hwloc writes line size 0 together with associativity 0 for "not known"; a cache that knows
  /// its ways but has lines of 0 bytes is a contradiction.
  std::optional<sim::Error> read_cache_line(const XmlElement& element, HwlocObject& object) {
    const std::string_view text = file_.xml.attribute(element, "cache_linesize").value_or("0");
    const std::string_view ways = file_.xml.attribute(element, "cache_associativity").value_or("0");
    const auto line = parse_count(text);
    if (line == 0 && ways == "0") {
      return std::nullopt;  // the usual 64 bytes
    }
    if (line == 0) {
      return file_.error(element, "a cache with lines of 0 bytes",
                         "write its line size, mostly 64, or associativity 0 for not known");
    }
    if (!line || *line > 4096 || !std::has_single_bit(static_cast<std::uint64_t>(*line))) {
      return file_.error(element, fmt::format("a cache line of '{}' bytes", printable(text)),
                         "a line is a power of two, mostly 64 bytes");
    }
    object.cache.line = Bytes{*line};
    return std::nullopt;
  }

  /// Numbers seen so far. A bitmap, so that a hostile file cannot make the check slow.
  struct SeenNumbers {
    std::vector<bool> seen = std::vector<bool>(IndexSet::limit);

    bool insert_new(std::uint32_t number) {
      const bool fresh = !seen[number];
      seen[number] = true;
      return fresh;
    }
  };

  HwlocFile& file_;
  SeenNumbers seen_cpus_;
  SeenNumbers seen_nodes_;
};

}  // namespace

const XmlElement& HwlocFile::element_of(const HwlocObject& object) const {
  return xml.elements[object.element];
}

std::optional<std::string_view> HwlocFile::attribute(const HwlocObject& object,
                                                     std::string_view key) const {
  return xml.attribute(element_of(object), key);
}

sim::Error HwlocFile::error(const XmlElement& element, std::string what, std::string advice) const {
  return {fmt::format("{}:{}", name, line_of(text, element.offset)), std::move(what),
          std::move(advice)};
}

std::optional<std::int64_t> parse_count(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && value >= 0 &&
                     !text.starts_with('-');
  return whole ? std::optional{value} : std::nullopt;
}

std::optional<sim::Error> read_objects(HwlocFile& file) {
  return ObjectReader{file}.read();
}

}  // namespace timeslice::models
