// SPDX-License-Identifier: Apache-2.0
#include "transport/vector_kind.h"

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskgraph::transport {
namespace {

template <typename T>
std::vector<T>& VectorOf(void* vector) {
  return *static_cast<std::vector<T>*>(vector);
}

template <typename T>
constexpr std::size_t CountFor(std::size_t bytes) {
  return bytes / sizeof(T) + (bytes % sizeof(T) != 0 ? 1 : 0);
}

template <typename T>
constexpr VectorKind KindOf() {
  return {
      .element_bytes = sizeof(T),
      .make = [](std::size_t bytes) -> void* {
        auto vector = std::make_unique<std::vector<T>>();
        vector->reserve(CountFor<T>(bytes));
        return vector.release();
      },
      .free = [](void* vector) { delete &VectorOf<T>(vector); },
      .shrink =
          [](void* vector, std::size_t bytes_max) {
            std::vector<T>& values = VectorOf<T>(vector);
            const std::size_t count = CountFor<T>(bytes_max);
            if (values.size() > count) values.resize(count);
          },
      .grow =
          [](void* vector, std::size_t bytes_min) {
            std::vector<T>& values = VectorOf<T>(vector);
            const std::size_t count = CountFor<T>(bytes_min);
            if (values.size() < count) values.resize(count);
            return reinterpret_cast<std::byte*>(values.data());
          },
      .share = [](std::shared_ptr<void> vector) -> Payload {
        return Payload::Share(
            std::static_pointer_cast<const std::vector<T>>(std::move(vector)));
      }};
}

template <typename... T>
constexpr auto KindsOf(std::type_identity<std::tuple<T...>>) {
  return std::array{KindOf<T>()...};
}

constexpr auto kKinds = KindsOf(std::type_identity<KnownElements>());

}  // namespace

const VectorKind* FindVectorKind(ElementNumber number) {
  if (number == kNoVector || number > kKinds.size()) return nullptr;
  return &kKinds[number - 1];
}

}  // namespace taskgraph::transport
