// SPDX-License-Identifier: Apache-2.0
//
// Registry: the coordinator's servers, seen as one store that can be away.
//
// Intuition: the notary's office. It may close for a while; then nobody's
// tickets run out, because nobody could show them, and everybody's begin anew
// when it opens again, as with a new leader of etcd's.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "coordination/store.h"
#include "sim/agenda.h"

namespace taskgraph::sim {

// What its clients make of it; writes are the store's revisions.
struct RegistryLoad {
  std::uint64_t values = 0;  // Told to watchers, one by one.
  std::uint64_t bytes = 0;   // Of their keys and values.
};

class Registry {
 public:
  // Told of each revision, at once, and who caused it (empty: the registry
  // itself, or somebody outside).
  using Reader = std::function<void(const coordination::RevisionChanges&,
                                    const std::string& writer)>;

  explicit Registry(Agenda& agenda) : agenda_(agenda) {}

  const coordination::Store& store() const { return store_; }
  bool open() const { return open_; }

  void SetReader(Reader reader) { reader_ = std::move(reader); }

  // Told of each transaction before it is decided.
  using Auditor =
      std::function<void(const coordination::Txn&, const std::string& writer)>;
  void SetAuditor(Auditor auditor) { auditor_ = std::move(auditor); }

  // Called after each change, and when the office opens or closes.
  using Listener = std::function<void()>;
  std::uint64_t Listen(Listener listener);
  void Ignore(std::uint64_t id) { listeners_.erase(id); }

  const RegistryLoad& load() const { return load_; }
  // A watcher was told of it.
  void CountTold(const coordination::KeyValue& told) {
    ++load_.values;
    load_.bytes += told.key.size() + told.value.size();
  }

  // --- As in Store, for `writer` ---
  coordination::Outcome<coordination::TxnReply> Commit(
      const coordination::Txn& txn, const std::string& writer);
  coordination::Outcome<coordination::GrantedLease> Grant(
      std::chrono::seconds time_to_live);
  coordination::Outcome<std::chrono::seconds> KeepAlive(
      coordination::LeaseId lease);
  void Revoke(coordination::LeaseId lease, const std::string& writer);

  // --- Harm ---
  void Close();
  void Open();
  // Forgets all history.
  void Compact();

 private:
  void Changed(const std::string& writer);
  void ArmExpiry();

  Agenda& agenda_;
  coordination::Store store_;
  RegistryLoad load_;
  bool open_ = true;
  Reader reader_;
  Auditor auditor_;
  coordination::Revision read_ = 1;
  std::uint64_t last_listener_ = 0;
  std::map<std::uint64_t, Listener> listeners_;
  Time expiry_at_ = core::kNever;
};

}  // namespace taskgraph::sim
