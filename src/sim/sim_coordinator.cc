// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_coordinator.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace taskgraph::sim {

using coordination::CallFailed;
using coordination::Change;
using coordination::EtcdText;
using coordination::Event;
using coordination::LeaseId;
using coordination::Refusal;
using coordination::RevisionChanges;
using coordination::Tag;
using coordination::TxnDecided;

namespace {

// How a call that was decided, or refused, is answered.
template <typename T, typename Decided>
Event Verdict(Tag tag, const coordination::Outcome<T>& outcome,
              Decided decided) {
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
    return CallFailed{tag, std::string(EtcdText(*refusal)), /*retry=*/false};
  }
  return decided(std::get<T>(outcome));
}

}  // namespace

SimCoordinator::SimCoordinator(std::string process, Surroundings surroundings,
                               coordination::Sink sink)
    : process_(std::move(process)),
      around_(surroundings),
      sink_(std::move(sink)) {
  listener_ = around_.registry.Listen([this] {
    for (auto& [tag, watch] : watches_) ReadLater(tag);
    NoticeLater();
  });
}

SimCoordinator::~SimCoordinator() {
  *alive_ = false;
  around_.registry.Ignore(listener_);
}

void SimCoordinator::After(Duration delay, std::function<void()> event) {
  around_.agenda.After(delay, [alive = alive_, event = std::move(event)] {
    if (*alive) event();
  });
}

// --- Calls ---

std::optional<Duration> SimCoordinator::Struck(FaultKind kind) const {
  return around_.strikes ? around_.strikes(kind, 0) : std::nullopt;
}

SimCoordinator::Fate SimCoordinator::DrawFate() {
  if (Struck(FaultKind::kLoseCall)) return {Fate::What::kLost};
  if (const auto late = Struck(FaultKind::kLateCall)) {
    return {Fate::What::kLate, *late};
  }
  const bool chance = around_.random.Chance(around_.options.lost_answers);
  if (chance || Struck(FaultKind::kLoseAnswer)) {
    return {Fate::What::kAnswerLost};
  }
  return {};
}

void SimCoordinator::Ask(Tag tag, Call call) {
  using What = Fate::What;
  const Fate fate = DrawFate();
  // On its way a call is no longer its sender's: it arrives even if that one
  // dies.
  around_.agenda.After(
      Delay(), [this, alive = alive_, tag, fate, call = std::move(call),
                registry = &around_.registry] {
        const bool arrives = registry->open() && !(*alive && cut_off_) &&
                             fate.what != What::kLost;
        if (!arrives || fate.what == What::kLate) {
          if (*alive) Fail(tag);
          if (!arrives || !*alive) return;
          After(fate.late, [call, registry] {
            if (registry->open()) call();
          });
          return;
        }
        Event event = call();
        if (!*alive) return;
        if (fate.what == What::kAnswerLost) {
          Fail(tag);
        } else {
          Answer(tag, std::move(event));
        }
      });
}

void SimCoordinator::Answer(Tag tag, Event event) {
  After(Delay(), [this, tag, event = std::move(event)] {
    if (Reaches()) {
      sink_(event);
    } else {
      Fail(tag);
    }
  });
}

void SimCoordinator::Fail(Tag tag) {
  After(around_.random.Between({}, around_.options.call_timeout), [this, tag] {
    sink_(CallFailed{tag, "nobody answered"});
  });
}

void SimCoordinator::Commit(Tag tag, coordination::Txn txn) {
  Ask(tag, [tag, txn = std::move(txn), registry = &around_.registry,
            process = process_] {
    return Verdict(tag, registry->Commit(txn, process),
                   [&](const coordination::TxnReply& reply) {
                     return TxnDecided{tag, reply};
                   });
  });
}

void SimCoordinator::GrantLease(Tag tag, std::chrono::seconds time_to_live) {
  Ask(tag,
      [tag, time_to_live, registry = &around_.registry, this, alive = alive_] {
        return Verdict(tag, registry->Grant(time_to_live),
                       [&](const coordination::GrantedLease& granted) {
                         if (*alive) {
                           leases_.insert(granted.lease);
                           KeepLater(granted.lease,
                                     Duration(granted.time_to_live) / 3);
                         }
                         return coordination::LeaseGranted{
                             tag, granted.lease, granted.time_to_live};
                       });
      });
}

void SimCoordinator::RevokeLease(Tag tag, LeaseId lease) {
  Ask(tag, [tag, lease, registry = &around_.registry, process = process_] {
    registry->Revoke(lease, process);
    return TxnDecided{tag, {}};
  });
}

void SimCoordinator::AbandonLease(LeaseId lease) { leases_.erase(lease); }

void SimCoordinator::KeepLater(LeaseId lease, Duration interval) {
  After(interval, [this, lease, interval] {
    if (!leases_.contains(lease)) return;
    if (!asleep_ && Reaches()) {
      const auto outcome = around_.registry.KeepAlive(lease);
      if (std::holds_alternative<Refusal>(outcome)) {
        leases_.erase(lease);
        After(Delay(),
              [this, lease] { sink_(coordination::LeaseLost{lease}); });
        return;
      }
    }
    KeepLater(lease, interval);
  });
}

