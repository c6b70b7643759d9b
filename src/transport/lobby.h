// SPDX-License-Identifier: Apache-2.0
//
// Lobby: connections that have not said who they are.
//
// Intuition: anyone can come in from the street. A stranger gets a seat, a
// short time and a few bytes; when the seats are taken, the one who has been
// there longest without a word goes. So a crowd keeps no friend out for long,
// and costs little.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "transport/hello.h"
#include "transport/stream.h"

namespace taskgraph::transport {

class Lobby : public std::enable_shared_from_this<Lobby> {
 public:
  struct Rules {
    std::size_t strangers_max = 0;
    int beats_max = 0;  // Of the pulse, until the hello must be here.
  };
  struct Hooks {
    // One has said hello. Takes its connection over.
    std::function<void(Stream, Hello)> introduced;
    std::function<void(std::string_view)> log;
  };

  // `tls`, if any, must outlive it.
  Lobby(Rules rules, Tls* tls, Hooks hooks)
      : rules_(rules), tls_(tls), hooks_(std::move(hooks)) {}

  void Enter(Socket socket);
  void Tick();
  void Close();
  bool empty() const { return strangers_.empty(); }

 private:
  struct Stranger {
    Stream stream;
    std::string name;
    int beats = 0;
  };
  using Strangers = std::list<std::shared_ptr<Stranger>>;

  void Greeted(const std::shared_ptr<Stranger>& stranger,
               const std::optional<Error>& error);
  void Spoke(const std::shared_ptr<Stranger>& stranger, Result<Hello> hello);
  void Dismiss(Strangers::iterator at, std::string_view why);

  const Rules rules_;
  Tls* const tls_;
  const Hooks hooks_;
  Strangers strangers_;  // The one who has waited longest first.
};

}  // namespace taskgraph::transport
