// SPDX-License-Identifier: Apache-2.0
//
// Exits with 0 if the installed headers, libraries and package file fit
// together.
#include "peer.h"

int main() { return taskgraph::RunInProcess(consumer::PeersJob()).code; }
