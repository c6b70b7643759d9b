// SPDX-License-Identifier: Apache-2.0
#include "transport/hello.h"

#include "transport/wire.h"

namespace taskgraph::transport {
namespace {

constexpr std::uint32_t kMagic = 0x48474b54;  // "TKGH" on the wire.

Error Corrupt(std::string message) {
  return {ErrorCode::kCorrupt, std::move(message)};
}

void AppendText(std::string& out, std::string_view text) {
  AppendLittleEndian(out, static_cast<std::uint16_t>(text.size()));
  out += text;
}

// Takes values off the front; once something is missing all else is, too.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : left_(bytes) {}

  template <std::unsigned_integral T>
  T Number() {
    const auto bytes = Take(sizeof(T));
    return bytes.empty() ? 0 : ReadLittleEndian<T>(bytes.data());
  }
  std::string Text() {
    const auto bytes = Take(Number<std::uint16_t>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  bool ok() const { return ok_ && left_.empty(); }

 private:
  std::span<const std::byte> Take(std::size_t count) {
    ok_ = ok_ && count <= left_.size();
    if (!ok_) return {};
    const auto taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  std::span<const std::byte> left_;
  bool ok_ = true;
};

// What a hello says of itself, cut so that the answer fits into a hello, too.
std::string Quoted(std::string_view text) {
  constexpr std::size_t kBytesMax = 200;
  const bool fits = text.size() <= kBytesMax;
  return "\"" + std::string(text.substr(0, kBytesMax)) +
         (fits ? "\"" : "...\"");
}

Hello AnswerWith(Verdict verdict, std::string detail) {
  Hello answer;
  answer.kind = HelloKind::kAnswer;
  answer.verdict = verdict;
  answer.detail = std::move(detail);
  return answer;
}

}  // namespace

std::string Encode(const Hello& hello) {
  std::string body;
  AppendLittleEndian(body, hello.dial);
  for (const std::string* text : {&hello.job, &hello.node, &hello.expected,
                                  &hello.token, &hello.detail}) {
    AppendText(body, *text);
  }
  std::string out;
  AppendLittleEndian(out, kMagic);
  AppendLittleEndian(out, hello.version);
  AppendLittleEndian(out, static_cast<std::uint8_t>(hello.kind));
  AppendLittleEndian(out, static_cast<std::uint8_t>(hello.verdict));
  AppendLittleEndian(out, static_cast<std::uint32_t>(body.size()));
  return out + body;
}

Result<std::size_t> HelloBodyBytes(
    const std::array<std::byte, kHelloHeaderBytes>& header) {
  if (ReadLittleEndian<std::uint32_t>(&header[0]) != kMagic) {
    return Corrupt("it did not say hello in this protocol");
  }
  const auto bytes = ReadLittleEndian<std::uint32_t>(&header[8]);
  if (bytes > kHelloBytesMax) {
    return Corrupt("its hello of " + std::to_string(bytes) +
                   " bytes is longer than " + std::to_string(kHelloBytesMax));
  }
  return std::size_t{bytes};
}

Result<Hello> DecodeHello(
    const std::array<std::byte, kHelloHeaderBytes>& header,
    std::span<const std::byte> body) {
  Hello hello;
  hello.version = ReadLittleEndian<std::uint16_t>(&header[4]);
  const auto kind = std::to_integer<std::uint8_t>(header[6]);
  const auto verdict = std::to_integer<std::uint8_t>(header[7]);
  if (kind < 1 || kind > 3) return Corrupt("its hello is of no known kind");
  hello.kind = static_cast<HelloKind>(kind);
  if (hello.version != kProtocolVersion) {
    // What follows may be laid out otherwise; the verdict always says no.
    hello.verdict = Verdict::kWrongVersion;
    return hello;
  }
  if (verdict > 6) return Corrupt("its hello bears no known verdict");
  hello.verdict = static_cast<Verdict>(verdict);
  Cursor cursor(body);
  hello.dial = cursor.Number<std::uint64_t>();
  for (std::string* text : {&hello.job, &hello.node, &hello.expected,
                            &hello.token, &hello.detail}) {
    *text = cursor.Text();
  }
  if (!cursor.ok()) return Corrupt("its hello is malformed");
  return hello;
}

bool SameSecret(std::string_view a, std::string_view b) {
  // Looks at every byte of the guess, whatever the first ones were.
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned char>(a[i] ^ other);
  }
  return difference == 0;
}

Hello Judge(const Hello& guest, const Options& host) {
  if (guest.version != kProtocolVersion) {
    return AnswerWith(Verdict::kWrongVersion,
                      "its protocol version is " +
                          std::to_string(guest.version) + ", here it is " +
                          std::to_string(kProtocolVersion));
  }
  if (guest.job != host.job) {
    return AnswerWith(
        Verdict::kWrongJob,
        "it belongs to job " + Quoted(guest.job) + ", here runs another one");
  }
  if (!SameSecret(guest.token, host.token)) {
    return AnswerWith(Verdict::kWrongToken,
                      "it does not know the token of job " + Quoted(host.job));
  }
  if (guest.node.empty() || guest.node == host.self) {
    return AnswerWith(Verdict::kWrongNode,
                      "it bears no name of its own: " + Quoted(guest.node));
  }
  if (guest.expected != host.self) {
    return AnswerWith(Verdict::kWrongNode,
                      "it wants node " + Quoted(guest.expected) +
                          ", this is node " + Quoted(host.self));
  }
  Hello answer = AnswerWith(Verdict::kAccepted, {});
  answer.job = host.job;
  answer.node = host.self;
  answer.expected = guest.node;
  answer.token = host.token;
  return answer;
}

std::string Objection(const Hello& answer, const Hello& asked) {
  if (answer.kind != HelloKind::kAnswer) return "it answered out of turn";
  if (answer.version != kProtocolVersion) {
    return "its protocol version is " + std::to_string(answer.version);
  }
  if (answer.verdict != Verdict::kAccepted) return {};  // It says why itself.
  if (!SameSecret(answer.token, asked.token) || answer.job != asked.job) {
    return "it does not know the token of job " + Quoted(asked.job);
  }
  if (answer.node != asked.expected) {
    return "it is node " + Quoted(answer.node);
  }
  return {};
}

}  // namespace taskgraph::transport
