// SPDX-License-Identifier: Apache-2.0
//
// Certificates for tests: an authority of its own in a temporary folder, and
// what it signs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "taskgraph/tls_files.h"

namespace taskgraph::test {

class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  // Good for servers and clients at 127.0.0.1 and localhost, and at `address`
  // if there is one, until `days` from now (less than 0: expired). The same
  // name again replaces the files.
  TlsFiles Issue(const std::string& name, int days = 30,
                 const std::string& address = {}) const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  struct Identity;
  std::filesystem::path folder_;
  std::unique_ptr<Identity> self_;
};

}  // namespace taskgraph::test
