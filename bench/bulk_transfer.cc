// SPDX-License-Identifier: Apache-2.0
//
// 64 MiB of floats from task to task in two processes, beside a bare transfer
// over the same kind of socket into memory that is used again.
//
//   bulk_transfer [--quick]
#include <string>
#include <vector>

#include "bare_sockets.h"
#include "echo_job.h"
#include "measure.h"
#include "processes.h"

namespace {

using namespace taskgraph::bench;

double GigabytesPerSecond(const Contender& contender) {
  return static_cast<double>(kLargeBytes) / contender.Quantile(0.5) / 1e3;
}

Run Ours(EchoLoad load, const char* ask, const Folder& folder) {
  load.ask = ask;
  std::vector<std::string> arguments = Settings(load, folder / "ours");
  arguments.push_back("--nodes=2");
  RunJob(arguments);
  return Run::Load(folder / "ours");
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayBareServer(argc, argv)) return *code;
  if (const auto code = PlayRole(EchoJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  const Folder folder;
  EchoLoad load;
  load.trips = plan.Count(23, 10);
  load.answer_bytes = kLargeBytes;
  Contender bare, array, vector, kept;
  for (int turn = 0; turn < plan.Count(5, 2); ++turn) {
    bare.Add(BareRoundTrips(Socket::kUnix, {load.trips, 1, kLargeBytes}));
    array.Add(Ours(load, kAskArray, folder));
    vector.Add(Ours(load, kAskVector, folder));
    kept.Add(Ours(load, kAskKeptVector, folder));
  }
  const double reachable = GigabytesPerSecond(bare);
  Figure("bulk_transfer", "unix 64 MiB")
      .With("bare_GB_per_s", reachable)
      .With("array_GB_per_s", GigabytesPerSecond(array))
      .With("vector_GB_per_s", GigabytesPerSecond(vector))
      .AtLeast("array_to_bare", GigabytesPerSecond(array) / reachable, 0.85)
      .AtLeast("vector_to_bare", GigabytesPerSecond(vector) / reachable, 0.85)
      .With("kept_vector_to_bare", GigabytesPerSecond(kept) / reachable)
      .Print();
}
