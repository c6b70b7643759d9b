// SPDX-License-Identifier: Apache-2.0
//
// What the command line can be told to be wrong, and the words for it. Each
// text says what was wrong and what would be right.
//
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "job/command_line.h"

namespace taskgraph::job {

// "TASKGRAPH_MAX_FAILURES" for "--max-failures".
std::string VariableOf(const std::string& flag);

// Empty: nothing is wrong.
std::string WrongNumber(const std::string& text, std::uint32_t min,
                        std::uint32_t max);
std::string WrongDuration(const std::string& text, Duration min);
std::string WrongSessionTime(const std::string& text);
std::string WrongLogLevel(const std::string& text);

// Settings of the form KEY=VALUE; UsageError for another.
Config ReadSettings(const std::vector<std::string>& settings);

// {"a", "b", ""} for {"a,b,"}.
std::vector<std::string> SplitAtCommas(const std::vector<std::string>& lists);

// Slots for each of `nodes` that together have room for all tasks.
std::uint32_t SlotsNeeded(std::uint32_t nodes, std::uint64_t tasks);

// Slots for each node if nobody says how many: room for all replicas. Those of
// a task are on nodes of their own, so where there are backups the last one
// could find only places beside itself; one slot more, and it has another.
std::uint32_t SlotsByDefault(std::uint32_t nodes, std::uint64_t tasks,
                             std::uint64_t replicas);

// UsageError for what does not fit together.
void CheckRun(const RunCommand& run, std::uint32_t tasks,
              const Security& security);

// UsageError for an address at which no process listens for others, and for one
// that other machines reach unsealed.
void CheckListen(const std::vector<std::string>& listen,
                 const Security& security);

// UsageError for what is of no use without the rest.
void CheckSecurity(const Security& security);

// UsageError for "https:" without certificates, and for a password that would
// travel in the clear.
void CheckCoordinator(const std::vector<std::string>& coordinator,
                      const Security& security);

// UsageError for a session that is shorter than etcd, if that is the
// coordinator, lets one be.
void CheckSession(const FailureOptions& failure,
                  const std::vector<std::string>& coordinator);

// "unknown option '--spare'; did you mean '--spares'?"
std::string DescribeUnknown(const std::string& argument,
                            const std::vector<std::string>& known);

// The declared keys, for the end of the help.
std::string DescribeConfig(const Job& job);

std::string Version(const Job& job);
std::string Overview(const std::string& program, const Job& job);

// One line, and the exit code of a wrong command line.
PrintText Mistake(const std::string& program, std::string what);

}  // namespace taskgraph::job
