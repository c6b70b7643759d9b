// SPDX-License-Identifier: Apache-2.0
#include "process_stats.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "measure.h"

namespace taskgraph::bench {
namespace {

// The number behind "NAME:" in /proc/PID/status.
double StatusOf(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) {
      return std::stod(line.substr(name.size() + 1));
    }
  }
  Fail("process " + std::to_string(pid) + " has no " + name);
}

double SocketsOf(pid_t pid) {
  double sockets = 0;
  std::error_code gone;  // A descriptor may be closed while we look.
  for (const auto& entry : std::filesystem::directory_iterator(
           "/proc/" + std::to_string(pid) + "/fd")) {
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (!gone && target.string().starts_with("socket:")) ++sockets;
  }
  return sockets;
}

// All that 127.0.0.1:PORT answers for a path.
std::string HttpGet(std::uint16_t port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) !=
          0 ||
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    Fail("nobody answers at port " + std::to_string(port));
  }
  std::string answer;
  std::array<char, 65536> part;
  ssize_t count = 0;
  while ((count = ::read(fd, part.data(), part.size())) > 0) {
    answer.append(part.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  return answer;
}

}  // namespace

ProcessStats StatsOf(pid_t pid) {
  return {StatusOf(pid, "Threads"), SocketsOf(pid),
          StatusOf(pid, "VmRSS") * 1024};
}

EtcdStats StatsOf(const test::RealEtcd& etcd) {
  const std::string& url = etcd.endpoint();
  const auto port =
      static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
  std::istringstream metrics(HttpGet(port, "/metrics"));
  EtcdStats stats;
  for (std::string line; std::getline(metrics, line);) {
    const std::string value = line.substr(line.rfind(' ') + 1);
    if (line.starts_with("etcd_debugging_mvcc_current_revision ")) {
      stats.writes = std::stod(value);
    }
    if (line.starts_with("grpc_server_started_total{") &&
        line.find("\"etcdserverpb.KV\"") != std::string::npos) {
      stats.calls += std::stod(value);
    }
  }
  if (stats.writes == 0) Fail("this etcd does not tell its revision");
  return stats;
}

}  // namespace taskgraph::bench
