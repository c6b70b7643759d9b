// SPDX-License-Identifier: Apache-2.0
#include "storm/site.h"

#include <unistd.h>

#include <filesystem>
#include <regex>

namespace taskgraph::storm {
namespace {

namespace fs = std::filesystem;

constexpr int kProxyPort = 7777;  // Of each host's own.

// Through a proxy nobody sees that a port refuses, so there are proxies only
// where they have something to do.
bool NeedsProxies(const Plan& plan) {
  for (const Squall& squall : plan.squalls) {
    for (const Harm& harm : squall.harms) {
      if (harm.kind == HarmKind::kDelay || harm.kind == HarmKind::kBreak) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

Site::Site(const Plan& plan, const std::string& apps) : plan_(plan) {
  const std::string name(NameOf(plan.setting.app));
  ground_.app = apps + "/" + name + "/" + name;
  ground_.folder = folder_.path();
  ground_.job =
      "storm-" + std::to_string(::getpid()) + "-" + std::to_string(plan.seed);
  fs::create_directory(ground_.runtime_folder());
  fs::create_directory(fs::path(ground_.result()).parent_path());
  if (plan.setting.hosts > 0) {
    network_.emplace(plan.setting.hosts + Members());
  }
  if (Members() > 0) MakeEtcd();
  if (network_ && NeedsProxies(plan)) MakeProxies();
}

int Site::Members() const {
  switch (plan_.setting.store) {
    case Store::kEmbedded:
      return 0;
    case Store::kEtcd:
      return 1;
    case Store::kEtcd3:
      return 3;
  }
  return 0;
}

// Each on a host of its own, after those of the job.
void Site::MakeEtcd() {
  std::vector<EtcdSeat> seats(static_cast<std::size_t>(Members()));
  std::vector<std::string> entrance;
  if (network_) {
    int host = plan_.setting.hosts;
    for (EtcdSeat& seat : seats) {
      seat = {network_->AddressOf(host), network_->EntranceTo(host)};
      ++host;
    }
    entrance = network_->EntranceToSwitch();
  }
  etcd_.emplace(ground_.folder, seats, entrance);
  ground_.endpoints = etcd_->endpoints();
}

void Site::MakeProxies() {
  for (int host = 0; host < plan_.setting.hosts; ++host) {
    std::vector<std::string> line = network_->EntranceTo(host);
    line.insert(line.end(),
                {test::Self(), "proxy", std::to_string(kProxyPort),
                 orders() + std::to_string(host), std::to_string(plan_.seed)});
    proxies_.emplace_back(line);
    network_->Divert(host, plan_.setting.hosts, kProxyPort);
  }
}

// Empty: not known yet. An embedded coordinator says where it is.
std::string Site::Endpoints() const {
  if (etcd_) return etcd_->endpoints();
  const std::string said = ReadFile(ground_.errors());
  const std::regex pattern("etcdctl --endpoints (\\S+) ");
  std::smatch found;
  return std::regex_search(said, found, pattern) ? found[1] : std::string();
}

test::CommandOutcome Site::Ask(const std::vector<std::string>& arguments,
                               const std::function<void()>& see_to) const {
  EtcdAddress address;
  if (network_) address.entrance = network_->EntranceToSwitch();
  address.endpoints = Endpoints();
  if (address.endpoints.empty()) return {};
  return Etcdctl(address, arguments, see_to);
}

}  // namespace taskgraph::storm
