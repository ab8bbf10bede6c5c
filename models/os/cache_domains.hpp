// Who uses each last-level cache (LLC) at this moment, and which part of his accesses misses.
//
// Users are counted by character, so an event costs O(k log k) in the characters that are present
// in the touched cache, however many threads there are. Model: models/machine/cache_share.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/machine/cache_share.hpp"
#include "models/machine/character.hpp"

namespace timeslice::models {

class CacheDomains {
 public:
  /// `characters` must outlive this.
  CacheDomains(const MachineSpec& machine, std::span<const Character> characters);

  /// One more user of that character, or one less; whether the misses of others may have changed.
  bool add(std::uint32_t llc, std::uint32_t character, int users);

  /// The part of its LLC accesses that miss there now.
  [[nodiscard]] double miss_ratio(std::uint32_t llc, std::uint32_t character) const;

  /// Bytes of it that a user of that character has there, or had when it was last there.
  [[nodiscard]] double share_of(std::uint32_t llc, std::uint32_t character) const;

 private:
  struct User {
    std::uint32_t character = 0;
    std::uint32_t count = 0;
    double ratio = 1.0;
    double share = 0.0;
  };
  struct Domain {
    double bytes = 0.0;
    std::vector<User> users;  // by character, ascending
  };
  void share(Domain& domain);

  std::span<const Character> characters_;
  std::vector<Domain> domains_;
  std::vector<CacheUsers> scratch_;
};

}  // namespace timeslice::models
