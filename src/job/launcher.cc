// SPDX-License-Identifier: Apache-2.0
#include "job/launcher.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "job/descriptors.h"
#include "job/in_process.h"
#include "job/members.h"
#include "job/signals.h"
#include "job/standard_streams.h"
#include "job/token.h"
#include "runtime/clock.h"
#include "runtime/duration_text.h"

namespace taskgraph::job {
namespace {

constexpr int kSignalCode = 128;  // As shells count.

// For nodes that have left the job to end their process, too.
constexpr Duration kFarewell = std::chrono::seconds(2);

Progress::Style StyleOf(const RunCommand& command) {
  return command.quiet ? Progress::Style::kSilent : Progress::StyleOfStderr();
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) {
    joined += (joined.empty() ? "" : ",") + text;
  }
  return joined;
}

}  // namespace

Launcher::Launcher(const CommandLine& line, const RunCommand& command)
    : line_(line),
      command_(command),
      start_(runtime::Now()),
      progress_(StyleOf(command), line.job.name()),
      contact_(line.job.name(), command.coordinator) {}

Launcher::~Launcher() = default;

int Launcher::Run() {
  ::signal(SIGCHLD, SIG_DFL);  // If it is ignored, children leave no exit code.
  const std::vector<int> numbers = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
  std::optional<SignalsForOthers> for_this_thread;
  // Programs that tasks start in this process would inherit it.
  if (command_.nodes != 0) for_this_thread.emplace(numbers);
  if (const auto error = Prepare()) {
    Complain(error->message);
    return 1;
  }
  const Signals signals(loop_, numbers, [this](int signal) { Hear(signal); });
  {
    const SideThread thread(
        loop_, [this] { return RunJob(); },
        [this](Result<core::JobEnd> end) { Finished(std::move(end)); });
    for_this_thread.reset();
    if (!command_.coordinator.empty()) {
      WaitForContact(loop_, contact_,
                     {command_.wait, log_, [this](const std::string& why) {
                        gave_up_ = why;
                        controller_->Leave();
                      }});
    }
    loop_.After(progress_.interval(), [this] { ShowProgress(); });
    loop_.Run();
  }
  return Conclude();
}

std::optional<Error> Launcher::Prepare() {
  auto log = OpenLog(line_.log, line_.job.name(), "launcher");
  if (!log) return log.error();
  log_ = *log;
  auto events = EventLog::Open(command_.events_file, log_);
  if (!events) return events.error();
  chronicle_ = std::make_unique<Chronicle>(std::move(events).value(), start_);
  if (command_.nodes == 0) return std::nullopt;

  auto papers = ReadPapers(line_.security, log_);
  if (!papers) return papers.error();
  papers_ = std::move(papers).value();
  if (auto error = ObjectionToDescriptors(command_.nodes + command_.spares)) {
    return error;
  }
  if (auto error = OpenHouse()) return error;
  if (auto error = StartCoordinator()) return error;
  MakeController();
  MakeNursery();
  return std::nullopt;
}

std::optional<Error> Launcher::OpenHouse() {
  auto folder = PrivateFolder::Make();
  if (!folder) return folder.error();
  folder_.emplace(std::move(folder).value());
  token_ = RandomHex(32);
  if (!command_.token_file.empty()) {
    const auto token = ReadToken(command_.token_file);
    if (!token) return token.error();
    token_ = *token;
  }
  const auto secret = folder_->WriteSecret("token", token_);
  if (!secret) return secret.error();
  return std::nullopt;
}

std::optional<Error> Launcher::StartCoordinator() {
  endpoints_ = command_.coordinator;
  if (!endpoints_.empty()) return std::nullopt;
  store_ = std::make_unique<coordination::StoreService>();
  coordination::EtcdServerOptions options;
  options.log = [this](std::string_view line) {
    log_(runtime::LogLevel::kWarning, line);
  };
  options.listen = {"unix:" + folder_->PathOf("etcd.sock")};
  if (!command_.listen_coordinator.empty()) {
    options.listen.push_back(command_.listen_coordinator);
    options.tls = papers_.files;
  }
  auto server = coordination::EtcdServer::Start(*store_, options);
  if (!server) return server.error();
  server_ = std::move(server).value();
  endpoints_ = {server_->endpoints()[0]};
  if (server_->endpoints().size() > 1) {
    const TlsFiles& tls = papers_.files;
    const std::string at = tls.empty()
                               ? server_->endpoints()[1]
                               : "https://" + server_->endpoints()[1] +
                                     " --cert " + tls.certificate + " --key " +
                                     tls.key + " --cacert " + tls.authority;
    Complain("to look inside: etcdctl --endpoints " + at +
             " get --prefix /taskgraph/" + line_.job.name() + "/");
  }
  return std::nullopt;
}

