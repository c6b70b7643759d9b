// SPDX-License-Identifier: Apache-2.0
//
// Inputs and outputs of requests, as the library decodes them for tasks
// (taskgraph/codec.h).
#include <algorithm>

#include "fuzz.h"
#include "taskgraph/codec.h"

namespace {

using taskgraph::Array;
using taskgraph::Codec;
using taskgraph::Empty;
using taskgraph::Payload;

enum class Color : std::uint16_t { kRed = 1, kBlue = 2 };

// As a message that is part of something larger: at any address.
Payload At(std::size_t offset, std::string_view text) {
  auto room = std::make_shared<std::vector<double>>(text.size() / 8 + 3);
  char* begin = reinterpret_cast<char*>(room->data()) + offset;
  std::copy(text.begin(), text.end(), begin);
  return {room, begin, text.size()};
}

template <typename T>
void TryAs(const Payload& bytes) {
  const std::optional<T> message = Codec<T>::Decode(bytes);
  if (!message) return;
  fuzz::Require(Codec<T>::Encode(*message) == bytes,
                "a message is encoded as it was");
}

// Reads each element, as a task would.
template <typename T>
void TryArray(const Payload& bytes) {
  const auto array = Codec<Array<T>>::Decode(bytes);
  if (!array) return;
  std::size_t zeros = 0;
  for (const T& value : *array) zeros += value == T{} ? 1 : 0;
  fuzz::Require(
      zeros <= array->size() && array->size() * sizeof(T) == bytes.size(),
      "an array has what was sent");
  TryAs<Array<T>>(bytes);
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  const Tagged input = Untag(bytes);
  const Payload payload = At(input.kind % 16, input.rest);
  TryAs<Empty>(payload);
  TryAs<Payload>(payload);
  TryAs<std::string>(payload);
  TryAs<bool>(payload);
  TryAs<char>(payload);
  TryAs<Color>(payload);
  TryAs<std::int64_t>(payload);
  TryAs<double>(payload);
  TryAs<std::vector<std::uint16_t>>(payload);
  TryAs<std::vector<double>>(payload);
  TryArray<float>(payload);
  TryArray<double>(payload);
}

std::vector<std::string> fuzz::Seeds() {
  const auto seed = [](std::uint8_t offset, const Payload& bytes) {
    return Tag(offset, bytes.text());
  };
  return {seed(0, {}),
          seed(1, Codec<bool>::Encode(true)),
          seed(2, Codec<Color>::Encode(Color::kBlue)),
          seed(3, Codec<double>::Encode(2.5)),
          seed(0, Codec<std::string>::Encode("text")),
          seed(0, Codec<Array<double>>::Encode({1, 2, 3})),
          seed(4, Codec<Array<double>>::Encode({1, 2, 3}))};
}
