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

enum class Kind : std::uint8_t {
  kMeta = 1,
  kMetaAck = 2,
  kRequest = 3,
  kAnswer = 4,
  kRefusal = 5,
  kEpochNews = 6,
  kSuspicion = 7,
};

class HeadWriter : FieldWriter {
 public:
  explicit HeadWriter(WireFrame& frame)
      : FieldWriter(frame.head), frame_(frame) {
    frame_.head.reserve(kUsualHeadBytes);
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
    frame_.body = request.input;
  }
  void Write(const Route& route, const AnswerMessage& answer) {
    Begin(Kind::kAnswer, route);
    Id(answer.id);
    Number(answer.after);
    MaybeError(answer.error);
    frame_.body = answer.output;
  }
  void Write(const Route& route, const Refusal& refusal) {
    Begin(Kind::kRefusal, route);
    Byte(static_cast<std::uint8_t>(refusal.code));
    Number(refusal.term);
  }

  void Begin(Kind kind) { Byte(static_cast<std::uint8_t>(kind)); }
  void Begin(Kind kind, const Route& route) {
    Begin(kind);
    Numbers(route.from, route.to, route.incarnation, route.term, route.to_term,
            route.epoch, route.generation);
  }
  WireFrame& frame_;
};

class HeadReader : public FieldReader {
 public:
  using FieldReader::FieldReader;

  // Braces: the fields are read in the order in which they are written here.
  Route ReadRoute() {
    return {Number<TaskId>(), Number<TaskId>(), Number(), Number(),
            Number(),         Number(),         Number()};
  }
  MetaMessage ReadMeta() { return {Number(), Number(), Text(), Text()}; }
  MetaAck ReadAck() { return {Number(), Number()}; }
  RequestMessage ReadRequest(Payload input) {
    return {Id(), Number(), Text(), Text(), std::move(input)};
  }
  AnswerMessage ReadAnswer(Payload output) {
    AnswerMessage answer{Id(), std::nullopt, std::move(output), Number()};
    answer.error = MaybeError();
    return answer;
  }
  Refusal ReadRefusal() { return {Code(), Number()}; }
  EpochNews ReadNews() { return {Number(), Number()}; }
  Suspicion ReadSuspicion() { return {Text(), Text()}; }
};

NodeMessage Read(Kind kind, HeadReader& in, Payload body) {
  switch (kind) {
    case Kind::kMeta:
      return Message{in.ReadRoute(), in.ReadMeta()};
    case Kind::kMetaAck:
      return Message{in.ReadRoute(), in.ReadAck()};
    case Kind::kRequest:
      return Message{in.ReadRoute(), in.ReadRequest(std::move(body))};
    case Kind::kAnswer:
      return Message{in.ReadRoute(), in.ReadAnswer(std::move(body))};
    case Kind::kRefusal:
      return Message{in.ReadRoute(), in.ReadRefusal()};
    case Kind::kEpochNews:
      return in.ReadNews();
    case Kind::kSuspicion:
      return in.ReadSuspicion();
  }
  in.Fail();
  return {};
}

bool HasBody(Kind kind) {
  return kind == Kind::kRequest || kind == Kind::kAnswer;
}

Error Corrupt(std::string what) {
  return {ErrorCode::kCorrupt, std::move(what)};
}

}  // namespace

WireFrame Encode(const NodeMessage& message) {
  WireFrame frame;
  std::visit(HeadWriter(frame), message);
  return frame;
}

Result<NodeMessage> Decode(std::string_view head, Payload body) {
  HeadReader in(head);
  const std::uint8_t version = in.Byte();
  if (version != kVersion) {
    return Corrupt("a message of version " + std::to_string(version) +
                   "; this program speaks version " + std::to_string(kVersion));
  }
  const auto kind = static_cast<Kind>(in.Byte());
  const bool stray_body = !HasBody(kind) && !body.empty();
  NodeMessage message = Read(kind, in, std::move(body));
  if (!in.AtGoodEnd() || stray_body) {
    return Corrupt("a malformed message of kind " +
                   std::to_string(static_cast<unsigned>(kind)) + " and " +
                   std::to_string(head.size()) + " bytes");
  }
  return message;
}

}  // namespace taskgraph::core
