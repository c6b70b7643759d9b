// SPDX-License-Identifier: Apache-2.0
#include "bare_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "processes.h"

namespace taskgraph::bench {
namespace {

constexpr char kRole[] = "bare-server";
constexpr char kStamperRole[] = "bare-stamper";

std::pair<int, int> TcpPair() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  (void)::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listener, 1);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const int a = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)::connect(a, reinterpret_cast<sockaddr*>(&address), size);
  const int b = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  ::close(listener);
  const int one = 1;
  for (const int fd : {a, b}) {
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  return {a, b};
}

std::pair<int, int> Pair(Socket socket) {
  if (socket == Socket::kTcp) return TcpPair();
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    Fail("cannot make a pair of sockets");
  }
  return {fds[0], fds[1]};
}

// Reads and writes without blocking, and sleeps in epoll.
class Bare {
 public:
  explicit Bare(int fd) : fd_(fd), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
  ~Bare() {
    ::close(fd_);
    ::close(epoll_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  // Waits for something to read, and reads it. 0: the other side is gone.
  std::size_t ReadSome(char* to, std::size_t size) {
    while (true) {
      Wait(EPOLLIN);
      const ssize_t count = ::recv(fd_, to, size, 0);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EAGAIN) return 0;
    }
  }
  // False: the other side is gone.
  bool Read(char* to, std::size_t size) {
    while (size > 0) {
      const std::size_t count = ReadSome(to, size);
      if (count == 0) return false;
      to += count;
      size -= count;
    }
    return true;
  }
  bool Write(const char* from, std::size_t size) {
    while (size > 0) {
      const ssize_t count = ::send(fd_, from, size, MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN) return false;
      if (count < 0) {
        Wait(EPOLLOUT);
        continue;
      }
      from += count;
      size -= static_cast<std::size_t>(count);
    }
    return true;
  }

 private:
  void Wait(std::uint32_t direction) {
    epoll_event event{};
    if (direction != waits_for_) {
      event.events = waits_for_ = direction;
      ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event);
    }
    ::epoll_wait(epoll_, &event, 1, -1);
  }

  int fd_;
  int epoll_;
  std::uint32_t waits_for_ = EPOLLIN;
};

// One question at a time.
Run AskInTurn(Bare& side, const BareLoad& load) {
  std::vector<char> answer(load.answer_bytes, 'y');
  const char question[kSmallBytes] = {};
  Run run;
  run.times_us.reserve(std::min(load.trips, 1 << 20));
  const auto begin = Clock::now();
  for (int i = 0; i < load.trips && (!load.goes_on || load.goes_on(i)); ++i) {
    const auto start = Clock::now();
    side.Write(question, sizeof question);
    if (!side.Read(answer.data(), answer.size())) Fail("bare server is gone");
    run.times_us.push_back(MicrosecondsSince(start));
  }
  run.elapsed_us = MicrosecondsSince(begin);
  return run;
}

// Several at a time: whenever some are answered as many are asked anew, with
// one system call for all.
Run AskAhead(Bare& side, const BareLoad& load) {
  const auto window = static_cast<std::size_t>(load.in_flight) * kSmallBytes;
  const auto all = static_cast<std::size_t>(load.trips) * kSmallBytes;
  std::vector<char> bytes(window);
  std::deque<Clock::time_point> asked;
  Run run;
  const auto begin = Clock::now();
  std::size_t sent = 0, received = 0, want = window;
  while (received < all) {
    want = std::min(want, all - sent);
    for (std::size_t i = sent / kSmallBytes; i < (sent + want) / kSmallBytes;
         ++i) {
      asked.push_back(Clock::now());
    }
    if (want > 0) side.Write(bytes.data(), want);
    sent += want;
    want = side.ReadSome(bytes.data(), window);
    if (want == 0) Fail("bare server is gone");
    const std::size_t before = received / kSmallBytes;
    received += want;
    for (std::size_t i = before; i < received / kSmallBytes; ++i) {
      run.times_us.push_back(MicrosecondsSince(asked.front()));
      asked.pop_front();
    }
  }
  run.elapsed_us = MicrosecondsSince(begin);
  return run;
}

