// SPDX-License-Identifier: Apache-2.0
#include "transport/socket_transport.h"

#include <utility>

#include "transport/switchboard.h"

namespace taskgraph::transport {
namespace {

// Holds the switchboard, which handlers under way may outlive for a moment.
class SocketTransport final : public Transport {
 public:
  SocketTransport(Reactor& reactor, Options options, Sink sink)
      : switchboard_(std::make_shared<Switchboard>(reactor, std::move(options),
                                                   std::move(sink))) {}
  ~SocketTransport() override { switchboard_->Shutdown(); }

  Result<Address> Listen(const Address& address) override {
    return switchboard_->Listen(address);
  }
  void SetAddresses(const NodeId& peer,
                    std::vector<Address> addresses) override {
    switchboard_->SetAddresses(peer, std::move(addresses));
  }
  SendOutcome Send(const NodeId& peer, Frame&& frame) override {
    return switchboard_->Send(peer, std::move(frame));
  }
  void Probe(const NodeId& peer) override { switchboard_->Probe(peer); }
  void Close(const NodeId& peer) override { switchboard_->Close(peer); }

 private:
  std::shared_ptr<Switchboard> switchboard_;
};

}  // namespace

std::unique_ptr<Transport> MakeSocketTransport(Reactor& reactor,
                                               Options options, Sink sink) {
  return std::make_unique<SocketTransport>(reactor, std::move(options),
                                           std::move(sink));
}

}  // namespace taskgraph::transport
