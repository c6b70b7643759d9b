// SPDX-License-Identifier: Apache-2.0
//
// Requests of 16 bytes from one CAF actor to another, between two processes or
// within one; figures that ours are compared with. A program of its own, so
// that nothing else here knows CAF.
//
//   caf_echo serve HOST:PORT             writes a byte to stdout when it serves
//   caf_echo call HOST:PORT TRIPS IN_FLIGHT FILE        writes a Run to FILE
//   caf_echo within TRIPS IN_FLIGHT FILE
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "measure.h"

namespace {

using namespace taskgraph::bench;

// 16 bytes of the simplest kind: the first number comes back as it was.
caf::behavior Echo() {
  return {[](std::uint64_t stamp, std::uint64_t rest) {
    return caf::make_message(stamp, rest);
  }};
}

struct Load {
  std::size_t trips;
  int in_flight;
  std::string report;
};

// Asks over and over, `in_flight` at a time, from within the answers' handlers.
class Asker : public caf::event_based_actor {
 public:
  Asker(caf::actor_config& config, caf::actor server, Load load)
      : caf::event_based_actor(config),
        server_(std::move(server)),
        load_(std::move(load)) {
    run_.times_us.reserve(load_.trips);
  }

  caf::behavior make_behavior() override {
    start_ns_ = NowNs();
    for (int i = 0; i < load_.in_flight; ++i) Ask();
    return {[](caf::unit_t) {}};  // It waits for answers only.
  }

 private:
  void Ask() {
    if (asked_ == load_.trips) return;
    ++asked_;
    request(server_, caf::infinite, static_cast<std::uint64_t>(NowNs()),
            std::uint64_t{0})
        .then([this](std::uint64_t asked_ns, std::uint64_t) {
          Answered(static_cast<std::int64_t>(asked_ns));
        });
  }

  void Answered(std::int64_t asked_ns) {
    const std::int64_t now = NowNs();
    run_.times_us.push_back(static_cast<double>(now - asked_ns) / 1e3);
    if (run_.times_us.size() < load_.trips) return Ask();
    run_.elapsed_us = static_cast<double>(now - start_ns_) / 1e3;
    run_.Save(load_.report);
    quit();
  }

  caf::actor server_;
  const Load load_;
  std::size_t asked_ = 0;
  std::int64_t start_ns_ = 0;
  Run run_;
};

std::uint16_t PortOf(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  return static_cast<std::uint16_t>(
      std::strtoul(address.c_str() + colon + 1, nullptr, 10));
}
std::string HostOf(const std::string& address) {
  return address.substr(0, address.rfind(':'));
}

int Serve(caf::actor_system& system, const std::string& address) {
  const caf::actor server = system.spawn(Echo);
  const auto port = system.middleman().publish(server, PortOf(address),
                                               HostOf(address).c_str());
  if (!port || ::write(STDOUT_FILENO, "+", 1) != 1) return 1;
  system.await_all_actors_done();  // Until it is killed.
  return 0;
}

int Call(caf::actor_system& system, const std::string& address, Load load) {
  const auto server =
      system.middleman().remote_actor(HostOf(address), PortOf(address));
  if (!server) Fail("no CAF server at " + address);
  system.spawn<Asker>(*server, std::move(load));
  return 0;  // The system waits for its actors.
}

int WithinOne(caf::actor_system& system, Load load) {
  const caf::actor server = system.spawn(Echo);
  caf::scoped_actor waiter(system);
  waiter->wait_for(system.spawn<Asker>(server, std::move(load)));
  waiter->send_exit(server, caf::exit_reason::user_shutdown);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string role = words.empty() ? "" : words[0];
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  caf::actor_system system(config);
  const auto load = [&](std::size_t at) {
    return Load{std::stoul(words[at]), std::stoi(words[at + 1]), words[at + 2]};
  };
  if (role == "serve" && words.size() == 2) return Serve(system, words[1]);
  if (role == "call" && words.size() == 5) {
    return Call(system, words[1], load(2));
  }
  if (role == "within" && words.size() == 4) return WithinOne(system, load(1));
  std::fprintf(stderr, "usage: caf_echo serve|call HOST:PORT ... | within\n");
  return 2;
}
