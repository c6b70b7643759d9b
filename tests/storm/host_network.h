// SPDX-License-Identifier: Apache-2.0
//
// HostNetwork: hosts made of nothing: network namespaces, each with a cable to
// one switch, that can be cut.
//
// Intuition: a namespace has its own interfaces, addresses and packet filter,
// but the files and processes of this machine. The switch is a namespace, too,
// so nothing is seen of it outside, and addresses can be the same everywhere.
// Needs root, ip, nft and tc.
//
// Not thread-safe.
#pragma once

#include <string>
#include <vector>

namespace taskgraph::storm {

class HostNetwork {
 public:
  // Why this machine can't have one; empty: it can.
  static std::string WhyNot();

  // Hosts 0..count-1, all connected. Throws std::runtime_error. What an earlier
  // storm left behind, that was killed, goes.
  explicit HostNetwork(int count);
  ~HostNetwork();
  HostNetwork(const HostNetwork&) = delete;
  HostNetwork& operator=(const HostNetwork&) = delete;

  int size() const { return size_; }
  std::string AddressOf(int host) const;
  // What goes before a command line to run it there.
  std::vector<std::string> EntranceTo(int host) const;
  // The same for a place that reaches all, and that no harm touches.
  std::vector<std::string> EntranceToSwitch() const;

  // What `from` sends does not reach `to`.
  void Cut(int from, int to);
  void Mend(int from, int to);

  void TakeLinkDown(int host);
  void BringLinkUp(int host);

  // Of what comes in, that many percent are lost; 0: none.
  void Lose(int host, int percent);
  // What goes out does so at this rate; 0: at any.
  void Narrow(int host, int kbit_per_s);

  // Hands the connections that `host` makes to the other ones of the first
  // `hosts` to `port` there, whose owner marks its own with kProxyMark.
  void Divert(int host, int hosts, int port);
  static constexpr int kProxyMark = 7;

 private:
  std::string NamespaceOf(int host) const;
  void Connect(int host);

  int size_;
  std::string prefix_;
};

}  // namespace taskgraph::storm
