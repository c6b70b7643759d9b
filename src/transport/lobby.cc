// SPDX-License-Identifier: Apache-2.0
#include "transport/lobby.h"

#include <algorithm>
#include <utility>

namespace taskgraph::transport {

void Lobby::Enter(Socket socket) {
  if (strangers_.size() >= rules_.strangers_max && !strangers_.empty()) {
    Dismiss(strangers_.begin(),
            "strangers_max = " + std::to_string(rules_.strangers_max) +
                " connections have said nothing yet");
  }
  std::string name = Endpoint::Remote(socket.descriptor()).Text();
  auto stranger = std::make_shared<Stranger>(
      Stranger{MakeStream(std::move(socket), tls_, TlsSession::Role::kServer),
               std::move(name), 0});
  strangers_.push_back(stranger);
  GreetSealed(stranger->stream, stranger,
              [lobby = weak_from_this(),
               weak = std::weak_ptr(stranger)](const auto& error) {
                const auto here = lobby.lock();
                const auto who = weak.lock();
                if (here && who) here->Greeted(who, error);
              });
}

void Lobby::Greeted(const std::shared_ptr<Stranger>& stranger,
                    const std::optional<Error>& error) {
  const auto at = std::find(strangers_.begin(), strangers_.end(), stranger);
  if (at == strangers_.end()) return;  // Dismissed meanwhile.
  if (error) return Dismiss(at, error->message);
  ReadHello(stranger->stream, stranger,
            [lobby = weak_from_this(),
             weak = std::weak_ptr(stranger)](Result<Hello> hello) {
              const auto here = lobby.lock();
              const auto who = weak.lock();
              if (here && who) here->Spoke(who, std::move(hello));
            });
}

void Lobby::Spoke(const std::shared_ptr<Stranger>& stranger,
                  Result<Hello> hello) {
  const auto at = std::find(strangers_.begin(), strangers_.end(), stranger);
  if (at == strangers_.end()) return;
  if (!hello) return Dismiss(at, hello.error().message);
  if (hello->kind == HelloKind::kAnswer) {
    return Dismiss(at, "it answered without being asked");
  }
  strangers_.erase(at);
  hooks_.introduced(std::move(stranger->stream), std::move(hello).value());
}

void Lobby::Tick() {
  for (const auto& stranger : strangers_) ++stranger->beats;
  while (!strangers_.empty() && strangers_.front()->beats > rules_.beats_max) {
    Dismiss(strangers_.begin(), "it did not say hello in time");
  }
}

void Lobby::Dismiss(Strangers::iterator at, std::string_view why) {
  const std::shared_ptr<Stranger> stranger = *at;
  strangers_.erase(at);
  stranger->stream.Close();
  hooks_.log("a connection from " + stranger->name +
             " was ended: " + std::string(why));
}

void Lobby::Close() {
  for (const auto& stranger : strangers_) stranger->stream.Close();
  strangers_.clear();
}

}  // namespace taskgraph::transport
