// SPDX-License-Identifier: Apache-2.0
#include "core/turn_content.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "core/fields.h"

namespace taskgraph::core {
namespace {

// Of the content's layout.
constexpr std::uint8_t kVersion = 1;

enum class CauseKind : std::uint8_t {
  kInit = 1,
  kEnterEpoch = 2,
  kMeta = 3,
  kServe = 4,
  kData = 5,
  kFailure = 6,
  kLost = 7,
  kBack = 8,
  kCompare = 9,
};

enum class EffectKind : std::uint8_t {
  kMeta = 1,
  kRequest = 2,
  kCancel = 3,
  kAnswer = 4,
};

// --- Writing ---

class TurnWriter : FieldWriter {
 public:
  explicit TurnWriter(std::string& out) : FieldWriter(out) {}

  void Write(const TurnContent& turn) {
    Byte(kVersion);
    Number(turn.epoch);
    Number(turn.met.size());
    for (const Acquaintance& met : turn.met) {
      Numbers(met.task, met.incarnation);
    }
    std::visit(*this, turn.cause);
    Number(turn.effects.updates.size());
    for (const Payload& update : turn.effects.updates) Text(update.text());
    Number(turn.effects.ordered.size());
    for (const Effect& effect : turn.effects.ordered) std::visit(*this, effect);
    Bool(turn.effects.advance_epoch);
    Bool(turn.effects.retire);
    Bool(turn.effects.finish.has_value());
    if (!turn.effects.finish) return;
    Number(static_cast<std::uint32_t>(turn.effects.finish->code));
    Text(turn.effects.finish->message);
  }

  void operator()(const InitTask& init) {
    Begin(CauseKind::kInit);
    Bool(init.checkpoint.has_value());
    if (init.checkpoint) Number(*init.checkpoint);
  }
  void operator()(const EnterEpoch& enter) {
    Begin(CauseKind::kEnterEpoch);
    Number(enter.skipped);
  }
  void operator()(const HearMeta& meta) {
    Begin(CauseKind::kMeta);
    Numbers(meta.from, meta.incarnation, meta.number, meta.occurrence);
    Text(meta.link);
    Text(meta.text);
  }
  void operator()(const ServeRequest& request) {
    Begin(CauseKind::kServe);
    Id(request.id);
    Number(request.first_unfinished);
    Text(request.method);
    Text(request.key);
  }
  void operator()(const TakeData& data) {
    Begin(CauseKind::kData);
    Number(data.number);
  }
  void operator()(const HearFailure& failure) {
    Begin(CauseKind::kFailure);
    Number(failure.failed.number);
  }
  void operator()(const NeighborLost& lost) {
    Begin(CauseKind::kLost);
    Numbers(lost.neighbor.task, lost.neighbor.incarnation);
  }
  void operator()(const NeighborBack& back) {
    Begin(CauseKind::kBack);
    Numbers(back.neighbor.task, back.neighbor.incarnation);
  }
  void operator()(const CompareState& compare) {
    Begin(CauseKind::kCompare);
    Text(compare.after);
    Text(compare.state.text());
  }
  // Never recorded.
  void operator()(const ExitTask&) {}
  void operator()(const ChangeRole&) {}
  void operator()(const TakeSnapshot&) {}
  void operator()(const ApplyUpdates&) {}

  void operator()(const FlagMeta& meta) {
    Begin(EffectKind::kMeta);
    Text(meta.link);
    Text(meta.text);
  }
  void operator()(const MakeRequest& request) {
    Begin(EffectKind::kRequest);
    Numbers(request.number, request.to);
    Text(request.method);
    Text(request.key);
    Text(request.input.text());
  }
  void operator()(const CancelRequest& cancel) {
    Begin(EffectKind::kCancel);
    Number(cancel.number);
  }
  void operator()(const GiveAnswer& answer) {
    Begin(EffectKind::kAnswer);
    Id(answer.id);
    MaybeError(answer.error);
    Text(answer.output.text());
  }

 private:
  template <typename Kind>
  void Begin(Kind kind) {
    Byte(static_cast<std::uint8_t>(kind));
  }
};

// --- Reading ---

class TurnReader : public FieldReader {
 public:
  explicit TurnReader(const Payload& bytes)
      : FieldReader(bytes.text()), bytes_(bytes) {}

