// SPDX-License-Identifier: Apache-2.0
//
// The target as libFuzzer calls it.
#include <cstddef>

#include "fuzz.h"

// The names are libFuzzer's and the sanitizers'.
// NOLINTBEGIN(readability-identifier-naming, bugprone-reserved-identifier)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  fuzz::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}
// NOLINTEND(readability-identifier-naming, bugprone-reserved-identifier)
