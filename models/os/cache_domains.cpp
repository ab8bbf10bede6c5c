#include "models/os/cache_domains.hpp"

#include <algorithm>

#include "sim/expect.hpp"

namespace timeslice::models {

namespace {

double lone_ratio_of(const Character& character) {
  return character.misses.empty() ? character.lone_ratio : character.misses.at(character.set);
}

}  // namespace

CacheDomains::CacheDomains(const MachineSpec& machine, std::span<const Character> characters)
    : characters_{characters} {
  std::uint32_t count = 0;
  for (const CoreSpec& core : machine.cores) {
    count = std::max(count, core.llc + 1);
  }
  for (std::uint32_t llc = 0; llc < count; ++llc) {
    domains_.push_back({.bytes = llc_bytes(machine, llc), .users = {}});
  }
}

bool CacheDomains::add(std::uint32_t llc, std::uint32_t character, int users) {
  Domain& domain = domains_[llc];
  auto at = std::ranges::lower_bound(domain.users, character, {}, &User::character);
  if (at == domain.users.end() || at->character != character) {
    at = domain.users.insert(at, {.character = character, .count = 0, .ratio = 1.0, .share = 0.0});
  }
  at->count += static_cast<std::uint32_t>(users);
  sim::expect(at->count < (1U << 31U), "who leaves a cache has used it");
  share(domain);
  return true;
}

void CacheDomains::share(Domain& domain) {
  if (domain.bytes <= 0.0) {
    for (User& user : domain.users) {
      user.ratio = lone_ratio_of(characters_[user.character]);
      user.share = characters_[user.character].set;
    }
    return;
  }
  scratch_.clear();
  for (const User& user : domain.users) {
    const Character& it = characters_[user.character];
    scratch_.push_back({.count = static_cast<double>(user.count),
                        .accesses = it.accesses,
                        .set = it.set,
                        .misses = it.misses.empty() ? nullptr : &it.misses});
  }
  share_cache(scratch_, domain.bytes);
  for (std::size_t i = 0; i < domain.users.size(); ++i) {
    const Character& it = characters_[domain.users[i].character];
    domain.users[i].share = scratch_[i].share;
    domain.users[i].ratio = it.misses.empty() ? it.lone_ratio : it.misses.at(scratch_[i].share);
  }
}

double CacheDomains::miss_ratio(std::uint32_t llc, std::uint32_t character) const {
  const auto& users = domains_[llc].users;
  const auto at = std::ranges::lower_bound(users, character, {}, &User::character);
  sim::expect(at != users.end() && at->character == character, "a user of a cache is known there");
  return at->ratio;
}

double CacheDomains::share_of(std::uint32_t llc, std::uint32_t character) const {
  const auto& users = domains_[llc].users;
  const auto at = std::ranges::lower_bound(users, character, {}, &User::character);
  const bool known = at != users.end() && at->character == character;
  return known ? at->share : characters_[character].cold.set;
}

}  // namespace timeslice::models
