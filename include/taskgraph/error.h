// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong in operation, as values; each code says what to do next.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace taskgraph {

enum class ErrorCode : std::uint8_t {
  kUnavailable,  // Nobody answered. Retry with back-off.
  kMoved,        // Another node is primary now. Ask that one.
  kEpochPassed,  // You are behind. Read the epoch; the request is void.
  kSuperseded,   // A higher term exists. Stop.
  kCancelled,    // You withdrew it.
  kNotNeighbor,  // You have no link to that task in this epoch. Fix the links.
  kUnknownMethod,    // That task serves no such method. Fix one of the two.
  kHandlerError,     // The serving task declined; its text says why.
  kTooLarge,         // Above a limit; the text names the limit and the option.
  kInvalidArgument,  // A bug in the caller. Fix it; retrying cannot help.
  kRefused,          // Not let in: wrong job, token, version or links.
  kCorrupt,          // Bytes that nobody of ours can have written.
};

// "unavailable", "moved", ...: the code as a word for messages.
std::string_view Name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInvalidArgument;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

// A value, or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT: implicit by design.
  Result(Error error)
      : state_(std::move(error)) {}  // NOLINT: implicit by design.

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  // Only when ok().
  const T& value() const& { return std::get<T>(state_); }
  T& value() & { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  const T& operator*() const& { return value(); }
  const T* operator->() const { return &value(); }

  // Only when not ok().
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

// Thrown to the caller of a Turn or Task function that was called wrongly (an
// unknown link type, a task that does not exist, a message above the limit),
// and by RunInProcess for a job that was declared wrongly. The text says what
// was wrong and what would be right.
class UsageError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

}  // namespace taskgraph
