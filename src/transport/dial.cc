// SPDX-License-Identifier: Apache-2.0
#include "transport/dial.h"

#include <utility>

namespace taskgraph::transport {
namespace {

// A port that refuses, and a Unix socket's file that is not there, say the
// same: no process listens.
BreakReason ReasonOf(const asio::error_code& error) {
  const bool nobody =
      error == asio::error::connection_refused ||
      error == asio::error_code(ENOENT, asio::error::get_system_category());
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
  resolver_.cancel();
  stream_.Close();
}

void Dial::Reach(const Address& address) {
  const Result<ParsedAddress> parsed = ParseAddress(address);
  if (!parsed) {
    return Fail(BreakReason::kUnreachable, parsed.error().message);
  }
  if (const auto* local = std::get_if<UnixAddress>(&*parsed)) {
    endpoints_ = {EndpointOf(*local)};
    return Try(0);
  }
  if (const auto* tcp = std::get_if<TcpAddress>(&*parsed)) {
    const std::optional<Endpoint> endpoint = LiteralEndpoint(*tcp);
    if (!endpoint) return Resolve(*tcp);
    endpoints_ = {*endpoint};
    return Try(0);
  }
  Fail(BreakReason::kUnreachable, "not an address of a socket");
}

void Dial::Resolve(const TcpAddress& address) {
  resolver_.async_resolve(
      address.host, std::to_string(address.port),
      [self = shared_from_this()](const asio::error_code& error,
                                  const auto& found) {
        if (!self->done_) return;
        if (error) {
          return self->Fail(BreakReason::kUnreachable, error.message());
        }
        for (const auto& entry : found) {
          self->endpoints_.push_back(entry.endpoint());
        }
        self->Try(0);
      });
}

void Dial::Try(std::size_t index) {
  stream_.Close();
  const Endpoint& endpoint = endpoints_[index];
  if (endpoint.protocol().family() == AF_UNIX) return TryUnix(endpoint);
  stream_.socket().async_connect(endpoint, [self = shared_from_this(), index](
                                               const asio::error_code& error) {
    if (self->done_) self->Tried(index, error);
  });
}

// Connecting to a Unix socket takes no time; and if Asio did it, it would ask
// the system for news of writability for good, which a Unix socket has whenever
// the other side reads.
void Dial::TryUnix(const Endpoint& endpoint) {
  asio::error_code error;
  Socket& socket = stream_.socket();
  socket.open(endpoint.protocol(), error);
  socket.non_blocking(true, error);
  socket.connect(endpoint, error);
  Tried(0, error);
}

void Dial::Tried(std::size_t index, const asio::error_code& error) {
  if (!error) return Greet();
  if (index + 1 < endpoints_.size()) return Try(index + 1);
  by_shortage_ = OutOfResources(error);
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
    // Also how a Unix socket whose backlog is full shows itself.
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
    stream_.Close();
    resolver_.cancel();
  }
  auto held = std::make_shared<DialResult>(std::move(result));
  asio::post(io_, [self = shared_from_this(), held] {
    if (const Done done = std::exchange(self->done_, nullptr)) {
      done(std::move(*held));
    }
  });
}

}  // namespace taskgraph::transport
