#include "scenarios/format/diagnostic.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "scenarios/format/printable.hpp"

namespace timeslice::scenarios {
namespace {

constexpr std::size_t max_shown_bytes =
    160;  // of a source line; longer ones are cut around the caret

bool continues_utf8(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Characters in `text`, so that the caret stands right below non-ASCII text.
std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !continues_utf8(c); }));
}

/// A source line as it is shown: printable, and cut when it is long.
struct Shown {
  std::string text;
  std::size_t before = 0;  // characters left of the caret
  std::size_t under = 1;   // characters to underline
};

std::size_t cut_start(std::string_view line, std::size_t at) {
  if (line.size() <= max_shown_bytes || at < max_shown_bytes / 2) {
    return 0;
  }
  std::size_t start = std::min(at - max_shown_bytes / 2, line.size() - max_shown_bytes);
  while (start > 0 && continues_utf8(line[start])) {
    --start;
  }
  return start;
}

std::size_t cut_end(std::string_view line, std::size_t start) {
  std::size_t end = std::min(line.size(), start + max_shown_bytes);
  while (end < line.size() && continues_utf8(line[end])) {
    ++end;
  }
  return end;
}

Shown shown(const Diagnostic& diagnostic) {
  const std::string_view line = diagnostic.source_line;
  const std::size_t at = std::min<std::size_t>(
      diagnostic.place.column == 0 ? 0 : diagnostic.place.column - 1, line.size());
  const std::size_t start = cut_start(line, at);
  const std::size_t end = cut_end(line, start);
  const std::size_t width = std::min<std::size_t>(diagnostic.place.width, end - at);
  const std::string_view lead = start > 0 ? "..." : "";
  Shown result{.text = fmt::format("{}{}{}", lead, line.substr(start, end - start),
                                   end < line.size() ? "..." : ""),
               .before = lead.size() + character_count(line.substr(start, at - start)),
               .under = std::max<std::size_t>(1, character_count(line.substr(at, width)))};
  std::ranges::replace_if(
      result.text, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; }, ' ');
  return result;
}

std::string head(const Diagnostic& diagnostic) {
  const Place& place = diagnostic.place;
  const std::string what = safe_text(diagnostic.what);  // it may quote the file
  const std::string file = safe_text(place.file);
  if (place.line == 0) {
    return fmt::format("{}: error[{}]: {}", file, diagnostic.code, what);
  }
  return fmt::format("{}:{}:{}: error[{}]: {}", file, place.line, place.column, diagnostic.code,
                     what);
}

}  // namespace

std::string to_text(const Diagnostic& diagnostic) {
  if (diagnostic.place.line == 0) {
    return diagnostic.advice.empty()
               ? head(diagnostic) + "\n"
               : fmt::format("{}\n      = {}\n", head(diagnostic), safe_text(diagnostic.advice));
  }
  const Shown line = shown(diagnostic);
  std::string carets = std::string(line.before, ' ') + std::string(line.under, '^');
  if (!diagnostic.advice.empty()) {
    carets += ' ' + safe_text(diagnostic.advice);
  }
  return fmt::format("{}\n{:5} | {}\n{:5} | {}\n", head(diagnostic), diagnostic.place.line,
                     line.text, "", carets);
}

std::string to_text(const Diagnostics& diagnostics) {
  Diagnostics ordered = diagnostics;
  std::ranges::sort(ordered, [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.place.file, a.place.line, a.place.column, a.what) <
           std::tie(b.place.file, b.place.line, b.place.column, b.what);
  });
  std::string text;
  std::string last;
  for (const Diagnostic& each : ordered) {
    std::string next = to_text(each);
    if (next != last) {
      text += next;
    }
    last = std::move(next);
  }
  return text;
}

}  // namespace timeslice::scenarios
