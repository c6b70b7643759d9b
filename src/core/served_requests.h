// SPDX-License-Identifier: Apache-2.0
//
// ServedRequests: what others have asked a task in this epoch, and what it
// answered.
//
// Intuition: a clerk with a ledger. A question that is in the ledger is not put
// to the task a second time: if it is answered, the answer is repeated; if not,
// the asker waits (R14, after RIFL, Lee et al., SOSP 2015). With a key of the
// user's, a question asked by a restarted task is found under its key.
//
// Pure. Not thread-safe; owned by ReplicaCore.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/fields.h"
#include "core/message.h"
#include "core/number_row.h"
#include "core/spare_nodes.h"

namespace taskgraph::core {

class ServedRequests {
 public:
  struct Arrival {
    enum class Kind : std::uint8_t {
      kNew,
      kInProgress,
      kAnswered,
      kForgotten,  // A late repeat; its requester is done with it.
      kFull        // Its requester must keep it until others are answered.
    } kind;
    std::optional<AnswerMessage> answer = {};  // For kAnswered.
  };

  // Forgets everything: a new epoch began. Tokens are void (R9).
  void Clear();

  // A request came; `request.id` is of the current epoch. No task may have more
  // than `open_max` here that are unanswered.
  Arrival Arrive(const RequestMessage& request, std::size_t open_max);

  // The request was served on another replica, whatever arrived before it
  // there.
  void Note(const RequestMessage& request);

  // The task answered the request known as `answer.id`. Returns the answer as
  // it is kept, and who else waits for it; null: the token is void.
  struct Answered {
    const AnswerMessage* answer = nullptr;
    std::vector<RequestId> also = {};
  };
  Answered Answer(AnswerMessage&& answer);

  // As if the request had not come.
  void Forget(const RequestId& id);

  void Write(FieldWriter& out) const;
  void Read(FieldReader& in);

  // Those that the task may answer still.
  std::vector<RequestId> Unanswered() const;

 private:
  using Requester = std::pair<TaskId, Incarnation>;
  using Key =
      std::tuple<TaskId, std::string, std::string>;  // Task, method, key.
  struct Record {
    bool answered = false;
    AnswerMessage answer;                 // Until it is known, only to whom.
    std::vector<RequestId> also_waiting;  // Who asked again, with the same key.
    std::unique_ptr<const Key> key;       // Few have one.
  };
  struct Ledger {
    RequestNumber first_unfinished = 0;  // As its requester said last.
    NumberRow<Record> records;
    std::size_t open = 0;  // Records that are not answered.

    void Clear() {
      first_unfinished = open = 0;
      records.Clear();
    }
  };
  using Ledgers = std::map<Requester, Ledger>;

  Ledger& LedgerOf(const Requester& requester);
  Ledger* FindLedger(const RequestId& id);
  Record& Open(Ledger& ledger, const RequestMessage& request);
  Record* Find(Ledger& ledger, const RequestMessage& request);
  void Prune(Ledger& ledger, RequestNumber first_unfinished);

  Ledgers ledgers_;
  std::map<Key, RequestId> by_key_;  // The first request with that key.
  SpareNodes<Ledgers> spare_ledgers_;
};

}  // namespace taskgraph::core
