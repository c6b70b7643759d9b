// SPDX-License-Identifier: Apache-2.0
//
// Moves money between accounts that survive any kill -9 which leaves one copy:
//
//   ledger run --nodes 4 --config epochs=200
//
// bank.h has the tasks, transfers.h what they must come to.
#include "ledger/bank.h"

int main(int argc, char** argv) {
  return taskgraph::Main(ledger::BankJob(), argc, argv);
}
