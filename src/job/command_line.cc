// SPDX-License-Identifier: Apache-2.0
//
#include "job/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <limits>
#include <thread>

#include "job/command_checks.h"
#include "job/flags.h"
#include "job/in_process.h"
#include "runtime/duration_text.h"
#include "runtime/job_checks.h"

namespace taskgraph::job {
namespace {

constexpr std::uint32_t kNodesMax = 10'000;
constexpr std::uint32_t kTasksMax = Job::kTasksMax;

class Parser : private Flags {
 public:
  Parser(const Job& job, const std::string& program, const char* command)
      : Flags(program + " " + command), job_(job) {
    app_.set_help_flag("-h,--help", "Print this help and exit");
    app_.option_defaults()->always_capture_default(false);
    app_.get_formatter()->column_width(34);
    AddJobOptions();
  }

  CommandLine ParseRun(std::vector<std::string> arguments);
  CommandLine ParseNode(std::vector<std::string> arguments);
  CommandLine ParseController(std::vector<std::string> arguments);

  std::string Help() const { return app_.help(); }
  // What was given that no option is for; after an ExtrasError.
  std::string DescribeExtras() const;

 private:
  void AddJobOptions();
  void AddConfigOption();
  void AddFailureOptions();
  void AddSecurityOptions();
  void AddMemberOptions(std::vector<std::string>& coordinator,
                        std::string& token_file);
  void AddBusyPoll(Duration& busy_poll);
  void Parse(std::vector<std::string> arguments);
  void ApplyToJob();
  void CheckOneProcess(const RunCommand& run) const;
  CommandLine Finish(CommandLine command_line);

