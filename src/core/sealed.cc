// SPDX-License-Identifier: Apache-2.0
#include "core/sealed.h"

#define XXH_INLINE_ALL  // Headers alone: whoever links us needs no library.
#include <xxhash.h>

#include <utility>

namespace taskgraph::core {
namespace {

std::uint64_t SealOf(const Payload& bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace

Sealed Seal(Payload bytes) {
  const std::uint64_t seal = SealOf(bytes);
  return {std::move(bytes), seal};
}

bool IsIntact(const Sealed& sealed) {
  return SealOf(sealed.bytes) == sealed.seal;
}

}  // namespace taskgraph::core
