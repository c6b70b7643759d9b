// SPDX-License-Identifier: Apache-2.0
#include "coordination/types.h"

namespace taskgraph::coordination {

KeyRange KeyRange::All() {
  return {std::string(1, '\0'), std::string(1, '\0')};
}

KeyRange KeyRange::Prefix(const std::string& prefix) {
  // The first key past all with this prefix: its last byte that can grow, grown
  // by one. A prefix of 0xff alone has no end, and neither has the empty one.
  std::string end = prefix;
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) {
    end.pop_back();
  }
  if (prefix.empty()) return All();
  if (end.empty()) return {prefix, std::string(1, '\0')};
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return {prefix, end};
}

bool KeyRange::Contains(const std::string& key) const {
  if (is_one_key()) return key == begin;
  return key >= begin && (is_open_ended() || key < end);
}

}  // namespace taskgraph::coordination
