// SPDX-License-Identifier: Apache-2.0
//
// Coordinator: agreement between nodes, in etcd's model. One history of
// revisions.
//
// Calls return at once; each is answered by one event to the sink, with the
// call's tag. Events of one watch arrive in the order of revisions. An
// implementation hides connections, endpoints and retries of what is safe to
// retry; it never hides that a transaction's outcome is unknown.
//
// Every implementation passes tests/contract/coordinator_contract.h.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "coordination/types.h"

namespace taskgraph::coordination {

// Chosen by the caller, returned with the answer.
using Tag = std::uint64_t;

// The answer to Commit: decided, one way or the other.
struct TxnDecided {
  Tag tag;
  TxnReply reply;
};

// The answer to a call whose outcome is unknown: nobody answered, or the
// connection broke. A transaction may or may not have happened. (Also: the call
// is malformed, `retry` is then false and `reason` says what is wrong.)
struct CallFailed {
  Tag tag;
  std::string reason;
  bool retry = true;
  // The coordinator is there, and takes no changes before it has room again.
  bool no_room = false;
};

// The whole state under a watch's range at `revision`: the first event of a
// watch without a start revision, and again whenever a gap could not be
// excluded (compaction), or every now and then to compare. What is not listed
// does not exist.
struct WatchListed {
  Tag tag;
  Revision revision;
  std::vector<KeyValue> all;
};

// Changes after what was listed or seen before, without gap and without
// repeats; all changes of one revision come in one event.
struct WatchChanged {
  Tag tag;
  Revision revision;
  std::vector<Change> changes;
};

struct LeaseGranted {
  Tag tag;
  LeaseId lease;
  std::chrono::seconds time_to_live;
};

// The lease is known to be gone: it expired or was revoked, also by its owner.
struct LeaseLost {
  LeaseId lease;
};

// The coordinator can't be reached; it can be again. Strictly alternating, Away
// first.
struct CoordinatorAway {
  std::string reason;
};
struct CoordinatorBack {};

using Event =
    std::variant<TxnDecided, CallFailed, WatchListed, WatchChanged,
                 LeaseGranted, LeaseLost, CoordinatorAway, CoordinatorBack>;

// Called from a thread of the implementation; must only enqueue.
using Sink = std::function<void(Event)>;

class Coordinator {
 public:
  virtual ~Coordinator() = default;

  // Answered by TxnDecided or CallFailed.
  virtual void Commit(Tag tag, Txn txn) = 0;

  // Reports changes of `range` from revision `from` on; 0: lists first, then
  // reports what changes after. Goes on, whatever fails, until Unwatch. If
  // `from` was compacted away, a WatchListed takes the place of what is gone.
  virtual void Watch(Tag tag, KeyRange range, Revision from) = 0;

  // After it returns no event of this watch is delivered any more.
  virtual void Unwatch(Tag tag) = 0;

  // Answered by LeaseGranted or CallFailed. A granted lease is kept alive until
  // it is revoked, lost, or this object destroyed.
  virtual void GrantLease(Tag tag, std::chrono::seconds time_to_live) = 0;

  // Ends a lease, one's own or another's, and deletes its keys. Answered by
  // TxnDecided (with an empty reply, also if there is no such lease) or
  // CallFailed.
  virtual void RevokeLease(Tag tag, LeaseId lease) = 0;

  // Stops keeping a lease alive, without ending it.
  virtual void AbandonLease(LeaseId lease) = 0;
};

}  // namespace taskgraph::coordination
