// SPDX-License-Identifier: Apache-2.0
//
// Main: from the command line to what it asks for.
#include <cstdio>
#include <system_error>

#include "job/command_checks.h"
#include "job/command_line.h"
#include "job/last_words.h"
#include "job/launcher.h"
#include "job/members.h"
#include "job/standard_streams.h"
#include "runtime/job_checks.h"
#include "taskgraph/job.h"

namespace taskgraph {
namespace {

constexpr int kWrongUse = 2;

int Do(const job::CommandLine& line) {
  if (const auto* text = std::get_if<job::PrintText>(&line.command)) {
    std::fputs(text->text.c_str(), text->code == 0 ? stdout : stderr);
    return text->code;
  }
  if (const auto* node = std::get_if<job::NodeCommand>(&line.command)) {
    return job::RunNode(line, *node);
  }
  runtime::CheckLinks(line.job);
  if (const auto* run = std::get_if<job::RunCommand>(&line.command)) {
    return job::Launcher(line, *run).Run();
  }
  return job::RunController(line,
                            std::get<job::ControllerCommand>(line.command));
}

int DoOrComplain(const Job& job, int argc, char** argv) {
  try {
    runtime::CheckDeclaration(job);
    return Do(job::ParseCommandLine(job, argc, argv));
  } catch (const UsageError& error) {
    job::Complain(error.what());
    return kWrongUse;
  } catch (const std::system_error& error) {
    job::Complain(error.what());
    return 1;
  }
}

}  // namespace

int Main(const Job& job, int argc, char** argv) {
  job::KeepStandardStreams();
  job::PrepareLastWords();
  return job::FlushStdout(DoOrComplain(job, argc, argv));
}

}  // namespace taskgraph
