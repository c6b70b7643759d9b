// SPDX-License-Identifier: Apache-2.0
//
// What a job under way tells of itself (`run --events`), for benchmarks that
// harm it at the right moment.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "measure.h"

namespace taskgraph::bench {

using Json = nlohmann::json;

// The events of a job, by a pipe with a name.
class Events {
 public:
  explicit Events(std::string path) : path_(std::move(path)) {
    if (::mkfifo(path_.c_str(), 0600) != 0) Fail("cannot make " + path_);
    // For writing, too: so it neither blocks nor ends.
    fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  }
  ~Events() { ::close(fd_); }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  const std::string& path() const { return path_; }

  Json Next() {
    while (true) {
      const std::size_t end = unread_.find('\n');
      if (end != std::string::npos) {
        Json event = Json::parse(unread_.substr(0, end));
        unread_.erase(0, end + 1);
        return event;
      }
      if (!Read(kGuardMs)) Fail("the job stands still");
    }
  }

  // Keeps what comes meanwhile.
  void PassTheTime(std::int64_t ns) {
    const std::int64_t end = NowNs() + ns;
    for (std::int64_t left = ns; left > 0; left = end - NowNs()) {
      Read(static_cast<int>(1 + left / 1'000'000));
    }
  }

 private:
  static constexpr int kGuardMs = 60'000;

  // Says whether something came.
  bool Read(int timeout_ms) {
    pollfd door{fd_, POLLIN, 0};
    if (::poll(&door, 1, timeout_ms) != 1) return false;
    std::array<char, 65536> part;
    const auto count = ::read(fd_, part.data(), part.size());
    if (count > 0) unread_.append(part.data(), static_cast<size_t>(count));
    return true;
  }

  std::string path_;
  std::string unread_;
  int fd_;
};

}  // namespace taskgraph::bench
