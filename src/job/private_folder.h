// SPDX-License-Identifier: Apache-2.0
//
// PrivateFolder: where a job on one machine keeps its sockets and its token; of
// use to this user alone, and gone with its owner.
//
// Intuition: it is locked while its owner lives. So what an owner that was
// killed left behind is known as such, and swept out by the next one.
#pragma once

#include <string>

#include "taskgraph/error.h"

namespace taskgraph::job {

class PrivateFolder {
 public:
  // Makes one in $XDG_RUNTIME_DIR, $TMPDIR or /tmp: the first whose paths are
  // short enough for sockets.
  static Result<PrivateFolder> Make();

  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&&) = delete;
  ~PrivateFolder();

  std::string PathOf(const std::string& name) const {
    return path_ + "/" + name;
  }

  // Writes a file that only this user can read; returns its path.
  Result<std::string> WriteSecret(const std::string& name,
                                  const std::string& text) const;

 private:
  PrivateFolder(std::string path, int lock_fd)
      : path_(std::move(path)), lock_fd_(lock_fd) {}

  std::string path_;
  int lock_fd_;
};

}  // namespace taskgraph::job