// Hangs up at the end.
Run Ask(int fd, const BareLoad& load) {
  Bare side(fd);
  return load.in_flight == 1 ? AskInTurn(side, load) : AskAhead(side, load);
}

void Answer(Bare& side, std::size_t answer_bytes) {
  std::vector<char> question(answer_bytes == kSmallBytes ? 4096 : kSmallBytes);
  const std::vector<char> answer(answer_bytes, 'x');
  while (true) {
    const std::size_t count = side.ReadSome(question.data(), question.size());
    if (count == 0) return;
    // Small ones are an echo, as many as came; a large one answers 16 bytes.
    const bool sent = answer_bytes == kSmallBytes
                          ? side.Write(question.data(), count)
                          : side.Write(answer.data(), answer.size());
    if (!sent) return;
  }
}

Program StartAnswerer(int fd, const BareLoad& load) {
  const Placed there(load.placement, Side::kAnswers);
  const bool busy = load.answerer == BareLoad::Answerer::kBusyProcess;
  return Program(
      {Self(), kRole, std::to_string(fd), std::to_string(load.answer_bytes),
       busy ? "computing" : "idle"},
      {.fd = fd});
}

// Answers so many bytes with the time at which it has read them.
void Stamp(int fd, std::size_t bytes) {
  Bare side(fd);
  std::vector<char> messages(bytes);
  while (side.Read(messages.data(), bytes)) {
    const std::int64_t now = NowNs();
    side.Write(reinterpret_cast<const char*>(&now), sizeof now);
  }
}

}  // namespace

std::string Name(Socket socket) {
  return socket == Socket::kTcp ? "tcp" : "unix";
}

Run BareRoundTrips(Socket socket, const BareLoad& load) {
  const auto [ours, theirs] = Pair(socket);
  if (load.answerer == BareLoad::Answerer::kThread) {
    std::thread answerer([end = theirs, bytes = load.answer_bytes] {
      Bare side(end);
      Answer(side, bytes);
    });
    Run run = Ask(ours, load);
    answerer.join();
    return run;
  }
  Program server = StartAnswerer(theirs, load);
  ::close(theirs);
  const Placed here(load.placement, Side::kAsks);
  Run run = Ask(ours, load);
  server.Succeed();
  return run;
}

Run BareFanOut(Socket socket, const BareFan& fan) {
  const auto [ours, theirs] = Pair(socket);
  Program server({Self(), kStamperRole, std::to_string(theirs),
                  std::to_string(fan.messages)},
                 {.fd = theirs});
  ::close(theirs);
  const auto all = static_cast<std::size_t>(fan.messages) * kSmallBytes;
  const std::size_t part =
      fan.calls == MessagesBy::kOneCallForAll ? all : kSmallBytes;
  const std::vector<char> bytes(all, 'x');
  Run run;
  {
    Bare side(ours);
    const std::int64_t begin = NowNs();
    for (int i = 0; i < fan.trips; ++i) {
      const std::int64_t start = NowNs();
      for (std::size_t at = 0; at < all; at += part) {
        side.Write(bytes.data() + at, part);
      }
      std::int64_t read_ns = 0;
      if (!side.Read(reinterpret_cast<char*>(&read_ns), sizeof read_ns)) {
        Fail("bare server is gone");
      }
      run.times_us.push_back(static_cast<double>(read_ns - start) / 1e3);
    }
    run.elapsed_us = static_cast<double>(NowNs() - begin) / 1e3;
  }
  server.Succeed();
  return run;
}

std::optional<int> PlayBareServer(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == kStamperRole) {
    Stamp(std::stoi(argv[2]), std::stoul(argv[3]) * kSmallBytes);
    return 0;
  }
  if (argc != 5 || std::string_view(argv[1]) != kRole) return {};
  const bool computing = std::string_view(argv[4]) == "computing";
  std::atomic<bool> done{false};
  std::thread load([&] {
    Computation computation;
    while (computing && !done) computation.Step();
  });
  {
    Bare side(std::stoi(argv[2]));
    Answer(side, std::stoul(argv[3]));
  }
  done = true;
  load.join();
  return 0;
}

void Computation::Step() {
  for (int i = 0; i < 256; ++i) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(state_));  // Or the compiler would see through it.
  }
}

}  // namespace taskgraph::bench
