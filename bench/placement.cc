// SPDX-License-Identifier: Apache-2.0
#include "placement.h"

#include "measure.h"

namespace taskgraph::bench {
namespace {

cpu_set_t Allowed() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    Fail("cannot tell which processors there are");
  }
  return allowed;
}

// The processors that this program was started with. Whoever asks first has not
// been placed yet.
const cpu_set_t& Ours() {
  static const cpu_set_t ours = Allowed();
  return ours;
}

// The last one for who asks, since the first one serves most interrupts; the
// one before it for who answers.
int ProcessorOf(Placement placement, Side side) {
  int skip = placement == Placement::kOneEach && side == Side::kAnswers ? 1 : 0;
  for (int processor = CPU_SETSIZE - 1; processor >= 0; --processor) {
    if (CPU_ISSET(processor, &Ours()) && skip-- == 0) return processor;
  }
  Fail("there are too few processors");
}

}  // namespace

std::string Suffix(Placement placement) {
  switch (placement) {
    case Placement::kFree:
      return {};
    case Placement::kOneForAll:
      return ", one processor for all";
    case Placement::kOneEach:
      return ", a processor each";
  }
  return {};
}

bool IsPossible(Placement placement) {
  return placement != Placement::kOneEach || CPU_COUNT(&Ours()) > 1;
}

Placed::Placed(Placement placement, Side side) : before_(Allowed()) {
  cpu_set_t set = Ours();
  if (placement != Placement::kFree) {
    const int processor = ProcessorOf(placement, side);
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
  }
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    Fail("cannot choose a processor");
  }
}

Placed::~Placed() { (void)::sched_setaffinity(0, sizeof before_, &before_); }

}  // namespace taskgraph::bench
