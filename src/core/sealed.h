// SPDX-License-Identifier: Apache-2.0
//
// Sealed: bytes that show it if one of their bits has flipped.
//
// Intuition: a seal on a parcel that passes through many hands, and whose
// contents will be somebody's whole memory. Networks find most flipped bits and
// memories some; a snapshot that is wrong in one place would make a backup that
// is wrong for ever, and nobody would know.
//
// The seal is XXH3's 64 bits (github.com/Cyan4973/xxHash), some 10 GB/s:
// against accidents, not against harm; that is what TLS is for.
//
// Pure.
#pragma once

#include <cstdint>

#include "taskgraph/payload.h"

namespace taskgraph::core {

struct Sealed {
  Payload bytes;
  std::uint64_t seal = 0;

  friend bool operator==(const Sealed&, const Sealed&) = default;
};

// Both read all of the bytes.
Sealed Seal(Payload bytes);
bool IsIntact(const Sealed& sealed);

}  // namespace taskgraph::core
