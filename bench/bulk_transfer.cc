// SPDX-License-Identifier: Apache-2.0
//
// Many floats from task to task in two processes, from 1 MiB to 512 MiB, beside
// a bare transfer over the same kind of socket into memory that is used again,
// and beside gRPC that leaves the bytes as they came (ByteBuffer).
//
//   bulk_transfer [--quick]
#include <string>

#include "bare_sockets.h"
#include "echo_contenders.h"
#include "echo_job.h"
#include "measure.h"
#include "processes.h"

namespace {

using namespace taskgraph::bench;

constexpr std::size_t kMebibyte = 1 << 20;

void Compare(Socket socket, std::size_t mebibytes, const Plan& plan) {
  const Folder folder;
  const EchoServer grpc(kGrpc, socket, folder);
  EchoLoad array, vector;
  array.ask = kAskArray;
  vector.ask = kAskVector;
  array.answer_bytes = vector.answer_bytes = mebibytes * kMebibyte;
  // Three of each turn are cold, and left out. Few of the largest suffice.
  const int most = mebibytes > 64 ? 8 : mebibytes > 1 ? 23 : 203;
  array.trips = vector.trips = plan.Count(most, mebibytes > 16 ? 5 : 13);
  const BareLoad bare{array.trips, 1, array.answer_bytes};
  Contender bares, arrays, vectors, grpcs;
  for (int turn = 0; turn < plan.Count(5, 1); ++turn) {
    bares.Add(BareRoundTrips(socket, bare));
    arrays.Add(Ours(socket, array, folder));
    vectors.Add(Ours(socket, vector, folder));
    grpcs.Add(grpc.Fetch(array));
  }
  Figure figure("bulk_transfer",
                Name(socket) + " " + std::to_string(mebibytes) + " MiB");
  const auto tell = [&](const std::string& name, const Contender& contender) {
    figure
        .With(name + "_GB_per_s",
              GigabytesPerSecond(contender, array.answer_bytes))
        .With(name + "_p99_us", contender.Quantile(0.99));
  };
  tell("array", arrays);
  tell("vector", vectors);
  tell("bare", bares);
  tell("grpc", grpcs);
  const Spread to_bare = Ratio(bares.p50s_us(), arrays.p50s_us());
  if (mebibytes == 64) {
    figure.AtLeast("array_rate_to_bare", to_bare, 0.85);
  } else {
    figure.With("array_rate_to_bare", to_bare);
  }
  figure.With("vector_rate_to_bare", Ratio(bares.p50s_us(), vectors.p50s_us()))
      .With("array_rate_to_grpc", Ratio(grpcs.p50s_us(), arrays.p50s_us()))
      .With("vector_rate_to_grpc", Ratio(grpcs.p50s_us(), vectors.p50s_us()))
      .Print();
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = PlayBareServer(argc, argv)) return *code;
  if (const auto code = PlayRole(EchoJob(), argc, argv)) return *code;
  const Plan plan = ReadPlan(argc, argv);
  for (const Socket socket : {Socket::kUnix, Socket::kTcp}) {
    for (const std::size_t mebibytes : {1, 16, 64}) {
      Compare(socket, mebibytes, plan);
    }
    if (!plan.quick) Compare(socket, 512, plan);
  }
}
