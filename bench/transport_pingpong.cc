// SPDX-License-Identifier: Apache-2.0
//
// What the transport costs above the sockets it uses: a round trip of 16 bytes,
// and transfers of 64 MiB, each beside a bare one by epoll over the same kind
// of socket, in turns, between two processes.
//
//   transport_pingpong [round trips] [transfers], each in every one of 5 turns
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "transport/socket_transport.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::transport;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargeBytes = 64 << 20;

double MicrosecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start)
      .count();
}

double Quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * (values.size() - 1))];
}

// --- Bare sockets ---

// A connected pair over the loopback, as two processes would have it.
std::pair<int, int> TcpPair() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  ::listen(listener, 1);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const int a = ::socket(AF_INET, SOCK_STREAM, 0);
  ::connect(a, reinterpret_cast<sockaddr*>(&address), size);
  const int b = ::accept(listener, nullptr, nullptr);
  ::close(listener);
  const int one = 1;
  for (int fd : {a, b}) {
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  return {a, b};
}

std::pair<int, int> UnixPair() {
  int fds[2];
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
  return {fds[0], fds[1]};
}

// Reads and writes without blocking, and sleeps in epoll.
class Bare {
 public:
  explicit Bare(int fd) : fd_(fd), epoll_(::epoll_create1(0)) {
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
  // False: the other side is gone.
  bool Read(char* to, std::size_t size) { return Move(to, size, EPOLLIN); }
  bool Write(char* from, std::size_t size) {
    return Move(from, size, EPOLLOUT);
  }

 private:
  bool Move(char* bytes, std::size_t size, std::uint32_t direction) {
    bool wait = direction == EPOLLIN;
    while (size > 0) {
      if (wait) Wait(direction);
      const ssize_t moved = direction == EPOLLIN
                                ? ::recv(fd_, bytes, size, 0)
                                : ::send(fd_, bytes, size, MSG_NOSIGNAL);
      if (moved == 0 || (moved < 0 && errno != EAGAIN)) return false;
      wait = moved < static_cast<ssize_t>(size);
      if (moved < 0) continue;
      bytes += moved;
      size -= static_cast<std::size_t>(moved);
    }
    return true;
  }
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

// Runs `body` in a child, which ends with it.
template <typename Body>
pid_t Fork(Body body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  body();
  ::_exit(0);
}

std::vector<double> BareRoundTrips(std::pair<int, int> fds, int count) {
  const pid_t child = Fork([&] {
    Bare side(fds.second);
    ::close(fds.first);
    char bytes[16];
    while (side.Read(bytes, 16)) side.Write(bytes, 16);
  });
  ::close(fds.second);
  Bare side(fds.first);
  std::vector<double> times;
  char bytes[16] = {};
  for (int i = 0; i < count; ++i) {
    const auto start = Clock::now();
    side.Write(bytes, 16);
    side.Read(bytes, 16);
    times.push_back(MicrosecondsSince(start));
  }
  ::close(fds.first);
  ::waitpid(child, nullptr, 0);
  return times;
}

// Asks for `count` transfers, each into the same touched memory.
std::vector<double> BareTransfers(std::pair<int, int> fds, int count) {
  const pid_t child = Fork([&] {
    Bare side(fds.second);
    ::close(fds.first);
    std::vector<char> body(kLargeBytes, 'x');
    char bytes[16];
    while (side.Read(bytes, 16)) side.Write(body.data(), body.size());
  });
  ::close(fds.second);
  Bare side(fds.first);
  std::vector<char> body(kLargeBytes, 'y');
  std::vector<double> times;
  char bytes[16] = {};
  for (int i = 0; i < count; ++i) {
    const auto start = Clock::now();
    side.Write(bytes, 16);
    side.Read(body.data(), body.size());
    times.push_back(MicrosecondsSince(start));
  }
  ::close(fds.first);
  ::waitpid(child, nullptr, 0);
  return times;
}

// --- The transport ---

// One node; the frames that arrive are kept until taken.
class Side {
 public:
  explicit Side(NodeId self) {
    Options options;
    options.job = "bench";
    options.self = std::move(self);
    transport = MakeSocketTransport(reactor_, options, [this](Event event) {
      if (auto* arrived = std::get_if<FrameArrived>(&event)) {
        arrived_.push_back(std::move(*arrived));
      } else if (std::holds_alternative<PeerBroken>(event)) {
        broken = true;
      }
    });
  }
  bool Next(FrameArrived& frame) {
    while (arrived_.empty() && !broken) reactor_.Poll(Duration::max());
    if (arrived_.empty()) return false;
    frame = std::move(arrived_.back());
    arrived_.pop_back();
    return true;
  }

 private:
  Reactor reactor_;
  std::vector<FrameArrived> arrived_;

 public:
  std::unique_ptr<Transport> transport;
  bool broken = false;
};

// Answers every frame by one with `body`.
void Serve(const Address& address, const Payload& body, int ready) {
  Side side("server");
  const Address bound = side.transport->Listen(address).value();
  if (::write(ready, bound.data(), bound.size()) < 0) ::_exit(1);
  ::close(ready);
  FrameArrived asked;
  while (side.Next(asked)) {
    side.transport->Send(asked.from, {asked.frame.head, body});
  }
}

std::vector<double> TransportTimes(const Address& address, const Payload& body,
                                   int count) {
  int ready[2];
  if (::pipe(ready) != 0) std::abort();
  const pid_t child = Fork([&] { Serve(address, body, ready[1]); });
  char bound[200] = {};
  if (::read(ready[0], bound, sizeof bound - 1) <= 0) std::abort();
  ::close(ready[0]);
  ::close(ready[1]);
  std::vector<double> times;
  {
    Side side("client");
    side.transport->SetAddresses("server", {bound});
    for (int i = 0; i < count; ++i) {
      const auto start = Clock::now();
      side.transport->Send("server", {std::string(16, 'x'), {}});
      FrameArrived answer;
      if (!side.Next(answer)) std::abort();
      times.push_back(MicrosecondsSince(start));
    }
  }
  ::waitpid(child, nullptr, 0);
  return times;
}

void Append(std::vector<double>& all, std::vector<double> more) {
  // The first three meet cold caches and fresh pages, on either side.
  all.insert(all.end(), more.begin() + std::min<std::ptrdiff_t>(more.size(), 3),
             more.end());
}

void Compare(const char* name, std::pair<int, int> (*pair)(),
             const Address& address, int trips, int transfers) {
  std::vector<double> bare, ours, bare_large, ours_large;
  const Payload body = Payload::Own(std::string(kLargeBytes, 'x'));
  for (int turn = 0; turn < 5; ++turn) {
    Append(bare, BareRoundTrips(pair(), trips));
    Append(ours, TransportTimes(address, {}, trips));
    Append(bare_large, BareTransfers(pair(), transfers));
    Append(ours_large, TransportTimes(address, body, transfers));
  }
  const double raw = Quantile(bare, 0.5), own = Quantile(ours, 0.5);
  std::printf(
      "%s 16 B round trip: bare p50 %.1f p99 %.1f us, transport p50 %.1f p99 "
      "%.1f us, ratio %.2f\n",
      name, raw, Quantile(bare, 0.99), own, Quantile(ours, 0.99), own / raw);
  const double raw_rate = kLargeBytes / Quantile(bare_large, 0.5) / 1000;
  const double own_rate = kLargeBytes / Quantile(ours_large, 0.5) / 1000;
  std::printf("%s 64 MiB: bare %.2f GB/s, transport %.2f GB/s, ratio %.2f\n",
              name, raw_rate, own_rate, own_rate / raw_rate);
}

}  // namespace

int main(int argc, char** argv) {
  const int trips = std::max(10, argc > 1 ? std::atoi(argv[1]) : 10000);
  const int transfers = std::max(10, argc > 2 ? std::atoi(argv[2]) : 20);
  Compare("tcp ", TcpPair, "tcp:127.0.0.1:0", trips, transfers);
  const std::string path =
      "/tmp/transport_pingpong." + std::to_string(::getpid());
  Compare("unix", UnixPair, "unix:" + path, trips, transfers);
}
