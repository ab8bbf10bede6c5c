#include "scenarios/format/yaml_reader.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>  // completes what parser.h declares
#include <yaml-cpp/parser.h>

#include "scenarios/format/utf8.hpp"

namespace timeslice::scenarios {
namespace {

/// Ends the parse; what is wrong has been reported.
struct Abandon {};

/// Columns that the scalar's text takes in its line.
std::uint32_t width_of(std::string_view line, std::uint32_t column, const std::string& text) {
  const std::string_view rest = column <= line.size() ? line.substr(column - 1) : "";
  if (!rest.empty() && (rest[0] == '"' || rest[0] == '\'')) {
    const std::size_t end = rest.find(rest[0], 1);
    return end == std::string_view::npos ? 1 : static_cast<std::uint32_t>(end + 1);
  }
  return !text.empty() && rest.starts_with(text) ? static_cast<std::uint32_t>(text.size()) : 1;
}

/// `text` without the anchor or tag that it begins with.
std::string_view behind_properties(std::string_view text) {
  while (text.starts_with('&') || text.starts_with('!')) {
    text.remove_prefix(std::min(text.find_first_of(" \t\n"), text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
  }
  return text;
}

/// Whether the scalar that `text` begins with has an end, if it begins with a quote.
bool ends_its_quote(std::string_view text) {
  const std::string_view scalar = behind_properties(text);
  if (!scalar.starts_with('"') && !scalar.starts_with('\'')) {
    return true;
  }
  const char quote = scalar[0];
  for (std::size_t i = 1; i < scalar.size(); ++i) {
    const bool twice = quote == '\'' && scalar.substr(i).starts_with("''");
    if (twice || (quote == '"' && scalar[i] == '\\')) {
      ++i;  // it stands for a character
    } else if (scalar[i] == quote) {
      return true;
    }
  }
  return false;
}

/// Builds the tree from yaml-cpp's events: no shared nodes, so neither cycles nor bombs can form.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const Source& source, Reporter& reporter) : source_{source}, reporter_{reporter} {}

  /// What was read. Requires: the document has ended.
  Node take() {
    refuse_open_quote();
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = place(mark, "");
    add(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = scalar_node(value, place(mark, value));
    refuse_tag(tag, node.mark);
    node.quoted = tag == "!";
    if (node.quoted) {
      last_quoted_ = node.mark;
    }
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Mark at = place(mark, "");
    if (++aliases_ > max_aliases) {
      give_up(at, "E-limit", fmt::format("more than {} aliases", max_aliases),
              "write the repeated parts out, or use params");
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      give_up(at, "E-yaml", "an alias inside the thing that it names never ends",
              "write the value out");
    }
    nodes_ += found->second.nodes - 1;
    if (open_.size() + found->second.depth > max_depth) {
      too_deep(at);
    }
    Node copy = found->second.node;
    add(std::move(copy), YAML::NullAnchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::sequence, place(mark, ""), tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Node::Kind::map, place(mark, ""), tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    std::size_t nodes_before;
    std::size_t deepest = 1;                      // levels below and with this node
    std::map<std::string, std::uint32_t> seen{};  // keys of a map and their lines
    bool at_value = false;                        // a map that has read a key
  };
  struct Anchored {
    Node node;
    std::size_t nodes;
    std::size_t depth;
  };

  /// yaml-cpp 0.7 takes the end of a file for a closing quote where the last line has ended. Only
  /// the last quoted text can have swallowed what followed.
  void refuse_open_quote() {
    if (last_quoted_.source != nullptr && !ends_its_quote(text_from(last_quoted_))) {
      give_up(last_quoted_, "E-yaml", "this quote is never closed", "end the text with it");
    }
  }

  /// All that stands at `mark` and behind it.
  [[nodiscard]] std::string_view text_from(const Mark& mark) const {
    const std::string_view line = source_.line(mark.line);
    const std::string_view text = source_.text();
    const auto start = static_cast<std::size_t>(line.data() - text.data());
    return line.empty() ? ""
                        : text.substr(start + std::min<std::size_t>(mark.column - 1, line.size()));
  }

  [[nodiscard]] Mark place(const YAML::Mark& mark, const std::string& text) const {
    const auto line = static_cast<std::uint32_t>(std::max(mark.line, 0)) + 1;
    const auto column = static_cast<std::uint32_t>(std::max(mark.column, 0)) + 1;
    return {&source_, line, column, width_of(source_.line(line), column, text)};
  }

  [[noreturn]] void give_up(const Mark& mark, std::string code, std::string what,
                            std::string advice) {
    reporter_.error(mark, std::move(code), std::move(what), std::move(advice));
    throw Abandon{};
  }

  [[noreturn]] void too_deep(const Mark& mark) {
    give_up(mark, "E-limit", fmt::format("nested deeper than {} levels", max_depth),
            "move inner parts into tasks of their own");
  }

  void refuse_tag(const std::string& tag, const Mark& mark) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      reporter_.error(mark, "E-yaml", fmt::format("the tag '{}' is not allowed", tag),
                      "write the value without a tag");
    }
  }

  void open(Node::Kind kind, const Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_tag(tag, mark);
    if (open_.size() >= max_depth) {
      too_deep(mark);
    }
    Node node;
    node.kind = kind;
    node.mark = mark;
    open_.push_back({.node = std::move(node), .anchor = anchor, .nodes_before = nodes_});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != YAML::NullAnchor) {
      remember(done.anchor, {done.node, nodes_ - done.nodes_before + 1, done.deepest});
    }
    if (!open_.empty()) {
      open_.back().deepest = std::max(open_.back().deepest, done.deepest + 1);
    }
    add(std::move(done.node), YAML::NullAnchor);
  }

  void remember(YAML::anchor_t anchor, Anchored anchored) {
    anchored_nodes_ += anchored.nodes;
    if (anchored_nodes_ > max_nodes) {
      give_up(anchored.node.mark, "E-limit",
              fmt::format("anchors hold more than {} nodes", max_nodes), "use fewer anchors");
    }
    anchors_[anchor] = std::move(anchored);
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (++nodes_ > max_nodes) {
      give_up(node.mark, "E-limit",
              fmt::format("more than {} nodes after expanding aliases", max_nodes),
              "split the scenario, or use a matrix");
    }
    if (anchor != YAML::NullAnchor) {
      remember(anchor, {node, 1, 1});
    }
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node.is_map() && !open_.back().at_value) {
      add_key(std::move(node));
    } else {
      open_.back().node.items.push_back(std::move(node));
      open_.back().at_value = false;
    }
  }

