// SPDX-License-Identifier: Apache-2.0
//
// Main: from the command line to what it asks for.
#include <unistd.h>

#include <system_error>

#include "core/links.h"
#include "job/command_checks.h"
#include "job/command_line.h"
#include "job/launcher.h"
#include "job/members.h"
#include "taskgraph/job.h"

namespace taskgraph {
namespace {

constexpr int kWrongUse = 2;

int Print(const job::PrintText& print) {
  const int fd = print.code == 0 ? STDOUT_FILENO : STDERR_FILENO;
  const auto written = ::write(fd, print.text.data(), print.text.size());
  return written < 0 && print.code == 0 ? 1 : print.code;
}

// Mistakes of the application's author, found before anything is started.
void CheckJob(const Job& job) {
  if (!job.builder()) {
    throw UsageError("the job '" + job.name() +
                     "' has no builder: call Job::Build");
  }
  const core::Links links(job.links(), job.tasks());
  for (TaskId task = 0; task < job.tasks(); ++task) {
    const auto neighbors = links.Neighbors(task, /*epoch=*/0);
    if (!neighbors) throw UsageError(neighbors.error().message);
  }
}

int Do(const job::CommandLine& line) {
  if (const auto* text = std::get_if<job::PrintText>(&line.command)) {
    return Print(*text);
  }
  if (const auto* node = std::get_if<job::NodeCommand>(&line.command)) {
    return job::RunNode(line, *node);
  }
  CheckJob(line.job);
  if (const auto* run = std::get_if<job::RunCommand>(&line.command)) {
    return job::Launcher(line, *run).Run();
  }
  return job::RunController(line,
                            std::get<job::ControllerCommand>(line.command));
}

}  // namespace

int Main(const Job& job, int argc, char** argv) {
  try {
    return Do(job::ParseCommandLine(job, argc, argv));
  } catch (const UsageError& error) {
    job::Complain(error.what());
    return kWrongUse;
  } catch (const std::system_error& error) {
    job::Complain(error.what());
    return 1;
  }
}

}  // namespace taskgraph
