// SPDX-License-Identifier: Apache-2.0
//
// Sums the numbers of 15 tasks up a tree, in epochs 0..10. The results are
// 0, 105, 210, ..., 1050, whatever fails on the way:
//
//   regression run --config root_fails=yes --config worker_fail_percent=3
//
// tasks.h has the tasks.
#include "regression/tasks.h"

int main(int argc, char** argv) {
  return taskgraph::Main(regression::RegressionJob(), argc, argv);
}
