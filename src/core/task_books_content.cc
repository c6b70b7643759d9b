// SPDX-License-Identifier: Apache-2.0
//
// TaskBooks as bytes, for a new backup (R20).
#include <utility>

#include "core/task_books.h"

namespace taskgraph::core {
namespace {

// Of the layout.
constexpr std::uint8_t kVersion = 1;

enum class Waiting : std::uint8_t { kMeta = 1, kRequest, kData, kFailure };

// Calls `read` as often as the next number says.
template <typename Read>
void ReadEach(FieldReader& in, Read read) {
  for (std::uint64_t left = in.Number(); left > 0 && in.good(); --left) read();
}

Payload ReadPayload(FieldReader& in) { return Payload::Own(in.Text()); }

// --- What waits for the task ---

class TrayWriter {
 public:
  explicit TrayWriter(FieldWriter& out) : out_(out) {}

  void operator()(const HearMeta& meta) {
    Begin(Waiting::kMeta);
    out_.Numbers(meta.from, meta.incarnation, meta.number, meta.occurrence);
    out_.Text(meta.link);
    out_.Text(meta.text);
  }
  void operator()(const ServeRequest& request) {
    Begin(Waiting::kRequest);
    out_.Id(request.id);
  }
  void operator()(const TakeData& data) {
    Begin(Waiting::kData);
    out_.Numbers(data.number, data.from);
    out_.Numbers(data.place.after, data.place.incarnation);
    out_.Text(data.method);
    out_.Text(data.output.text());
  }
  void operator()(const HearFailure& failure) {
    Begin(Waiting::kFailure);
    out_.Numbers(failure.failed.number, failure.failed.to);
    out_.Numbers(failure.place.after, failure.place.incarnation);
    out_.Text(failure.failed.method);
    out_.MaybeError(failure.failed.error);
  }
  // The books say by themselves what else is to come.
  template <typename Other>
  void operator()(const Other&) {}

 private:
  void Begin(Waiting kind) { out_.Byte(static_cast<std::uint8_t>(kind)); }

