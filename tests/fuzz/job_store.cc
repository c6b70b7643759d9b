// SPDX-License-Identifier: Apache-2.0
//
// What a coordinator answers and tells (coordination/job_store.h), whatever it
// is that answers. An input is a sequence of events.
#include "coordination/job_store.h"

#include <charconv>

#include "fuzz.h"

namespace {

using namespace taskgraph;  // NOLINT(google-build-using-namespace)
// NOLINTNEXTLINE(google-build-using-namespace)
using namespace taskgraph::coordination;

enum Happens : std::uint8_t {
  kListed,  // One key: its name and a value, with a '=' between.
  kPut,
  kDeleted,
  kDecided,  // 'y' or 'n', then a letter for each reply: p, d, r, or k (found).
  kFailed,   // Any text: it may be tried again.
  kGranted,
  kLost,
  kAway,
  kBack,
  kOrders,  // The core wants something.
  kKinds
};

// Remembers what was asked last.
class DeafCoordinator final : public Coordinator {
 public:
  void Commit(Tag tag, Txn) override { last = tag; }
  void Watch(Tag tag, KeyRange, Revision) override { watch = tag; }
  void Unwatch(Tag) override {}
  void GrantLease(Tag tag, std::chrono::seconds) override { last = tag; }
  void RevokeLease(Tag tag, LeaseId) override { last = tag; }
  void AbandonLease(LeaseId) override {}

  Tag last = 0;
  Tag watch = 0;
};

class Stage {
 public:
  Stage() {
    JobSpec spec;
    spec.instance = "mine";
    spec.tasks = 4;
    store_.Submit(spec, Submission::kNew);
    store_.Join({"n", "host", 4, 0, {}});
    store_.Campaign({"n", "host", 0, 0, {}});
  }

  void Play(const fuzz::Tagged& event) {
    now_ += 10ms;
    const std::string rest(event.rest);
    switch (event.kind % kKinds) {
      case kListed:
        return Tell(WatchListed{coordinator_.watch, ++revision_, {Key(rest)}});
      case kPut:
        ++revision_;
        return Tell(WatchChanged{
            coordinator_.watch, revision_, {{Change::Kind::kPut, Key(rest)}}});
      case kDeleted:
        ++revision_;
        return Tell(WatchChanged{coordinator_.watch,
                                 revision_,
                                 {{Change::Kind::kDelete, Key(rest)}}});
      case kDecided:
        return Tell(TxnDecided{coordinator_.last, Reply(rest)});
      case kFailed:
        return Tell(CallFailed{coordinator_.last, rest, !rest.empty()});
      case kGranted:
        return Tell(LeaseGranted{coordinator_.last, 7, 2s});
      case kLost:
        return Tell(LeaseLost{7});
      case kAway:
        return Tell(CoordinatorAway{rest});
      case kBack:
        return Tell(CoordinatorBack{});
      default:
        return Order(rest);
    }
  }

 private:
  void Tell(const Event& event) {
    store_.Handle(event, now_);
    if (store_.NextDeadline() <= now_) store_.OnDeadline(now_);
  }

  KeyValue Key(const std::string& text) const {
    const std::size_t equals = std::min(text.find('='), text.size());
    KeyValue key;
    key.key = keys_.root() + text.substr(0, equals);
    key.value = text.substr(std::min(equals + 1, text.size()));
    key.create_revision = key.mod_revision = revision_ + 1;
    key.version = 1;
    key.lease = 7;
    return key;
  }

  TxnReply Reply(const std::string& text) const {
    TxnReply reply;
    reply.succeeded = text.starts_with('y');
    reply.revision = revision_;
    for (const char c : text) {
      if (c == 'p') reply.replies.emplace_back(PutReply{});
      if (c == 'd') reply.replies.emplace_back(DeleteReply{1});
      if (c == 'r') reply.replies.emplace_back(ReadReply{});
      if (c == 'k') reply.replies.emplace_back(ReadReply{{Key("spec={}")}, 1});
    }
    return reply;
  }

  void Order(const std::string& text) {
    for (const char c : text) {
      if (c == 'e') store_.Do(core::ProposeEpoch{0, 1, 1, 0});
      if (c == 'f') store_.Do(core::ProposeEnd{{}, 0, {}});
      if (c == 'a') store_.Do(core::ProposeAssignments{{{0, {}, {}}}});
      if (c == 's') store_.Do(core::EndSession{"m"});
      if (c == 'w') store_.Do(core::FollowEpoch{core::FollowEpoch::By::kPeers});
      if (c == 'W') store_.Do(core::FollowEpoch{core::FollowEpoch::By::kWatch});
      if (c == 'l') store_.Do(core::LeaveJob{});
      if (c == 'r') store_.Do(core::RemoveJob{});
    }
  }

  const JobKeys keys_{"area"};
  DeafCoordinator coordinator_;
  JobStore store_{"area", coordinator_, [](const JobEvent&) {}};
  core::Time now_ = 1s;
  Revision revision_ = 1;
};

}  // namespace

void fuzz::Try(std::string_view bytes) {
  Stage stage;
  for (std::string_view part : Parts(bytes)) stage.Play(Untag(part));
}

std::vector<std::string> fuzz::Seeds() {
  JobSpec spec;
  spec.instance = "mine";
  spec.tasks = 4;
  spec.links = "star:1";
  const std::string submitted = Tag(kPut, "spec=" + Encode(spec));
  const std::string epoch =
      Tag(kPut, "clock=" + Encode(core::EpochAdvanced{1, 1}));
  const std::string node =
      Tag(kPut, "nodes/m=" + Encode(core::NodeRecord{"m", "host", 4, 0, {}}));
  const std::string record =
      Tag(kPut, "tasks/0/assignment=" +
                    Encode(core::Assignment{1, 1, "m", {}, 0, "", 1}));
  const std::string end =
      Tag(kPut, "status=" + Encode(core::JobEnd{ExitReason::kFinished, {}}));
  return {
      Join({Tag(kListed, "nothing="), submitted, epoch, node, record, end,
            Tag(kDeleted, "spec")}),
      Join({Tag(kDecided, "nkr"), submitted, Tag(kGranted, ""),
            Tag(kDecided, "nk"), Tag(kLost, "")}),
      Join({submitted, Tag(kGranted, ""), Tag(kDecided, "yp"), Tag(kAway, "x"),
            Tag(kOrders, "eafsWw"), Tag(kFailed, "again"), Tag(kBack, ""),
            Tag(kFailed, ""), Tag(kOrders, "lr"), Tag(kGranted, "")}),
      Join({Tag(kListed, "spec=" + Encode(spec)), Tag(kDeleted, "controller"),
            Tag(kListed, "clock=" + Encode(core::EpochAdvanced{1, 2}))})};
}
