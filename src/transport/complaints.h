// SPDX-License-Identifier: Apache-2.0
//
// Complaints: lines for the log about connections that were ended, of which
// strangers can cause any number.
//
// Intuition: a doorkeeper who notes each of the first few that he turned away,
// and then only how many there were. So a crowd can't fill the book, and the
// first ones, who tell what it is about, are in it.
//
// Pure: time is counted in beats of the transport's pulse.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace taskgraph::transport {

class Complaints {
 public:
  struct Rules {
    std::size_t lines_max = 0;  // In one window, besides the line at its end.
    int window_beats = 0;
  };
  using Log = std::function<void(std::string_view)>;

  Complaints(Rules rules, Log log) : rules_(rules), log_(std::move(log)) {}

  // Begins a window, if none is open. Tick has to be called while one is.
  void Add(std::string_view line);
  void Tick();
  bool open() const { return beats_left_ > 0; }

  // Ends the window: says how many lines were left out.
  void Close();

 private:
  const Rules rules_;
  const Log log_;
  int beats_left_ = 0;
  std::size_t told_ = 0;
  std::size_t left_out_ = 0;
  std::string last_;
};

}  // namespace taskgraph::transport
