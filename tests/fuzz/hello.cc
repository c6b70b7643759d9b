// SPDX-License-Identifier: Apache-2.0
//
// What a stranger says first (transport/hello.h): the only bytes that are read
// before the job's token is known to be right.
#include "transport/hello.h"

#include <algorithm>

#include "fuzz.h"

namespace {

using namespace taskgraph::transport;  // NOLINT(google-build-using-namespace)

using Header = std::array<std::byte, kHelloHeaderBytes>;

const Options kHost = [] {
  Options host;
  host.job = "area";
  host.token = "the token";
  host.self = "n0-4c07";
  return host;
}();

taskgraph::Result<Hello> Read(std::string_view bytes) {
  Header header;
  if (bytes.size() < header.size()) {
    return taskgraph::Error{taskgraph::ErrorCode::kCorrupt, "no header"};
  }
  std::transform(bytes.begin(), bytes.begin() + kHelloHeaderBytes,
                 header.begin(), [](char c) { return std::byte(c); });
  bytes.remove_prefix(header.size());
  const auto size = HelloBodyBytes(header);
  if (!size) return size.error();
  fuzz::Require(*size <= kHelloBytesMax, "a stranger gets little room");
  if (*size > bytes.size()) {
    return taskgraph::Error{taskgraph::ErrorCode::kCorrupt, "cut off"};
  }
  return DecodeHello(header,
                     {reinterpret_cast<const std::byte*>(bytes.data()), *size});
}

Hello Guest() {
  Hello guest;
  guest.dial = 7;
  guest.job = kHost.job;
  guest.node = "n1-66aa";
  guest.expected = kHost.self;
  guest.token = kHost.token;
  return guest;
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  const auto hello = Read(bytes);
  if (!hello) {
    Require(!hello.error().message.empty(), "who is turned away hears why");
    return;
  }
  if (hello->version == kProtocolVersion) {
    const std::string again = Encode(*hello);
    Require(bytes.substr(0, again.size()) == again, "a hello has one spelling");
  }
  const Hello answer = Judge(*hello, kHost);
  Require(answer.verdict == Verdict::kAccepted || answer.token.empty(),
          "a host that turns a guest away does not tell it the token");
  Require(answer.verdict != Verdict::kAccepted || hello->token == kHost.token,
          "who is let in knows the token");
  const auto heard = Read(Encode(answer));
  Require(heard.ok() && *heard == answer, "the guest can read the answer");
  Require(!Objection(*hello, Guest()).empty() ||
              hello->verdict != Verdict::kAccepted ||
              hello->token == kHost.token,
          "a host is believed if it knows the token");
}

std::vector<std::string> fuzz::Seeds() {
  Hello stranger = Guest();
  stranger.job = std::string(kHelloBytesMax - 50, 'j');
  Hello probe = Guest();
  probe.kind = HelloKind::kProbe;
  Hello future = Guest();
  future.version = 9;
  Hello other = Guest();
  other.token = "another token";
  return {Encode(Guest()),
          Encode(stranger),
          Encode(probe),
          Encode(future),
          Encode(other),
          Encode(Judge(Guest(), kHost)),
          Encode(Judge(other, kHost))};
}
