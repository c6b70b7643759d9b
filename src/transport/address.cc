// SPDX-License-Identifier: Apache-2.0
#include "transport/address.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

namespace taskgraph::transport {
namespace {

Error Invalid(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || error != std::errc() || rest != end) return std::nullopt;
  return port;
}

Result<ParsedAddress> ParseTcp(std::string_view rest, const Address& whole) {
  const std::size_t colon = rest.rfind(':');
  const auto port = colon == std::string_view::npos
                        ? std::nullopt
                        : ParsePort(rest.substr(colon + 1));
  if (!port) {
    return Invalid("address \"" + whole +
                   "\" has no port of 0..65535; write tcp:HOST:PORT");
  }
  std::string_view host = rest.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty()) {
    return Invalid("address \"" + whole +
                   "\" has no host; write tcp:HOST:PORT");
  }
  return ParsedAddress(TcpAddress{std::string(host), *port});
}

Result<ParsedAddress> ParseUnix(std::string_view path) {
  if (path.empty() || path.size() > kUnixPathBytesMax) {
    return Invalid(
        "the Unix socket path \"" + std::string(path) + "\" has " +
        std::to_string(path.size()) + " bytes; the system takes 1 to " +
        std::to_string(kUnixPathBytesMax) + ": choose a shorter directory");
  }
  return ParsedAddress(UnixAddress{std::string(path)});
}

}  // namespace

Result<ParsedAddress> ParseAddress(const Address& address) {
  const std::string_view text = address;
  if (text.starts_with("tcp:")) return ParseTcp(text.substr(4), address);
  if (text.starts_with("unix:")) return ParseUnix(text.substr(5));
  if (text.starts_with("inproc:") && text.size() > 7) {
    return ParsedAddress(InProcessAddress{std::string(text.substr(7))});
  }
  return Invalid("address \"" + address +
                 "\" is none of tcp:HOST:PORT, unix:PATH, inproc:NAME");
}

std::string Format(const TcpAddress& address) {
  const bool bracketed = address.host.find(':') != std::string::npos;
  const std::string host = bracketed ? "[" + address.host + "]" : address.host;
  return "tcp:" + host + ":" + std::to_string(address.port);
}

const Address& ChooseAddress(const std::vector<Address>& addresses) {
  for (const Address& address : addresses) {
    const Result<ParsedAddress> parsed = ParseAddress(address);
    if (!parsed) continue;
    if (std::holds_alternative<TcpAddress>(*parsed)) return address;
    if (const auto* local = std::get_if<UnixAddress>(&*parsed)) {
      std::error_code ignored;
      if (std::filesystem::exists(local->path, ignored)) return address;
    }
  }
  return addresses.back();
}

}  // namespace taskgraph::transport
