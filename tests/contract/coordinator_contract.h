// SPDX-License-Identifier: Apache-2.0
//
// What every implementation of Coordinator promises, as tests.
//
// An implementation is tested by a CoordinatorWorld: one store, any number of
// clients, and ways to harm it. See coordinator_contract_test.cc.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "coordination/coordinator.h"

namespace taskgraph::coordination {

// Long enough for the slowest machine: it ends what would otherwise hang, and
// decides nothing.
inline constexpr std::chrono::seconds kLivenessGuard{60};

class CoordinatorWorld {
 public:
  virtual ~CoordinatorWorld() = default;

  virtual std::unique_ptr<Coordinator> NewClient(Sink sink) = 0;

  // A client that also reaches the store while others are interrupted; null if
  // there can't be one.
  virtual std::unique_ptr<Coordinator> NewInsider(Sink) { return nullptr; }

  // Forgets history before `at`.
  virtual void Compact(Revision at) = 0;

  // Clients lose the store, until Restore.
  virtual void Interrupt() {}
  virtual void Restore() {}

  // Worlds with a clock of their own let some time pass.
  virtual bool HasOwnTime() const { return false; }
  virtual void PassTime() {}
};

// Waits for one client's events.
class Recorder {
 public:
  explicit Recorder(CoordinatorWorld& world) : world_(world) {}

  Sink sink();

  // Waits until `enough` of all events so far.
  using Predicate = std::function<bool(const std::vector<Event>&)>;
  [[nodiscard]] testing::AssertionResult Await(const Predicate& enough);

  std::vector<Event> events();

 private:
  CoordinatorWorld& world_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
};

// A coordinator, and what it has said.
class Client {
 public:
  enum class Place { kOutside, kInside };
  explicit Client(CoordinatorWorld& world, Place place = Place::kOutside);

  Coordinator& coordinator() { return *coordinator_; }
  explicit operator bool() const { return coordinator_ != nullptr; }
  // As by the death of its process, but for open calls.
  void Leave() { coordinator_.reset(); }

  // Waits for the answer, and tries again while it is unknown.
  TxnReply Commit(const Txn& txn);
  Revision Put(const std::string& key, const std::string& value,
               LeaseId lease = 0);
  void Delete(const std::string& key);
  ReadReply Read(const KeyRange& range, Revision at = 0);
  bool Exists(const std::string& key);

  Tag Watch(const KeyRange& range, Revision from = 0);
  LeaseGranted Grant(std::chrono::seconds time_to_live);

  // Waits until the watch has said `what` (see Story), or its list shows it.
  [[nodiscard]] testing::AssertionResult AwaitChange(Tag watch,
                                                     const std::string& what);
  // What a watch said: "list 5: a=1 b=2", "6: a=2 -b".
  std::vector<std::string> Story(Tag watch);

  template <typename Wanted>
  [[nodiscard]] testing::AssertionResult AwaitEvent(std::size_t count = 1) {
    return recorder_.Await([=](const std::vector<Event>& events) {
      std::size_t seen = 0;
      for (const Event& event : events) {
        seen += std::holds_alternative<Wanted>(event) ? 1 : 0;
      }
      return seen >= count;
    });
  }

  Recorder& recorder() { return recorder_; }
  Tag NewTag() { return next_tag_++; }
  // Waits for the answer to `tag`.
  Event Answer(Tag tag);

 private:
  Recorder recorder_;
  std::unique_ptr<Coordinator> coordinator_;
  Tag next_tag_ = 1;
};

// How the parameter is printed, and how its world is made.
struct WorldKind {
  std::string name;
  std::function<std::unique_ptr<CoordinatorWorld>()> make;
  std::function<bool()> is_available = [] { return true; };
};

inline void PrintTo(const WorldKind& kind, std::ostream* out) {
  *out << kind.name;
}

class CoordinatorContract : public testing::TestWithParam<WorldKind> {
 protected:
  void SetUp() override;

  CoordinatorWorld& world() { return *world_; }

 private:
  std::unique_ptr<CoordinatorWorld> world_;
};

// For worlds that can be interrupted.
class InterruptedCoordinatorContract : public CoordinatorContract {};

// For worlds that have insiders as well.
class OvertakenCoordinatorContract : public CoordinatorContract {};

}  // namespace taskgraph::coordination
