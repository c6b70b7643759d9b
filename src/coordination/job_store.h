// SPDX-License-Identifier: Apache-2.0
//
// JobStore: one job's records at the coordinator, as facts and proposals of the
// core.
//
// Intuition: a clerk who reads the minutes aloud as they are written (facts),
// carries proposals to the meeting and brings back the verdict, and renews the
// member's card (the session). A proposal is carried there again until there is
// a verdict (R15); a guard in each makes a repeat harmless (R3).
//
// Everything is learned by one watch on the job's keys, which leaves the
// epoch's out while the core wants it so (FollowEpoch). Not thread-safe: events
// of the coordinator, once enqueued by its sink, come in by Handle, on the
// owner's thread. No clock: time is an argument. The simulator uses it as real
// nodes do.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "coordination/coordinator.h"
#include "coordination/job_records.h"
#include "core/vocabulary.h"

namespace taskgraph::coordination {

// The job's spec is known: the first thing told. Facts follow.
struct SpecFound {
  JobSpec spec;
};
// This process can't take part, for good: the error says why.
struct JobRefused {
  Error error;
};
// The keys of the ended job are gone, by RemoveJob here or elsewhere.
struct JobRemoved {};
// LeaveJob was carried out: the session is ended.
struct SessionEnded {};
// Worth a line in the log.
struct JobRemark {
  std::string text;
};
using JobEvent = std::variant<SpecFound, core::Input, JobRefused, JobRemoved,
                              SessionEnded, JobRemark>;

// How to treat a spec or status that is there already.
enum class Submission : std::uint8_t {
  kNew,     // Another run of that name is an error; the status of an ended one
            // goes.
  kShared,  // The first of several controllers submits; an ended job stays
            // ended.
};

class JobStore {
 public:
  using Sink = std::function<void(JobEvent)>;

  // Begins to watch. `coordinator` must outlive it, and serve nobody else.
  // `sink` is called from within the functions below.
  JobStore(const std::string& job, Coordinator& coordinator, Sink sink);

  // An event of the coordinator.
  void Handle(const Event& event, core::Time now);

  // Repeats what is due to be repeated.
  void OnDeadline(core::Time now);
  core::Time NextDeadline() const;

  // Creates the job (R3: once). Answered by SpecFound or JobRefused.
  void Submit(const JobSpec& spec, Submission submission);

  // Registers this node under a session, again whenever the session is lost
  // (R25).
  void Join(const core::NodeRecord& record);

  // Runs for controller, again whenever there is none: ElectionWon,
  // ElectionLost.
  void Campaign(const core::NodeRecord& controller);

  // Orders of the core.
  void Do(const core::ProposeEpoch& proposal);
  void Do(const core::ProposeEnd& proposal);
  void Do(const core::ProposeAssignments& proposal);
  void Do(const core::FollowEpoch& order);
  void Do(const core::EndSession& order);
  void Do(const core::LeaveJob& order);
  void Do(const core::RemoveJob& order);

 private:
  using Verdict = std::function<void(const TxnReply&, core::Time now)>;
  struct Call {  // One that is not decided yet.
    std::function<void(Tag)> issue;
    Verdict decided;
    std::optional<core::Time> again_at;
    Duration delay{};
    bool may_lack_lease = false;  // A refusal is no error then.
    bool lacked_room = false;
  };
  struct Role {  // A session, and the key that is bound to it.
    core::NodeRecord record;
    Tag granting = 0;
    LeaseId lease = 0;
    bool wanted = false;
    bool held = false;  // The key is known to be ours.
  };

  // Calls (job_calls.cc).
  void Issue(std::function<void(Tag)> issue, Verdict decided);
  void Commit(Txn txn, Verdict decided);
  void CommitOnLease(Txn txn, Verdict decided);
  void OnDecided(Tag tag, const TxnReply& reply, core::Time now);
  void OnFailed(const CallFailed& failed, core::Time now);
  void AfterRevision(Revision revision, core::Input fact);
  void ReleaseUpTo(Revision revision);
  void TellShortage(Call& call, const std::string& reason);
  void TellRoom(const Call& call);

  void AddLossGuards(const core::Assignment& lost, Txn& txn) const;

  // Sessions (job_calls.cc).
  void OpenSession(Role& role);
  void OnLease(const LeaseGranted& granted);
  void OnLeaseLost(LeaseId lease);
  void RegisterNode();
  void TryElection();

  // The watch (job_store.cc).
  void Watch(KeyRange range, Revision from);
  void OnListed(const WatchListed& listed);
  void OnChanged(const WatchChanged& changed);
  void Learn(const KeyValue& key_value);
  void Unlearn(const std::string& key);
  void LearnSpec(const std::string& text);
  bool RefusesOther(const JobSpec& spec);
  void LearnEnd(const std::string& text);
  void RemoveAllButStatus(LeaseId retention);
  void TellReachable();
  void Tell(core::Input fact) { sink_(std::move(fact)); }
  const std::string* Known(const std::string& key) const;

  JobKeys keys_;
  Coordinator& coordinator_;
  Sink sink_;
  Tag last_tag_ = 0;
  Tag watch_ = 0;
  std::map<Tag, Call> calls_;
  std::map<std::string, KeyValue> known_;
  Revision seen_ = 0;  // The watch has told everything up to it.
  std::multimap<Revision, core::Input> after_;
  Duration session_time_{};
  std::optional<JobSpec> spec_;
  std::optional<JobSpec> submitted_;
  Submission submission_ = Submission::kShared;
  bool ended_ = false;
  bool reachable_ = true;
  bool told_reachable_ = false;
  bool told_shortage_ = false;
  Role node_;
  Role controller_;
  Tag removing_ = 0;  // The call for the lease that the status is kept under.
};

}  // namespace taskgraph::coordination
