// SPDX-License-Identifier: Apache-2.0
//
// Codec<T>: how a message type becomes bytes and comes back.
//
// Messages of data requests may be: Empty, Payload, std::string, numbers and
// enums, std::vector of them, Array<T> (the same, shared), any protobuf
// message, and any type for which you specialize Codec:
//
//   template <>
//   struct taskgraph::Codec<Point> {
//     static Payload Encode(const Point& point);
//     // None: malformed.
//     static std::optional<Point> Decode(const Payload& bytes);
//   };
//
// Equal values must become equal bytes. So write no struct as it lies in memory
// that has gaps between its members (std::has_unique_object_representations):
// what lies in a gap would travel, and differ from run to run.
//
// What is copied of large messages between your object and the socket:
//
//   Array<T>            nothing, on either side
//   std::vector<T>      nothing, on either side, if it is moved into
//                       Turn::Answer or Request, and T is in KnownElements
//                       (payload.h): the handler sees the vector that the
//                       socket was read into
//   other vectors,      nothing by who sends, if moved; once by who receives
//   std::string
//   protobuf            protobuf's own encoding and decoding
//
// To answer several requests with the same numbers, keep them as an Array: a
// vector that you keep has to be copied for each answer.
//
// Numbers travel in the machine's own layout; all nodes of a job must share it
// (they run the same program).
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "taskgraph/array.h"
#include "taskgraph/error.h"
#include "taskgraph/payload.h"

namespace taskgraph {

template <typename T>
struct Codec;

// A message without content.
struct Empty {
  friend bool operator==(const Empty&, const Empty&) = default;
};

// False for some parts of something else, such as a record for backups.
inline bool IsAligned(const Payload& bytes, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment == 0;
}

template <>
struct Codec<Empty> {
  static Payload Encode(const Empty&) { return {}; }
  static std::optional<Empty> Decode(const Payload& bytes) {
    return bytes.empty() ? std::optional<Empty>(Empty{}) : std::nullopt;
  }
};

template <>
struct Codec<Payload> {
  static Payload Encode(const Payload& payload) { return payload; }
  static std::optional<Payload> Decode(const Payload& bytes) { return bytes; }
};

template <>
struct Codec<std::string> {
  static Payload Encode(std::string text) {
    return Payload::Own(std::move(text));
  }
  static std::optional<std::string> Decode(const Payload& bytes) {
    return std::string(bytes.text());
  }
};

template <Number T>
struct Codec<T> {
  static Payload Encode(const T& value) {
    return Payload::Copy(&value, sizeof value);
  }
  static std::optional<T> Decode(const Payload& bytes) {
    if (bytes.size() != sizeof(T)) return std::nullopt;
    if constexpr (std::is_same_v<T, bool>) {  // Other bytes are no bool at all.
      if (bytes.data()[0] > std::byte{1}) return std::nullopt;
    }
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
};

template <Number T>
struct Codec<std::vector<T>> {
  static Payload Encode(std::vector<T> values) {
    return Payload::Own(std::move(values));
  }
  static std::optional<std::vector<T>> Decode(const Payload& bytes) {
    if (bytes.size() % sizeof(T) != 0) return std::nullopt;
    if (IsAligned(bytes, alignof(T))) {  // In one pass over the new memory.
      const auto* first = reinterpret_cast<const T*>(bytes.data());
      return std::vector<T>(first, first + bytes.size() / sizeof(T));
    }
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  // See ReadMessage.
  static const std::vector<T>* InPlace(const Payload& bytes) {
    return bytes.AsVector<T>();
  }
};

template <Number T>
struct Codec<Array<T>> {
  static Payload Encode(const Array<T>& array) { return array.payload(); }
  static std::optional<Array<T>> Decode(const Payload& bytes) {
    if (bytes.size() % sizeof(T) != 0) return std::nullopt;
    if (IsAligned(bytes, alignof(T))) return Array<T>::View(bytes);
    return Array<T>(*Codec<std::vector<T>>::Decode(bytes));
  }
};

// Protobuf messages, known by what they can do, so that this header needs none
// of protobuf's.
template <typename T>
concept ProtobufMessage = requires(T message, std::string* out,
                                   const void* in) {
  { message.SerializeToString(out) } -> std::same_as<bool>;
  { message.ParseFromArray(in, 0) } -> std::same_as<bool>;
};

template <ProtobufMessage T>
struct Codec<T> {
  static Payload Encode(const T& message) {
    std::string bytes;
    if (!message.SerializeToString(&bytes)) {
      throw UsageError(
          "a protobuf message can't be encoded: it lacks a required field, or "
          "has more than 2 GiB; send large vectors as an Array");
    }
    return Payload::Own(std::move(bytes));
  }
  static std::optional<T> Decode(const Payload& bytes) {
    T message;
    if (!std::in_range<int>(bytes.size())) return std::nullopt;
    const int size = static_cast<int>(bytes.size());
    if (!message.ParseFromArray(bytes.data(), size)) return std::nullopt;
    return message;
  }
};

// Calls `handler` with the message in `bytes`: with the one that is there
// already, if the codec finds it (InPlace), else with a decoded one. False:
// malformed.
template <typename T, typename F>
bool ReadMessage(const Payload& bytes, F handler) {
  if constexpr (requires { Codec<T>::InPlace(bytes); }) {
    if (const T* message = Codec<T>::InPlace(bytes)) {
      handler(*message);
      return true;
    }
  }
  const std::optional<T> message = Codec<T>::Decode(bytes);
  if (message) handler(*message);
  return message.has_value();
}

}  // namespace taskgraph
