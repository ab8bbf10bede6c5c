#include "models/machine/hwloc_kinds.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace timeslice::models {
namespace {

constexpr std::size_t max_kinds = 64;  // 5 is the most seen (NVIDIA GB10)
constexpr double hertz_a_megahertz = 1e6;

struct Kind {
  IndexSet cpuset;
  std::string name;  // empty: the file has none
  std::int64_t capacity = 0;
  std::int64_t max_megahertz = 0;
  std::int64_t base_megahertz = 0;
  bool used = false;
  std::uint32_t position = 0;  // among the used kinds
};

void read_info(const HwlocFile& file, const XmlElement& info, Kind& kind) {
  const std::string_view name = file.xml.attribute(info, "name").value_or("");
  const std::string_view value = file.xml.attribute(info, "value").value_or("");
  if (name == "CoreType") {
    kind.name = printable(value);
  } else if (name == "LinuxCapacity") {
    kind.capacity = parse_count(value).value_or(0);
  } else if (name == "FrequencyMaxMHz") {
    kind.max_megahertz = parse_count(value).value_or(0);
  } else if (name == "FrequencyBaseMHz") {
    kind.base_megahertz = parse_count(value).value_or(0);
  }
}

sim::Result<std::vector<Kind>> read_all(const HwlocFile& file) {
  std::vector<Kind> kinds;
  for (std::uint32_t i = 0; i < file.xml.elements.size(); ++i) {
    const XmlElement& element = file.xml.elements[i];
    if (element.name != "cpukind") {
      continue;
    }
    const std::string_view text = file.xml.attribute(element, "cpuset").value_or("");
    const auto cpuset = IndexSet::parse(text);
    if (!cpuset) {
      return file.error(
          element, fmt::format("a kind of CPU for '{}', not a set of numbers", printable(text)),
          "hwloc writes sets as 0x0000000f");
    }
    if (kinds.size() == max_kinds) {
      return file.error(element, fmt::format("more than {} kinds of CPU", max_kinds),
                        "export the file again with lstopo");
    }
    Kind& kind = kinds.emplace_back();
    kind.cpuset = *cpuset;
    for (std::uint32_t child = i + 1;
         child < file.xml.elements.size() && file.xml.elements[child].parent == i; ++child) {
      read_info(file, file.xml.elements[child], kind);
    }
  }
  return kinds;
}

/// Keeps the kinds that have CPUs; CPUs of no kind form one more.
std::vector<Kind> assign(std::vector<Kind> kinds, const std::vector<std::uint32_t>& os_indexes,
                         std::vector<std::uint32_t>& kind_of) {
  kinds.emplace_back().name = "other";
  for (const std::uint32_t os_index : os_indexes) {
    auto kind = std::ranges::find_if(
        kinds, [os_index](const Kind& k) { return k.cpuset.contains(os_index); });
    kind = kind == kinds.end() ? kinds.end() - 1 : kind;
    kind->used = true;
    kind_of.push_back(static_cast<std::uint32_t>(kind - kinds.begin()));
  }
  std::uint32_t position = 0;
  for (Kind& kind : kinds) {
    kind.position = position;
    position += kind.used ? 1 : 0;
  }
  for (std::uint32_t& kind : kind_of) {
    kind = kinds[kind].position;
  }
  std::erase_if(kinds, [](const Kind& kind) { return !kind.used; });
  return kinds;
}

/// What the speeds follow: a member that every kind has, or nothing.
std::int64_t Kind::* speed_source(const std::vector<Kind>& kinds) {
  for (std::int64_t Kind::* const member : {&Kind::capacity, &Kind::max_megahertz}) {
    if (std::ranges::all_of(kinds, [member](const Kind& kind) { return kind.*member > 0; })) {
      return member;
    }
  }
  return nullptr;
}

void warn_about_speeds(const std::int64_t Kind::* source, HwlocKinds& result) {
  if (source == nullptr) {
    result.warnings.push_back(
        fmt::format("{} kinds of core, but the file does not say how fast each is: "
                    "all are taken to be equal",
                    result.kinds.size()));
  } else if (source == &Kind::max_megahertz) {
    result.warnings.emplace_back(
        "the speeds of the core kinds follow from their highest clock only: "
        "a slower kind does less in each cycle as well");
  }
}

void name_kinds(const std::vector<Kind>& kinds, HwlocKinds& result) {
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto alike = std::ranges::count(kinds, kinds[i].name, &Kind::name);
    result.kinds[i].name = kinds[i].name.empty() ? fmt::format("kind-{}", i)
                           : alike > 1           ? fmt::format("{}-{}", kinds[i].name, i)
                                                 : kinds[i].name;
  }
}

}  // namespace

sim::Result<HwlocKinds> read_kinds(const HwlocFile& file,
                                   const std::vector<std::uint32_t>& os_indexes) {
  auto all = read_all(file);
  if (!all) {
    return all.error();
  }
  HwlocKinds result;
  const std::vector<Kind> kinds = assign(std::move(all).value(), os_indexes, result.kind_of);
  result.kinds.resize(kinds.size());
  const auto fastest = std::ranges::max_element(kinds, {}, &Kind::max_megahertz);
  result.clock_base = {static_cast<double>(fastest->base_megahertz) * hertz_a_megahertz};
  if (kinds.size() == 1) {
    return result;
  }
  name_kinds(kinds, result);
  std::int64_t Kind::* const source = speed_source(kinds);
  warn_about_speeds(source, result);
  if (source != nullptr) {
    const auto largest = std::ranges::max(kinds, {}, source).*source;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      result.kinds[i].speed = static_cast<double>(kinds[i].*source) / static_cast<double>(largest);
    }
  }
  return result;
}

}  // namespace timeslice::models
