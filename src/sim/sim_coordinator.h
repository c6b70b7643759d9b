// SPDX-License-Identifier: Apache-2.0
//
// SimCoordinator: one process's way to the registry, with everything that may
// go wrong on it.
//
// Intuition: letters to the notary's office. Each takes its time; some are
// lost on the way there, some on the way back, and of some the sender has given
// up hope when they are carried out after all. What is certain is only that
// each letter gets one answer, and that "I don't know" is one of them.
//
// Not thread-safe; owned by its process.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordination/coordinator.h"
#include "sim/agenda.h"
#include "sim/interest.h"
#include "sim/random.h"
#include "sim/registry.h"
#include "taskgraph/fault.h"

namespace taskgraph::sim {

// Asked at each occasion for a fault; none: it does not happen now. Else it
// does, for so long.
using Strikes = std::function<std::optional<Duration>(FaultKind, TaskId)>;

struct CoordinatorOptions {
  Duration delay_min = std::chrono::microseconds(100);
  Duration delay_max = std::chrono::milliseconds(3);
  // After which a call that nobody answers fails.
  Duration call_timeout = std::chrono::seconds(1);
  // Until a process notices that the registry is away, or back.
  Duration notice_max = std::chrono::milliseconds(500);

  // Calls that are carried out, and whose answer is lost.
  double lost_answers = 0;
  // A broken one loses an event; for tests of the tests.
  double lost_changes = 0;

  // Nodes are told only of what they need (interest.h), not of all keys.
  bool by_interest = false;
};

class SimCoordinator final : public coordination::Coordinator {
 public:
  // `sink` is called when an event reaches the process, which may be asleep.
  struct Surroundings {
    Agenda& agenda;
    Random& random;
    Registry& registry;
    const CoordinatorOptions& options;
    const Strikes& strikes;
  };
  SimCoordinator(std::string process, Surroundings surroundings,
                 coordination::Sink sink);
  ~SimCoordinator() override;

  // From now on watches tell of no more than is needed.
  void LimitTo(Interest interest) { interest_.emplace(std::move(interest)); }

  void Commit(coordination::Tag tag, coordination::Txn txn) override;
  void Watch(coordination::Tag tag, coordination::KeyRange range,
             coordination::Revision from) override;
  void Unwatch(coordination::Tag tag) override;
  void GrantLease(coordination::Tag tag,
                  std::chrono::seconds time_to_live) override;
  void RevokeLease(coordination::Tag tag, coordination::LeaseId lease) override;
  void AbandonLease(coordination::LeaseId lease) override;

  // --- Harm ---
  void CutOff();
  void Reconnect();
  // While asleep, nobody keeps its leases.
  void SetAsleep(bool asleep) { asleep_ = asleep; }

 private:
  struct Fate {
    enum class What : std::uint8_t {
      kDecided,
      kLost,
      kAnswerLost,
      kLate
    } what = What::kDecided;
    Duration late{};  // After the caller has given up.
  };
  struct WatchState {
    coordination::KeyRange range;
    coordination::Revision next = 0;  // 0: lists first.
    bool due = false;                 // A reading is on the agenda.
  };
  using Call = std::function<coordination::Event()>;

  bool Reaches() const { return !cut_off_ && around_.registry.open(); }
  Duration Delay() {
    return around_.random.Between(around_.options.delay_min,
                                  around_.options.delay_max);
  }
  // Entries on the agenda outlive this object, and must not touch it then.
  void After(Duration delay, std::function<void()> event);
  std::optional<Duration> Struck(FaultKind kind) const;
  Fate DrawFate();
  void Ask(coordination::Tag tag, Call call);
  void Answer(coordination::Tag tag, coordination::Event event);
  void Fail(coordination::Tag tag);
  void ReadLater(coordination::Tag tag);
  void ReadOn(coordination::Tag tag);
  void List(coordination::Tag tag, WatchState& watch);
  void NoteTheClock();
  void Tell(coordination::Tag tag, coordination::Revision revision,
            std::vector<coordination::Change> changes);
  void AskFor(std::vector<std::string> keys);
  void KeepLater(coordination::LeaseId lease, Duration interval);
  void NoticeLater();
  void Notice();

  const std::string process_;
  Surroundings around_;
  coordination::Sink sink_;
  std::optional<Interest> interest_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::uint64_t listener_ = 0;
  bool cut_off_ = false;
  bool asleep_ = false;
  bool told_away_ = false;
  bool notice_due_ = false;
  std::map<coordination::Tag, WatchState> watches_;
  std::set<coordination::LeaseId> leases_;
};

}  // namespace taskgraph::sim
