// SPDX-License-Identifier: Apache-2.0
#include "storm/proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "storm/host_network.h"
#include "storm/passing.h"
#include "storm/plan.h"

namespace taskgraph::storm {
namespace {

using Moment = Clock::time_point;

constexpr int kTickMs = 2;
constexpr auto kOrdersEvery = std::chrono::milliseconds(50);
constexpr std::size_t kHeldBytesMax = 4 << 20;  // Beyond it the sender waits.

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

ProxyOrders ReadOrders(const std::string& file) {
  ProxyOrders orders;
  std::ifstream stream(file);
  if (!(stream >> orders.delay_ms_max >> orders.break_every_ms)) return {};
  return orders;
}

int Socket() {
  const int fd =
      ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail("socket");
  return fd;
}

int Listen(int port) {
  const int fd = Socket();
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 ||
      ::listen(fd, 100) != 0) {
    Fail("listen");
  }
  return fd;
}

// One direction of a connection.
class Lane {
 public:
  Lane(int from, int to) : from_(from), to_(to) {}

  short WantsOfSource() const {
    return ended_ || held_bytes_ >= kHeldBytesMax ? 0 : POLLIN;
  }
  short WantsOfSink(Moment now) const {
    return !held_.empty() && held_.front().due <= now ? POLLOUT : 0;
  }
  void set_delay(int ms) { delay_ = std::chrono::milliseconds(ms); }

  // False: the connection is broken.
  bool Read(Moment now) {
    std::array<char, 65536> part;
    const auto count = ::read(from_, part.data(), part.size());
    if (count < 0) return errno == EAGAIN;
    ended_ = count == 0;
    held_bytes_ += static_cast<std::size_t>(count);
    // In their order: a stream stays one.
    if (!held_.empty()) now = std::max(now, held_.back().due - delay_);
    held_.push_back(
        {now + delay_, {part.data(), static_cast<std::size_t>(count)}});
    return true;
  }

  bool Write(Moment now) {
    while (!held_.empty() && held_.front().due <= now) {
      std::string& bytes = held_.front().bytes;
      if (bytes.empty()) {  // The end.
        ::shutdown(to_, SHUT_WR);
        done_ = true;
      } else {
        const auto count =
            ::send(to_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0) return errno == EAGAIN;
        held_bytes_ -= static_cast<std::size_t>(count);
        bytes.erase(0, static_cast<std::size_t>(count));
        if (!bytes.empty()) return true;
      }
      held_.pop_front();
    }
    return true;
  }

  bool done() const { return done_; }

 private:
  struct Part {
    Moment due;
    std::string bytes;  // Empty: the end.
  };

  int from_;
  int to_;
  std::chrono::milliseconds delay_{0};
  std::deque<Part> held_;
  std::size_t held_bytes_ = 0;
  bool ended_ = false;
  bool done_ = false;
};

class Carried {
 public:
  Carried(int near, int far)
      : near_(near), far_(far), there_(near, far), back_(far, near) {
    const int yes = 1;
    for (const int fd : {near, far}) {
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
  }
  // What has not been carried yet is lost, and both ends are told at once.
  ~Carried() {
    const linger at_once{1, 0};
    for (const int fd : {near_, far_}) {
      if (!IsOver()) {
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      }
      ::close(fd);
    }
  }
  Carried(const Carried&) = delete;
  Carried& operator=(const Carried&) = delete;

  void Slow(int delay_ms_max, Random& random) {
    there_.set_delay(random.Between(0, delay_ms_max));
    back_.set_delay(random.Between(0, delay_ms_max));
  }

  void Ask(Moment now, std::vector<pollfd>& polls) const {
    polls.push_back(
        {near_,
         static_cast<short>(there_.WantsOfSource() | back_.WantsOfSink(now)),
         0});
    polls.push_back(
        {far_,
         static_cast<short>(back_.WantsOfSource() | there_.WantsOfSink(now)),
         0});
  }
  // False: it is broken.
  bool Carry(Moment now, const pollfd& near, const pollfd& far) {
    if (((near.revents | far.revents) & POLLERR) != 0) return false;
    if ((near.revents & (POLLIN | POLLHUP)) != 0 && there_.WantsOfSource() &&
        !there_.Read(now)) {
      return false;
    }
    if ((far.revents & (POLLIN | POLLHUP)) != 0 && back_.WantsOfSource() &&
        !back_.Read(now)) {
      return false;
    }
    return (far.revents & POLLOUT) == 0 || there_.Write(now)
               ? (near.revents & POLLOUT) == 0 || back_.Write(now)
               : false;
  }
  bool IsOver() const { return there_.done() && back_.done(); }

 private:
  int near_;
  int far_;
  Lane there_;
  Lane back_;
};

class Proxy {
 public:
  Proxy(int port, std::string orders_file, std::uint64_t seed)
      : door_(Listen(port)),
        orders_file_(std::move(orders_file)),
        random_(seed) {}

