// SPDX-License-Identifier: Apache-2.0
//
// Doorkeeper: lets connections in.
//
// Intuition: when the house has no chair left he does not lock up and go home,
// nor does he look every instant whether one is free: who comes waits outside,
// and ten times a second he looks.
//
// Threads: Open and Begin before there are others; what is let in is handed
// over on a thread of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "coordination/etcd/door.h"

namespace taskgraph::coordination {

class Doorkeeper {
 public:
  using LetIn = std::function<void(int fd)>;

  // `log` gets one line for each shortage; on the thread.
  explicit Doorkeeper(std::function<void(std::string_view)> log);
  ~Doorkeeper();  // Nobody is let in any more, and the doors are closed.
  Doorkeeper(const Doorkeeper&) = delete;
  Doorkeeper& operator=(const Doorkeeper&) = delete;

  void Guard(Door door, LetIn let_in);
  void Begin();

 private:
  struct Post {
    Door door;
    LetIn let_in;
  };
  enum class Found : std::uint8_t { kNobodyElse, kShortage };

  void Run();
  bool MustStop(bool is_short) const;
  Found LetAllIn(const Post& post, int socket);
  void Complain(const std::string& endpoint, int error);

  const std::function<void(std::string_view)> log_;
  std::vector<Post> posts_;
  bool complained_ = false;  // Once for each shortage.
  int stop_fd_;
  std::thread thread_;
};

}  // namespace taskgraph::coordination
