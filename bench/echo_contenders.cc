// SPDX-License-Identifier: Apache-2.0
#include "echo_contenders.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "coordination/etcd/etcd_server.h"
#include "coordination/store_service.h"
#include "support/free_port.h"

namespace taskgraph::bench {
namespace {

using Arguments = std::vector<std::string>;

Arguments Joined(Arguments first, const Arguments& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

const std::string& Coordinator() {
  static coordination::StoreService store;
  static const auto server = coordination::EtcdServer::Start(store, {});
  if (!server) Fail(server.error().message);
  return (*server)->endpoints()[0];
}

std::string FreeAddress(Socket socket, const Folder& folder) {
  if (socket == Socket::kUnix) return "unix:" + (folder / "echo.sock");
  return "127.0.0.1:" + std::to_string(test::FreePort());
}

// Returns when it serves: it says so on its stdout.
Program StartServer(const std::string& program, const std::string& address,
                    Placement placement) {
  const Placed there(placement, Side::kAnswers);
  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) Fail("no pipe");
  const int out = ::dup(STDOUT_FILENO);
  ::dup2(ready[1], STDOUT_FILENO);
  Program server({program, "serve", address});
  ::dup2(out, STDOUT_FILENO);
  ::close(out);
  ::close(ready[1]);
  char byte;
  if (::read(ready[0], &byte, 1) != 1) Fail(program + " does not serve");
  ::close(ready[0]);
  return server;
}

}  // namespace

Run Ours(Socket socket, const EchoLoad& load, const Folder& folder,
         Placement placement) {
  static int jobs = 0;
  const Arguments member = {
      "--coordinator=" + Coordinator(), "--name=echo-" + std::to_string(++jobs),
      load.computing ? "--tasks=3" : "--tasks=2", "--log-level=error"};
  const auto node = [&](const std::string& name) -> Arguments {
    const std::string address =
        socket == Socket::kTcp ? "tcp:127.0.0.1:0" : "unix:" + (folder / name);
    return Joined({Self(), "node", "--slots=2", "--listen=" + address,
                   "--busy-poll=" + load.busy_poll},
                  member);
  };
  const Placed here(placement, Side::kAsks);
  Program controller(
      Joined({Self(), "controller", "--nodes-expected=2", Setting("apart", 1)},
             Joined(member, Settings(load, folder / "ours"))));
  Program one(node("one.sock"));
  const Placed there(placement, Side::kAnswers);
  Program other(node("other.sock"));
  for (Program* program : {&controller, &one, &other}) program->Succeed();
  return Run::Load(folder / "ours");
}

Run OursWithin(const EchoLoad& load, const Folder& folder) {
  RunJob(Joined({"--nodes=0"}, Settings(load, folder / "ours")));
  return Run::Load(folder / "ours");
}

bool HasCaf() {
#ifdef TASKGRAPH_BENCH_CAF
  return true;
#else
  return false;
#endif
}

EchoServer::EchoServer(std::string program, Socket socket, const Folder& folder,
                       Placement placement)
    : folder_(folder),
      program_(std::move(program)),
      address_(FreeAddress(socket, folder)),
      placement_(placement),
      server_(StartServer(program_, address_, placement)) {}

Run EchoServer::Call(const EchoLoad& load) const {
  return Ask("call", load.trips, static_cast<std::size_t>(load.in_flight));
}

Run EchoServer::Fetch(const EchoLoad& load) const {
  return Ask("fetch", load.trips, load.answer_bytes);
}

Run EchoServer::Ask(const std::string& how, int trips,
                    std::size_t measure) const {
  const Placed here(placement_, Side::kAsks);
  Program({program_, how, address_, std::to_string(trips),
           std::to_string(measure), folder_ / program_})
      .Succeed();
  return Run::Load(folder_ / program_);
}

Run Within(const std::string& program, const EchoLoad& load,
           const Folder& folder) {
  Program({program, "within", std::to_string(load.trips),
           std::to_string(load.in_flight), folder / program})
      .Succeed();
  return Run::Load(folder / program);
}

}  // namespace taskgraph::bench
