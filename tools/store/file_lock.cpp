#include "tools/store/file_lock.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace timeslice::tools {
namespace {

std::string lock_path(const std::string& database) {
  return database + ".lock";
}

// Whoever held the lock before may have deleted the file while we waited at it.
bool still_named(int descriptor, const std::string& path) {
  struct stat held{};
  struct stat named{};
  return fstat(descriptor, &held) == 0 && stat(path.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

// is_held() of another process holds the lock for an instant.
bool lock_soon(int descriptor) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      return true;
    }
    if (errno != EWOULDBLOCK) {
      return false;
    }
    usleep(20'000);
  }
  errno = EWOULDBLOCK;
  return false;
}

}  // namespace

std::variant<FileLock, StoreError> FileLock::take(const std::string& database) {
  const std::string path = lock_path(database);
  while (true) {
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) {
      const int reason = errno;
      return store_error(reason == ENOSPC ? StoreFault::no_room : StoreFault::read_only, path,
                         "cannot be created: " + std::generic_category().message(reason),
                         "check that the folder exists and that you may write to it");
    }
    if (!lock_soon(descriptor)) {
      const int reason = errno;
      close(descriptor);
      if (reason == EWOULDBLOCK) {
        return store_error(StoreFault::busy, database, "another process is at work on this part",
                           "wait for it, or stop it and start again");
      }
      return store_error(StoreFault::failed, path,
                         "cannot be locked: " + std::generic_category().message(reason),
                         "put the database on a disk of this machine");
    }
    if (still_named(descriptor, path)) {
      return FileLock{path, descriptor};
    }
    close(descriptor);
  }
}

bool FileLock::is_held(const std::string& database) {
  const int descriptor = open(lock_path(database).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return false;
  }
  const bool held = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(descriptor);
  return held;
}

FileLock::FileLock(std::string path, int descriptor)
    : path_{std::move(path)}, descriptor_{descriptor} {}

FileLock::FileLock(FileLock&& other) noexcept
    : path_{std::move(other.path_)}, descriptor_{std::exchange(other.descriptor_, -1)} {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    release();
    path_ = std::move(other.path_);
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

FileLock::~FileLock() {
  release();
}

void FileLock::release() {
  if (descriptor_ >= 0) {
    unlink(path_.c_str());  // while it is still ours
    close(descriptor_);
    descriptor_ = -1;
  }
}

}  // namespace timeslice::tools
