// SPDX-License-Identifier: Apache-2.0
#include "coordination/store_service.h"

#include <future>
#include <random>
#include <string>
#include <utility>
#include <variant>

namespace taskgraph::coordination {
namespace {

Time Now() { return std::chrono::steady_clock::now().time_since_epoch(); }

std::uint64_t RandomIdentity() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

// Lease ids begin where no earlier store's did, so that a client that outlives
// its store never keeps another's lease alive.
LocalStoreOptions WithFreshLeaseIds(LocalStoreOptions options) {
  if (options.store.first_lease == StoreOptions{}.first_lease) {
    const std::uint64_t random = RandomIdentity() >> 1;  // Ids are signed.
    options.store.first_lease = static_cast<LeaseId>(random | 1);
  }
  return options;
}

// What the operations of the applied branch replaced, read from the history.
std::vector<std::vector<KeyValue>> Replaced(const Store& store, const Txn& txn,
                                            const TxnReply& reply) {
  std::vector<std::vector<KeyValue>> previous;
  const History& history = store.history();
  for (const Op& op : reply.succeeded ? txn.then : txn.otherwise) {
    std::vector<KeyValue>& replaced = previous.emplace_back();
    if (const Put* put = std::get_if<Put>(&op)) {
      const KeyValue* before = history.FindAt(put->key, reply.revision - 1);
      if (before) replaced.push_back(*before);
    } else if (const Delete* removal = std::get_if<Delete>(&op)) {
      history.Visit(removal->range, reply.revision - 1,
                    [&](const KeyValue& before) {
                      if (!history.Find(before.key)) replaced.push_back(before);
                    });
    }
  }
  return previous;
}

}  // namespace

StoreService::StoreService(StoreServiceOptions options)
    : stall_(options.stall),
      identity_(RandomIdentity()),
      store_(WithFreshLeaseIds(options.store)) {
  store_.Advance(Now());
  thread_ = std::thread([this] { Run(); });
}

StoreService::~StoreService() {
  {
    const threads::Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyOne();
  thread_.join();
}

void StoreService::Post(Call call) {
  bool was_empty;
  {
    const threads::Lock lock(mutex_);
    was_empty = inbox_.empty();
    inbox_.push_back(std::move(call));
  }
  if (was_empty) wake_.NotifyOne();
}

void StoreService::PostAndWait(Call call) {
  std::promise<void> done;
  Post([&](LocalStore& store) {
    call(store);
    done.set_value();
  });
  done.get_future().wait();
}

void StoreService::Run() {
  while (true) {
    const std::optional<Time> deadline = store_.NextDeadline();
    const std::vector<Call> calls = TakeCalls(deadline);
    Advance(deadline);
    if (calls.empty()) {
      const threads::Lock lock(mutex_);
      if (stopping_ && inbox_.empty()) return;
    }
    for (const Call& call : calls) call(store_);
  }
}

std::vector<StoreService::Call> StoreService::TakeCalls(
    std::optional<Time> deadline) {
  threads::Lock lock(mutex_);
  bool is_due = false;
  while (!stopping_ && inbox_.empty() && !is_due) {
    if (deadline) {
      const std::chrono::steady_clock::time_point until{*deadline};
      is_due = !wake_.WaitUntil(lock, until);
    } else {
      wake_.Wait(lock);
    }
  }
  return std::exchange(inbox_, {});
}

void StoreService::Advance(std::optional<Time> deadline) {
  const Time now = Now();
  if (deadline && now > *deadline + stall_) {
    store_.AdvanceAfterStall(now);
  } else {
    store_.Advance(now);
  }
}

void StoreService::Commit(Txn txn, Previous previous, Reply<Applied> reply) {
  Post([=, txn = std::move(txn)](LocalStore& store) {
    Outcome<TxnReply> outcome = store.Commit(txn);
    const Revision revision = store.store().revision();
    if (const Refusal* refusal = std::get_if<Refusal>(&outcome)) {
      reply(revision, *refusal);
      return;
    }
    Applied applied{std::get<TxnReply>(std::move(outcome)), {}};
    if (previous == Previous::kWanted) {
      applied.previous = Replaced(store.store(), txn, applied.reply);
    }
    reply(revision, std::move(applied));
  });
}

void StoreService::Compact(Revision at, Reply<Revision> reply) {
  Post([=](LocalStore& store) {
    const auto outcome = store.Compact(at);
    reply(store.store().revision(), outcome);
  });
}

void StoreService::Grant(LeaseId lease, std::chrono::seconds time_to_live,
                         Reply<GrantedLease> reply) {
  Post([=](LocalStore& store) {
    const auto outcome = store.Grant(lease, time_to_live);
    reply(store.store().revision(), outcome);
  });
}

void StoreService::Revoke(LeaseId lease, Reply<Revision> reply) {
  Post([=](LocalStore& store) {
    const auto outcome = store.Revoke(lease);
    reply(store.store().revision(), outcome);
  });
}

void StoreService::KeepAlive(LeaseId lease, Reply<std::chrono::seconds> reply) {
  Post([=](LocalStore& store) {
    const auto outcome = store.KeepAlive(lease);
    reply(store.store().revision(), outcome);
  });
}

void StoreService::TimeToLive(LeaseId lease, Reply<LeaseStatus> reply) {
  Post([=](LocalStore& store) {
    const auto status = store.store().TimeToLive(lease, store.now());
    const Revision revision = store.store().revision();
    if (status) {
      reply(revision, *status);
    } else {
      reply(revision, Refusal::kLeaseNotFound);
    }
  });
}

void StoreService::Leases(Reply<std::vector<LeaseId>> reply) {
  Post([=](LocalStore& store) {
    reply(store.store().revision(), store.store().Leases());
  });
}

void StoreService::Status(Reply<StoreStatus> reply) {
  Post([=](LocalStore& store) {
    const History& history = store.store().history();
    reply(history.revision(),
          StoreStatus{history.bytes(), history.compacted()});
  });
}

void StoreService::Watch(WatchId id, WatchRequest request,
                         WatchListener listener) {
  Post([=](LocalStore& store) { store.watches().Add(id, request, listener); });
}

void StoreService::Unwatch(WatchId id, std::function<void()> done) {
  Post([=](LocalStore& store) {
    store.watches().Remove(id);
    done();
  });
}

}  // namespace taskgraph::coordination
