// SPDX-License-Identifier: Apache-2.0
//
// What the machine itself reaches: two processes that exchange bytes over a
// socket, by epoll and without anything else.
//
// Buffers are touched once and used again, as those of the transport are. The
// one who answers is this program in another role, unless said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "measure.h"
#include "placement.h"

namespace taskgraph::bench {

enum class Socket { kUnix, kTcp };
std::string Name(Socket socket);

inline constexpr std::size_t kSmallBytes = 16;
inline constexpr std::size_t kLargeBytes = 64 << 20;

struct BareLoad {
  int trips = 1;
  int in_flight = 1;
  std::size_t answer_bytes = kSmallBytes;
  // Another process, perhaps one with a thread that computes all the while; or
  // a thread of this process.
  enum class Answerer { kProcess, kBusyProcess, kThread };
  Answerer answerer = Answerer::kProcess;
  Placement placement = Placement::kFree;  // Of two processes.
  // If set, and one is in flight: whether to ask again after so many answers.
  std::function<bool(int answers)> goes_on = nullptr;
};

// Sends 16 bytes and waits for the answer, `trips` times at most.
Run BareRoundTrips(Socket socket, const BareLoad& load);

enum class MessagesBy { kOneCallEach, kOneCallForAll };
struct BareFan {
  int trips = 1;
  int messages = 1;
  MessagesBy calls = MessagesBy::kOneCallEach;
};

// Sends as many messages of 16 bytes, `trips` times; each time counts from
// before the first one until the other process has read the last one.
Run BareFanOut(Socket socket, const BareFan& fan);

// If the command line asks for the answering side this plays it, and returns
// the exit code.
std::optional<int> PlayBareServer(int argc, char** argv);

// Computes, and tells how fast: the load that contenders get alike.
class Computation {
 public:
  // About a microsecond of it.
  void Step();
  std::uint64_t result() const { return state_; }

 private:
  std::uint64_t state_ = 1;
};

}  // namespace taskgraph::bench