  FieldWriter& out_;
};

bool Waits(const Cause& cause) {
  return std::holds_alternative<HearMeta>(cause) ||
         std::holds_alternative<ServeRequest>(cause) ||
         std::holds_alternative<TakeData>(cause) ||
         std::holds_alternative<HearFailure>(cause);
}

}  // namespace

Payload TaskBooks::Copy(const std::vector<const Cause*>& tray) const {
  std::string bytes;
  FieldWriter out(bytes);
  out.Byte(kVersion);
  out.Bool(neighborhood.lists() != nullptr);
  out.Numbers(entered, expected);
  out.Bool(initialized);
  out.Bool(advance);
  out.Bool(finish.has_value());
  if (finish) {
    out.Number(static_cast<std::uint32_t>(finish->code));
    out.Text(finish->message);
  }
  neighborhood.Write(out);
  metas_sent.Write(out);
  metas_heard.Write(out);
  requests.Write(out);
  served.Write(out);
  std::size_t waiting = 0;
  for (const Cause* cause : tray) waiting += Waits(*cause) ? 1 : 0;
  out.Number(waiting);
  for (const Cause* cause : tray) std::visit(TrayWriter(out), *cause);
  return Payload::Own(std::move(bytes));
}

bool TaskBooks::Read(FieldReader& in, const Links& links,
                     std::vector<Cause>& unheard) {
  if (in.Byte() != kVersion) return false;
  const bool entered_any = in.Bool();
  const Epoch epoch = in.Number();
  if (entered_any) {
    auto lists = links.Neighbors(task, epoch);
    Enter(epoch, lists ? std::move(lists).value()
                       : std::make_shared<const NeighborLists>());
  }
  expected = in.Number();
  initialized = in.Bool();
  advance = in.Bool();
  if (in.Bool()) {
    const auto code = static_cast<std::int32_t>(in.Number<std::uint32_t>());
    finish = ExitStatus{code, in.Text()};
  }
  neighborhood.Read(in);
  ReadEach(in, [&] {
    const LinkType link = in.Text();
    std::string text = in.Text();
    if (!entered_any) return in.Fail();
    const auto found = neighborhood.lists()->find(link);
    if (found == neighborhood.lists()->end()) return in.Fail();
    metas_sent.Flag(link, std::move(text), found->second);
  });
  metas_heard.Read(in);
  requests.Read(in);
  served.Read(in);
  ReadEach(in, [&] { ReadWaiting(in, unheard); });
  return in.AtGoodEnd();
}

// Any order will do: Forget takes away what came after, too.
void TaskBooks::ReadWaiting(FieldReader& in, std::vector<Cause>& unheard) {
  switch (static_cast<Waiting>(in.Byte())) {
    case Waiting::kMeta: {
      const auto from = in.Number<TaskId>();
      const Incarnation incarnation = in.Number();
      MetaMessage meta{in.Number(), in.Number(), {}, {}};
      meta.link = in.Text();
      meta.text = in.Text();
      return metas_heard.Forget(from, incarnation, meta);
    }
    case Waiting::kRequest:
      return served.Forget(in.Id());
    case Waiting::kData: {
      TakeData data{in.Number(), in.Number<TaskId>(), {}, {}};
      data.place = {in.Number(), in.Number()};
      data.method = in.Text();
      data.output = ReadPayload(in);
      unheard.emplace_back(std::move(data));
      return;
    }
    case Waiting::kFailure: {
      FailedRequest failed{in.Number(), in.Number<TaskId>(), {}, {}};
      const Precedence place{in.Number(), in.Number()};
      failed.method = in.Text();
      failed.error = in.MaybeError().value_or(Error{});
      unheard.emplace_back(HearFailure{std::move(failed), place});
      return;
    }
  }
  in.Fail();
}

// --- The single books ---

void MetaOutbox::Write(FieldWriter& out) const {
  out.Number(metas_.size());
  for (const Flagged& flagged : metas_) {
    out.Text(flagged.link);
    out.Text(flagged.text);
  }
}

void MetaInbox::Write(FieldWriter& out) const {
  out.Number(senders_.size());
  for (const auto& [from, sender] : senders_) {
    out.Numbers(from, sender.incarnation, sender.arrived, sender.heard.size());
    for (const auto& [meta, count] : sender.heard) {
      out.Text(meta.first);
      out.Text(meta.second);
      out.Number(count);
    }
  }
}

void MetaInbox::Read(FieldReader& in) {
  ReadEach(in, [&] {
    Sender& sender = senders_[in.Number<TaskId>()];
    sender.incarnation = in.Number();
    sender.arrived = sender.done = in.Number();
    ReadEach(in, [&] {
      LinkType link = in.Text();
      std::string text = in.Text();
      sender.heard[{std::move(link), std::move(text)}] = in.Number();
    });
  });
}

void OpenRequests::Write(FieldWriter& out) const {
  out.Numbers(next_, requests_.size());
  requests_.ForEach([&](RequestNumber number, const Entry& entry) {
    const auto& request = entry.request;
    out.Number(number);
    out.Bool(request.has_value());
    if (!request) return;
    out.Number(request->to);
    out.Text(request->method);
    out.Text(request->key);
    out.Text(request->input.text());
  });
}

void OpenRequests::Read(FieldReader& in) {
  const RequestNumber next = in.Number();
  ReadEach(in, [&] {
    const RequestNumber number = in.Number();
    if (number < next_ || number >= next) return in.Fail();  // Out of order.
    if (!in.Bool()) {
      next_ = number + 1;
      requests_.Add(number);
      return;
    }
    MakeRequest request{number, in.Number<TaskId>(), {}, {}, {}};
    request.method = in.Text();
    request.key = in.Text();
    request.input = ReadPayload(in);
    Make(std::move(request));
  });
  next_ = next;
}

void ServedRequests::Write(FieldWriter& out) const {
  out.Number(ledgers_.size());
  for (const auto& [requester, ledger] : ledgers_) {
    out.Numbers(requester.first, requester.second, ledger.first_unfinished,
                ledger.records.size());
    ledger.records.ForEach([&](RequestNumber, const Record& record) {
      out.Id(record.answer.id);
      out.Bool(record.key != nullptr);
      if (record.key) {
        out.Text(std::get<1>(*record.key));
        out.Text(std::get<2>(*record.key));
      }
      out.Bool(record.answered);
      if (!record.answered) return;
      out.Number(record.answer.after);
      out.MaybeError(record.answer.error);
      out.Text(record.answer.output.text());
    });
  }
}

void ServedRequests::Read(FieldReader& in) {
  ReadEach(in, [&] {
    const auto task = in.Number<TaskId>();
    const Incarnation incarnation = in.Number();
    LedgerOf({task, incarnation}).first_unfinished = in.Number();
    ReadEach(in, [&] {
      RequestMessage request;
      request.id = in.Id();
      if (in.Bool()) {
        request.method = in.Text();
        request.key = in.Text();
      }
      Record& record =
          Open(LedgerOf({request.id.task, request.id.incarnation}), request);
      record.answered = in.Bool();
      if (!record.answered) return;
      record.answer.after = in.Number();
      record.answer.error = in.MaybeError();
      record.answer.output = ReadPayload(in);
    });
  });
  for (auto& [requester, ledger] : ledgers_) {
    ledger.open = 0;
    ledger.records.ForEach([&](RequestNumber, const Record& record) {
      ledger.open += record.answered ? 0 : 1;
    });
  }
}

void Neighborhood::Write(FieldWriter& out) const {
  out.Number(known_.size());
  for (const auto& [task, known] : known_) {
    out.Numbers(task, known.told.incarnation);
    out.Bool(known.told.lost);
  }
}

void Neighborhood::Read(FieldReader& in) {
  ReadEach(in, [&] {
    const auto task = in.Number<TaskId>();
    const Incarnation incarnation = in.Number();
    const State told{incarnation, in.Bool()};
    known_[task] = {told, told};
  });
}

}  // namespace taskgraph::core
