// SPDX-License-Identifier: Apache-2.0
//
// JobStore: the watch, from keys and values to facts.
#include "coordination/job_store.h"

#include <algorithm>
#include <set>
#include <utility>

namespace taskgraph::coordination {
JobStore::JobStore(const std::string& job, Coordinator& coordinator, Sink sink)
    : keys_(job), coordinator_(coordinator), sink_(std::move(sink)) {
  Watch(keys_.all(), 0);
}

// In place of the watch before, of which nothing is heard any more.
void JobStore::Watch(KeyRange range, Revision from) {
  if (watch_ != 0) coordinator_.Unwatch(watch_);
  watch_ = ++last_tag_;
  coordinator_.Watch(watch_, std::move(range), from);
}

void JobStore::Do(const core::FollowEpoch& order) {
  if (order.by == core::FollowEpoch::By::kWatch) {
    Watch(keys_.all(), 0);  // R6: what was missed meanwhile is listed.
  } else if (seen_ > 0) {
    Watch(keys_.all_but_epoch(), seen_ + 1);
  }
}

void JobStore::Handle(const Event& event, core::Time now) {
  if (const auto* decided = std::get_if<TxnDecided>(&event)) {
    OnDecided(decided->tag, decided->reply, now);
  } else if (const auto* failed = std::get_if<CallFailed>(&event)) {
    OnFailed(*failed, now);
  } else if (const auto* listed = std::get_if<WatchListed>(&event)) {
    if (listed->tag == watch_) OnListed(*listed);
  } else if (const auto* changed = std::get_if<WatchChanged>(&event)) {
    if (changed->tag == watch_) OnChanged(*changed);
  } else if (const auto* granted = std::get_if<LeaseGranted>(&event)) {
    OnLease(*granted);
  } else if (const auto* lost = std::get_if<LeaseLost>(&event)) {
    OnLeaseLost(lost->lease);
  } else if (const auto* away = std::get_if<CoordinatorAway>(&event)) {
    sink_(JobRemark{"the coordinator is away: " + away->reason});
    reachable_ = false;
    if (std::exchange(told_reachable_, false))
      Tell(core::CoordinatorWentAway{});
  } else {
    sink_(JobRemark{"the coordinator is back"});
    reachable_ = true;
    TellReachable();
    for (auto& [tag, call] : calls_) {
      if (call.again_at) call.again_at = now;
    }
    OnDeadline(now);
  }
}

// What is not listed does not exist any more; what is listed as known is no
// news.
void JobStore::OnListed(const WatchListed& listed) {
  std::set<std::string> present;
  for (const KeyValue& key_value : listed.all) present.insert(key_value.key);
  std::vector<std::string> gone;
  for (const auto& [key, key_value] : known_) {
    if (!present.contains(key)) gone.push_back(key);
  }
  // The spec first, and the epoch before what happens in it.
  const std::string first[] = {keys_.spec(), keys_.epoch()};
  for (const std::string& key : first) {
    for (const KeyValue& key_value : listed.all) {
      if (key_value.key == key) Learn(key_value);
    }
  }
  for (const KeyValue& key_value : listed.all) Learn(key_value);
  for (const std::string& key : gone) Unlearn(key);
  seen_ = std::max(seen_, listed.revision);
  ReleaseUpTo(seen_);
  TellReachable();
  TryElection();
}

void JobStore::OnChanged(const WatchChanged& changed) {
  for (const Change& change : changed.changes) {
    const KeyValue& current = change.current;
    if (change.kind == Change::Kind::kPut) {
      Learn(current);
      continue;
    }
    const auto known = known_.find(current.key);
    if (known == known_.end() ||
        known->second.mod_revision < current.mod_revision) {
      Unlearn(current.key);
    }
  }
  seen_ = std::max(seen_, changed.revision);
  ReleaseUpTo(seen_);
  TellReachable();
}

void JobStore::Learn(const KeyValue& key_value) {
  KeyValue& known = known_[key_value.key];
  if (known.mod_revision >= key_value.mod_revision) return;
  known = key_value;
  const std::string& key = key_value.key;
  const std::string& text = key_value.value;
  bool understood = true;
  if (key == keys_.spec()) {
    LearnSpec(text);
  } else if (key == keys_.status()) {
    LearnEnd(text);
  } else if (key == keys_.epoch()) {
    const auto epoch = DecodeEpoch(text);
    if ((understood = epoch.has_value())) Tell(*epoch);
  } else if (const auto task = keys_.AssignedTask(key)) {
    auto assignment = DecodeAssignment(text);
    understood = assignment.has_value();
    if (understood)
      Tell(core::AssignmentChanged{*task, std::move(*assignment)});
  } else if (keys_.RegisteredNode(key)) {
    const auto node = DecodeNode(text);
    if ((understood = node.has_value())) Tell(core::NodeJoined{*node});
  } else if (key == keys_.controller()) {
    const auto node = DecodeNode(text);
    if ((understood = node.has_value())) Tell(core::ControllerChanged{*node});
  }
  if (!understood) {
    sink_(
        JobRemark{"the value of " + key +
                  " at the coordinator is malformed: " + text.substr(0, 200)});
  }
}

void JobStore::Unlearn(const std::string& key) {
  known_.erase(key);
  if (const auto node = keys_.RegisteredNode(key)) {
    Tell(core::NodeLeft{*node});
    if (node_.wanted && *node == node_.record.node) {
      node_.held = false;
      RegisterNode();  // Deleted by someone else's hand, or with a lost
                       // session.
    }
  } else if (key == keys_.controller()) {
    Tell(core::ControllerChanged{});
    TryElection();
  } else if (key == keys_.spec() && ended_) {
    sink_(JobRemoved{});
  } else if (key == keys_.spec() && spec_) {
    sink_(JobRefused{
        {ErrorCode::kRefused,
         "the coordinator has lost this job: its keys under " + keys_.root() +
             " are gone, and the job had not ended; "
             "was its data folder deleted? Submit the job again"}});
  }
}

void JobStore::LearnSpec(const std::string& text) {
  std::optional<JobSpec> spec = DecodeSpec(text);
  if (!spec) {
    sink_(JobRefused{{ErrorCode::kCorrupt, "the value of " + keys_.spec() +
                                               " is not a job's spec"}});
    return;
  }
  if (spec_ || RefusesOther(*spec)) return;
  session_time_ = spec->options.failure.session_time;
  spec_ = spec;
  sink_(SpecFound{std::move(*spec)});
  if (node_.wanted) OpenSession(node_);
  if (controller_.wanted) OpenSession(controller_);
}

// A new run does not join another one of the same name.
bool JobStore::RefusesOther(const JobSpec& spec) {
  if (!submitted_ || submission_ != Submission::kNew ||
      submitted_->instance == spec.instance) {
    return false;
  }
  sink_(JobRefused{
      {ErrorCode::kRefused,
       "a job of this name is running at this coordinator already; give this "
       "one another --name; or, if it is left over from one that was killed, "
       "remove it: etcdctl del --prefix " +
           keys_.root()}});
  return true;
}

void JobStore::LearnEnd(const std::string& text) {
  // The status of an earlier run of that name is taken away by Submit.
  if (submitted_ && submission_ == Submission::kNew && !spec_) return;
  const std::optional<core::JobEnd> end = DecodeEnd(text);
  if (!end) {
    // Where a status is nothing begins, and no other one can be written.
    sink_(JobRefused{
        {ErrorCode::kCorrupt,
         "the value of " + keys_.status() +
             " at the coordinator is not a job's status, so nobody can tell "
             "how the job ended: " +
             text.substr(0, 200) + "; remove the job: etcdctl del --prefix " +
             keys_.root()}});
    return;
  }
  ended_ = true;
  Tell(core::JobEnded{*end});
}

// Of interest only once there is a job.
void JobStore::TellReachable() {
  if (!spec_ || !reachable_ || std::exchange(told_reachable_, true)) return;
  Tell(core::CoordinatorCameBack{});
}

const std::string* JobStore::Known(const std::string& key) const {
  const auto found = known_.find(key);
  return found == known_.end() ? nullptr : &found->second.value;
}

}  // namespace taskgraph::coordination
