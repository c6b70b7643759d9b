// SPDX-License-Identifier: Apache-2.0
//
// For the exploration of the turn log: a store, three replicas of one task and
// a few neighbors, small enough to try everything that may happen to them.
//
// Intuition: a board game. `Moves` are all that could happen next: a message
// arrives or arrives twice, a connection breaks, a replica dies, is suspected,
// is promoted, joins; the store decides, and tells it sooner or later. `Make`
// plays one and checks what was seen from outside against the one history that
// there may be. `Settle` lets the dust settle, and then nobody may still wait.
//
// The task collects requests in the order in which it serves them; the answer
// is the place in that order. A read is answered with how many there are.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/backup_log.h"
#include "core/primary_log.h"

namespace taskgraph::core {

// Ways to break the protocol on purpose; each must be noticed.
enum class Sabotage : std::uint8_t {
  kNone,
  kLeaveBeforeAcknowledged,   // R15: effects do not wait for the backups.
  kReadWithoutWord,           // R16: reads wait for nobody.
  kApplyUnacknowledged,       // R4: a backup applies whatever it gets.
  kPromoteAnyone,             // R4: a promotion compares the term alone.
  kForgetTail,                // R4: a new term begins without the old tail.
  kForgetEvents,              // R17: a promoted backup knows no event handled.
  kRemoveWithoutDecision,     // R19: a silent backup is not waited for.
  kIgnoreProposedSet,         // R19: the set that was proposed does not count.
  kCountJoinerAtOnce,         // R20: a joiner counts before it has everything.
  kHearAcksOfOldStays,        // R20: what an earlier stay said counts.
  kKeepTailOverNewerRecords,  // R4: other records do not replace the tail.
  kAcceptEarly,               // R20: a snapshot does not wait for the watch.
};

struct Move {
  enum class Kind : std::uint8_t {
    kAsk,         // `who`: replica; `what`: neighbor.
    kRead,        // `who`: replica.
    kDeliver,     // `what`: index of the message.
    kDeliverTwo,  // The same; it will come once more.
    kBreak,       // `who`, `what`: all between these replicas is lost.
    kCrash,       // `who`.
    kRemove,      // `who` proposes to count `what` no more.
    kPromote,     // `who` proposes itself.
    kInvite,      // `who` sends a snapshot to `what`.
    kCount,       // `who` proposes to count `what`.
    kDecide,      // The store decides what `who` proposed.
    kLearn,       // `who` hears from the store.
  } kind;
  int who = 0;
  int what = 0;
};
std::string Words(const Move& move);

// How often each thing may happen, and to how many.
struct Budget {
  int neighbors = 2;
  int crashes = 2;
  int breaks = 1;
  int repeats = 1;
  int reads = 1;
  int asks = 3;
  int invitations = 1;
};

class TurnLogWorld {
 public:
  static constexpr int kReplicas = 3;
  static constexpr int kNeighborsMax = 4;

  // The first replica is primary, those in `backups` are in-sync.
  TurnLogWorld(const std::vector<int>& backups, Sabotage sabotage,
               const Budget& budget = {});

  // All that can happen now.
  std::vector<Move> Moves() const;
  void Make(const Move& move);
  // Whatever is under way arrives, and the dead are replaced.
  void Settle();

  // What was seen that must not be; empty: nothing.
  const std::string& violation() const { return violation_; }
  // Equal words: the same may happen from here.
  std::string Words() const;

 private:
  struct Record {
    Term term = 1;
    int primary = 0;
    Replicas backups;
    friend bool operator==(const Record&, const Record&) = default;
  };
  struct Proposal {
    std::size_t expected = 0;  // Revision.
    Record next;
    bool decided = false;
    std::size_t told = 0;  // The verdict comes after this revision.
  };
  struct Effect {
    RecordNumber number = 0;  // 0: of a read.
    Stamp began = 0;
    std::size_t value = 0;
    std::size_t seen = 0;  // How much was seen outside as it began.
  };
  struct Replica {
    bool alive = true;
    std::size_t revision = 0;  // Its watch has told everything up to it.
    Record view;
    std::optional<PrimaryLog> primary;
    std::optional<BackupLog> backup;
    bool joining = false;
    std::vector<int> state;
    std::deque<Effect> effects;
    std::optional<Proposal> proposal;
  };
  struct Message {
    int from = 0;
    int to = 0;
    Term term = 0;
    std::optional<LogAppend> append;
    std::optional<LogAck> ack;
    JoinNumber join = 0;  // Of a snapshot,
    std::vector<int> snapshot;
    std::size_t revision = 0;  // and when its stay began.
    std::string Words() const;
  };

  static NodeId Name(int replica) { return std::string(1, 'a' + replica); }
  bool Is(Sabotage sabotage) const { return sabotage_ == sabotage; }
  void AddMovesOf(int who, std::vector<Move>& moves) const;
  void AddProposalsOf(int who, std::vector<Move>& moves) const;
  bool CanArrive(const Message& message) const;
  void ForgetLostMessages();

  void Serve(int who, int neighbor);
  void Read(int who);
  void Deliver(int index, bool again);
  void Arrive(const Message& message);
  void Break(int one, int other);
  void Propose(int who, Record next);
  void Decide(int who);
  void Learn(int who, std::size_t revision);
  void TakeOver(int who);
  void StayBackup(int who);
  void Apply(int who);
  void Pump(int who);
  void Release(int who);
  void See(const Replica& replica, std::size_t count);
  void SettleReplica(int who);
  void CheckWhoCounts();
  void CheckSettled();
  const Record& store() const { return records_.back(); }
  bool Survives() const;
  void Violate(const std::string& what);

  Sabotage sabotage_;
  std::vector<Record> records_;  // The store's, by revision.
  std::array<Replica, kReplicas> replicas_;
  std::vector<Message> messages_;
  std::vector<int> history_;  // What can't be undone any more.
  std::size_t seen_ = 0;      // How much of it was answered to somebody.
  std::array<bool, kNeighborsMax> answered_{};
  Budget left_;
  std::string violation_;
};

}  // namespace taskgraph::core
