// SPDX-License-Identifier: Apache-2.0
//
// Method and Token: what one task may ask of another, and the right to answer.
#pragma once

#include <string_view>

#include "taskgraph/types.h"

namespace taskgraph {

// Names a method and fixes the types of its input and output. Define each once,
// where both sides see it:
//
//   inline constexpr taskgraph::Method<Empty, Array<float>>
//   kGetGradient{"GetGradient"};
template <typename In, typename Out>
struct Method {
  std::string_view name;  // At most 255 bytes; must outlive the job.
};

// The right to answer one data request, once, in this turn or in a later one of
// the same epoch. Copy it freely; when the epoch ends it is void, and answering
// it then does nothing (R9).
template <typename Out>
class Token {
 public:
  Token() = default;
  explicit Token(RequestId id) : id_(id) {}

  const RequestId& id() const { return id_; }
  TaskId from() const { return id_.task; }

  friend auto operator<=>(const Token&, const Token&) = default;

 private:
  RequestId id_;
};

}  // namespace taskgraph
