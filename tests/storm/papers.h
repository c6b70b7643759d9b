// SPDX-License-Identifier: Apache-2.0
//
// Papers: the certificates of one storm, each holder's in files of its own, and
// new ones in the middle of it.
#pragma once

#include <string>
#include <vector>

#include "support/certificates.h"
#include "taskgraph/tls_files.h"

namespace taskgraph::storm {

class Papers {
 public:
  // Of a member of the job; these are the ones that are replaced.
  TlsFiles ForMember(const std::string& name);
  // Of a server at this address, or of whoever asks one.
  TlsFiles ForServer(const std::string& name,
                     const std::string& address = {}) const {
    return authority_.Issue(name, kDays, address);
  }

  // All members get new certificates and keys: each file in one step, but not
  // both of them in one.
  void Rotate() const;

 private:
  static constexpr int kDays = 30;

  test::Authority authority_;
  std::vector<std::string> members_;
};

}  // namespace taskgraph::storm
