// SPDX-License-Identifier: Apache-2.0
#include "transport/wire.h"

namespace taskgraph::transport {
namespace {

constexpr std::uint8_t kMark = 0xc7;

constexpr int kSizeBits = 56;
constexpr std::uint64_t kSizeMask = (std::uint64_t{1} << kSizeBits) - 1;

}  // namespace

void AppendHeader(std::string& out, const FrameHeader& header) {
  std::array<char, kFrameHeaderBytes> bytes;
  WriteLittleEndian(&bytes[0], kMark);
  WriteLittleEndian(&bytes[1], static_cast<std::uint8_t>(header.kind));
  WriteLittleEndian(&bytes[2], header.stream);
  WriteLittleEndian(&bytes[4], header.head_bytes);
  WriteLittleEndian(&bytes[8],
                    (header.body_bytes & kSizeMask) |
                        std::uint64_t{header.vector_of} << kSizeBits);
  out.append(bytes.data(), bytes.size());
}

std::optional<FrameHeader> ParseHeader(
    const std::array<std::byte, kFrameHeaderBytes>& bytes) {
  const auto kind = std::to_integer<std::uint8_t>(bytes[1]);
  if (std::to_integer<std::uint8_t>(bytes[0]) != kMark || kind < 1 ||
      kind > 4) {
    return std::nullopt;
  }
  FrameHeader header;
  header.kind = static_cast<FrameKind>(kind);
  header.stream = ReadLittleEndian<std::uint16_t>(&bytes[2]);
  header.head_bytes = ReadLittleEndian<std::uint32_t>(&bytes[4]);
  header.body_bytes = ReadLittleEndian<std::uint64_t>(&bytes[8]) & kSizeMask;
  header.vector_of = ReadLittleEndian<std::uint8_t>(&bytes[15]);
  return header;
}

}  // namespace taskgraph::transport
