// SPDX-License-Identifier: Apache-2.0
//
// What a small data request costs: from one task to another in another process,
// beside the bare socket that it goes through, gRPC and CAF, wherever the
// system puts them and with the same processors for all; the same between two
// tasks of one process; and while a third task of the asked process computes.
//
//   request_latency [--quick]
#include <optional>
#include <string>

#include "bare_sockets.h"
#include "echo_contenders.h"
#include "echo_job.h"
#include "measure.h"
#include "processes.h"

namespace {

using namespace taskgraph::bench;

constexpr char kBench[] = "request_latency";
constexpr char kWithin[] = "one process";
constexpr int kTurns = 5;
constexpr char kBusyPoll[] = "50us";

std::string Flight(int in_flight) {
  return " 16 B, " + std::to_string(in_flight) + " in flight";
}

// All turns of all contenders for one kind of request.
class Comparison {
 public:
  Contender ours, bare, grpc, caf;

  void Print(const std::string& name, int in_flight) const {
    Figure figure(kBench, name);
    figure.Times("ours", ours).Times("bare", bare).Times("grpc", grpc);
    const bool has_caf = !caf.rates().empty();
    if (has_caf) figure.Times("caf", caf);
    const bool within = name.starts_with(kWithin);
    if (in_flight == 1) {
      Tell(figure, "p50_to_bare", P50Ratio(ours, bare), within ? 0 : 1.5);
      Tell(figure, "p50_to_grpc", P50Ratio(ours, grpc), within ? 0 : 0.6);
      if (has_caf) figure.With("p50_to_caf", P50Ratio(ours, caf));
    } else {
      figure.With("rate_to_bare", RateRatio(ours, bare));
      figure.AtLeast("rate_to_grpc", RateRatio(ours, grpc), 3);
      if (has_caf) figure.With("rate_to_caf", RateRatio(ours, caf));
    }
    if (within && in_flight == 1) {
      figure.AtMost("p50_us", ours.Quantile(0.5), 5);
      figure.AtMost("payloads_copied", ours.remark(), 0);
    }
    figure.Print();
  }

 private:
  // 0: no bound.
  static void Tell(Figure& figure, const char* key, const Spread& ratio,
                   double bound) {
    if (bound > 0) {
      figure.AtMost(key, ratio, bound);
    } else {
      figure.With(key, ratio);
    }
  }
};

// CAF speaks by TCP only.
void Compare(Socket socket, int in_flight, Placement placement,
             const Plan& plan) {
  const Folder folder;
  const EchoServer grpc(kGrpc, socket, folder, placement);
  std::optional<EchoServer> caf;
  if (HasCaf() && socket == Socket::kTcp) {
    caf.emplace(kCaf, socket, folder, placement);
  }
  EchoLoad load;
  load.trips = plan.Count(in_flight == 1 ? 4000 : 40000, 1000);
  load.in_flight = in_flight;
  Comparison all;
  for (int turn = 0; turn < plan.Count(kTurns, 2); ++turn) {
    all.bare.Add(BareRoundTrips(
        socket,
        {.trips = load.trips, .in_flight = in_flight, .placement = placement}));
    all.ours.Add(Ours(socket, load, folder, placement));
    all.grpc.Add(grpc.Call(load));
    if (caf) all.caf.Add(caf->Call(load));
  }
  all.Print(Name(socket) + Flight(in_flight) + Suffix(placement), in_flight);
}

// Nodes that look out for messages before they sleep, and nodes that do not:
// how fast, and how much of a processor the asking one takes for it.
void CompareBusyPolling(Socket socket, const Plan& plan) {
  const Folder folder;
  EchoLoad load;
  load.trips = plan.Count(20'000, 1000);
  EchoLoad busy = load;
  busy.busy_poll = kBusyPoll;
  Contender polling, sleeping, bare;
  for (int turn = 0; turn < plan.Count(kTurns, 2); ++turn) {
    bare.Add(BareRoundTrips(socket, {.trips = load.trips}));
    polling.Add(Ours(socket, busy, folder));
    sleeping.Add(Ours(socket, load, folder));
  }
  Figure(kBench, Name(socket) + Flight(1) + ", --busy-poll=" + kBusyPoll)
      .Times("polling", polling)
      .Times("sleeping", sleeping)
      .Times("bare", bare)
      .With("polling_processors", polling.processors())
      .With("sleeping_processors", sleeping.processors())
      .With("p50_to_sleeping", P50Ratio(polling, sleeping))
      .With("p50_to_bare", P50Ratio(polling, bare))
      .Print();
}

// A spike: the asked process computes all the while, in a task's callback or,
// bare, in a thread. Also without the load, to tell what it does to either.
void CompareLoaded(Socket socket, const Plan& plan) {
  const Folder folder;
  EchoLoad load;
  load.trips = plan.Count(1'200'000, 3000);  // About half a minute.
  load.computing = true;
  const int turns = plan.Count(20, 1);
  Contender ours, bare;
  for (int turn = 0; turn < turns; ++turn) {
    bare.Add(BareRoundTrips(socket, {load.trips / turns, 1, kSmallBytes,
                                     BareLoad::Answerer::kBusyProcess}));
    EchoLoad part = load;
    part.trips /= turns;
    ours.Add(Ours(socket, part, folder));
  }
  Figure(kBench, Name(socket) + " 16 B, a task beside the asked one computes")
      .Times("ours", ours)
      .Times("bare", bare)
      .With("seconds",
            (ours.PerSecond() > 0 ? load.trips / ours.PerSecond() : 0))
      .With("ours_max_us", ours.Max())
      .With("bare_max_us", bare.Max())
      .AtMost("p50_to_bare", P50Ratio(ours, bare), 1.5)
      .Print();
}

// A bare socket between two threads stands for what waking somebody costs.
void CompareWithin(int in_flight, const Plan& plan) {
  const Folder folder;
  EchoLoad load;
  load.trips = plan.Count(200'000, 20'000);
  load.in_flight = in_flight;
  EchoLoad fewer = load;
  fewer.trips = plan.Count(20'000, 2'000);
  BareLoad bare{fewer.trips, in_flight};
  bare.answerer = BareLoad::Answerer::kThread;
  Comparison all;
  for (int turn = 0; turn < plan.Count(kTurns, 2); ++turn) {
    all.bare.Add(BareRoundTrips(Socket::kUnix, bare));
    all.ours.Add(OursWithin(load, folder));
    all.grpc.Add(Within(kGrpc, fewer, folder));
    if (HasCaf()) all.caf.Add(Within(kCaf, load, folder));
  }
  all.Print(kWithin + Flight(in_flight), in_flight);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayBareServer(argc, argv)) return *code;
  if (const auto code = PlayRole(EchoJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  for (const Socket socket : {Socket::kUnix, Socket::kTcp}) {
    for (const int in_flight : {1, 64}) {
      Compare(socket, in_flight, Placement::kFree, plan);
    }
    for (const Placement placement :
         {Placement::kOneForAll, Placement::kOneEach}) {
      if (IsPossible(placement)) Compare(socket, 1, placement, plan);
    }
    CompareBusyPolling(socket, plan);
  }
  for (const int in_flight : {1, 64}) CompareWithin(in_flight, plan);
  CompareLoaded(Socket::kUnix, plan);
  CompareLoaded(Socket::kTcp, plan);
}
