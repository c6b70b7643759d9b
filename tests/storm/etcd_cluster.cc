// SPDX-License-Identifier: Apache-2.0
#include "storm/etcd_cluster.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "storm/passing.h"
#include "support/free_port.h"

namespace taskgraph::storm {
namespace {

using Json = nlohmann::json;

constexpr int kPortsTried = 5;  // Somebody else may be faster.

constexpr char kRoot[] = "root:cellar";

std::string UrlOf(const EtcdSeat& seat, int port) {
  return (seat.tls.empty() ? "http://" : "https://") + seat.address + ":" +
         std::to_string(port);
}

// Among themselves they are plain.
std::string PeerUrlOf(const EtcdSeat& seat, int port) {
  return "http://" + seat.address + ":" + std::to_string(port);
}

std::string NameOf(std::size_t member) { return "m" + std::to_string(member); }

}  // namespace

test::CommandOutcome Etcdctl(const EtcdAddress& address,
                             const std::vector<std::string>& arguments,
                             const std::function<void()>& see_to) {
  std::vector<std::string> line = address.entrance;
  line.insert(line.end(),
              {test::Tool("etcdctl"), "--endpoints=" + address.endpoints,
               "--dial-timeout=1s", "--command-timeout=2s"});
  if (!address.tls.empty()) {
    line.insert(line.end(), {"--cert=" + address.tls.certificate,
                             "--key=" + address.tls.key,
                             "--cacert=" + address.tls.authority});
  }
  if (!address.user.empty()) line.push_back("--user=" + address.user);
  line.insert(line.end(), arguments.begin(), arguments.end());
  // A file without a name takes what it says.
  const int file = ::memfd_create("etcdctl", MFD_CLOEXEC);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  test::Program program(
      line, {.output = path, .errors = path, .environment = {"ETCDCTL_API=3"}});
  while (!program.HasEnded()) {
    Pass(2);
    see_to();
  }
  test::CommandOutcome outcome;
  outcome.exit_code = program.Wait();
  std::ifstream said(path, std::ios::binary);
  outcome.output.assign(std::istreambuf_iterator<char>(said), {});
  ::close(file);
  return outcome;
}

EtcdCluster::EtcdCluster(std::string folder, std::vector<EtcdSeat> seats,
                         EtcdAddress door)
    : folder_(std::move(folder)), door_(std::move(door)) {
  for (EtcdSeat& seat : seats) members_.push_back({std::move(seat), 0, 0, {}});
  for (int i = 0; i < kPortsTried; ++i) {
    ChoosePorts();
    for (std::size_t one = 0; one < size(); ++one) Restart(one);
    if (AllServe()) return;
    for (std::size_t one = 0; one < size(); ++one) Kill(one);
  }
  throw std::runtime_error("etcd does not start; its logs are in " + folder_);
}

void EtcdCluster::AdmitOnly(const std::string& name,
                            const std::string& password,
                            const std::string& prefix) {
  for (const std::vector<std::string>& command :
       std::initializer_list<std::vector<std::string>>{
           {"user", "add", kRoot},
           {"user", "grant-role", "root", "root"},
           {"user", "add", name + ":" + password},
           {"role", "add", name},
           {"role", "grant-permission", name, "readwrite", "--prefix", prefix},
           {"user", "grant-role", name, name},
           {"auth", "enable"}}) {
    const auto outcome = Ask(endpoints(), command);
    if (outcome.exit_code != 0) {
      throw std::runtime_error("etcd makes no user: " + outcome.output);
    }
  }
  door_.user = kRoot;
}

EtcdAddress EtcdCluster::address() const {
  EtcdAddress address = door_;
  address.endpoints = endpoints();
  return address;
}

void EtcdCluster::ChoosePorts() {
  for (Member& member : members_) {
    member.client_port = test::FreePort();
    member.peer_port = test::FreePort();
  }
}

bool EtcdCluster::AllServe() const {
  const Deadline patience(kGuardMs);
  while (!patience.IsOver()) {
    for (const Member& member : members_) {
      if (member.process->HasEnded()) return false;
    }
    if (Ask(endpoints(), {"endpoint", "health"}).exit_code == 0) return true;
    Pass(50);
  }
  return false;
}

std::string EtcdCluster::endpoints() const {
  std::string all;
  for (const Member& member : members_) {
    all += (all.empty() ? "" : ",") + UrlOf(member.seat, member.client_port);
  }
  return all;
}

std::vector<std::string> EtcdCluster::Arguments(std::size_t member) const {
  const auto& [seat, client_port, peer_port, process] = members_[member];
  std::string cluster;
  for (std::size_t i = 0; i < size(); ++i) {
    cluster += (cluster.empty() ? "" : ",") + NameOf(i) + "=" +
               PeerUrlOf(members_[i].seat, members_[i].peer_port);
  }
  std::vector<std::string> arguments = seat.entrance;
  arguments.insert(
      arguments.end(),
      {test::Tool("etcd"), "--name=" + NameOf(member), "--logger=zap",
       "--log-level=warn", "--data-dir=" + folder_ + "/etcd-" + NameOf(member),
       "--listen-client-urls=" + UrlOf(seat, client_port),
       "--advertise-client-urls=" + UrlOf(seat, client_port),
       "--listen-peer-urls=" + PeerUrlOf(seat, peer_port),
       "--initial-advertise-peer-urls=" + PeerUrlOf(seat, peer_port),
       "--bcrypt-cost=4",  // Nobody is to guess these passwords.
       "--initial-cluster=" + cluster});
  if (!seat.tls.empty()) {
    arguments.insert(
        arguments.end(),
        {"--cert-file=" + seat.tls.certificate, "--key-file=" + seat.tls.key,
         "--trusted-ca-file=" + seat.tls.authority, "--client-cert-auth"});
  }
  return arguments;
}

void EtcdCluster::Kill(std::size_t member) {
  members_[member].process.reset();  // Which kills it.
}

void EtcdCluster::Restart(std::size_t member) {
  const std::string log = folder_ + "/etcd-" + NameOf(member) + ".log";
  members_[member].process = std::make_unique<test::Program>(
      Arguments(member), test::Surroundings{.output = log, .errors = log});
}

void EtcdCluster::Pause(std::size_t member) {
  if (members_[member].process) members_[member].process->Signal(SIGSTOP);
}

void EtcdCluster::Continue(std::size_t member) {
  if (members_[member].process) members_[member].process->Signal(SIGCONT);
}

std::optional<EtcdCluster::Standing> EtcdCluster::StandingOf(
    std::size_t member) const {
  const auto& [seat, client_port, peer_port, process] = members_[member];
  const auto outcome =
      Ask(UrlOf(seat, client_port), {"endpoint", "status", "--write-out=json"});
  const Json told = Json::parse(outcome.output, nullptr, false);
  if (outcome.exit_code != 0 || !told.is_array()) return std::nullopt;
  const Json& status = told.at(0).at("Status");
  return Standing{status.at("header").at("member_id"),
                  status.value("leader", std::uint64_t{0}),
                  status.at("header").at("revision")};
}

std::optional<std::size_t> EtcdCluster::Leader() const {
  for (std::size_t i = 0; i < size(); ++i) {
    const auto standing = StandingOf(i);
    if (standing && standing->leader == standing->id) return i;
  }
  return std::nullopt;
}

bool EtcdCluster::MoveLeader(std::size_t to) const {
  const auto leader = Leader();
  const auto standing = StandingOf(to);
  if (!leader || !standing || *leader == to) return false;
  char id[20];
  std::snprintf(id, sizeof id, "%llx",
                static_cast<unsigned long long>(standing->id));
  const Member& member = members_[*leader];
  return Ask(UrlOf(member.seat, member.client_port), {"move-leader", id})
             .exit_code == 0;
}

bool EtcdCluster::Compact() const {
  for (std::size_t i = 0; i < size(); ++i) {
    const auto standing = StandingOf(i);
    if (!standing) continue;
    return Ask(endpoints(), {"compact", std::to_string(standing->revision)})
               .exit_code == 0;
  }
  return false;
}

test::CommandOutcome EtcdCluster::Ask(
    const std::string& endpoints,
    const std::vector<std::string>& arguments) const {
  EtcdAddress address = door_;
  address.endpoints = endpoints;
  return Etcdctl(address, arguments, see_to_);
}

}  // namespace taskgraph::storm
