// SPDX-License-Identifier: Apache-2.0
//
// TlsFiles: where a process finds who it is on the network, and whom to trust.
#pragma once

#include <string>

namespace taskgraph {

// Paths of PEM files; all three or none.
struct TlsFiles {
  // This process's certificate, and those between it and the authority, if any.
  std::string certificate;
  std::string key;        // Its private key, without a passphrase.
  std::string authority;  // The authorities whose certificates are accepted.

  bool empty() const {
    return certificate.empty() && key.empty() && authority.empty();
  }
};

}  // namespace taskgraph
