// SPDX-License-Identifier: Apache-2.0
//
// The transports, for the contract.
#include <unistd.h>

#include <filesystem>

#include "support/certificates.h"
#include "transport/in_process.h"
#include "transport/socket_transport.h"
#include "transport/tls.h"
#include "transport_contract.h"

namespace taskgraph::transport {
namespace {

class InProcessKind final : public TransportKind {
 public:
  std::unique_ptr<Transport> Make(Reactor& reactor, Options options,
                                  Sink sink) override {
    return network_.MakeTransport(reactor, std::move(options), std::move(sink));
  }
  Address NewAddress() override { return "inproc:" + std::to_string(++names_); }
  Address DeadAddress() override { return "inproc:nobody"; }

 private:
  InProcessNetwork network_;
  int names_ = 0;
};

class UnixKind final : public TransportKind {
 public:
  UnixKind() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "taskgraph-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~UnixKind() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Transport> Make(Reactor& reactor, Options options,
                                  Sink sink) override {
    return MakeSocketTransport(reactor, std::move(options), std::move(sink));
  }
  Address NewAddress() override {
    return "unix:" + folder_ + "/" + std::to_string(++names_);
  }
  Address DeadAddress() override { return "unix:" + folder_ + "/nobody"; }

 private:
  std::string folder_;
  int names_ = 0;
};

class TcpKind final : public TransportKind {
 public:
  std::unique_ptr<Transport> Make(Reactor& reactor, Options options,
                                  Sink sink) override {
    return MakeSocketTransport(reactor, std::move(options), std::move(sink));
  }
  Address NewAddress() override { return "tcp:127.0.0.1:0"; }
  Address DeadAddress() override {
    // A port that the system has just given, and that was given back.
    Reactor reactor;
    const auto gone = MakeSocketTransport(reactor, {}, [](Event) {});
    return gone->Listen(NewAddress()).value();
  }
};

// All nodes show the same certificate.
class TlsKind final : public TransportKind {
 public:
  TlsKind() {
    tls_ =
        Tls::Load(authority_.Issue("node"), [](const std::string&) {}).value();
  }
  std::unique_ptr<Transport> Make(Reactor& reactor, Options options,
                                  Sink sink) override {
    options.tls = tls_;
    return tcp_.Make(reactor, std::move(options), std::move(sink));
  }
  Address NewAddress() override { return tcp_.NewAddress(); }
  Address DeadAddress() override { return tcp_.DeadAddress(); }

 private:
  test::Authority authority_;
  std::shared_ptr<Tls> tls_;
  TcpKind tcp_;
};

template <typename Kind>
NamedKind Named(std::string name) {
  return {std::move(name), [] { return std::make_unique<Kind>(); }};
}

}  // namespace

const NamedKind kInProcess = Named<InProcessKind>("InProcess");
const NamedKind kUnix = Named<UnixKind>("Unix");
const NamedKind kBusyUnix{"BusyUnix", kUnix.make,
                          std::chrono::microseconds(100)};
const NamedKind kTcp = Named<TcpKind>("Tcp");
const NamedKind kTls = Named<TlsKind>("Tls");

}  // namespace taskgraph::transport
