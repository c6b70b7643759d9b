// SPDX-License-Identifier: Apache-2.0
#include "core/message_bytes.h"

namespace taskgraph::core {
namespace {

// One for each kind of body.
struct Sizes {
  std::size_t operator()(const MetaMessage& meta) const {
    return meta.link.size() + meta.text.size();
  }
  std::size_t operator()(const RequestMessage& request) const {
    return request.method.size() + request.key.size() + request.input.size();
  }
  std::size_t operator()(const AnswerMessage& answer) const {
    return answer.output.size() +
           (answer.error ? answer.error->message.size() : 0);
  }
  std::size_t operator()(const Invitation& invitation) const {
    return invitation.books.bytes.size() + invitation.state.bytes.size();
  }
  std::size_t operator()(const LogAppend& append) const {
    return BytesOf(append);
  }
  std::size_t operator()(const Suspicion& suspicion) const {
    return suspicion.reason.size();
  }
  std::size_t operator()(const Message& message) const {
    return BytesOf(message);
  }
  std::size_t operator()(const ReplicaMessage& message) const {
    return BytesOf(message);
  }
  std::size_t operator()(const MetaAck&) const { return 0; }
  std::size_t operator()(const Refusal&) const { return 0; }
  std::size_t operator()(const LogAck&) const { return 0; }
  std::size_t operator()(const ReplicaGone&) const { return 0; }
  std::size_t operator()(const SnapshotOrder&) const { return 0; }
  std::size_t operator()(const EpochNews&) const { return 0; }
};

}  // namespace

std::size_t BytesOf(const LogAppend& append) {
  std::size_t bytes = 0;
  for (const TurnRecord& record : append.records) {
    bytes += record.content.size();
  }
  return bytes;
}

std::size_t BytesOf(const Message& message) {
  return std::visit(Sizes(), message.body);
}

std::size_t BytesOf(const ReplicaMessage& message) {
  return std::visit(Sizes(), message.body);
}

std::size_t BytesOf(const NodeMessage& message) {
  return std::visit(Sizes(), message);
}

}  // namespace taskgraph::core
