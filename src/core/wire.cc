// SPDX-License-Identifier: Apache-2.0
#include "core/wire.h"

#include <cstdint>
#include <utility>

#include "core/fields.h"

namespace taskgraph::core {
namespace {

// Of the head's layout. Nodes of one job run one program, so another version is
// an accident to be reported, not a dialect to be spoken.
constexpr std::uint8_t kVersion = 1;

// Room for a head without long texts.
constexpr std::size_t kUsualHeadBytes = 64;

// Of a snapshot; larger ones travel in the body.
constexpr std::size_t kBooksInHeadMax = 256 * 1024;

enum class Kind : std::uint8_t {
  kMeta = 1,
  kMetaAck = 2,
  kRequest = 3,
  kAnswer = 4,
  kRefusal = 5,
  kEpochNews = 6,
  kSuspicion = 7,
  kLogAppend = 8,
  kLogAck = 9,
  kReplicaGone = 10,
  kInvitation = 11,
  kSnapshotOrder = 12,
};

class HeadWriter : FieldWriter {
 public:
  HeadWriter(std::string& head, Payload& body)
      : FieldWriter(head), body_(body) {
    head.clear();
    body = {};
    head.reserve(kUsualHeadBytes);
    Byte(kVersion);
  }

  void operator()(const Message& message) {
    std::visit([&](const auto& body) { Write(message.route, body); },
               message.body);
  }
  void operator()(const EpochNews& news) {
    Begin(Kind::kEpochNews);
    Numbers(news.generation, news.epoch);
  }
  void operator()(const Suspicion& suspicion) {
    Begin(Kind::kSuspicion);
    Text(suspicion.node);
    Text(suspicion.reason);
  }
  void operator()(const ReplicaMessage& message) {
    std::visit([&](const auto& body) { Write(message, body); }, message.body);
  }

 private:
  void Write(const Route& route, const MetaMessage& meta) {
    Begin(Kind::kMeta, route);
    Numbers(meta.number, meta.occurrence);
    Text(meta.link);
    Text(meta.text);
  }
  void Write(const Route& route, const MetaAck& ack) {
    Begin(Kind::kMetaAck, route);
    Numbers(ack.number, ack.incarnation);
  }
  void Write(const Route& route, const RequestMessage& request) {
    Begin(Kind::kRequest, route);
    Id(request.id);
    Number(request.first_unfinished);
    Text(request.method);
    Text(request.key);
    body_ = request.input;
  }
  void Write(const Route& route, const AnswerMessage& answer) {
    Begin(Kind::kAnswer, route);
    Id(answer.id);
    Number(answer.after);
    MaybeError(answer.error);
    body_ = answer.output;
  }
  void Write(const Route& route, const Refusal& refusal) {
    Begin(Kind::kRefusal, route);
    Byte(static_cast<std::uint8_t>(refusal.code));
    Number(refusal.term);
  }

  // The body is the contents of all records, one after the other.
  void Write(const ReplicaMessage& message, const LogAppend& append) {
    Begin(Kind::kLogAppend, message);
    Numbers(append.term, append.join, append.base, append.committed,
            append.stamp, append.records.size());
    std::size_t bytes = 0;
    for (const TurnRecord& record : append.records) {
      Numbers(record.number, record.term, record.content.size());
      bytes += record.content.size();
    }
    if (append.records.empty()) return;
    if (append.records.size() == 1) {
      body_ = append.records.front().content;
      return;
    }
    std::string all;
    all.reserve(bytes);
    for (const TurnRecord& record : append.records) {
      all += record.content.text();
    }
    body_ = Payload::Own(std::move(all));
  }
  void Write(const ReplicaMessage& message, const LogAck& ack) {
    Begin(Kind::kLogAck, message);
    Numbers(ack.term, ack.join, ack.held, ack.stamp, ack.backlog);
  }
  void Write(const ReplicaMessage& message, const ReplicaGone& gone) {
    Begin(Kind::kReplicaGone, message);
    Numbers(gone.term, gone.join);
  }
  void Write(const ReplicaMessage& message, const SnapshotOrder& order) {
    Begin(Kind::kSnapshotOrder, message);
    Numbers(order.term, order.join, order.joins, order.base);
    Text(order.joiner);
  }

