#include "validation/calibrate/machine_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "models/machine/quantity_text.hpp"
#include "scenarios/format/node.hpp"
#include "scenarios/format/yaml_reader.hpp"

namespace timeslice::validation {

namespace {

using scenarios::Node;

/// Whether YAML reads `text` back as it stands: no sign that means something, no blank at an end.
bool is_plain(const std::string& text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto inner = [&](char c) {
    return letter(c) || std::string_view{"_./%+-"}.find(c) != std::string_view::npos;
  };
  const auto blank = [&](char c) { return inner(c) || c == ' '; };
  return !text.empty() && letter(text.front()) && inner(text.back()) &&
         std::ranges::all_of(text, blank);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += std::string{"\\"} + c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string scalar_text(const Node& node) {
  if (node.is_null()) {
    return "null";
  }
  return node.quoted || !is_plain(node.text) ? quoted(node.text) : node.text;
}

/// Names that look like numbers are quoted, so that people do not take 3.10 for 3.1.
std::string key_text(const std::string& key) {
  const bool number = !key.empty() && key.front() >= '0' && key.front() <= '9';
  return number || !is_plain(key) ? quoted(key) : key;
}

/// One line: maps in braces, lists in brackets.
std::string flow(const Node& node) {
  if (node.is_map()) {
    std::string text;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", key_text(node.keys[i].text),
                          flow(node.items[i]));
    }
    return "{" + text + "}";
  }
  if (node.is_sequence()) {
    std::string text;
    for (const Node& item : node.items) {
      text += (text.empty() ? "" : ", ") + flow(item);
    }
    return "[" + text + "]";
  }
  return scalar_text(node);
}

/// Maps of `levels` more levels as blocks, what is deeper in one line.
void block(const Node& map, int levels, const std::string& indent, std::string& out) {
  for (std::size_t i = 0; i < map.keys.size(); ++i) {
    const Node& value = map.items[i];
    out += indent + key_text(map.keys[i].text) + ":";
    if (value.is_map() && !value.keys.empty() && levels > 0) {
      out += "\n";
      block(value, levels - 1, indent + "  ", out);
    } else {
      out += " " + flow(value) + "\n";
    }
  }
}

Node value_of(const Finding& finding) {
  if (!finding.list) {
    return scenarios::scalar_node(finding.values.front(), {});
  }
  Node list;
  list.kind = Node::Kind::sequence;
  for (const std::string& value : finding.values) {
    list.items.push_back(scenarios::scalar_node(value, {}));
  }
  return list;
}

Node entry_of(const scenarios::MeasuredCost& measured) {
  Node entry = scenarios::map_node({});
  const auto put = [&entry](const char* key, std::string value) {
    entry.set({key, {}}, scenarios::scalar_node(std::move(value), {}));
  };
  put("samples", std::to_string(measured.samples));
  if (measured.rejected > 0) {
    put("rejected", std::to_string(measured.rejected));
  }
  if (measured.p90 > sim::Duration::zero()) {
    put("p20", models::to_text(measured.p20));
    put("p50", models::to_text(measured.p50));
    put("p90", models::to_text(measured.p90));
  }
  put("date", measured.date);
  if (!measured.from.empty()) {
    put("from", measured.from);
  }
  return entry;
}

/// Makes maps on the way; what stands in the way of one is replaced. (set_path would take the
/// numbers in "3.11" for places in a list.)
void lay(Node& root, const Finding& finding) {
  Node* at = &root;
  for (std::size_t i = 0; i + 1 < finding.path.size(); ++i) {
    Node* next = at->find(finding.path[i]);
    if (next == nullptr || !next->is_map()) {
      at->set({finding.path[i], {}}, scenarios::map_node({}));
      next = at->find(finding.path[i]);
    }
    at = next;
  }
  at->set({finding.path.back(), {}}, value_of(finding));
}

void note(Node& root, const Finding& finding) {
  if (root.find("measured") == nullptr) {
    root.set({"measured", {}}, scenarios::map_node({}));
  }
  root.find("measured")->set({finding.name, {}}, entry_of(finding.measured));
}

}  // namespace

sim::Result<std::string> machine_text(std::string_view base, const std::vector<Finding>& findings,
                                      const std::vector<std::string>& remarks) {
  const scenarios::Source source{"machine file", "", std::string{base}};
  scenarios::Reporter reporter;
  auto root = scenarios::read_yaml(source, reporter);
  if (!root || !root->is_map() || !reporter.clean()) {
    return sim::Error{.where = "machine file",
                      .what = "it is no YAML map",
                      .advice = "see `timeslice machine show FILE`"};
  }
  for (const Finding& finding : findings) {
    if (!finding.path.empty()) {
      lay(*root, finding);
    }
    note(*root, finding);
  }
  if (Node* measured = root->find("measured"); measured != nullptr) {
    Node last = *measured;  // at the end, where it does not hide what people look for
    root->erase("measured");
    root->set({"measured", {}}, std::move(last));
  }
  std::string out;
  for (const std::string& remark : remarks) {
    out += "# " + remark + "\n";
  }
  for (std::size_t i = 0; i < root->keys.size(); ++i) {
    Node single = scenarios::map_node({});
    single.set(root->keys[i], root->items[i]);
    block(single, root->keys[i].text == "measured" ? 1 : 3, "", out);
  }
  return out;
}

}  // namespace timeslice::validation
