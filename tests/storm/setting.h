// SPDX-License-Identifier: Apache-2.0
//
// Setting: which job a storm comes over, and where: what a user of the storm
// can choose, and what is drawn from the seed where nobody chose.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace taskgraph::storm {

enum class App { kLedger, kDigits, kRegression };
enum class Store { kEmbedded, kEtcd, kEtcd3 };
// Certificates for everyone; and, at an etcd, a user who may touch nothing but
// jobs.
enum class Security { kPlain, kTls, kUser };

struct Setting {
  App app = App::kLedger;
  Store store = Store::kEmbedded;

  // 0: all processes on this machine, by `run`. Else so many hosts, each a
  // network namespace, with `node` and `controller` processes; needs an etcd.
  int hosts = 0;

  Security security = Security::kPlain;
};

inline constexpr std::array<std::string_view, 3> kAppNames = {
    "ledger", "digits", "regression"};
inline constexpr std::array<std::string_view, 3> kStoreNames = {
    "embedded", "etcd", "etcd3"};
inline constexpr std::array<std::string_view, 3> kSecurityNames = {
    "plain", "tls", "user"};

constexpr std::string_view NameOf(App app) {
  return kAppNames[static_cast<std::size_t>(app)];
}
constexpr std::string_view NameOf(Store store) {
  return kStoreNames[static_cast<std::size_t>(store)];
}
constexpr std::string_view NameOf(Security security) {
  return kSecurityNames[static_cast<std::size_t>(security)];
}

template <typename Choice, std::size_t count>
std::optional<Choice> ChoiceOf(const std::array<std::string_view, count>& names,
                               std::string_view name) {
  for (std::size_t i = 0; i < count; ++i) {
    if (names[i] == name) return static_cast<Choice>(i);
  }
  return std::nullopt;
}

// What somebody chose.
struct Choices {
  std::optional<App> app = {};
  std::optional<Store> store = {};
  std::optional<int> hosts = {};
  std::optional<Security> security = {};
  bool may_have_hosts = true;  // Not every machine can.
};

}  // namespace taskgraph::storm
