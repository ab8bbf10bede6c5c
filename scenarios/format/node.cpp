#include "scenarios/format/node.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "scenarios/format/number.hpp"
#include "sim/expect.hpp"

namespace timeslice::scenarios {

const Node* Node::find(std::string_view key) const {
  const auto at = std::ranges::find(keys, key, &Key::text);
  return at == keys.end() ? nullptr : &items[static_cast<std::size_t>(at - keys.begin())];
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

void Node::set(Key key, Node value) {
  sim::expect(is_map(), "only a map has keys");
  if (Node* present = find(key.text); present != nullptr) {
    *present = std::move(value);
    return;
  }
  keys.push_back(std::move(key));
  items.push_back(std::move(value));
}

bool Node::erase(std::string_view key) {
  const auto at = std::ranges::find(keys, key, &Key::text);
  if (at == keys.end()) {
    return false;
  }
  items.erase(items.begin() + (at - keys.begin()));
  keys.erase(at);
  return true;
}

Node scalar_node(std::string text, const Mark& mark) {
  Node made;
  made.kind = Node::Kind::scalar;
  made.mark = mark;
  made.text = std::move(text);
  return made;
}

Node map_node(const Mark& mark) {
  Node made;
  made.kind = Node::Kind::map;
  made.mark = mark;
  return made;
}

void merge(Node& base, const Node& over) {
  if (!base.is_map() || !over.is_map()) {
    base = over;
    return;
  }
  for (std::size_t i = 0; i < over.keys.size(); ++i) {
    if (Node* present = base.find(over.keys[i].text); present != nullptr) {
      merge(*present, over.items[i]);
    } else {
      base.set(over.keys[i], over.items[i]);
    }
  }
}

Path split_path(std::string_view dotted) {
  Path path;
  while (true) {
    const std::size_t dot = dotted.find('.');
    path.emplace_back(dotted.substr(0, dot));
    if (dot == std::string_view::npos) {
      return path;
    }
    dotted.remove_prefix(dot + 1);
  }
}

namespace {

const Node* element(const Node& list, const std::string& number) {
  std::size_t index = 0;
  const char* end = number.data() + number.size();
  const auto [at, problem] = std::from_chars(number.data(), end, index);
  const bool whole = problem == std::errc{} && at == end;
  return whole && index < list.items.size() ? &list.items[index] : nullptr;
}

const Node* child(const Node& parent, const std::string& name) {
  return parent.is_sequence() ? element(parent, name) : parent.find(name);
}

}  // namespace

const Node* find_path(const Node& root, const Path& path) {
  const Node* at = &root;
  for (const std::string& name : path) {
    at = child(*at, name);
    if (at == nullptr) {
      return nullptr;
    }
  }
  return at;
}

bool set_path(Node& root, const Path& path, const Node& value, const Mark& mark) {
  Node* at = &root;
  for (const std::string& name : path) {
    if (at->is_null()) {
      *at = map_node(mark);
    }
    if (at->is_map() && at->find(name) == nullptr) {
      at->set({name, mark}, Node{});
    }
    at = const_cast<Node*>(child(*at, name));
    if (at == nullptr) {
      return false;
    }
  }
  *at = value;
  return true;
}

bool is_ignored(std::string_view key) {
  return key.starts_with("x-");
}

namespace {

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20U) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_json(std::string& out, const Node& node);

void append_json_map(std::string& out, const Node& node) {
  std::vector<std::size_t> order(node.keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return is_ignored(node.keys[i].text); });
  std::ranges::sort(order, {},
                    [&](std::size_t i) -> const std::string& { return node.keys[i].text; });
  out += '{';
  for (std::size_t n = 0; n < order.size(); ++n) {
    out += n == 0 ? "" : ",";
    append_quoted(out, node.keys[order[n]].text);
    out += ':';
    append_json(out, node.items[order[n]]);
  }
  out += '}';
}

void append_json(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      return;
    case Node::Kind::map:
      append_json_map(out, node);
      return;
    case Node::Kind::scalar:
      if (!node.quoted && parse_number(node.text).problem.empty() && node.text[0] != '+') {
        out += node.text;
      } else {
        append_quoted(out, node.text);
      }
      return;
    case Node::Kind::sequence:
      break;
  }
  out += '[';
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    out += i == 0 ? "" : ",";
    append_json(out, node.items[i]);
  }
  out += ']';
}

}  // namespace

std::string canonical_json(const Node& node) {
  std::string out;
  append_json(out, node);
  return out;
}

std::string flow_text(const Node& node) {
  if (node.is_scalar()) {
    return node.text;
  }
  return node.is_null() ? std::string{} : canonical_json(node);
}

}  // namespace timeslice::scenarios
