// SPDX-License-Identifier: Apache-2.0
//
// StagePlay: plays a scenario's commands in a world without chance, and writes
// down what the audience sees.
//
// Commands, one a line:
//   start tasks=3 nodes=4 [slots=1] [controllers=1] [topology=ring|mesh|star]
//         [max_failures=3] [exits_seen=1] [delay=1ms]   (of each message)
//   when task=0 enters=0 do flag text=ready    (script.h; before it happens)
//   run for=2s            lets time pass; also: run until=end
//   kill primary of=1     kill node=2     kill controller=0
//   restart node=2        (nodes of a scenario stay down until then)
//   stop primary of=1 for=3s     stop node=2 for=3s    stop controller=0 for=1s
//   cut node=0 from=1 for=2s     (both ways)
//   cut node=0 from=coordinator for=2s
//   break node=0 with=1   (their connection; what is in it is lost)
//   coordinator away=2s
//   lose answers=on|off   (calls to the coordinator are carried out, and fail)
//   revoke node=0
//   compact
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "script.h"
#include "sim/world.h"

namespace scenarios {

class StagePlay {
 public:
  StagePlay();
  ~StagePlay();

  // Throws std::logic_error for what is no command.
  void Do(const std::string& command);

  // What happened so far, one line each; and what rule was broken, if any.
  std::string trace() const;

 private:
  void Start(const taskgraph::sim::WorldOptions& options, const Line& line);
  void Run(const Line& line);
  void Kill(const Line& line);
  void Stop(const Line& line);
  void Cut(const Line& line);
  std::uint32_t PlaceIn(const Line& line) const;

  Script script_;
  std::optional<taskgraph::Job> job_;
  std::unique_ptr<taskgraph::sim::World> world_;
  std::vector<std::string> lines_;
};

}  // namespace scenarios
