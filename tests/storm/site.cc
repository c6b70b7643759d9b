// SPDX-License-Identifier: Apache-2.0
#include "storm/site.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
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
  if (plan.setting.security != Security::kPlain) MakePapers();
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

void Site::MakePapers() {
  papers_.emplace();
  operator_ = papers_->ForServer("operator");
  for (int host = 0; host < std::max(1, plan_.setting.hosts); ++host) {
    ground_.tls.push_back(papers_->ForMember("host" + std::to_string(host)));
  }
}

// Each on a host of its own, after those of the job.
void Site::MakeEtcd() {
  std::vector<EtcdSeat> seats(static_cast<std::size_t>(Members()));
  EtcdAddress door{.tls = operator_};
  if (network_) {
    int host = plan_.setting.hosts;
    for (EtcdSeat& seat : seats) {
      seat.address = network_->AddressOf(host);
      seat.entrance = network_->EntranceTo(host);
      ++host;
    }
    door.entrance = network_->EntranceToSwitch();
  }
  if (papers_) {
    for (EtcdSeat& seat : seats) {
      seat.tls = papers_->ForServer("etcd-" + seat.address, seat.address);
    }
  }
  etcd_.emplace(ground_.folder, seats, door);
  ground_.endpoints = etcd_->endpoints();
  if (plan_.setting.security != Security::kUser) return;
  constexpr char kPassword[] = "sesame";
  std::ofstream(ground_.password_file()) << kPassword << "\n";
  ground_.user = "clerk";
  etcd_->AdmitOnly(ground_.user, kPassword, ground_.keys());
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

// Of the embedded coordinator, which says it. Empty: not known yet.
std::string Site::Endpoints() const {
  const std::string said = ReadFile(ground_.errors());
  const std::regex pattern("etcdctl --endpoints (\\S+) ");
  std::smatch found;
  return std::regex_search(said, found, pattern) ? found[1] : std::string();
}

test::CommandOutcome Site::Ask(const std::vector<std::string>& arguments,
                               const std::function<void()>& see_to) const {
  EtcdAddress address{.endpoints = Endpoints(), .tls = operator_};
  if (etcd_) address = etcd_->address();
  if (address.endpoints.empty()) return {};
  return Etcdctl(address, arguments, see_to);
}

}  // namespace taskgraph::storm