  // The body is the task's state, after the books where these are large.
  void Write(const ReplicaMessage& message, const Invitation& invitation) {
    Begin(Kind::kInvitation, message);
    Numbers(invitation.term, invitation.join, invitation.joins,
            invitation.applied, invitation.books.seal, invitation.state.seal,
            invitation.books.bytes.size());
    const bool in_head = invitation.books.bytes.size() <= kBooksInHeadMax;
    Bool(in_head);
    if (in_head) {
      Text(invitation.books.bytes.text());
      body_ = invitation.state.bytes;
    } else {
      std::string both(invitation.books.bytes.text());
      both += invitation.state.bytes.text();
      body_ = Payload::Own(std::move(both));
    }
  }

  void Begin(Kind kind, const ReplicaMessage& message) {
    Begin(kind);
    Numbers(message.task, message.incarnation, message.generation);
  }
  void Begin(Kind kind) { Byte(static_cast<std::uint8_t>(kind)); }
  void Begin(Kind kind, const Route& route) {
    Begin(kind);
    Numbers(route.from, route.to, route.incarnation, route.term, route.to_term,
            route.epoch, route.generation);
  }

  Payload& body_;
};

class HeadReader : public FieldReader {
 public:
  using FieldReader::FieldReader;

  // Braces: the fields are read in the order in which they are written here.
  Route ReadRoute() {
    return {Number<TaskId>(), Number<TaskId>(), Number(), Number(),
            Number(),         Number(),         Number()};
  }
  // What comes in great numbers is read into its place; see Begin.
  void Read(MetaMessage& meta) {
    meta.number = Number();
    meta.occurrence = Number();
    meta.link = View();
    meta.text = View();
  }
  void Read(RequestMessage& request) {
    request.id = Id();
    request.first_unfinished = Number();
    request.method = View();
    request.key = View();
  }
  void Read(AnswerMessage& answer) {
    answer.id = Id();
    answer.after = Number();
    answer.error = MaybeError();
  }
  void Read(MetaAck& ack) { ack = {Number(), Number()}; }
  void Read(Refusal& refusal) { refusal = {Code(), Number()}; }
  EpochNews ReadNews() { return {Number(), Number()}; }
  Suspicion ReadSuspicion() { return {Text(), Text()}; }
  ReplicaMessage ReadReplica() {
    return {Number<TaskId>(), Number(), Number(), {}};
  }
  // Records are parts of `body`, and keep it alive.
  LogAppend ReadAppend(const Payload& body) {
    LogAppend append{Number(), Number(), Number(), Number(), Number(), {}};
    std::size_t at = 0;
    for (std::uint64_t left = Number(); left > 0 && good(); --left) {
      TurnRecord record{Number(), Number(), {}};
      const std::uint64_t size = Number();
      if (size > body.size() - at) {
        Fail();
        break;
      }
      record.content = Payload(body.owner(), body.data() + at, size);
      at += size;
      append.records.push_back(std::move(record));
    }
    if (at != body.size()) Fail();
    return append;
  }
  Invitation ReadInvitation(const Payload& body) {
    Invitation invitation{Number(), Number(), Number(), Number(), {}, {}};
    Payload& books = invitation.books.bytes;
    Payload& state = invitation.state.bytes;
    invitation.books.seal = Number();
    invitation.state.seal = Number();
    const std::uint64_t size = Number();
    if (Bool()) {
      books = Payload::Own(Text());
      state = body;
    } else if (size <= body.size() && size > kBooksInHeadMax) {
      books = {body.owner(), body.data(), size};
      state = {body.owner(), body.data() + size, body.size() - size};
    } else {
      Fail();
    }
    if (books.size() != size) Fail();
    return invitation;
  }
  SnapshotOrder ReadOrder() {
    return {Number(), Number(), Number(), Number(), Text()};
  }
  LogAck ReadLogAck() {
    return {Number(), Number(), Number(), Number(), Number()};
  }
};

ReplicaMessage ReadReplica(Kind kind, HeadReader& in, const Payload& body) {
  ReplicaMessage message = in.ReadReplica();
  if (kind == Kind::kLogAppend) {
    message.body = in.ReadAppend(body);
  } else if (kind == Kind::kLogAck) {
    message.body = in.ReadLogAck();
  } else if (kind == Kind::kInvitation) {
    message.body = in.ReadInvitation(body);
  } else if (kind == Kind::kSnapshotOrder) {
    message.body = in.ReadOrder();
  } else {
    message.body = ReplicaGone{in.Number(), in.Number()};
  }
  return message;
}

// Makes it a message with such a body, and reads its route.
template <typename Part>
Part& Begin(NodeMessage& message, HeadReader& in) {
  if (!std::holds_alternative<Message>(message)) message.emplace<Message>();
  auto& begun = std::get<Message>(message);
  begun.route = in.ReadRoute();
  return begun.body.emplace<Part>();
}

void Read(Kind kind, HeadReader& in, Payload body, NodeMessage& message) {
  switch (kind) {
    case Kind::kMeta:
      return in.Read(Begin<MetaMessage>(message, in));
    case Kind::kMetaAck:
      return in.Read(Begin<MetaAck>(message, in));
    case Kind::kRequest: {
      auto& request = Begin<RequestMessage>(message, in);
      in.Read(request);
      request.input = std::move(body);
      return;
    }
    case Kind::kAnswer: {
      auto& answer = Begin<AnswerMessage>(message, in);
      in.Read(answer);
      answer.output = std::move(body);
      return;
    }
    case Kind::kRefusal:
      return in.Read(Begin<Refusal>(message, in));
    case Kind::kEpochNews:
      message = in.ReadNews();
      return;
    case Kind::kSuspicion:
      message = in.ReadSuspicion();
      return;
    case Kind::kLogAppend:
    case Kind::kLogAck:
    case Kind::kReplicaGone:
    case Kind::kInvitation:
    case Kind::kSnapshotOrder:
      message = ReadReplica(kind, in, body);
      return;
  }
  in.Fail();
}

bool HasBody(Kind kind) {
  return kind == Kind::kRequest || kind == Kind::kAnswer ||
         kind == Kind::kLogAppend || kind == Kind::kInvitation;
}

Error Corrupt(std::string what) {
  return {ErrorCode::kCorrupt, std::move(what)};
}

}  // namespace

void EncodeInto(std::string& head, Payload& body, const NodeMessage& message) {
  std::visit(HeadWriter(head, body), message);
}

WireFrame Encode(const NodeMessage& message) {
  WireFrame frame;
  EncodeInto(frame.head, frame.body, message);
  return frame;
}

std::optional<Error> DecodeInto(NodeMessage& message, std::string_view head,
                                Payload body) {
  HeadReader in(head);
  const std::uint8_t version = in.Byte();
  if (version != kVersion) {
    return Corrupt("a message of version " + std::to_string(version) +
                   "; this program speaks version " + std::to_string(kVersion));
  }
  const auto kind = static_cast<Kind>(in.Byte());
  const bool stray_body = !HasBody(kind) && !body.empty();
  Read(kind, in, std::move(body), message);
  if (!in.AtGoodEnd() || stray_body) {
    return Corrupt("a malformed message of kind " +
                   std::to_string(static_cast<unsigned>(kind)) + " and " +
                   std::to_string(head.size()) + " bytes");
  }
  return std::nullopt;
}

Result<NodeMessage> Decode(std::string_view head, Payload body) {
  NodeMessage message;
  if (auto error = DecodeInto(message, head, std::move(body))) {
    return *std::move(error);
  }
  return message;
}

}  // namespace taskgraph::core
