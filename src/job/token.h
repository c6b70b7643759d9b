// SPDX-License-Identifier: Apache-2.0
//
// The job's token: the secret that its members show each other. It is read from
// a file, so that no list of processes and no log ever shows it.
#pragma once

#include <optional>
#include <string>

#include "coordination/job_records.h"
#include "taskgraph/error.h"

namespace taskgraph::job {

// The secret in a file, without space around it; `what` it is, for errors.
Result<std::string> ReadSecret(const std::string& path,
                               const std::string& what);

// The token in a file, without space around it; no file: an empty one.
Result<std::string> ReadToken(const std::string& path);

// What tells a token in the spec of a job's run without giving it away. (A
// token that can be guessed can be guessed from it: take a random one.)
std::string TokenMark(const std::string& token, const std::string& instance);

// Says so if `token` is not the one of the job with this spec.
std::optional<Error> ObjectionToToken(const std::string& token,
                                      const coordination::JobSpec& spec);

}  // namespace taskgraph::job
