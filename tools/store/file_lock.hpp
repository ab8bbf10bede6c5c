// A lock on a database that the kernel takes back when its process dies, however it dies.
//
// Held beside the file (NAME.lock), since SQLite's own locks on the file come and go. Kept for
// processes of one machine; on a network file system as far as that knows flock.
#pragma once

#include <string>
#include <variant>

#include "tools/store/store_error.hpp"

namespace timeslice::tools {

class FileLock {
 public:
  /// The lock, or StoreFault::busy where another process holds it.
  [[nodiscard]] static std::variant<FileLock, StoreError> take(const std::string& database);

  /// Whether some process holds it now.
  [[nodiscard]] static bool is_held(const std::string& database);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();  // gives it back and deletes NAME.lock

 private:
  FileLock(std::string path, int descriptor);
  void release();

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace timeslice::tools