MakeCoordinator Launcher::CoordinatorForController() {
  if (store_) return EmbeddedCoordinator(*store_);
  return contact_.ListenIn(RemoteCoordinator(endpoints_, papers_));
}

void Launcher::MakeController() {
  runtime::ControllerSettings settings;
  settings.self = "c-" + RandomHex(8);
  settings.host = HostName();
  settings.token = token_;
  settings.spec =
      NewSpec(line_.job, line_.config, command_.nodes + command_.spares);
  settings.spec.token_mark = TokenMark(token_, settings.spec.instance);
  settings.submission = coordination::Submission::kNew;
  settings.observe = [this](const core::Input& fact,
                            const core::ControllerCore& core) {
    Observe(fact, core);
  };
  instance_ = settings.spec.instance;
  const std::string listen = "unix:" + folder_->PathOf(settings.self + ".sock");
  controller_ = std::make_unique<runtime::ControllerRuntime>(
      line_.job.name(), std::move(settings),
      SocketAdapters(CoordinatorForController(), {listen}, papers_, log_));
  const threads::Lock lock(mutex_);
  running_ = controller_.get();
}

void Launcher::MakeNursery() {
  NurseryOptions options;
  options.nodes = command_.nodes;
  options.spares = command_.spares;
  options.restarts_max = command_.restarts_max;
  NurseryHooks hooks;
  hooks.start = [this](const core::NodeId& node, std::uint32_t reserve) {
    return StartNode(node, reserve);
  };
  hooks.started = [this](const core::NodeId& node, pid_t pid) {
    chronicle_->NodeStarted(node, pid);
  };
  hooks.delayed = [this](const std::string& why) {
    log_(runtime::LogLevel::kWarning,
         "a node can't be started now and is tried again: " + why);
  };
  hooks.exited = [this](const core::NodeId& node, const std::string& how) {
    if (how == "exit code " + std::to_string(kOutputLost)) output_lost_ = true;
    ::unlink(SocketOf(node).c_str());  // What a killed one leaves.
    controller_->NodeExited(node, how);
    LeaveIfAllGone();
  };
  hooks.gave_up = [this](const std::string& why) { StopJob(why, 1); };
  nursery_ = std::make_unique<Nursery>(loop_, options, std::move(hooks));
}

Result<Process> Launcher::StartNode(const core::NodeId& node,
                                    std::uint32_t reserve) {
  std::vector<std::string> arguments = {
      "node",
      "--coordinator=" + Joined(endpoints_),
      "--name=" + line_.job.name(),
      "--tasks=" + std::to_string(line_.job.tasks()),
      "--instance=" + instance_,
      "--node-id=" + node,
      "--slots=" + std::to_string(command_.slots),
      "--busy-poll=" + runtime::FormatDuration(command_.busy_poll),
      "--listen=unix:" + SocketOf(node),
      "--token-file=" + folder_->PathOf("token"),
      "--wait=0s",  // A coordinator that is away now was there before (R25).
      "--log-level=" + line_.log.level,
  };
  if (reserve != 0) arguments.push_back("--spare");
  if (!command_.coordinator.empty()) Equip(arguments);
  if (!line_.log.file.empty()) {
    arguments.push_back("--log-file=" + line_.log.file);
  }
  return Process::Start(std::move(arguments));
}

// With what it needs at the doors of another's coordinator.
void Launcher::Equip(std::vector<std::string>& arguments) const {
  const Security& security = line_.security;
  for (const auto& [option, value] :
       {std::pair("--tls-cert=", security.tls.certificate),
        {"--tls-key=", security.tls.key},
        {"--tls-ca=", security.tls.authority},
        {"--etcd-user=", security.user},
        {"--etcd-password-file=", security.password_file}}) {
    if (!value.empty()) arguments.push_back(option + value);
  }
  if (security.insecure) arguments.emplace_back("--insecure");
}

