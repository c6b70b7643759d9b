// SPDX-License-Identifier: Apache-2.0
//
// What the transport costs above the sockets it uses: a round trip of 16 bytes,
// and transfers of 64 MiB, each beside a bare one by epoll over the same kind
// of socket, in turns, between two processes.
//
//   transport_pingpong [--quick]
#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "bare_sockets.h"
#include "measure.h"
#include "processes.h"
#include "transport/socket_transport.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;
using namespace taskgraph::transport;

constexpr char kBench[] = "transport_pingpong";
constexpr char kRole[] = "transport-server";

// One node; the frames that arrive are kept until taken.
class Side {
 public:
  explicit Side(NodeId self) {
    Options options;
    options.job = "bench";
    options.self = std::move(self);
    transport =
        MakeSocketTransport(reactor_, options, [this](transport::Event event) {
          if (auto* arrived = std::get_if<FrameArrived>(&event)) {
            arrived_.push_back(std::move(*arrived));
          } else if (std::holds_alternative<PeerBroken>(event)) {
            broken = true;
          }
        });
  }
  // False: the other side is gone.
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

// Answers every frame by one with a body of that size.
int PlayTransportServer(const Address& address, std::size_t body_bytes,
                        int ready) {
  Side side("server");
  const Address bound = side.transport->Listen(address).value();
  if (::write(ready, bound.data(), bound.size()) < 0) return 1;
  ::close(ready);
  const Payload body = Payload::Own(std::string(body_bytes, 'x'));
  FrameArrived asked;
  while (side.Next(asked)) {
    side.transport->Send(asked.from, {asked.frame.head, body});
  }
  return 0;
}

Run TransportRoundTrips(const Address& address, const BareLoad& load) {
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) Fail("no pipe");
  const std::size_t body =
      load.answer_bytes == kSmallBytes ? 0 : load.answer_bytes;
  Program server(
      {Self(), kRole, address, std::to_string(body), std::to_string(ready[1])},
      {.fd = ready[1]});
  ::close(ready[1]);
  char bound[200] = {};
  if (::read(ready[0], bound, sizeof bound - 1) <= 0) Fail("no server");
  ::close(ready[0]);
  Run run;
  {
    Side side("client");
    side.transport->SetAddresses("server", {bound});
    const auto begin = Clock::now();
    for (int i = 0; i < load.trips; ++i) {
      const auto start = Clock::now();
      side.transport->Send("server", {std::string(kSmallBytes, 'x'), {}});
      FrameArrived answer;
      if (!side.Next(answer)) Fail("the server is gone");
      run.times_us.push_back(MicrosecondsSince(start));
    }
    run.elapsed_us = MicrosecondsSince(begin);
  }
  server.Succeed();
  return run;
}

void Compare(Socket socket, const Address& address, const Plan& plan) {
  const BareLoad small{plan.Count(10000, 2000), 1, kSmallBytes};
  const BareLoad large{plan.Count(23, 10), 1, kLargeBytes};
  Contender bare, ours, bare_large, ours_large;
  for (int turn = 0; turn < plan.Count(5, 2); ++turn) {
    bare.Add(BareRoundTrips(socket, small));
    ours.Add(TransportRoundTrips(address, small));
    bare_large.Add(BareRoundTrips(socket, large));
    ours_large.Add(TransportRoundTrips(address, large));
  }
  Figure(kBench, Name(socket) + " 16 B")
      .Times("ours", ours)
      .Times("bare", bare)
      .With("p50_to_bare", P50Ratio(ours, bare))
      .Print();
  Figure(kBench, Name(socket) + " 64 MiB")
      .With("ours_GB_per_s", GigabytesPerSecond(ours_large, kLargeBytes))
      .With("bare_GB_per_s", GigabytesPerSecond(bare_large, kLargeBytes))
      .With("ours_p99_us", ours_large.Quantile(0.99))
      .With("bare_p99_us", bare_large.Quantile(0.99))
      .AtLeast("rate_to_bare",
               Ratio(bare_large.p50s_us(), ours_large.p50s_us()), 0.85)
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayBareServer(argc, argv)) return *code;
  if (argc == 5 && std::string_view(argv[1]) == kRole) {
    return PlayTransportServer(argv[2], std::stoul(argv[3]),
                               std::stoi(argv[4]));
  }
  const Plan plan = ReadPlan(argc, argv);
  const Folder folder;
  Compare(Socket::kTcp, "tcp:127.0.0.1:0", plan);
  Compare(Socket::kUnix, "unix:" + (folder / "transport.sock"), plan);
}
