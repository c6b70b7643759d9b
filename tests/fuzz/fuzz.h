// SPDX-License-Identifier: Apache-2.0
//
// Fuzz: bytes from strangers, tried on whatever reads them.
//
// Intuition: a target is a door with a guard. Anything may be thrown at it, and
// it must neither break nor let in what it could not have said itself. A driver
// does the throwing: libFuzzer, which learns what is behind the door
// (scripts/fuzz), or the replay of tests, which throws a fixed heap of things
// (replay.cc).
//
// A target is one file with these two functions, and no more than that.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// One input. An exception that escapes, a broken Require, a sanitizer's report
// or too much memory is a finding.
void Try(std::string_view bytes);

// Inputs that are well formed: what fuzzing begins with. They are encoded by
// the code under test itself, so that they stay well formed when it changes.
std::vector<std::string> Seeds();

// What must hold of every input.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: it does not hold that %s\n", what);
  std::abort();
}

// --- Inputs of several parts ---

// Each part is preceded by its size in two bytes; the last one may be shorter
// than it says. Any bytes are parts.
inline std::vector<std::string_view> Parts(std::string_view bytes) {
  std::vector<std::string_view> parts;
  while (bytes.size() >= 2) {
    const auto low = static_cast<std::uint8_t>(bytes[0]);
    const auto high = static_cast<std::uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    parts.push_back(bytes.substr(0, low | std::size_t{high} << 8));
    bytes.remove_prefix(parts.back().size());
  }
  return parts;
}

inline std::string Join(const std::vector<std::string>& parts) {
  std::string bytes;
  for (const std::string& part : parts) {
    Require(part.size() < 1 << 16, "a part of a seed is below 64 KiB");
    bytes += static_cast<char>(part.size() & 0xff);
    bytes += static_cast<char>(part.size() >> 8);
    bytes += part;
  }
  return bytes;
}

// The first byte of a part says what kind of thing the rest of it is; parts
// that are empty are of kind 0.
struct Tagged {
  std::uint8_t kind = 0;
  std::string_view rest;
};
inline Tagged Untag(std::string_view part) {
  if (part.empty()) return {};
  return {static_cast<std::uint8_t>(part[0]), part.substr(1)};
}
inline std::string Tag(std::uint8_t kind, std::string_view rest) {
  return static_cast<char>(kind) + std::string(rest);
}

// Plays each part, up to a bound.
inline void PlayAll(std::string_view bytes, auto& stage) {
  constexpr std::size_t kPartsMax = 64;
  std::vector<std::string_view> parts = Parts(bytes);
  if (parts.size() > kPartsMax) parts.resize(kPartsMax);
  for (std::string_view part : parts) stage.Play(Untag(part));
}

}  // namespace fuzz
