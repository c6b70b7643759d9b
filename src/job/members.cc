// SPDX-License-Identifier: Apache-2.0
#include "job/members.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "job/adapters.h"
#include "job/chronicle.h"
#include "job/contact.h"
#include "job/descriptors.h"
#include "job/in_process.h"
#include "job/main_loop.h"
#include "job/side_thread.h"
#include "job/signals.h"
#include "job/standard_streams.h"
#include "job/token.h"
#include "runtime/clock.h"
#include "runtime/controller_runtime.h"
#include "runtime/node_runtime.h"

namespace taskgraph::job {
namespace {

constexpr int kSignalCode = 128;  // As shells count.

// What both kinds of members have in common.
class Member {
 public:
  Member(const CommandLine& line, const std::vector<std::string>& coordinator,
         Papers papers, runtime::Log log)
      : job_(line.job.name()),
        contact_(job_, coordinator),
        papers_(std::move(papers)),
        log_(std::move(log)),
        coordinator_(coordinator) {}

  runtime::Adapters MakeAdapters(std::vector<std::string> listen) {
    return SocketAdapters(
        contact_.ListenIn(RemoteCoordinator(coordinator_, papers_)),
        std::move(listen), papers_, log_);
  }

  // Does `work` until it ends; `leave` makes it end soon. Returns the exit
  // code.
  int Run(Duration wait, SideThread::Work work, std::function<void()> leave);

  // The exit code of one that came to this end, which it tells.
  int Conclude(const Result<core::JobEnd>& end) const;

 private:
  void Hear(int number, const std::function<void()>& leave);

  std::string job_;
  Contact contact_;
  Papers papers_;
  runtime::Log log_;
  std::vector<std::string> coordinator_;
  int heard_ = 0;  // A signal.
  std::optional<std::string> gave_up_;
};

int Member::Run(Duration wait, SideThread::Work work,
                std::function<void()> leave) {
  MainLoop loop;
  std::optional<Result<core::JobEnd>> end;
  const Signals signals(loop, {SIGINT, SIGTERM, SIGHUP},
                        [&](int number) { Hear(number, leave); });
  {
    const SideThread thread(loop, std::move(work),
                            [&](Result<core::JobEnd> result) {
                              end = std::move(result);
                              loop.Leave();
                            });
    WaitForContact(loop, contact_, {wait, log_, [&](const std::string& why) {
                                      gave_up_ = why;
                                      leave();
                                    }});
    loop.Run();
  }
  return Conclude(*end);
}

// The second time it is meant: also if a callback of the user's hangs.
void Member::Hear(int number, const std::function<void()>& leave) {
  if (heard_ != 0) std::_Exit(kSignalCode + number);
  heard_ = number;
  log_(runtime::LogLevel::kWarning, SignalName(number) + ": leaving the job");
  leave();
}

int Member::Conclude(const Result<core::JobEnd>& end) const {
  if (end.ok()) {
    const ExitStatus& status = end->status;
    log_(runtime::LogLevel::kInfo, DescribeEnd(job_, status));
    return ExitCodeOf(status);
  }
  if (gave_up_) {
    Complain(*gave_up_);
    return 1;
  }
  if (heard_ != 0) return kSignalCode + heard_;
  Complain("job '" + job_ + "': " + end.error().message);
  return 1;
}

// Of several controllers only the first one's settings count.
void WarnOfOther(const coordination::JobSpec& spec,
                 const coordination::JobSpec& mine, const runtime::Log& log) {
  std::string names;
  for (const std::string& name : coordination::DifferingSettings(mine, spec)) {
    names += (names.empty() ? "" : ", ") + name;
  }
  if (names.empty()) return;
  log(runtime::LogLevel::kWarning,
      "the job was submitted with other settings, which stay in force; this "
      "controller's are not used for: " +
          names);
}

int Refuse(const Error& error) {
  Complain(error.message);
  return 1;
}

}  // namespace

int RunNode(const CommandLine& line, const NodeCommand& command) {
  if (const auto error = ObjectionToDescriptors()) return Refuse(*error);
  const auto token = ReadToken(command.token_file);
  if (!token) return Refuse(token.error());
  const auto log = OpenLog(line.log, line.job.name(), command.node_id);
  if (!log) return Refuse(log.error());
  const auto papers = ReadPapers(line.security, *log);
  if (!papers) return Refuse(papers.error());

  Member member(line, command.coordinator, *papers, *log);
  runtime::NodeOptions options;
  options.self = command.node_id;
  options.host = command.host.empty() ? HostName() : command.host;
  options.slots = command.slots;
  options.reserve = command.reserve;
  options.token = *token;
  options.instance = command.instance;
  options.objection = [&](const coordination::JobSpec& spec) {
    return ObjectionToToken(*token, spec);
  };
  // A thread in a callback can't be ended; its process can (R24).
  options.on_stuck = [&](const Result<core::JobEnd>& end) {
    std::_Exit(FlushStdoutIfIdle(member.Conclude(end)));
  };
  runtime::Adapters adapters = member.MakeAdapters(command.listen);
  adapters.busy_poll = command.busy_poll;
  runtime::NodeRuntime node(line.job, options, std::move(adapters));
  return member.Run(
      command.wait, [&] { return node.Run(); }, [&] { node.Stop(); });
}

int RunController(const CommandLine& line, const ControllerCommand& command) {
  if (const auto error = ObjectionToDescriptors()) return Refuse(*error);
  const auto token = ReadToken(command.token_file);
  if (!token) return Refuse(token.error());
  const auto log = OpenLog(line.log, line.job.name(), command.node_id);
  if (!log) return Refuse(log.error());
  const auto papers = ReadPapers(line.security, *log);
  if (!papers) return Refuse(papers.error());
  auto events = EventLog::Open(command.events_file, *log);
  if (!events) return Refuse(events.error());

  Member member(line, command.coordinator, *papers, *log);
  Chronicle chronicle(std::move(events).value(), runtime::Now());
  runtime::ControllerSettings settings;
  settings.self = command.node_id;
  settings.host = command.host.empty() ? HostName() : command.host;
  settings.token = *token;
  settings.spec = NewSpec(line.job, line.config, command.nodes_expected);
  settings.spec.token_mark = TokenMark(*token, settings.spec.instance);
  settings.submission = coordination::Submission::kShared;
  settings.objection =
      [&, mine = settings.spec](const coordination::JobSpec& spec) {
        auto objection = ObjectionToToken(*token, spec);
        if (!objection) WarnOfOther(spec, mine, *log);
        return objection;
      };
  settings.observe = [&](const core::Input& fact,
                         const core::ControllerCore& core) {
    chronicle.Observe(fact, core);
  };
  runtime::ControllerRuntime controller(line.job.name(), std::move(settings),
                                        member.MakeAdapters(command.listen));
  return member.Run(
      command.wait,
      [&] {
        Result<core::JobEnd> end = controller.Run();
        if (end) chronicle.Ended(end->status);
        return end;
      },
      [&] { controller.Leave(); });
}

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

int ExitCodeOf(const ExitStatus& status) {
  constexpr int kLargest = 255;
  return status.code >= 0 && status.code <= kLargest ? status.code : 1;
}

std::string DescribeEnd(const std::string& job, const ExitStatus& status) {
  std::string text =
      "job '" + job + "' ended with code " + std::to_string(status.code);
  if (!status.message.empty()) text += ": " + status.message;
  return text;
}

}  // namespace taskgraph::job
