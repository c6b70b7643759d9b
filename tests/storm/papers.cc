// SPDX-License-Identifier: Apache-2.0
#include "storm/papers.h"

#include <filesystem>

namespace taskgraph::storm {

TlsFiles Papers::ForMember(const std::string& name) {
  members_.push_back(name);
  return authority_.Issue(name, kDays);
}

void Papers::Rotate() const {
  for (const std::string& name : members_) {
    const TlsFiles fresh = authority_.Issue(name + "-new", kDays);
    const std::filesystem::path& folder = authority_.folder();
    std::filesystem::rename(fresh.certificate, folder / (name + ".pem"));
    std::filesystem::rename(fresh.key, folder / (name + "-key.pem"));
  }
}

}  // namespace taskgraph::storm
