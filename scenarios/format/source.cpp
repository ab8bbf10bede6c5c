#include "scenarios/format/source.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace timeslice::scenarios {

Source::Source(std::string name, std::string directory, std::string text)
    : name_{std::move(name)}, directory_{std::move(directory)}, text_{std::move(text)} {
  line_starts_.push_back(0);
  for (std::size_t at = 0; at < text_.size(); ++at) {
    if (text_[at] == '\n') {
      line_starts_.push_back(at + 1);
    }
  }
}

std::string_view Source::line(std::uint32_t number) const {
  if (number == 0 || number > line_starts_.size()) {
    return {};
  }
  const std::size_t start = line_starts_[number - 1];
  std::string_view rest = std::string_view{text_}.substr(start);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) {
    rest.remove_suffix(1);
  }
  return rest;
}

const Source& SourceStore::add(std::string name, std::string directory, std::string text) {
  const std::lock_guard lock{mutex_};
  return sources_.emplace_back(std::move(name), std::move(directory), std::move(text));
}

Diagnostic diagnostic_at(const Mark& mark, std::string code, std::string what, std::string advice) {
  Diagnostic made{
      .place = {.file = {}, .line = mark.line, .column = mark.column, .width = mark.width},
      .code = std::move(code),
      .what = std::move(what),
      .advice = std::move(advice),
      .source_line = {}};
  if (mark.source != nullptr) {
    made.place.file = mark.source->name();
    made.source_line = std::string{mark.source->line(mark.line)};
  }
  return made;
}

void Reporter::spoil(const Mark& mark) {
  if (spoilt_.size() < limit) {
    spoilt_.push_back(mark);
  }
}

void Reporter::error(const Mark& mark, std::string code, std::string what, std::string advice) {
  const bool spoilt = std::ranges::any_of(spoilt_, [&](const Mark& other) {
    return std::tie(mark.source, mark.line, mark.column) ==
           std::tie(other.source, other.line, other.column);
  });
  if (spoilt) {
    return;
  }
  add(diagnostic_at(mark, std::move(code), std::move(what), std::move(advice)));
}

void Reporter::add(Diagnostic diagnostic) {
  const auto same = [&](const Diagnostic& other) {
    return std::tie(other.place.file, other.place.line, other.place.column, other.code,
                    other.what) == std::tie(diagnostic.place.file, diagnostic.place.line,
                                            diagnostic.place.column, diagnostic.code,
                                            diagnostic.what);
  };
  if (!full() && std::ranges::none_of(found_, same)) {
    found_.push_back(std::move(diagnostic));
  }
}

void Reporter::add(const Diagnostics& diagnostics) {
  for (const Diagnostic& each : diagnostics) {
    add(each);
  }
}

Diagnostics Reporter::take() {
  std::ranges::sort(found_, [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.place.file, a.place.line, a.place.column, a.what) <
           std::tie(b.place.file, b.place.line, b.place.column, b.what);
  });
  return std::exchange(found_, {});
}

}  // namespace timeslice::scenarios
