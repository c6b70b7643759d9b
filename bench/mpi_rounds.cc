// SPDX-License-Identifier: Apache-2.0
//
// What OpenMPI's collectives reach where epoch_rounds pulls a large parameter
// down a tree and a sum up: in each round rank 0 broadcasts a vector and gets
// the sum of all ranks' vectors, which it checks. Started by epoch_rounds.
//
//   mpirun -n RANKS mpi_rounds FLOATS ROUNDS REPORT
//
// The only file that knows MPI. It survives no failure, which is what it is
// compared for: what surviving them costs.
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "measure.h"

namespace {

using namespace taskgraph::bench;

// Small whole numbers: their sums are exact in any order.
float Parameter(int round) { return static_cast<float>(1 + round % 100); }

// The root makes its vector anew each time, as an application would.
void Round(int round, int rank, int count) {
  std::vector<float> vector(static_cast<std::size_t>(count));
  if (rank == 0) vector.assign(vector.size(), Parameter(round));
  MPI_Bcast(vector.data(), count, MPI_FLOAT, 0, MPI_COMM_WORLD);
  std::vector<float> sum(rank == 0 ? vector.size() : 0);
  MPI_Reduce(vector.data(), sum.data(), count, MPI_FLOAT, MPI_SUM, 0,
             MPI_COMM_WORLD);
  if (rank != 0) return;
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  const float expected = Parameter(round) * static_cast<float>(ranks);
  if (sum.front() != expected || sum.back() != expected) {
    Fail("the sum is wrong");
  }
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  if (argc != 4) Fail("usage: mpi_rounds FLOATS ROUNDS REPORT");
  const int floats = std::atoi(argv[1]), rounds = std::atoi(argv[2]);
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  Run run;
  MPI_Barrier(MPI_COMM_WORLD);
  const auto start = Clock::now();
  for (int round = 0; round < rounds; ++round) {
    const auto began = Clock::now();
    Round(round, rank, floats);
    run.times_us.push_back(MicrosecondsSince(began));
  }
  run.elapsed_us = MicrosecondsSince(start);
  if (rank == 0) run.Save(argv[3]);
  MPI_Finalize();
}
