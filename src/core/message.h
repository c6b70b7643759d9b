// SPDX-License-Identifier: Apache-2.0
//
// What nodes say to each other. Everything between tasks is a Message: a Route,
// which says who speaks to whom and in whose name (R2), and one of five bodies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/assignment.h"
#include "core/sealed.h"
#include "core/turn_log.h"
#include "taskgraph/error.h"
#include "taskgraph/payload.h"
#include "taskgraph/types.h"

namespace taskgraph::core {

// R2: in every message.
struct Route {
  TaskId from = 0;
  TaskId to = 0;
  Incarnation incarnation = 0;  // The sender's.
  Term term = 0;                // The sender's.
  Term to_term = 0;             // The addressee's, as the sender knows it.
  Epoch epoch = 0;
  Generation generation = 0;

  friend bool operator==(const Route&, const Route&) = default;
};

// Counts the metas of one sender's incarnation to one receiver in one epoch,
// from 1.
using MetaNumber = std::uint64_t;

// R10: the receiver takes them in the order of their numbers. R11: `occurrence`
// says that it is the k-th equal (link, text), counted from 1, in any
// incarnation.
struct MetaMessage {
  MetaNumber number = 0;
  std::uint64_t occurrence = 0;
  LinkType link;
  std::string text;

  friend bool operator==(const MetaMessage&, const MetaMessage&) = default;
};

// R10: all metas up to `number`, of the addressee's `incarnation`, took effect.
struct MetaAck {
  MetaNumber number = 0;
  Incarnation incarnation = 0;

  friend bool operator==(const MetaAck&, const MetaAck&) = default;
};

// R14: requests below `first_unfinished` need no memory any more.
struct RequestMessage {
  RequestId id;
  RequestNumber first_unfinished = 0;
  std::string method;
  std::string key;  // Empty: none.
  Payload input;

  friend bool operator==(const RequestMessage&,
                         const RequestMessage&) = default;
};

struct AnswerMessage {
  RequestId id;
  std::optional<Error> error;  // None: `output` is the answer.
  Payload output;
  // Comes after that many metas of the sender to the addressee in this epoch.
  MetaNumber after = 0;

  friend bool operator==(const AnswerMessage&, const AnswerMessage&) = default;
};

// A meta or request was not taken. kMoved, kUnavailable: try again later, or
// there. kSuperseded: the refused sender has `term` or less to show, and must
// stop (R2). kEpochPassed: the route's epoch is the current one.
struct Refusal {
  ErrorCode code = ErrorCode::kUnavailable;
  Term term = 0;  // The highest one known for the refused sender.

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

using Body =
    std::variant<MetaMessage, MetaAck, RequestMessage, AnswerMessage, Refusal>;

struct Message {
  Route route;
  Body body;

  friend bool operator==(const Message&, const Message&) = default;
};

// Kept by its sender until it is answered or acknowledged, so it may be
// refused.
inline bool WillBeResent(const Message& message) {
  return std::holds_alternative<MetaMessage>(message.body) ||
         std::holds_alternative<RequestMessage>(message.body);
}

// R6: who won the race for an epoch tells the nodes that it is connected to.
struct EpochNews {
  Generation generation = 0;
  Epoch epoch = 0;

  friend bool operator==(const EpochNews&, const EpochNews&) = default;
};

// R21: a hint, to the controller: look after this node.
struct Suspicion {
  NodeId node;
  std::string reason;

  friend bool operator==(const Suspicion&, const Suspicion&) = default;
};

// To a primary whose backup this node is not, or not any more: there is no
// copy of that stay. `term`: the highest one known for the task (R2).
struct ReplicaGone {
  Term term = 0;
  JoinNumber join = 0;

  friend bool operator==(const ReplicaGone&, const ReplicaGone&) = default;
};

// R20: from a primary, or one of its backups, to a node that is to be a backup:
// a copy of all that the task is after `applied` records.
struct Invitation {
  Term term = 0;
  JoinNumber join = 0;
  std::uint64_t joins = 0;  // Of the record that says so.
  RecordNumber applied = 0;
  Sealed books;  // See TaskBooks::Copy.
  Sealed state;  // The user's.

  friend bool operator==(const Invitation&, const Invitation&) = default;
};

// R20: from a primary to one of its backups: invite `joiner`, with a copy of
// what the task is after `base` records or more.
struct SnapshotOrder {
  Term term = 0;
  JoinNumber join = 0;
  std::uint64_t joins = 0;
  RecordNumber base = 0;
  NodeId joiner;

  friend bool operator==(const SnapshotOrder&, const SnapshotOrder&) = default;
};

// What replicas of one task say to each other; terms are in the bodies (R2).
using ReplicaBody =
    std::variant<LogAppend, LogAck, ReplicaGone, SnapshotOrder, Invitation>;
struct ReplicaMessage {
  TaskId task = 0;
  Incarnation incarnation = 0;
  Generation generation = 0;
  ReplicaBody body;

  friend bool operator==(const ReplicaMessage&,
                         const ReplicaMessage&) = default;
};

using NodeMessage = std::variant<Message, EpochNews, Suspicion, ReplicaMessage>;

}  // namespace taskgraph::core