  // Braces: the fields are read in the order in which they are written here.
  TurnContent Read() {
    return {Number(), ReadMet(), ReadCause(), ReadEffects()};
  }

 private:
  std::vector<Acquaintance> ReadMet() {
    std::vector<Acquaintance> met;
    for (std::uint64_t left = Number(); left > 0 && good(); --left) {
      met.push_back({Number<TaskId>(), Number()});
    }
    return met;
  }
  Cause ReadCause() {
    switch (static_cast<CauseKind>(Byte())) {
      case CauseKind::kInit:
        return InitTask{Bool() ? std::optional(Number()) : std::nullopt};
      case CauseKind::kEnterEpoch:
        return EnterEpoch{Number()};
      case CauseKind::kMeta:
        return ReadMeta();
      case CauseKind::kServe:
        return ReadServe();
      case CauseKind::kData:
        return TakeData{Number(), 0, {}, {}};
      case CauseKind::kFailure:
        return HearFailure{{Number(), 0, {}, {}}};
      case CauseKind::kLost:
        return NeighborLost{ReadNeighbor()};
      case CauseKind::kBack:
        return NeighborBack{ReadNeighbor()};
      case CauseKind::kCompare:
        return CompareState{Text(), Part()};
    }
    Fail();
    return {};
  }
  HearMeta ReadMeta() {
    HearMeta meta{Number<TaskId>(), Number(), Number(), {}, {}, Number()};
    meta.link = Text();
    meta.text = Text();
    return meta;
  }
  ServeRequest ReadServe() {
    ServeRequest request;
    request.id = Id();
    request.first_unfinished = Number();
    request.method = Text();
    request.key = Text();
    return request;
  }
  Neighbor ReadNeighbor() {
    Neighbor neighbor;
    neighbor.task = Number<TaskId>();
    neighbor.incarnation = Number();
    return neighbor;
  }

  TurnEffects ReadEffects() {
    TurnEffects effects;
    for (std::uint64_t left = Number(); left > 0 && good(); --left) {
      effects.updates.push_back(Part());
    }
    for (std::uint64_t left = Number(); left > 0 && good(); --left) {
      effects.ordered.push_back(ReadEffect());
    }
    effects.advance_epoch = Bool();
    effects.retire = Bool();
    if (Bool()) {
      const auto code = static_cast<std::int32_t>(Number<std::uint32_t>());
      effects.finish = ExitStatus{code, Text()};
    }
    return effects;
  }
  Effect ReadEffect() {
    switch (static_cast<EffectKind>(Byte())) {
      case EffectKind::kMeta:
        return FlagMeta{Text(), Text()};
      case EffectKind::kRequest:
        return MakeRequest{Number(), Number<TaskId>(), Text(), Text(), Part()};
      case EffectKind::kCancel:
        return CancelRequest{Number()};
      case EffectKind::kAnswer:
        return GiveAnswer{Id(), MaybeError(), Part()};
    }
    Fail();
    return {};
  }
  // Not a copy.
  Payload Part() {
    const std::string_view view = View();
    return {bytes_.owner(), reinterpret_cast<const std::byte*>(view.data()),
            view.size()};
  }

  const Payload& bytes_;
};

}  // namespace

Payload Encode(const TurnContent& turn) {
  std::string bytes;
  TurnWriter(bytes).Write(turn);
  return Payload::Own(std::move(bytes));
}

Result<TurnContent> DecodeTurn(const Payload& bytes) {
  TurnReader in(bytes);
  if (const std::uint8_t version = in.Byte(); version != kVersion) {
    return Error{ErrorCode::kCorrupt, "a turn's record of version " +
                                          std::to_string(version) +
                                          "; this program knows version " +
                                          std::to_string(kVersion)};
  }
  TurnContent turn = in.Read();
  if (!in.AtGoodEnd()) {
    return Error{ErrorCode::kCorrupt, "a malformed record of a turn, of " +
                                          std::to_string(bytes.size()) +
                                          " bytes"};
  }
  return turn;
}

}  // namespace taskgraph::core
