// SPDX-License-Identifier: Apache-2.0
//
// Fields: numbers, texts and ids as bytes, for everything of the core's that
// leaves its process: messages (wire.h) and records (turn_content.h).
//
// A number takes seven bits a byte, the least first; a text is its size and its
// bytes. Each value has exactly one spelling. Any thread, one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "taskgraph/error.h"
#include "taskgraph/types.h"

namespace taskgraph::core {

inline constexpr unsigned kBitsPerByte = 7;  // Of a variable-length number.
inline constexpr std::uint8_t kMoreFollows = 0x80;
inline constexpr std::size_t kNumberBytesMax = 10;

class FieldWriter {
 public:
  // Appends to `out`, which must outlive it.
  explicit FieldWriter(std::string& out) : out_(out) {}

  void Byte(std::uint8_t byte) { out_.push_back(static_cast<char>(byte)); }
  void Bool(bool value) { Byte(value ? 1 : 0); }
  void Number(std::uint64_t number) { Numbers(number); }
  // One after the other; appended at once.
  template <typename... Values>
  void Numbers(Values... values) {
    std::array<char, sizeof...(Values) * kNumberBytesMax> bytes;
    char* end = bytes.data();
    ((end = Spell(values, end)), ...);
    out_.append(bytes.data(), end);
  }
  void Text(std::string_view text) {
    Number(text.size());
    out_ += text;
  }
  void Id(const RequestId& id) {
    Numbers(id.task, id.incarnation, id.epoch, id.number);
  }
  void MaybeError(const std::optional<Error>& error) {
    Bool(error.has_value());
    if (!error) return;
    Byte(static_cast<std::uint8_t>(error->code));
    Text(error->message);
  }

 private:
  // Returns the end of what it wrote.
  static char* Spell(std::uint64_t number, char* at) {
    for (; number >= kMoreFollows; number >>= kBitsPerByte) {
      *at++ = static_cast<char>(number | kMoreFollows);
    }
    *at++ = static_cast<char>(number);
    return at;
  }

  std::string& out_;
};

// Reads on after an error as if zeros followed, so that only the end needs to
// ask whether all was well. Allocates no more than there are bytes, whatever
// they say.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  bool AtGoodEnd() const { return good_ && rest_.empty(); }
  bool good() const { return good_; }
  void Fail() { good_ = false; }

  std::uint8_t Byte() {
    if (!good_ || rest_.empty()) {
      Fail();
      return 0;
    }
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  bool Bool() {
    const std::uint8_t byte = Byte();
    if (byte > 1) Fail();
    return byte == 1;
  }

  template <typename T = std::uint64_t>
  T Number() {
    if (good_ && !rest_.empty()) {  // Most have one byte.
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      if (byte < kMoreFollows) {
        rest_.remove_prefix(1);
        return byte;
      }
    }
    return LongNumber<T>();
  }

  // A part of the bytes that are read.
  std::string_view View() {
    const std::uint64_t size = Number();
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view view = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return view;
  }
  std::string Text() { return std::string(View()); }

  ErrorCode Code() {
    const std::uint8_t code = Byte();
    if (code > static_cast<std::uint8_t>(ErrorCode::kCorrupt)) Fail();
    return static_cast<ErrorCode>(code);
  }
  std::optional<Error> MaybeError() {
    if (!Bool()) return std::nullopt;
    return Error{Code(), Text()};  // Braces: in this order.
  }
  RequestId Id() { return {Number<TaskId>(), Number(), Number(), Number()}; }

 private:
  template <typename T>
  T LongNumber() {
    constexpr unsigned kBits = std::numeric_limits<std::uint64_t>::digits;
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < kBits; shift += kBitsPerByte) {
      const std::uint8_t byte = Byte();
      const std::uint64_t bits = byte & (kMoreFollows - 1);
      number |= bits << shift;
      if ((number >> shift) != bits) break;  // More than 64 bits.
      if ((byte & kMoreFollows) != 0) continue;
      if (shift > 0 && bits == 0) break;  // A second spelling.
      if (number > std::numeric_limits<T>::max()) break;
      return static_cast<T>(number);
    }
    Fail();
    return 0;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace taskgraph::core