  Job job_;
  Security security_;
  std::string name_;
  std::uint32_t tasks_ = 0;
  std::vector<std::string> config_;
  LogOptions log_;
};

void Parser::AddJobOptions() {
  name_ = job_.name();
  tasks_ = job_.tasks();
  app_.add_option("--name,--job-name", name_,
                  "Name of the job, part of its keys at the coordinator")
      ->envname("TASKGRAPH_JOB")
      ->default_str(name_)
      ->type_name("TEXT");
  AddNumber("--tasks", tasks_, 1, kTasksMax, "Number of tasks");
  AddText("--log-level", log_.level,
          "Least important lines to log: debug, info, warning, error or off")
      ->check(CLI::Validator(WrongLogLevel, ""));
  AddText("--log-file", log_.file,
          "Also write the log to the end of this file");
}

void Parser::AddConfigOption() {
  app_.add_option("--config", config_,
                  "Set a key of the application's, see below; repeatable")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("KEY=VALUE");
  app_.footer(DescribeConfig(job_));
}

void Parser::AddFailureOptions() {
  FailureOptions& failure = job_.options().failure;
  const std::uint32_t any = std::numeric_limits<std::uint32_t>::max();
  AddNumber("--max-failures", failure.max_failures, 0, any,
            "Failures of its own that a task may have before the job ends");
  AddNumber("--backups", job_.options().backups.each, 0, Job::kBackupsMax,
            "Hot standbys of each task for which none are declared");
  AddNumber("--check-backups", job_.options().backups.check_every, 0, any,
            "Compare backups with their primary every N turns; 0: never");
  AddDuration("--heartbeat-timeout", failure.heartbeat_timeout, 10ms,
              "How long a node may be silent before it is suspected");
  AddDuration("--heartbeat-interval", failure.heartbeat_interval, 1ms,
              "How often a node that has nothing to say gives a sign of life");
  AddDuration("--session-time", failure.session_time, 0s,
              "How long a silent node keeps its tasks; on etcd, 2s or more")
      ->check(CLI::Validator(WrongSessionTime, ""));
  AddDuration("--turn-deadline", failure.turn_deadline, 0s,
              "How long a callback may take before its task fails; 0s: "
              "as long as it likes");
  AddDuration("--exit-grace", failure.exit_grace, 0s,
              "How long the end of the job waits for the tasks' Exit");
  AddDuration("--status-retention", failure.status_retention, 1s,
              "How long the exit status stays readable at the coordinator");
}

void Parser::AddSecurityOptions() {
  AddText("--tls-cert", security_.tls.certificate,
          "This process's certificate, PEM: TCP is sealed by TLS");
  AddText("--tls-key", security_.tls.key,
          "Its private key, PEM, without a passphrase");
  AddText("--tls-ca", security_.tls.authority,
          "The authorities whose certificates are accepted, PEM");
  AddFlag("--insecure", "TASKGRAPH_INSECURE", security_.insecure,
          "Listen beyond this machine without TLS");
  AddText("--etcd-user", security_.user, "Who this process is to etcd");
  AddText("--etcd-password-file", security_.password_file,
          "File with the password of --etcd-user");
}

void Parser::AddMemberOptions(std::vector<std::string>& coordinator,
                              std::string& token_file) {
  AddList("--coordinator", coordinator,
          "etcd: HOST:PORT, http[s]://HOST:PORT or unix:PATH; several "
          "separated by commas")
      ->required();
  AddText("--token-file", token_file,
          "File with the secret that all members of the job share");
  AddSecurityOptions();
}

void Parser::AddBusyPoll(Duration& busy_poll) {
  AddDuration("--busy-poll", busy_poll, 0s,
              "How long a node that has nothing to do looks out for messages, "
              "awake, before it sleeps: faster, for more processor time");
}

void Parser::Parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // As CLI11 wants them.
  app_.parse(std::move(arguments));
  ApplyToJob();
}

void Parser::ApplyToJob() {
  job_.Rename(name_);
  job_.SetTasks(tasks_);
  runtime::CheckOptions(job_.options());
  CheckSecurity(security_);
}

// What is of no use would be ignored in silence.
void Parser::CheckOneProcess(const RunCommand& run) const {
  for (const char* option :
       {"--slots", "--spares", "--coordinator", "--listen-coordinator",
        "--token-file", "--restarts-max", "--wait", "--tls-cert", "--etcd-user",
        "--insecure", "--busy-poll"}) {
    const bool given = app_.get_option(option)->count() > 0;
    if (!given || (option == std::string("--spares") && run.spares == 0)) {
      continue;
    }
    throw UsageError(
        std::string(option) +
        " is of no use with --nodes 0, which runs everything in this process, "
        "coordinator included; leave it away or give --nodes 1 or more");
  }
}

CommandLine Parser::Finish(CommandLine command_line) {
  command_line.config = runtime::CompleteConfig(job_, ReadSettings(config_));
  command_line.log = log_;
  command_line.security = security_;
  command_line.job = job_;
  return command_line;
}

CommandLine Parser::ParseRun(std::vector<std::string> arguments) {
  app_.description("Runs the whole job on this machine.");
  RunCommand run;
  CLI::Option* nodes =
      AddNumber("--nodes", run.nodes, 0, kNodesMax,
                "Node processes; 0: everything in this one process")
          ->default_str("one for each core, at least 2");
  CLI::Option* slots =
      AddNumber("--slots", run.slots, 1, kTasksMax, "Tasks that a node takes")
          ->default_str("as many as needed");
  AddNumber("--spares", run.spares, 0, kNodesMax,
            "More nodes, which take tasks only when others can't");
  AddBusyPoll(run.busy_poll);
  AddList(
      "--coordinator", run.coordinator,
      "Use this etcd, not an embedded one: HOST:PORT, http[s]://HOST:PORT or "
      "unix:PATH; several separated by commas");
  AddText("--listen-coordinator", run.listen_coordinator,
          "Let etcdctl look into the embedded coordinator at HOST:PORT (port "
          "0: any), with TLS or without a password");
  AddText("--token-file", run.token_file,
          "File with the secret of the job's members; default: a random one");
  AddSecurityOptions();
  AddText("--events", run.events_file,
          "Write what happens to this file, as lines of JSON");
  AddNumber("--restarts-max", run.restarts_max, 0, kTasksMax,
            "Nodes that may be replaced before the job ends with an error");
  AddDuration("--wait", run.wait, Duration{},
              "How long to wait for the coordinator; 0s: for ever");
  AddFlag("--quiet", "TASKGRAPH_QUIET", run.quiet, "Do not show progress");
  AddConfigOption();
  AddFailureOptions();

  Parse(std::move(arguments));
  if (nodes->count() == 0) {
    run.nodes =
        std::min(tasks_, std::max(2U, std::thread::hardware_concurrency()));
  }
  if (slots->count() == 0) {
    run.slots = SlotsByDefault(run.nodes, tasks_, job_.replicas());
  }
  if (run.nodes == 0) CheckOneProcess(run);
  CheckRun(run, tasks_, security_);
  CheckSession(job_.options().failure, run.coordinator);
  CheckCoordinator(run.coordinator, security_);
  return Finish({run, job_, {}, {}, {}});
}

CommandLine Parser::ParseNode(std::vector<std::string> arguments) {
  app_.description(
      "Hosts tasks of a job that is coordinated by etcd, until the job ends. "
      "Exits with the job's code.");
  NodeCommand node;
  std::string socket_folder;
  bool spare = false;
  log_.level = "info";
  AddMemberOptions(node.coordinator, node.token_file);
  app_.add_option("--node-id", node.node_id,
                  "Name of this life of the node; never used twice")
      ->envname("TASKGRAPH_NODE")
      ->type_name("TEXT")
      ->default_str("random");
  AddText("--host", node.host,
          "Host that this node is on: nodes of one host may fail together")
      ->default_str("this machine's name");
  AddNumber("--slots", node.slots, 1, kTasksMax, "Tasks that this node takes")
      ->default_str("1");
  AddFlag("--spare,--reserve", "TASKGRAPH_SPARE", spare,
          "Take tasks only when other nodes can't");
  AddList("--listen", node.listen,
          "Where other nodes reach this one: tcp:HOST:PORT or unix:PATH, best "
          "first")
      ->default_str("tcp:127.0.0.1:0");
  AddText("--socket-folder", socket_folder,
          "Also listen on a Unix socket in this folder, for nodes of the same "
          "host");
  AddBusyPoll(node.busy_poll);
  AddText("--instance", node.instance, "Take part in this run of the job only")
      ->default_str("any");
  AddDuration("--wait", node.wait, Duration{},
              "How long to wait for the coordinator and for the job to be "
              "submitted; 0s: for ever");

  Parse(std::move(arguments));
  node.reserve = spare ? 1 : 0;
  if (node.node_id.empty()) node.node_id = "n-" + RandomHex(8);
  if (node.listen.empty()) node.listen = {"tcp:127.0.0.1:0"};
  if (!socket_folder.empty()) {
    node.listen.insert(node.listen.begin(),
                       "unix:" + socket_folder + "/" + node.node_id + ".sock");
  }
  CheckListen(node.listen, security_);
  CheckCoordinator(node.coordinator, security_);
  return Finish({node, job_, {}, {}, {}});
}

CommandLine Parser::ParseController(std::vector<std::string> arguments) {
  app_.description(
      "Places the tasks of a job that is coordinated by etcd on its nodes, and "
      "ends it. Of several controllers one is elected, the others stand by.");
  ControllerCommand controller;
  log_.level = "info";
  AddMemberOptions(controller.coordinator, controller.token_file);
  app_.add_option("--node-id", controller.node_id,
                  "Name of this life of the controller; never used twice")
      ->envname("TASKGRAPH_NODE")
      ->type_name("TEXT")
      ->default_str("random");
  AddText("--host", controller.host, "Host that this controller is on")
      ->default_str("this machine's name");
  AddNumber("--nodes-expected", controller.nodes_expected, 1, kNodesMax,
            "Nodes that must be there before tasks are placed")
      ->default_str("1");
  AddList("--listen", controller.listen,
          "Where nodes reach this controller: tcp:HOST:PORT or unix:PATH")
      ->default_str("tcp:127.0.0.1:0");
  AddText("--events", controller.events_file,
          "Write what happens to this file, as lines of JSON");
  AddDuration("--wait", controller.wait, Duration{},
              "How long to wait for the coordinator; 0s: for ever");
  AddConfigOption();
  AddFailureOptions();

  Parse(std::move(arguments));
  CheckSession(job_.options().failure, controller.coordinator);
  CheckCoordinator(controller.coordinator, security_);
  if (controller.node_id.empty()) controller.node_id = "c-" + RandomHex(8);
  if (controller.listen.empty()) controller.listen = {"tcp:127.0.0.1:0"};
  CheckListen(controller.listen, security_);
  return Finish({controller, job_, {}, {}, {}});
}

std::string Parser::DescribeExtras() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : app_.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  const std::vector<std::string> extras = app_.remaining();
  return DescribeUnknown(extras.empty() ? "" : extras.front(), names);
}