Result<core::JobEnd> Launcher::RunJob() {
  if (controller_) return controller_->Run();
  InProcessOptions options;
  options.config = line_.config;
  options.log = log_;
  options.on_controller = [this](runtime::ControllerRuntime* controller) {
    const threads::Lock lock(mutex_);
    running_ = controller;
  };
  options.observe = [this](const core::Input& fact,
                           const core::ControllerCore& core) {
    Observe(fact, core);
  };
  return RunInThisProcess(line_.job, std::move(options));
}

// A node that ended is replaced only when the controller has taken that in and
// knows of no end of the job: nodes may hear of the end before us.
void Launcher::Observe(const core::Input& fact,
                       const core::ControllerCore& core) {
  chronicle_->Observe(fact, core);
  if (!nursery_) return;
  if (!std::exchange(begun_, true)) {
    loop_.Post([this] { nursery_->Begin(); });
  }
  if (const auto* joined = std::get_if<core::NodeJoined>(&fact)) {
    loop_.Post([this, node = joined->record.node] { nursery_->Joined(node); });
  } else if (const auto* exited = std::get_if<core::ProcessExited>(&fact)) {
    if (core.end()) return;
    loop_.Post([this, node = exited->node] { nursery_->Replace(node); });
  }
}

void Launcher::ShowProgress() {
  if (result_) return;
  progress_.Show(chronicle_->standing(), runtime::Now() - start_);
  loop_.After(progress_.interval(), [this] { ShowProgress(); });
}

void Launcher::Hear(int signal) {
  if (signal == SIGTSTP) return Pause();
  if (heard_ != 0) return Kill(signal);
  heard_ = signal;
  if (::isatty(STDERR_FILENO) == 1) {
    progress_.Clear();
    Complain("ending the job; interrupt once more to kill it");
  }
  StopJob(SignalName(signal), kSignalCode + signal);
}

void Launcher::StopJob(std::string reason, int code) {
  const threads::Lock lock(mutex_);
  if (running_ != nullptr) running_->StopJob({std::move(reason), code});
}

void Launcher::Kill(int signal) {
  if (!nursery_) std::_Exit(kSignalCode + signal);  // The tasks are here.
  nursery_->Close();
  nursery_->SignalAll(SIGKILL);
  controller_->Leave();
}

// Ctrl-Z: all stand still together, so that nobody takes others for dead.
void Launcher::Pause() {
  if (nursery_) nursery_->SignalAll(SIGSTOP);
  progress_.Clear();
  ::raise(SIGSTOP);
  if (nursery_) nursery_->SignalAll(SIGCONT);
}

void Launcher::Finished(Result<core::JobEnd> result) {
  result_ = std::move(result);
  if (nursery_) {
    nursery_->Close();
    if (!result_->ok()) nursery_->SignalAll(SIGKILL);
    nursery_->KillNewcomers();
    loop_.After(kFarewell, [this] {
      log_(runtime::LogLevel::kWarning,
           "killing nodes that did not leave after the job's end");
      nursery_->SignalAll(SIGKILL);
    });
  }
  LeaveIfAllGone();
}

void Launcher::LeaveIfAllGone() {
  if (result_ && (!nursery_ || nursery_->empty())) loop_.Leave();
}

int Launcher::Conclude() {
  progress_.Clear();
  if (!result_->ok() && heard_ == 0) {  // It has no end that we know of.
    const std::string why = gave_up_.value_or(result_->error().message);
    chronicle_->Ended({1, why});
    Complain("job '" + line_.job.name() + "': " + why);
    return 1;
  }
  const ExitStatus status =
      result_->ok()
          ? (*result_)->status
          : ExitStatus{kSignalCode + heard_, "killed: " + SignalName(heard_)};
  chronicle_->Ended(status);
  if (status.code != 0) {
    Complain(DescribeEnd(line_.job.name(), status));
  } else if (!status.message.empty()) {  // What the job has to say, said once.
    std::puts(status.message.c_str());
  }
  // Nodes whose output is lost have said so.
  return status.code == 0 && output_lost_ ? kOutputLost : ExitCodeOf(status);
}

}  // namespace taskgraph::job
