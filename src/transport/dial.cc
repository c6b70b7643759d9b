// SPDX-License-Identifier: Apache-2.0
#include "transport/dial.h"

#include <utility>

namespace taskgraph::transport {
namespace {

// A port that refuses, and a Unix socket's file that is not there, say the
// same: no process listens.
BreakReason ReasonOf(const IoError& error) {
  const bool nobody =
      error.number() == ECONNREFUSED || error.number() == ENOENT;
  return nobody ? BreakReason::kRefused : BreakReason::kUnreachable;
}

}  // namespace

void Dial::Start(const std::vector<Address>& addresses, Done done) {
  done_ = std::move(done);
  if (addresses.empty()) return Fail(BreakReason::kUnreachable, "no address");
  where_ = ChooseAddress(addresses);
  Reach(where_);
}

void Dial::Tick() {
  if (--beats_left_ < 0) {
    Fail(BreakReason::kUnreachable, "no answer in time");
  }
}

void Dial::Cancel() {
  done_ = nullptr;
  lookup_.reset();
  stream_.Close();
}

void Dial::Reach(const Address& address) {
  const Result<ParsedAddress> parsed = ParseAddress(address);
  if (!parsed) {
    return Fail(BreakReason::kUnreachable, parsed.error().message);
  }
  if (const auto* local = std::get_if<UnixAddress>(&*parsed)) {
    endpoints_ = {Endpoint(*local)};
    return Try(0);
  }
  if (const auto* tcp = std::get_if<TcpAddress>(&*parsed)) {
    Result<std::vector<Endpoint>> number = LookUp(*tcp, HostIs::kNumber);
    if (!number) return Resolve(*tcp);
    endpoints_ = std::move(number).value();
    return Try(0);
  }
  Fail(BreakReason::kUnreachable, "not an address of a socket");
}

void Dial::Resolve(const TcpAddress& address) {
  lookup_ = resolver_.Find(address, [this](Resolver::Found found) {
    const auto self = shared_from_this();
    lookup_.reset();
    if (!found) return Fail(BreakReason::kUnreachable, found.error().message);
    endpoints_ = std::move(found).value();
    Try(0);
  });
}

void Dial::Try(std::size_t index) {
  IoError error;
  stream_ = Stream(Socket::Connect(backend_, endpoints_[index], error));
  if (!error.is_under_way()) return Tried(index, error);
  stream_.socket().AwaitWritable([self = shared_from_this(), index] {
    if (self->done_) self->Tried(index, self->stream_.socket().Outcome());
  });
}

void Dial::Tried(std::size_t index, const IoError& error) {
  if (!error) return Greet();
  if (index + 1 < endpoints_.size()) return Try(index + 1);
  by_shortage_ = error.is_shortage();
  Fail(ReasonOf(error), error.message());
}

void Dial::Greet() {
  stream_ =
      MakeStream(std::move(stream_.socket()), tls_, TlsSession::Role::kClient);
  GreetSealed(stream_, shared_from_this(),
              [this](const std::optional<Error>& error) {
                if (!done_) return;
                if (error) return Refused(*error);
                Introduce();
              });
}

void Dial::Introduce() {
  if (!WriteHello(stream_, hello_)) {
    return Fail(BreakReason::kUnreachable, "the connection did not hold");
  }
  ReadHello(stream_, shared_from_this(),
            [this](Result<Hello> answer) { Answered(std::move(answer)); });
}

void Dial::Answered(Result<Hello> answer) {
  if (!done_) return;
  if (answer) {
    return Finish(DialAnswered{std::move(stream_), std::move(answer).value()});
  }
  Refused(answer.error());
}

void Dial::Refused(const Error& error) {
  const bool corrupt = error.code == ErrorCode::kCorrupt;
  Fail(corrupt ? BreakReason::kTurnedAway : BreakReason::kReset, error.message);
}

void Dial::Fail(BreakReason reason, const std::string& why) {
  const std::string at = where_.empty() ? "" : " at " + where_;
  Finish(DialFailed{reason,
                    "node \"" + hello_.expected + "\"" + at + ": " + why,
                    by_shortage_});
}

// Posted, so that it never happens inside the call that began the dial.
void Dial::Finish(DialResult result) {
  if (std::holds_alternative<DialFailed>(result)) {
    lookup_.reset();
    stream_.Close();
  }
  auto held = std::make_shared<DialResult>(std::move(result));
  backend_.Post([self = shared_from_this(), held] {
    if (const Done done = std::exchange(self->done_, nullptr)) {
      done(std::move(*held));
    }
  });
}

}  // namespace taskgraph::transport
