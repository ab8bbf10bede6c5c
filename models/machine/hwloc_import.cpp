#include "models/machine/hwloc_import.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "models/machine/hwloc_distances.hpp"
#include "models/machine/hwloc_machine.hpp"
#include "models/machine/hwloc_objects.hpp"
#include "models/machine/utf8.hpp"
#include "models/machine/xml_reader.hpp"

namespace timeslice::models {
namespace {

/// What can be said about the bytes alone.
std::optional<sim::Error> refuse_bytes(std::string_view text, const std::string& name) {
  if (text.empty()) {
    return sim::Error{name, "the file is empty", "write one with: lstopo F.xml"};
  }
  if (text.size() > max_hwloc_bytes) {
    return sim::Error{
        name, fmt::format("{} bytes are more than {} MiB", text.size(), max_hwloc_bytes >> 20),
        "export without I/O devices: lstopo --no-io F.xml"};
  }
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return sim::Error{name, "the file is UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"};
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return sim::Error{fmt::format("{}:{}", name, line_of(text, nul)), "a NUL byte in the text",
                      "the file is damaged: copy or export it again"};
  }
  if (const auto bad = first_bad_utf8(text)) {
    return sim::Error{fmt::format("{}:{}", name, line_of(text, *bad)), "the text is not UTF-8",
                      "convert it to UTF-8, or export it again"};
  }
  return std::nullopt;
}

std::optional<sim::Error> refuse_root(HwlocFile& file) {
  const XmlElement& root = file.xml.elements.front();
  if (root.name != "topology") {
    return file.error(root, fmt::format("the root is <{}>, not <topology>", printable(root.name)),
                      "give a file that lstopo wrote: lstopo F.xml");
  }
  file.version = file.xml.attribute(root, "version").value_or("1");
  if (file.version == "1" || file.version.starts_with("1.") || file.version.starts_with("2.")) {
    file.version = printable(file.version);
    return std::nullopt;
  }
  const std::string what =
      fmt::format("hwloc's XML format {} is not read here", printable(file.version));
  if (file.version.starts_with("3.")) {
    // lstopo of hwloc 3 takes the name of HWLOC_TOPOLOGY_EXPORT_XML_FLAG_V2 or a part of it.
    return file.error(root, what, "export format 2: lstopo --export-xml-flags v2 F.xml");
  }
  return file.error(root, what, "formats 1.x and 2.x are: export the file again with hwloc 2");
}

/// Elements that hwloc 1 and 2 write. Others are left unread, with a warning.
void warn_about_strangers(HwlocFile& file) {
  constexpr std::array<std::string_view, 17> known{
      "topology", "object",    "info",    "page_type", "userdata",        "distances",
      "latency",  "support",   "cpukind", "memattr",   "memattr_value",   "distances2",
      "indexes",  "u64values", "diff",    "meta",      "distances2hetero"};
  const auto stranger = std::ranges::find_if(file.xml.elements, [&](const XmlElement& element) {
    return std::ranges::find(known, element.name) == known.end();
  });
  if (stranger != file.xml.elements.end()) {
    file.warnings.push_back(fmt::format("line {}: <{}> is not known, and left out",
                                        line_of(file.text, stranger->offset),
                                        printable(stranger->name)));
  }
}

std::optional<sim::Error> refuse_missing(const HwlocFile& file) {
  const XmlElement& root = file.xml.elements.front();
  const auto has = [&file](HwlocType type) {
    return std::ranges::find(file.objects, type, &HwlocObject::type) != file.objects.end();
  };
  if (file.objects.empty()) {
    return file.error(root, "no <object> in the topology", "export the file again with lstopo");
  }
  if (!has(HwlocType::cpu)) {
    return file.error(root, "no PU: the machine has no CPU",
                      "export with CPUs: lstopo without --ignore PU");
  }
  if (!file.is_version_1() && !has(HwlocType::node)) {
    return file.error(root, "no NUMANode, which every file of format 2 has",
                      "export the file again with lstopo");
  }
  return std::nullopt;
}

}  // namespace

sim::Result<MachineSpec> import_hwloc_xml(std::string_view xml_text, const std::string& name) {
  if (auto error = refuse_bytes(xml_text, name)) {
    return std::move(*error);
  }
  if (xml_text.starts_with("\xEF\xBB\xBF")) {
    xml_text.remove_prefix(3);  // a byte order mark
  }
  auto xml = read_xml(xml_text, name);
  if (!xml) {
    return xml.error();
  }
  HwlocFile file{.name = name,
                 .text = xml_text,
                 .xml = std::move(xml).value(),
                 .version = {},
                 .objects = {},
                 .warnings = {}};
  auto error = refuse_root(file);
  error = error ? error : read_objects(file);
  error = error ? error : refuse_missing(file);
  if (error) {
    return std::move(*error);
  }
  warn_about_strangers(file);
  const auto distances = read_node_distances(file);
  if (!distances) {
    return distances.error();
  }
  return build_hwloc_machine(file, distances.value());
}

}  // namespace timeslice::models
