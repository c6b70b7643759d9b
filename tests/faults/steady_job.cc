// SPDX-License-Identifier: Apache-2.0
#include "faults/steady_job.h"

#include <utility>

#include "support/command.h"

namespace taskgraph::test {
namespace {

// Each takes ten milliseconds or more.
#ifdef TASKGRAPH_SANITIZED
constexpr int kLooksMax = 30'000;
#else
constexpr int kLooksMax = 6'000;
#endif

std::vector<std::string> operator+(std::vector<std::string> a,
                                   const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

SteadyJob::SteadyJob(Setting setting) : setting_(std::move(setting)) {
  folder_.Write("token", "sesame");
}

const std::string& SteadyJob::StartNode(std::vector<std::string> flags,
                                        std::vector<std::string> entrance) {
  return Start("n" + std::to_string(++nodes_),
               std::vector<std::string>{"node", "--slots=4"} + flags,
               entrance.empty() ? setting_.entrance : entrance);
}

const std::string& SteadyJob::StartController() {
  const std::string id = "c" + std::to_string(++controllers_);
  return Start(id,
               std::vector<std::string>{
                   "controller",
                   // A file, as nobody here would empty a pipe.
                   "--events=" + (folder_ / ("events-" + id)).string(),
                   "--config=until=" + (folder_ / "until").string()} +
                   setting_.flags,
               setting_.entrance);
}

const std::string& SteadyJob::Start(const std::string& id,
                                    std::vector<std::string> arguments,
                                    std::vector<std::string> entrance) {
  std::vector<std::string> line = std::move(entrance);
  line.emplace_back(STEADY_APP);
  line = std::move(line) + arguments +
         std::vector<std::string>{
             "--node-id=" + id, "--coordinator=" + setting_.endpoints,
             "--token-file=" + (folder_ / "token").string()};
  const std::string program = line.front();
  line.erase(line.begin());
  const auto [at, is_new] =
      members_.try_emplace(id, std::move(line), setting_.environment, program);
  return at->first;
}

int SteadyJob::Bury(const std::string& id) {
  const int code = member(id).Wait();
  members_.erase(id);
  return code;
}

CommandOutcome SteadyJob::Ask(std::vector<std::string> command) const {
  return RunCommand(setting_.entrance +
                        std::vector<std::string>{
                            "/usr/bin/etcdctl", "--endpoints=" + asked_,
                            "--dial-timeout=2s", "--command-timeout=5s"} +
                        command,
                    {}, {"ETCDCTL_API=3"});
}

// An etcd that is away for a moment is asked again.
storm::Records SteadyJob::Look() const {
  CommandOutcome said;
  for (int i = 0; i < kLooksMax && said.exit_code != 0; ++i) {
    said = Ask({"get", "--prefix", kPrefix});
  }
  return storm::ParseRecords(said.output, kPrefix);
}

bool SteadyJob::Await(
    const std::function<bool(const storm::Records&)>& holds) const {
  for (int i = 0; i < kLooksMax; ++i) {
    if (holds(Look())) return true;
  }
  return false;
}

bool SteadyJob::IsWhole(std::size_t nodes, std::size_t backups) const {
  return Await([&](const storm::Records& now) {
           if (now.nodes.size() != nodes || now.tasks.size() != kTasks) {
             return false;
           }
           for (const auto& [task, record] : now.tasks) {
             if (record.backups.size() != backups ||
                 !now.nodes.contains(record.primary)) {
               return false;
             }
             for (const std::string& backup : record.backups) {
               if (!now.nodes.contains(backup)) return false;
             }
           }
           return true;
         }) &&
         MovesOn();
}

bool SteadyJob::MovesOn(std::uint64_t epochs) const {
  const std::uint64_t before = Look().epoch;
  return Await(
      [&](const storm::Records& now) { return now.epoch >= before + epochs; });
}

std::string SteadyJob::Finish() {
  AskToEnd();
  std::string said;
  for (auto& [id, member] : members_) {
    const int code = member.Wait();
    if (code == 0) continue;
    said += id + " ended with " + std::to_string(code) + ": " +
            member.Output() + "\n";
  }
  return said;
}

void SteadyJob::AwaitLease(int seconds) const {
  const std::string granted =
      Ask({"lease", "grant", std::to_string(seconds)}).output;
  const std::size_t begin = granted.find(' ') + 1;  // "lease ID granted ..."
  const std::string lease =
      granted.substr(begin, granted.find(' ', begin) - begin);
  for (int i = 0; i < kLooksMax; ++i) {
    const std::string said = Ask({"lease", "timetolive", lease}).output;
    if (said.find("already expired") != std::string::npos) return;
  }
}

}  // namespace taskgraph::test
