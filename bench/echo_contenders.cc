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

Run RunOurs(const EchoLoad& load, std::vector<std::string> arguments,
            const Folder& folder) {
  for (std::string& setting : Settings(load, folder / "ours")) {
    arguments.push_back(std::move(setting));
  }
  RunJob(std::move(arguments));
  return Run::Load(folder / "ours");
}

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

std::string FreeAddress(Socket socket, const Folder& folder) {
  if (socket == Socket::kUnix) return "unix:" + (folder / "echo.sock");
  return "127.0.0.1:" + std::to_string(test::FreePort());
}

// Returns when it serves: it says so on its stdout.
Program StartServer(const std::string& program, const std::string& address) {
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

Run Ours(Socket socket, const EchoLoad& load, int tasks, const Folder& folder) {
  if (socket == Socket::kTcp) return OursByTcp(load, tasks, folder);
  return RunOurs(load, {"--nodes=2", "--tasks=" + std::to_string(tasks)},
                 folder);
}

Run OursWithin(const EchoLoad& load, const Folder& folder) {
  return RunOurs(load, {"--nodes=0"}, folder);
}

bool HasCaf() {
#ifdef TASKGRAPH_BENCH_CAF
  return true;
#else
  return false;
#endif
}

EchoServer::EchoServer(std::string program, Socket socket, const Folder& folder)
    : folder_(folder),
      program_(std::move(program)),
      address_(FreeAddress(socket, folder)),
      server_(StartServer(program_, address_)) {}

Run EchoServer::Call(const EchoLoad& load) const {
  return Ask("call", load.trips, static_cast<std::size_t>(load.in_flight));
}

Run EchoServer::Fetch(const EchoLoad& load) const {
  return Ask("fetch", load.trips, load.answer_bytes);
}

Run EchoServer::Ask(const std::string& how, int trips,
                    std::size_t measure) const {
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
