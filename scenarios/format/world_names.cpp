#include "scenarios/format/world_names.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "scenarios/format/suggest.hpp"

namespace timeslice::scenarios {

Names::Names(std::string_view noun, const Node* map) : noun_{noun} {
  if (map != nullptr && map->is_map()) {
    for (const Node::Key& key : map->keys) {
      if (!is_ignored(key.text)) {
        names_.push_back(key.text);
      }
    }
  }
  std::ranges::sort(names_);
  used_.resize(names_.size());
}

std::optional<std::uint32_t> Names::resolve(const Reading& reading, const Node& node) {
  const auto at = std::ranges::lower_bound(names_, node.text);
  if (!node.is_scalar() || at == names_.end() || *at != node.text) {
    const std::string name = node.is_scalar() ? node.text : std::string{noun_of(node)};
    reading.reporter.error(node.mark, "E-name", fmt::format("no {} is called '{}'", noun_, name),
                           suggestion(name, names_));
    return std::nullopt;
  }
  const auto index = static_cast<std::size_t>(at - names_.begin());
  used_[index] = true;
  return static_cast<std::uint32_t>(index);
}

void Names::mark_used(std::string_view name) {
  if (const auto at = std::ranges::find(names_, name); at != names_.end()) {
    used_[static_cast<std::size_t>(at - names_.begin())] = true;
  }
}

void Names::warn_unused(std::vector<std::string>& warnings) const {
  constexpr std::size_t most = 3;  // told one by one; of more, the first ones in one line
  std::vector<std::string_view> unused;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!used_[i]) {
      unused.emplace_back(names_[i]);
    }
  }
  if (unused.size() > most) {
    warnings.push_back(fmt::format("{} {}s are never used: '{}', '{}' and {} more", unused.size(),
                                   noun_, unused[0], unused[1], unused.size() - 2));
    return;
  }
  for (const std::string_view name : unused) {
    warnings.push_back(fmt::format("the {} '{}' is never used", noun_, name));
  }
}

Futures::Use& Futures::use(const std::string& name) {
  const auto [at, is_new] = uses_.try_emplace(name);
  if (is_new) {
    at->second.index = static_cast<std::uint32_t>(order_.size());
    order_.push_back(name);
  }
  return at->second;
}

std::uint32_t Futures::submitted(const Node& node) {
  Use& found = use(node.text);
  found.submitted = true;
  return found.index;
}

std::uint32_t Futures::joined(const Node& node) {
  Use& found = use(node.text);
  found.joined = &node;
  return found.index;
}

void Futures::check(const Reading& reading) const {
  std::vector<std::string> submitted;
  for (const auto& [name, found] : uses_) {
    if (found.submitted) {
      submitted.push_back(name);
    }
  }
  for (const auto& [name, found] : uses_) {
    if (!found.submitted) {
      reading.reporter.error(found.joined->mark, "E-name",
                             fmt::format("nothing is submitted as '{}'", name),
                             suggestion(name, submitted));
    } else if (found.joined == nullptr) {
      reading.warnings.push_back(fmt::format("what is submitted as '{}' is never joined", name));
    }
  }
}

}  // namespace timeslice::scenarios
