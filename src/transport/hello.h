// SPDX-License-Identifier: Apache-2.0
//
// Hello: what two processes tell each other before a pipe is laid.
//
// Intuition: at the door the guest says who it is, whom it wants to see, and
// the password of the house; only then the host says the same. A guest that is
// turned away hears why. Numbers of dials tell a late knock from a new one: of
// two nodes that dialed each other at the same time one pipe remains, and the
// other's hello, still under way, is recognized by its number as a leftover.
//
// The token travels as it is: whether others can read it is the stream's
// business.
//
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "taskgraph/error.h"
#include "transport/transport.h"

namespace taskgraph::transport {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kHelloHeaderBytes = 12;

// All a stranger can make us hold.
inline constexpr std::size_t kHelloBytesMax = 8 << 10;

enum class HelloKind : std::uint8_t {
  kPipe = 1,    // Wants a pipe.
  kProbe = 2,   // Wants to know whether `expected` is here.
  kAnswer = 3,  // Says so, or why not.
};

enum class Verdict : std::uint8_t {
  kAsking = 0,  // In what is not an answer.
  kAccepted = 1,
  kYield = 2,  // There is, or will be, another pipe between these two.
  kWrongVersion = 3,
  kWrongJob = 4,
  kWrongToken = 5,
  kWrongNode = 6,  // `expected` is not here.
};

struct Hello {
  HelloKind kind = HelloKind::kPipe;
  Verdict verdict = Verdict::kAsking;
  std::uint16_t version = kProtocolVersion;

  // kPipe: the number of this dial. kAnswer: of the last dial begun. They rise
  // in the life of a node.
  std::uint64_t dial = 0;
  std::string job;
  NodeId node;
  NodeId expected;
  std::string token;
  std::string detail;  // Of a verdict, for people.

  friend bool operator==(const Hello&, const Hello&) = default;
};

std::string Encode(const Hello& hello);

// The size of what follows the header, or kCorrupt: not one of ours, or huge.
Result<std::size_t> HelloBodyBytes(
    const std::array<std::byte, kHelloHeaderBytes>& header);

// A hello of another version comes out with nothing but its version and kind.
Result<Hello> DecodeHello(
    const std::array<std::byte, kHelloHeaderBytes>& header,
    std::span<const std::byte> body);

// Equal in a time that does not tell how much of it is right.
bool SameSecret(std::string_view a, std::string_view b);

// The answer to a hello, but for pipes that cross: kAccepted or why not. A
// guest that does not know the token is not told it.
Hello Judge(const Hello& guest, const Options& host);

// Judges the answer as the dialer: empty, or why the host is not the one.
std::string Objection(const Hello& answer, const Hello& asked);

}  // namespace taskgraph::transport
