// SPDX-License-Identifier: Apache-2.0
//
// What a small data request costs: from one task to another in another process,
// beside the bare socket that it goes through and beside gRPC; between two
// tasks of one process; and while a third task of the asked process computes.
//
//   request_latency [--quick]
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "bare_sockets.h"
#include "coordination/etcd/etcd_server.h"
#include "coordination/store_service.h"
#include "echo_job.h"
#include "measure.h"
#include "processes.h"
#include "support/free_port.h"

namespace {

using namespace taskgraph;
using namespace taskgraph::bench;

constexpr char kBench[] = "request_latency";
constexpr int kTurns = 5;

// --- Contenders ---

// Two nodes on this machine, over Unix sockets; `run` starts them. With a third
// task, both nodes have room for two.
Run OursByUnix(const EchoLoad& load, int tasks, const Folder& folder) {
  std::vector<std::string> arguments = Settings(load, folder / "ours");
  arguments.push_back("--nodes=2");
  arguments.push_back("--tasks=" + std::to_string(tasks));
  RunJob(arguments);
  return Run::Load(folder / "ours");
}

// `run` would take Unix sockets; so nodes and controller are started by hand,
// and coordinated by an embedded server of this process.
Run OursByTcp(const EchoLoad& load, int tasks, const Folder& folder) {
  static coordination::StoreService store;
  static const auto server = coordination::EtcdServer::Start(store, {});
  static int jobs = 0;
  if (!server) Fail(server.error().message);
  const std::vector<std::string> member = {
      "--coordinator=" + (*server)->endpoints()[0],
      "--name=tcp-" + std::to_string(++jobs), "--listen=tcp:127.0.0.1:0",
      "--log-level=error"};
  std::vector<std::string> controller = {Self(), "controller",
                                         "--nodes-expected=2",
                                         "--tasks=" + std::to_string(tasks)};
  std::vector<std::string> node = {Self(), "node", "--slots=2",
                                   "--tasks=" + std::to_string(tasks)};
  controller.insert(controller.end(), member.begin(), member.end());
  node.insert(node.end(), member.begin(), member.end());
  for (std::string& setting : Settings(load, folder / "ours")) {
    controller.push_back(std::move(setting));
  }
  Program first(controller), second(node), third(node);
  for (Program* program : {&first, &second, &third}) program->Succeed();
  return Run::Load(folder / "ours");
}

Run Ours(Socket socket, const EchoLoad& load, int tasks, const Folder& folder) {
  return socket == Socket::kTcp ? OursByTcp(load, tasks, folder)
                                : OursByUnix(load, tasks, folder);
}

// A gRPC server that is there for all turns.
class Grpc {
 public:
  explicit Grpc(Socket socket, const Folder& folder)
      : folder_(folder), address_(Address(socket)), server_(Start()) {}

  Run Measure(const EchoLoad& load) {
    Program({"grpc_echo", "call", address_, std::to_string(load.trips),
             std::to_string(load.in_flight), folder_ / "grpc"})
        .Succeed();
    return Run::Load(folder_ / "grpc");
  }

 private:
  std::string Address(Socket socket) const {
    if (socket == Socket::kUnix) return "unix:" + (folder_ / "grpc.sock");
    return "127.0.0.1:" + std::to_string(test::FreePort());
  }

  // Returns when it serves: it says so on its stdout.
  Program Start() {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) Fail("no pipe");
    const int out = ::dup(STDOUT_FILENO);
    ::dup2(ready[1], STDOUT_FILENO);
    Program server({"grpc_echo", "serve", address_});
    ::dup2(out, STDOUT_FILENO);
    ::close(out);
    ::close(ready[1]);
    char byte;
    if (::read(ready[0], &byte, 1) != 1) Fail("grpc_echo does not serve");
    ::close(ready[0]);
    return server;
  }

  const Folder& folder_;
  std::string address_;
  Program server_;
};

// --- Comparisons ---

void Compare(Socket socket, int in_flight, const Plan& plan) {
  const Folder folder;
  Grpc grpc(socket, folder);
  const int trips = plan.Count(in_flight == 1 ? 4000 : 40000, 1000);
  EchoLoad load;
  load.trips = trips;
  load.in_flight = in_flight;
  Contender ours, bare, rpc;
  for (int turn = 0; turn < plan.Count(kTurns, 2); ++turn) {
    bare.Add(BareRoundTrips(socket, {trips, in_flight}));
    ours.Add(Ours(socket, load, 2, folder));
    rpc.Add(grpc.Measure(load));
  }
  Figure figure(kBench, Name(socket) + " 16 B, " + std::to_string(in_flight) +
                            " in flight");
  figure.Times("ours", ours).Times("bare", bare).Times("grpc", rpc);
  if (in_flight == 1) {
    figure.AtMost("p50_to_bare", ours.Quantile(0.5) / bare.Quantile(0.5), 1.5);
    figure.AtMost("p50_to_grpc", ours.Quantile(0.5) / rpc.Quantile(0.5), 0.6);
  } else {
    figure.With("rate_to_bare", ours.PerSecond() / bare.PerSecond());
    figure.AtLeast("rate_to_grpc", ours.PerSecond() / rpc.PerSecond(), 3);
  }
  figure.Print();
}

// A spike: the asked process computes all the while, in a task's callback or,
// bare, in a thread. Also without the load, to tell what it does to either.
void CompareLoaded(Socket socket, const Plan& plan) {
  const Folder folder;
  EchoLoad load;
  load.trips = plan.Count(1'200'000, 3000);  // About half a minute.
  const int turns = plan.Count(20, 1);
  Contender ours, bare;
  for (int turn = 0; turn < turns; ++turn) {
    bare.Add(
        BareRoundTrips(socket, {load.trips / turns, 1, kSmallBytes, true}));
    EchoLoad part = load;
    part.trips /= turns;
    ours.Add(Ours(socket, part, 3, folder));
  }
  Figure(kBench, Name(socket) + " 16 B, a task beside the asked one computes")
      .Times("ours", ours)
      .Times("bare", bare)
      .With("seconds",
            (ours.PerSecond() > 0 ? load.trips / ours.PerSecond() : 0))
      .With("ours_max_us", ours.Max())
      .With("bare_max_us", bare.Max())
      .AtMost("p50_to_bare", ours.Quantile(0.5) / bare.Quantile(0.5), 1.5)
      .Print();
}

void OneProcess(const Plan& plan) {
  const Folder folder;
  EchoLoad load;
  for (const int in_flight : {1, 64}) {
    load.trips = plan.Count(200'000, 20'000);
    load.in_flight = in_flight;
    Contender ours;
    for (int turn = 0; turn < plan.Count(kTurns, 2); ++turn) {
      std::vector<std::string> arguments = Settings(load, folder / "ours");
      arguments.push_back("--nodes=0");
      RunJob(arguments);
      ours.Add(Run::Load(folder / "ours"));
    }
    Figure figure(kBench,
                  "one process, " + std::to_string(in_flight) + " in flight");
    figure.Times("ours", ours);
    if (in_flight == 1) {
      figure.AtMost("p50_us", ours.Quantile(0.5), 5);
      figure.AtMost("payloads_copied", ours.remark(), 0);
    }
    figure.Print();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayBareServer(argc, argv)) return *code;
  if (const auto code = PlayRole(EchoJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  for (const Socket socket : {Socket::kUnix, Socket::kTcp}) {
    for (const int in_flight : {1, 64}) Compare(socket, in_flight, plan);
  }
  OneProcess(plan);
  CompareLoaded(Socket::kUnix, plan);
  CompareLoaded(Socket::kTcp, plan);
}
