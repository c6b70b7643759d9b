// SPDX-License-Identifier: Apache-2.0
//
// RealEtcd: an etcd process of the test's own, on free ports, with its data in
// a temporary folder; killed and removed at the end.
//
// Not thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/command.h"
#include "taskgraph/tls_files.h"

namespace taskgraph::test {

class RealEtcd {
 public:
  // Whether the machine has one. A test that needs it skips, visibly, if not.
  static bool IsInstalled();

  // Returns when it serves; with files, by TLS to whom their authority signed.
  // `more`: further arguments. Aborts the test program if it can't be started.
  explicit RealEtcd(TlsFiles tls = {}, std::vector<std::string> more = {});
  ~RealEtcd();
  RealEtcd(const RealEtcd&) = delete;
  RealEtcd& operator=(const RealEtcd&) = delete;

  // "http://127.0.0.1:PORT", or "https:"; the same for its whole life.
  const std::string& endpoint() const { return endpoint_; }

  // As by kill -9, and by a machine that is switched off.
  void Kill();
  // As by an operator.
  void Stop();
  // On the same ports, with the same data; returns when it serves.
  void Restart();
  // On the same ports, with no data: as after a wrong repair.
  void RestartEmpty();

  // Restarted so, each time that it waits for its disk takes so much longer.
  // Needs strace.
  static bool CanSlowDisk();
  void RestartOnSlowDisk(std::chrono::milliseconds longer);

  // What etcdctl says to it.
  CommandOutcome Say(std::vector<std::string> command) const;

  // Stands still, connections open; and goes on.
  void Pause();
  void Continue();

 private:
  bool Start();
  void StartAgain();
  std::string ClientUrl() const;
  void EndWith(int signal);

  const TlsFiles tls_;
  const std::vector<std::string> more_;
  std::vector<std::string> wrapper_;  // Goes before its command line.
  std::filesystem::path folder_;
  std::string endpoint_;
  std::uint16_t client_port_ = 0;
  std::uint16_t peer_port_ = 0;
  pid_t pid_ = -1;
  std::thread log_reader_;
};

}  // namespace taskgraph::test