CommandLine Print(const Job& job, PrintText text) {
  return {std::move(text), job, {}, {}, {}};
}

CommandLine ParseCommand(const Job& job, const std::string& program,
                         std::vector<std::string> arguments) {
  std::string command = "run";
  if (!arguments.empty() && !arguments[0].starts_with("-")) {
    command = arguments[0];
    arguments.erase(arguments.begin());
  }
  if (command != "run" && command != "node" && command != "controller") {
    return Print(job, Mistake(program, "there is no command '" + command +
                                           "'; there are run, node and "
                                           "controller"));
  }
  const std::string name = program + " " + command;
  Parser parser(job, program, command.c_str());
  try {
    if (command == "node") return parser.ParseNode(std::move(arguments));
    if (command == "run") return parser.ParseRun(std::move(arguments));
    return parser.ParseController(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return Print(job, {0, parser.Help()});
  } catch (const CLI::ExtrasError&) {
    return Print(job, Mistake(name, parser.DescribeExtras()));
  } catch (const CLI::Error& error) {
    return Print(job, Mistake(name, error.what()));
  } catch (const UsageError& error) {
    return Print(job, Mistake(name, error.what()));
  }
}

}  // namespace

CommandLine ParseCommandLine(const Job& job, int argc,
                             const char* const* argv) {
  const std::string program = argc > 0 ? argv[0] : job.name();
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty()) {
    if (arguments[0] == "--help" || arguments[0] == "-h") {
      return Print(job, {0, Overview(program, job)});
    }
    if (arguments[0] == "--version") {
      return Print(job, {0, Version(job)});
    }
  }
  return ParseCommand(job, program, std::move(arguments));
}

}  // namespace taskgraph::job
