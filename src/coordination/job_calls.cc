// SPDX-License-Identifier: Apache-2.0
//
// JobStore: proposals and sessions, carried to the coordinator until decided.
#include <algorithm>
#include <utility>

#include "coordination/job_store.h"

namespace taskgraph::coordination {
namespace {

constexpr Duration kRetryMin = std::chrono::milliseconds(20);
constexpr Duration kRetryMax = std::chrono::seconds(1);

std::chrono::seconds WholeSeconds(Duration duration) {
  return std::max(std::chrono::ceil<std::chrono::seconds>(duration),
                  std::chrono::seconds(1));
}

// What the operation `at` found. Nothing, if it was no reading: whoever answers
// so is no coordinator, and has nothing to say.
const std::vector<KeyValue>& Found(const TxnReply& reply, std::size_t at) {
  static const std::vector<KeyValue> kNothing;
  const auto* read = at < reply.replies.size()
                         ? std::get_if<ReadReply>(&reply.replies[at])
                         : nullptr;
  return read == nullptr ? kNothing : read->found;
}

}  // namespace

void JobStore::Issue(std::function<void(Tag)> issue, Verdict decided) {
  const Tag tag = ++last_tag_;
  Call& call = calls_[tag];
  call.issue = std::move(issue);
  call.decided = std::move(decided);
  call.issue(tag);
}

void JobStore::Commit(Txn txn, Verdict decided) {
  Issue(
      [this, txn = std::move(txn)](Tag tag) { coordinator_.Commit(tag, txn); },
      std::move(decided));
}

// Binds a key to this process's lease, which may be gone before it is told.
void JobStore::CommitOnLease(Txn txn, Verdict decided) {
  Commit(std::move(txn), std::move(decided));
  const auto call = calls_.find(last_tag_);
  if (call != calls_.end()) call->second.may_lack_lease = true;
}

void JobStore::OnDecided(Tag tag, const TxnReply& reply, core::Time now) {
  const auto found = calls_.find(tag);
  if (found == calls_.end()) return;
  const Verdict decided = std::move(found->second.decided);
  TellRoom(found->second);
  calls_.erase(found);
  if (decided) decided(reply, now);
}

// R15: again until decided. Each call is guarded, so that a repeat is harmless.
void JobStore::OnFailed(const CallFailed& failed, core::Time now) {
  const auto found = calls_.find(failed.tag);
  if (found == calls_.end()) return;
  if (!failed.retry) {
    const bool expected = found->second.may_lack_lease;
    calls_.erase(found);
    if (expected) return;  // R25: LeaseLost follows, and a new session.
    sink_(JobRefused{{ErrorCode::kRefused,
                      "the coordinator refused a call: " + failed.reason}});
    return;
  }
  Call& call = found->second;
  call.delay = std::clamp(2 * call.delay, kRetryMin, kRetryMax);
  call.again_at = now + call.delay;
  if (failed.no_room) TellShortage(call, failed.reason);
}

// One line for each shortage, however many calls it concerns.
void JobStore::TellShortage(Call& call, const std::string& reason) {
  call.lacked_room = true;
  if (std::exchange(told_shortage_, true)) return;
  sink_(JobRemark{"the coordinator takes no changes (" + reason +
                  "); no epoch can end and no task can move until it has room "
                  "again"});
}

// Others may have been taken all the while: what deletes needs no room.
void JobStore::TellRoom(const Call& call) {
  if (!call.lacked_room || !std::exchange(told_shortage_, false)) return;
  sink_(JobRemark{"the coordinator takes changes again"});
}

void JobStore::OnDeadline(core::Time now) {
  std::vector<Tag> due;
  for (const auto& [tag, call] : calls_) {
    if (call.again_at && *call.again_at <= now) due.push_back(tag);
  }
  for (Tag tag : due) {
    const auto found = calls_.find(tag);
    if (found == calls_.end()) continue;
    found->second.again_at.reset();
    found->second.issue(tag);
  }
}

core::Time JobStore::NextDeadline() const {
  core::Time next = core::kNever;
  for (const auto& [tag, call] : calls_) {
    if (call.again_at) next = std::min(next, *call.again_at);
  }
  return next;
}

// A verdict is told only when what it was about has been told by the watch;
// otherwise the core would plan once more on what it knows to be old.
void JobStore::AfterRevision(Revision revision, core::Input fact) {
  after_.emplace(revision, std::move(fact));
  ReleaseUpTo(seen_);
}

void JobStore::ReleaseUpTo(Revision revision) {
  while (!after_.empty() && after_.begin()->first <= revision) {
    core::Input fact = std::move(after_.begin()->second);
    after_.erase(after_.begin());
    Tell(std::move(fact));
  }
}

void JobStore::Submit(const JobSpec& spec, Submission submission) {
  submitted_ = spec;
  submission_ = submission;
  const std::string text = Encode(spec);
  Txn txn;
  txn.compares = {Compare::Absent(keys_.spec())};
  txn.then = {Put{keys_.spec(), text},
              Put{keys_.epoch(), Encode(core::EpochAdvanced{1, 0})}};
  if (submission == Submission::kNew) {
    txn.then.push_back(Delete{KeyRange::One(keys_.status())});
  } else {
    txn.compares.push_back(Compare::Absent(keys_.status()));
  }
  txn.otherwise = {Read{KeyRange::One(keys_.spec())},
                   Read{KeyRange::One(keys_.status())}};
  Commit(std::move(txn), [this](const TxnReply& reply, core::Time) {
    if (reply.succeeded) return;  // The watch tells of it.
    const auto& specs = Found(reply, 0);
    const auto& ends = Found(reply, 1);
    const auto theirs =
        specs.empty() ? std::nullopt : DecodeSpec(specs[0].value);
    if (theirs) RefusesOther(*theirs);
    if (specs.empty() && !ends.empty()) LearnEnd(ends[0].value);
  });
}

void JobStore::Join(const core::NodeRecord& record) {
  node_.record = record;
  node_.wanted = true;
  if (spec_) OpenSession(node_);
}

void JobStore::Campaign(const core::NodeRecord& controller) {
  controller_.record = controller;
  controller_.wanted = true;
  if (spec_) OpenSession(controller_);
}

void JobStore::OpenSession(Role& role) {
  if (role.lease != 0 || role.granting != 0) return;
  Issue(
      [this, &role](Tag tag) {
        role.granting = tag;
        coordinator_.GrantLease(tag, WholeSeconds(session_time_));
      },
      nullptr);
}

void JobStore::OnLease(const LeaseGranted& granted) {
  calls_.erase(granted.tag);
  for (Role* role : {&node_, &controller_}) {
    if (role->granting != granted.tag) continue;
    role->granting = 0;
    role->lease = granted.lease;
    if (role == &node_) RegisterNode();
    if (role == &controller_) TryElection();
    return;
  }
  if (removing_ == granted.tag) RemoveAllButStatus(granted.lease);
}

// R24: nobody renews the lease of the status, so it ends after its retention
// time.
void JobStore::RemoveAllButStatus(LeaseId retention) {
  coordinator_.AbandonLease(retention);
  Txn txn;
  const auto spec = known_.find(keys_.spec());
  if (spec != known_.end()) {  // Not those of a run that was submitted since.
    txn.compares = {
        Compare::ModRevisionIs(keys_.spec(), spec->second.mod_revision)};
  }
  const std::string* status = Known(keys_.status());
  txn.then = {
      Delete{{keys_.root(), keys_.status()}},
      Delete{{keys_.status() + '\0', KeyRange::Prefix(keys_.root()).end}}};
  if (status != nullptr)
    txn.then.push_back(Put{keys_.status(), *status, retention});
  Commit(std::move(txn),
         [this](const TxnReply&, core::Time) { sink_(JobRemoved{}); });
}

void JobStore::OnLeaseLost(LeaseId lease) {
  for (Role* role : {&node_, &controller_}) {
    if (role->lease != lease || lease == 0) continue;
    role->lease = 0;
    const bool held = std::exchange(role->held, false);
    if (role == &controller_ && held) Tell(core::ElectionLost{});
    if (!role->wanted) continue;
    sink_(JobRemark{
        "the session at the coordinator was lost; opening a new one"});
    OpenSession(*role);  // R25
  }
}

// R25: also over a registration of an earlier session of this node's.
void JobStore::RegisterNode() {
  if (!node_.wanted || node_.lease == 0) return;
  Txn txn;
  txn.compares = {Compare::Absent(keys_.status())};
  txn.then = {
      Put{keys_.node(node_.record.node), Encode(node_.record), node_.lease}};
  CommitOnLease(std::move(txn),
                [this, lease = node_.lease](const TxnReply& reply, core::Time) {
                  if (lease == node_.lease) node_.held = reply.succeeded;
                });
}

void JobStore::TryElection() {
  Role& role = controller_;
  if (!role.wanted || role.held || role.lease == 0) return;
  const std::string text = Encode(role.record);
  Txn txn;
  txn.compares = {Compare::Absent(keys_.controller()),
                  // R24: nobody is elected when the job's keys are gone.
                  Compare{keys_.spec(),
                          Compare::Target::kVersion,
                          Compare::Relation::kGreater,
                          0,
                          {}}};
  txn.then = {Put{keys_.controller(), text, role.lease}};
  txn.otherwise = {Read{KeyRange::One(keys_.controller())}};
  CommitOnLease(std::move(txn), [this, text, lease = role.lease](
                                    const TxnReply& reply, core::Time) {
    if (lease != controller_.lease || controller_.held) return;
    bool mine = reply.succeeded;
    if (!mine) {  // Perhaps by a call whose answer was lost.
      const auto& found = Found(reply, 0);
      mine = !found.empty() && found[0].lease == lease;
    }
    controller_.held = mine;
    if (mine) AfterRevision(reply.revision, core::ElectionWon{});
  });
}

void JobStore::Do(const core::ProposeEpoch& proposal) {
  const core::EpochAdvanced from{proposal.generation, proposal.from};
  const core::EpochAdvanced next{proposal.generation, proposal.from + 1};
  Txn txn;
  txn.compares = {Compare::ValueIs(keys_.epoch(), Encode(from)),  // R6
                  Compare::ValueIs(keys_.term(proposal.task),
                                   std::to_string(proposal.term))};
  txn.then = {Put{keys_.epoch(), Encode(next)}};
  Commit(std::move(txn), [this, next](const TxnReply& reply, core::Time) {
    Tell(core::EpochDecided{next.epoch, reply.succeeded});
  });
}

void JobStore::Do(const core::ProposeEnd& proposal) {
  Txn txn;
  txn.compares = {Compare::Absent(keys_.status())};  // R24: once.
  if (proposal.task) {
    txn.compares.push_back(Compare::ValueIs(keys_.term(*proposal.task),
                                            std::to_string(proposal.term)));
  }
  txn.then = {Put{keys_.status(), Encode(proposal.end)}};
  Commit(std::move(txn), nullptr);
}

// R5, R25: one of them may have taken its session up again meanwhile.
void JobStore::AddLossGuards(const core::Assignment& lost, Txn& txn) const {
  const auto guard = [&](const core::NodeId& node) {
    if (node.empty() || node == node_.record.node) return;  // By itself.
    txn.compares.push_back(Compare::Absent(keys_.node(node)));
  };
  guard(lost.primary);
  for (const core::NodeId& node : lost.backups) guard(node);
}

// R1: by compare-and-swap on the record as the core knew it.
void JobStore::Do(const core::ProposeAssignments& proposal) {
  Txn txn;
  txn.compares = {
      Compare::Absent(keys_.status())};  // R24: nothing begins anew.
  core::AssignmentsDecided decided;
  bool stale = false;
  bool lost = false;
  for (const core::AssignmentChange& change : proposal.changes) {
    decided.tasks.push_back(change.task);
    const std::string key = keys_.assignment(change.task);
    const auto known = known_.find(key);
    const auto record =
        known == known_.end()
            ? std::optional<core::Assignment>(core::Assignment{})
            : DecodeAssignment(known->second.value);
    const bool differs = record != change.expected;
    stale = stale || differs;
    // Malformed, or deleted: no other fact says what is so now.
    lost = lost || (differs && (!record || known == known_.end()));
    txn.compares.push_back(Compare::ModRevisionIs(
        key, known == known_.end() ? 0 : known->second.mod_revision));
    if (change.next.incarnation != change.expected.incarnation) {
      AddLossGuards(change.expected, txn);
    }
    txn.then.push_back(Put{key, Encode(change.next)});
    if (change.next.term != change.expected.term) {
      txn.then.push_back(
          Put{keys_.term(change.task), std::to_string(change.next.term)});
    }
  }
  if (lost) {  // Told at once it would be proposed again at once, for ever.
    AfterRevision(seen_ + 1, std::move(decided));
    return;
  }
  if (stale) {
    Tell(std::move(decided));
    return;
  }
  Commit(std::move(txn), [this, decided](const TxnReply& reply, core::Time) {
    AfterRevision(reply.revision, decided);
  });
}

// Also a node that registers anew meanwhile is safe: that is another lease.
void JobStore::Do(const core::EndSession& order) {
  const auto known = known_.find(keys_.node(order.node));
  if (known == known_.end() || known->second.lease == 0) return;
  const LeaseId lease = known->second.lease;
  Issue([this, lease](Tag tag) { coordinator_.RevokeLease(tag, lease); },
        nullptr);
}

void JobStore::Do(const core::LeaveJob&) {
  node_.wanted = false;
  if (node_.lease == 0) {
    sink_(SessionEnded{});
    return;
  }
  const LeaseId lease = node_.lease;
  Issue([this, lease](Tag tag) { coordinator_.RevokeLease(tag, lease); },
        [this](const TxnReply&, core::Time) { sink_(SessionEnded{}); });
}

void JobStore::Do(const core::RemoveJob&) {
  controller_.wanted = false;
  const Duration retention = spec_ ? spec_->options.failure.status_retention
                                   : std::chrono::minutes(10);
  Issue(
      [this, retention](Tag tag) {
        removing_ = tag;
        coordinator_.GrantLease(tag, WholeSeconds(retention));
      },
      nullptr);
}

}  // namespace taskgraph::coordination