// --- Watches ---

void SimCoordinator::Watch(Tag tag, coordination::KeyRange range,
                           coordination::Revision from) {
  watches_[tag] = {std::move(range), from, false};
  ReadLater(tag);
}

void SimCoordinator::Unwatch(Tag tag) { watches_.erase(tag); }

void SimCoordinator::ReadLater(Tag tag) {
  WatchState& watch = watches_.at(tag);
  if (std::exchange(watch.due, true)) return;
  const Duration late = Struck(FaultKind::kLateWatch).value_or(Duration{});
  After(Delay() + late, [this, tag] {
    const auto found = watches_.find(tag);
    if (found == watches_.end()) return;
    found->second.due = false;
    if (Reaches()) ReadOn(tag);  // Else at the next change, or Reconnect.
  });
}

void SimCoordinator::ReadOn(Tag tag) {
  WatchState& watch = watches_.at(tag);
  const coordination::Store& store = around_.registry.store();
  const bool again = Struck(FaultKind::kRelist).has_value();
  const auto outcome = store.Changes(watch.range, watch.next);
  if (watch.next == 0 || again || std::holds_alternative<Refusal>(outcome)) {
    List(tag, watch);
    return;
  }
  watch.next = store.revision() + 1;
  if (interest_) NoteTheClock();
  for (const RevisionChanges& revision :
       std::get<std::vector<RevisionChanges>>(outcome)) {
    if (around_.random.Chance(around_.options.lost_changes)) continue;
    Tell(tag, revision.revision, revision.changes);
  }
}

void SimCoordinator::Tell(Tag tag, coordination::Revision revision,
                          std::vector<Change> changes) {
  if (interest_) {
    interest_->Note(changes);
    std::erase_if(changes, [this](const Change& change) {
      return !interest_->Wants(change.current.key);
    });
    AskFor(interest_->TakeNew());
  }  // What is left may be nothing: how far the watch is, is told all the same.
  for (const Change& change : changes) {
    around_.registry.CountTold(change.current);
  }
  sink_(coordination::WatchChanged{tag, revision, std::move(changes)});
}

// A second question and its answer, which is told as if by the watch. It comes
// from no revision: what was told of later ones is not overwritten.
void SimCoordinator::AskFor(std::vector<std::string> keys) {
  if (keys.empty()) return;
  After(Delay() + Delay(), [this, keys = std::move(keys)] {
    if (watches_.empty()) return;
    if (!Reaches()) return AskFor(keys);
    const coordination::Store& store = around_.registry.store();
    std::vector<Change> values;
    for (const std::string& key : keys) {
      const auto reply = store.Range({coordination::KeyRange::One(key)});
      const auto& found = std::get<coordination::ReadReply>(reply).found;
      Change change{Change::Kind::kDelete, {}};
      change.current.key = key;
      change.current.mod_revision = store.revision();
      if (!found.empty()) change = {Change::Kind::kPut, found[0]};
      values.push_back(std::move(change));
    }
    Tell(watches_.rbegin()->first, /*revision=*/0, std::move(values));
  });
}

// A node knows its epoch, from whomever.
void SimCoordinator::NoteTheClock() {
  const coordination::Store& store = around_.registry.store();
  const auto reply =
      store.Range({coordination::KeyRange::One(interest_->epoch_key())});
  for (const auto& clock : std::get<coordination::ReadReply>(reply).found) {
    interest_->Note({{Change::Kind::kPut, clock}});
  }
  AskFor(interest_->TakeNew());
}

void SimCoordinator::List(Tag tag, WatchState& watch) {
  const coordination::Store& store = around_.registry.store();
  const auto outcome = store.Range(coordination::Read{watch.range});
  watch.next = store.revision() + 1;
  auto all = std::get<coordination::ReadReply>(outcome).found;
  if (interest_) {
    std::vector<Change> changes;
    for (const auto& one : all) changes.push_back({Change::Kind::kPut, one});
    // What it has, then its neighbors, then their nodes.
    do {
      interest_->Note(changes);
    } while (!interest_->TakeNew().empty());
    std::erase_if(all, [this](const coordination::KeyValue& one) {
      return !interest_->Wants(one.key);
    });
  }
  for (const auto& one : all) around_.registry.CountTold(one);
  sink_(coordination::WatchListed{tag, store.revision(), std::move(all)});
}

// --- Away and back ---

void SimCoordinator::CutOff() {
  cut_off_ = true;
  NoticeLater();
}

void SimCoordinator::Reconnect() {
  cut_off_ = false;
  for (auto& [tag, watch] : watches_) ReadLater(tag);
  NoticeLater();
}

void SimCoordinator::NoticeLater() {
  if (told_away_ == !Reaches() || std::exchange(notice_due_, true)) return;
  After(around_.random.Between({}, around_.options.notice_max),
        [this] { Notice(); });
}

void SimCoordinator::Notice() {
  notice_due_ = false;
  if (told_away_ == !Reaches()) return;
  told_away_ = !told_away_;
  if (told_away_) {
    sink_(coordination::CoordinatorAway{"it does not answer"});
  } else {
    sink_(coordination::CoordinatorBack{});
  }
}

}  // namespace taskgraph::sim
