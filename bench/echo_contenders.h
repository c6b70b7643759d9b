// SPDX-License-Identifier: Apache-2.0
//
// Who takes part in request_latency and bulk_transfer, besides bare sockets:
// ours, and the echo programs of other systems, which are apart from all else.
//
// Intuition: every contender gets the same two processes, the same bytes and
// the same number of questions, and brings back the same kind of Run.
#pragma once

#include <cstddef>
#include <string>

#include "bare_sockets.h"
#include "echo_job.h"
#include "measure.h"
#include "placement.h"
#include "processes.h"

namespace taskgraph::bench {

// Two nodes and a controller on this machine, which are coordinated by an
// embedded server of this process.
Run Ours(Socket socket, const EchoLoad& load, const Folder& folder,
         Placement placement = Placement::kFree);

// All tasks in one process.
Run OursWithin(const EchoLoad& load, const Folder& folder);

inline constexpr char kGrpc[] = "grpc_echo";
inline constexpr char kCaf[] = "caf_echo";
// Whether this was built where CAF is.
bool HasCaf();

// A server of another system that is there for all turns; each turn has a
// client of its own.
class EchoServer {
 public:
  EchoServer(std::string program, Socket socket, const Folder& folder,
             Placement placement = Placement::kFree);

  // Unary calls of 16 bytes.
  Run Call(const EchoLoad& load) const;
  // Answers of so many bytes, one after the other.
  Run Fetch(const EchoLoad& load) const;

 private:
  Run Ask(const std::string& how, int trips, std::size_t measure) const;

  const Folder& folder_;
  std::string program_, address_;
  Placement placement_;
  Program server_;
};

// Server and client of another system in one process.
Run Within(const std::string& program, const EchoLoad& load,
           const Folder& folder);

}  // namespace taskgraph::bench
