// SPDX-License-Identifier: Apache-2.0
//
// The contract's way to speak to a coordinator, and to wait for what it says.
#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>
#include <variant>

#include "contract/coordinator_contract.h"

namespace taskgraph::coordination {
namespace {

std::optional<Tag> AnsweredTag(const Event& event) {
  if (const auto* decided = std::get_if<TxnDecided>(&event)) {
    return decided->tag;
  }
  if (const auto* failed = std::get_if<CallFailed>(&event)) return failed->tag;
  if (const auto* granted = std::get_if<LeaseGranted>(&event)) {
    return granted->tag;
  }
  return std::nullopt;
}

const Event* FindAnswer(const std::vector<Event>& events, Tag tag) {
  const auto found =
      std::find_if(events.begin(), events.end(),
                   [&](const Event& e) { return AnsweredTag(e) == tag; });
  return found == events.end() ? nullptr : &*found;
}

std::string Sentence(const WatchListed& listed) {
  std::ostringstream text;
  text << "list " << listed.revision << ":";
  for (const KeyValue& key : listed.all) {
    text << ' ' << key.key << '=' << key.value;
  }
  return text.str();
}

std::string Sentence(const WatchChanged& changed) {
  std::ostringstream text;
  text << changed.revision << ":";
  for (const Change& change : changed.changes) {
    if (change.kind == Change::Kind::kPut) {
      text << ' ' << change.current.key << '=' << change.current.value;
    } else {
      text << " -" << change.current.key;
    }
  }
  return text.str();
}

std::vector<std::string> Tell(const std::vector<Event>& events, Tag watch) {
  std::vector<std::string> story;
  for (const Event& event : events) {
    if (const auto* listed = std::get_if<WatchListed>(&event)) {
      if (listed->tag == watch) story.push_back(Sentence(*listed));
    } else if (const auto* changed = std::get_if<WatchChanged>(&event)) {
      if (changed->tag == watch) story.push_back(Sentence(*changed));
    }
  }
  return story;
}

}  // namespace

Sink Recorder::sink() {
  return [this](Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_all();
  };
}

testing::AssertionResult Recorder::Await(const Predicate& enough) {
  // In a world with its own time some thousand steps are as good as a minute.
  for (int steps = 0; world_.HasOwnTime() && steps < 1000; ++steps) {
    if (enough(events())) return testing::AssertionSuccess();
    world_.PassTime();
  }
  std::unique_lock lock(mutex_);
  const bool done = changed_.wait_for(
      lock, world_.HasOwnTime() ? std::chrono::seconds(0) : kLivenessGuard,
      [&] { return enough(events_); });
  if (done) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not heard within the liveness guard";
}

std::vector<Event> Recorder::events() {
  const std::lock_guard lock(mutex_);
  return events_;
}

Client::Client(CoordinatorWorld& world, Place place) : recorder_(world) {
  coordinator_ = place == Place::kInside ? world.NewInsider(recorder_.sink())
                                         : world.NewClient(recorder_.sink());
}

Event Client::Answer(Tag tag) {
  EXPECT_TRUE(recorder_.Await([&](const std::vector<Event>& events) {
    return FindAnswer(events, tag) != nullptr;
  }));
  const std::vector<Event> events = recorder_.events();
  const Event* answer = FindAnswer(events, tag);
  return answer ? *answer : Event(CallFailed{tag, "no answer", false});
}

TxnReply Client::Commit(const Txn& txn) {
  while (true) {
    const Tag tag = NewTag();
    coordinator_->Commit(tag, txn);
    const Event answer = Answer(tag);
    if (const auto* decided = std::get_if<TxnDecided>(&answer)) {
      return decided->reply;
    }
    const CallFailed& failed = std::get<CallFailed>(answer);
    if (failed.retry) continue;
    ADD_FAILURE() << failed.reason;
    return {};
  }
}

Revision Client::Put(const std::string& key, const std::string& value,
                     LeaseId lease) {
  return Commit(Txn{{}, {coordination::Put{key, value, lease}}, {}}).revision;
}

void Client::Delete(const std::string& key) {
  Commit(Txn{{}, {coordination::Delete{KeyRange::One(key)}}, {}});
}

ReadReply Client::Read(const KeyRange& range, Revision at) {
  const TxnReply reply =
      Commit(Txn{{}, {coordination::Read{range, /*limit=*/0, at}}, {}});
  if (reply.replies.empty()) return {};
  return std::get<ReadReply>(reply.replies.front());
}

bool Client::Exists(const std::string& key) {
  return Read(KeyRange::One(key)).count == 1;
}

Tag Client::Watch(const KeyRange& range, Revision from) {
  const Tag tag = NewTag();
  coordinator_->Watch(tag, range, from);
  return tag;
}

LeaseGranted Client::Grant(std::chrono::seconds time_to_live) {
  const Tag tag = NewTag();
  coordinator_->GrantLease(tag, time_to_live);
  const Event answer = Answer(tag);
  const auto* granted = std::get_if<LeaseGranted>(&answer);
  EXPECT_TRUE(granted);
  return granted ? *granted : LeaseGranted{tag, 0, std::chrono::seconds(0)};
}

testing::AssertionResult Client::AwaitChange(Tag watch,
                                             const std::string& what) {
  const auto result = recorder_.Await([&](const std::vector<Event>& events) {
    for (const std::string& sentence : Tell(events, watch)) {
      if ((" " + sentence + " ").find(" " + what + " ") != std::string::npos) {
        return true;
      }
    }
    return false;
  });
  if (result) return result;
  testing::AssertionResult failure = testing::AssertionFailure();
  failure << "no '" << what << "' in:";
  for (const std::string& sentence : Story(watch)) failure << "\n" << sentence;
  return failure;
}

std::vector<std::string> Client::Story(Tag watch) {
  return Tell(recorder_.events(), watch);
}

}  // namespace taskgraph::coordination