  void add_key(Node node) {
    if (!node.is_scalar()) {
      give_up(node.mark, "E-yaml", "a key must be a word", "write key: value");
    }
    if (node.text == "<<" && !node.quoted) {
      reporter_.error(node.mark, "E-yaml", "merge keys ('<<') are not read",
                      "use `extends: other.yaml` or variants");
    }
    Open& map = open_.back();
    const auto [first, is_new] = map.seen.emplace(node.text, node.mark.line);
    if (!is_new) {
      reporter_.error(node.mark, "E-dup",
                      fmt::format("the key '{}' stands twice in one map", node.text),
                      fmt::format("it is already in line {}", first->second));
    }
    map.node.keys.push_back({std::move(node.text), node.mark});
    map.at_value = true;
  }

  const Source& source_;
  Reporter& reporter_;
  Node root_;
  Mark last_quoted_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  std::size_t anchored_nodes_ = 0;
  std::size_t aliases_ = 0;
};

/// Hears nothing: a second document is refused by its first event.
class NothingMore final : public YAML::EventHandler {
 public:
  NothingMore(const Source& source, Reporter& reporter) : source_{source}, reporter_{reporter} {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    const Mark at{&source_, static_cast<std::uint32_t>(std::max(mark.line, 0)) + 1,
                  static_cast<std::uint32_t>(std::max(mark.column, 0)) + 1, 1};
    reporter_.error(at, "E-yaml", "the document has ended, but text follows",
                    "one file holds one scenario: remove what follows");
    throw Abandon{};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

 private:
  const Source& source_;
  Reporter& reporter_;
};

std::optional<Node> parse(const Source& source, Reporter& reporter) {
  std::istringstream stream{source.text()};
  YAML::Parser parser{stream};
  TreeBuilder builder{source, reporter};
  if (!parser.HandleNextDocument(builder)) {
    return Node{};
  }
  // One more call at most: yaml-cpp 0.7 can hand out documents without end (`,`).
  NothingMore nothing_more{source, reporter};
  parser.HandleNextDocument(nothing_more);
  return builder.take();
}

bool readable(const Source& source, Reporter& reporter) {
  if (source.text().size() > max_file_bytes) {
    reporter.error({&source, 1, 1, 1}, "E-limit", "the file is larger than 1 MiB",
                   "split it with `extends`");
    return false;
  }
  const std::optional<BadByte> bad = find_bad_byte(source.text());
  if (bad.has_value()) {
    reporter.error({&source, bad->line, bad->column, 1}, "E-yaml", bad->what,
                   "save the file as UTF-8 text");
  }
  return !bad.has_value();
}

}  // namespace

std::optional<Node> read_yaml(const Source& source, Reporter& reporter) {
  if (!readable(source, reporter)) {
    return std::nullopt;
  }
  try {
    return parse(source, reporter);
  } catch (const Abandon&) {
    return std::nullopt;
  } catch (const YAML::Exception& problem) {
    const auto line = static_cast<std::uint32_t>(std::max(problem.mark.line, 0)) + 1;
    const auto column = static_cast<std::uint32_t>(std::max(problem.mark.column, 0)) + 1;
    reporter.error({&source, line, column, 1}, "E-yaml",
                   fmt::format("this is not YAML: {}", problem.msg),
                   "check indentation, brackets and quotes here or above");
    return std::nullopt;
  }
}

}  // namespace timeslice::scenarios
