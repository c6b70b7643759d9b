// SPDX-License-Identifier: Apache-2.0
#include "mutator.h"

#include <algorithm>

namespace fuzz {
namespace {

// Where numbers of one, two, four and eight bytes, and those of seven bits a
// byte, turn around.
constexpr std::string_view kEdges[] = {
    std::string_view("\0", 1),
    "\x01",
    "\x7f",
    "\x80",
    "\xff",
    std::string_view("\xff\xff", 2),
    std::string_view("\0\x80", 2),
    "\xff\xff\xff\x7f",
    "\xff\xff\xff\xff",
    "\x80\x80\x80\x80\x10",
    "\xff\xff\xff\xff\xff\xff\xff\x7f",
    "\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    "-1",
    "1e308",
    "9223372036854775807",
    "18446744073709551616"};

constexpr std::size_t kBytesMax = 64 * 1024;

}  // namespace

std::string Mutator::Next() {
  std::string bytes = Any();
  for (std::size_t left = 1 + Below(4); left > 0; --left) Spoil(bytes);
  if (bytes.size() > kBytesMax) bytes.resize(kBytesMax);
  return bytes;
}

void Mutator::Spoil(std::string& bytes) {
  if (bytes.empty()) {
    bytes = kEdges[Below(std::size(kEdges))];
    return;
  }
  const std::size_t at = Below(bytes.size());
  const std::size_t count =
      1 + Below(std::min<std::size_t>(bytes.size() - at, std::size_t{16}));
  switch (Below(8)) {
    case 0:  // A bit.
      bytes[at] ^= static_cast<char>(1 << Below(8));
      break;
    case 1:  // A byte.
      bytes[at] = static_cast<char>(random_());
      break;
    case 2:  // A number at an edge, over others or between them.
      bytes.replace(at, Below(2) * count, kEdges[Below(std::size(kEdges))]);
      break;
    case 3:  // Something is missing,
      bytes.erase(at, count);
      break;
    case 4:  // or all from there on;
      bytes.resize(at);
      break;
    case 5:  // is there twice,
      bytes.insert(at, bytes.substr(at, count));
      break;
    case 6: {  // or is another input's.
      const std::string& other = Any();
      if (!other.empty()) bytes.replace(at, count, other, Below(other.size()));
      break;
    }
    default:  // Two more or less: sizes, mostly.
      bytes[at] = static_cast<char>(bytes[at] + static_cast<int>(Below(5)) - 2);
  }
}

}  // namespace fuzz
