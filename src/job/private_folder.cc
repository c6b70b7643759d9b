// SPDX-License-Identifier: Apache-2.0
#include "job/private_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

namespace taskgraph::job {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "taskgraph-run-";

// What is swept out has this file, and nobody has it locked.
constexpr std::string_view kMark = "/owner.lock";

// A socket's path may have 107 bytes; ours add the name of a node.
constexpr std::size_t kParentBytesMax = 64;

Error Failed(const std::string& what) {
  return {ErrorCode::kUnavailable, what + ": " + ::strerror(errno)};
}

std::string Parent() {
  for (const char* name : {"XDG_RUNTIME_DIR", "TMPDIR"}) {
    const char* path = ::getenv(name);
    if (path != nullptr && path[0] == '/' &&
        std::string_view(path).size() <= kParentBytesMax &&
        ::access(path, W_OK | X_OK) == 0) {
      return path;
    }
  }
  return "/tmp";
}

// Locks the mark of `folder`, as its owner or as who sweeps it out. -1:
// somebody else has it, or it is not there any more.
int LockMark(const std::string& folder, int create) {
  const int fd = ::open((folder + std::string(kMark)).c_str(),
                        O_RDWR | O_NOFOLLOW | O_CLOEXEC | create, 0600);
  struct stat status {};
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0 &&
      ::fstat(fd, &status) == 0 && status.st_nlink == 1) {
    return fd;
  }
  if (fd >= 0) ::close(fd);
  return -1;
}

bool MayBeOurs(const fs::path& folder) {
  struct stat status {};
  return folder.filename().string().starts_with(kPrefix) &&
         ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid();
}

void SweepOut(const std::string& parent) {
  std::error_code ignored;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(parent, ignored)) {
    if (!MayBeOurs(entry.path())) continue;
    const int fd = LockMark(entry.path().string(), 0);
    if (fd < 0) continue;
    fs::remove_all(entry.path(), ignored);
    ::close(fd);
  }
}

}  // namespace

Result<PrivateFolder> PrivateFolder::Make() {
  constexpr int kAttempts = 10;
  const std::string parent = Parent();
  SweepOut(parent);
  for (int i = 0; i < kAttempts; ++i) {
    std::string path = parent + "/" + std::string(kPrefix) + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) break;
    const int fd = LockMark(path, O_CREAT);
    if (fd >= 0) return PrivateFolder(std::move(path), fd);
    // It was swept out between the mark and its lock.
  }
  return Failed("can't make a folder in " + parent);
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      lock_fd_(std::exchange(other.lock_fd_, -1)) {}

PrivateFolder::~PrivateFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  ::close(lock_fd_);
}

Result<std::string> PrivateFolder::WriteSecret(const std::string& name,
                                               const std::string& text) const {
  std::string path = PathOf(name);
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("can't make " + path);
  const auto written = ::write(fd, text.data(), text.size());
  const Error failed = Failed("can't write " + path);
  ::close(fd);
  if (written != static_cast<ssize_t>(text.size())) return failed;
  return path;
}

}  // namespace taskgraph::job