  [[noreturn]] void Run() {
    while (true) Turn();
  }

 private:
  void Turn() {
    Moment now = Clock::now();
    std::vector<pollfd> polls = {{door_, POLLIN, 0}};
    for (const auto& one : carried_) one->Ask(now, polls);
    ::poll(polls.data(), polls.size(), delays_ ? kTickMs : 50);
    now = Clock::now();
    auto poll = polls.begin() + 1;
    for (auto one = carried_.begin(); one != carried_.end(); poll += 2) {
      const bool goes_on = (*one)->Carry(now, poll[0], poll[1]);
      one = goes_on && !(*one)->IsOver() ? std::next(one) : carried_.erase(one);
    }
    if ((polls[0].revents & POLLIN) != 0) Admit();
    Obey(now);
  }

  // To where it was going before it was diverted.
  void Admit() {
    const int near =
        ::accept4(door_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (near < 0) return;
    sockaddr_in target{};
    socklen_t size = sizeof target;
    ::getsockopt(near, SOL_IP, SO_ORIGINAL_DST, &target, &size);
    const int far = Socket();
    const int mark = HostNetwork::kProxyMark;
    if (::setsockopt(far, SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) {
      Fail("SO_MARK");
    }
    // How it comes out shows when it is used; what is written until then waits.
    (void)::connect(far, reinterpret_cast<sockaddr*>(&target), size);
    carried_.push_back(std::make_unique<Carried>(near, far));
    if (orders_.delay_ms_max > 0) {
      carried_.back()->Slow(orders_.delay_ms_max, random_);
    }
  }

  void Obey(Moment now) {
    if (now >= next_look_) {
      next_look_ = now + kOrdersEvery;
      const ProxyOrders before =
          std::exchange(orders_, ReadOrders(orders_file_));
      if (orders_.delay_ms_max != before.delay_ms_max) {
        for (auto& one : carried_) one->Slow(orders_.delay_ms_max, random_);
      }
      // What is held comes out after the delay has ended, too.
      delays_ = delays_ || orders_.delay_ms_max > 0;
    }
    if (orders_.break_every_ms == 0 || carried_.empty() || now < next_break_) {
      return;
    }
    const int pause = random_.Between(1, 2 * orders_.break_every_ms);
    next_break_ = now + std::chrono::milliseconds(pause);
    carried_.erase(
        std::next(carried_.begin(),
                  random_.Between(0, static_cast<int>(carried_.size()) - 1)));
  }

  int door_;
  std::string orders_file_;
  Random random_;
  ProxyOrders orders_;
  bool delays_ = false;
  Moment next_look_{};
  Moment next_break_{};
  std::list<std::unique_ptr<Carried>> carried_;
};

}  // namespace

void WriteOrders(const std::string& file, const ProxyOrders& orders) {
  const std::string draft = file + ".new";  // Never half of it is seen.
  std::ofstream(draft) << orders.delay_ms_max << ' ' << orders.break_every_ms;
  std::filesystem::rename(draft, file);
}

void RunProxy(int port, const std::string& orders_file, std::uint64_t seed) {
  Proxy(port, orders_file, seed).Run();
}

}  // namespace taskgraph::storm
