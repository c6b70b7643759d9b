// SPDX-License-Identifier: Apache-2.0
//
// Wire: the fixed header in front of everything on an established pipe.
//
// Intuition: a frame with a small body goes whole. A large body goes in pieces,
// each with a header of its own that names its stream, so that other frames
// find room between them. All numbers are little endian.
//
//   byte 0      mark, to notice bytes that are not ours
//   byte 1      kind
//   bytes 2-3   stream (kLarge, kPiece)
//   bytes 4-7   head size (kWhole, kLarge)
//   bytes 8-14  body size: the frame's (kWhole, kLarge), the piece's (kPiece)
//   byte 15     the body is a vector's: its ElementNumber (kWhole, kLarge)
//
// Pure.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "taskgraph/payload.h"

namespace taskgraph::transport {

enum class FrameKind : std::uint8_t {
  kHeartbeat = 1,  // Nothing but a sign of life.
  kWhole = 2,      // Head and body follow.
  kLarge = 3,      // The head follows; the body comes in pieces.
  kPiece = 4,      // The next bytes of a large body follow.
};

using StreamId = std::uint16_t;

struct FrameHeader {
  FrameKind kind = FrameKind::kHeartbeat;
  StreamId stream = 0;
  std::uint32_t head_bytes = 0;
  std::uint64_t body_bytes = 0;  // Below 2^56.
  ElementNumber vector_of = kNoVector;

  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

inline constexpr std::size_t kFrameHeaderBytes = 16;

// Large bodies under way at a time on one connection. More would only make each
// of them later; a peer that opens more is not one of ours.
inline constexpr std::size_t kOpenStreamsMax = 16;

void AppendHeader(std::string& out, const FrameHeader& header);

// None: these bytes are not a header of ours.
std::optional<FrameHeader> ParseHeader(
    const std::array<std::byte, kFrameHeaderBytes>& bytes);

template <std::unsigned_integral T>
void WriteLittleEndian(char* to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>((value >> (8 * i)) & 0xff);
  }
}

template <std::unsigned_integral T>
void AppendLittleEndian(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes;
  WriteLittleEndian(bytes.data(), value);
  out.append(bytes.data(), bytes.size());
}

template <std::unsigned_integral T>
T ReadLittleEndian(const std::byte* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  }
  return static_cast<T>(value);
}

}  // namespace taskgraph::transport
