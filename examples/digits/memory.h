// SPDX-License-Identifier: Apache-2.0
//
// Memory: what a task of the tree remembers, and the notes that it is made of.
//
// Intuition: a diary. A note says one thing that happened; the memory is what
// all notes come to, and nothing else ever changes it. So whoever reads the
// same notes remembers the same: a backup, that gets the notes of each turn,
// and one that joins later, that gets a few notes which sum the memory up.
//
// Values without threads or tasks; used by Trainer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "taskgraph/codec.h"
#include "taskgraph/types.h"

namespace digits {

using taskgraph::Array;
using taskgraph::Epoch;
using taskgraph::RequestId;
using taskgraph::TaskId;

// Each with the fields of Note that it has.
enum class What : std::uint64_t {
  kEpochBegan,      // step: its number.
  kModelWanted,     // request, step
  kGradientWanted,  // request
  kAnswered,        // request
  kModel,           // values: it came from a neighbor.
  kClueless,        // from: a neighbor that can't have the model.
  kGradient,        // from, values: a child's.
  kSum,             // values: this task's gradient and its children's.
  kStep,            // step: the root made the model after it, of the sum.
  kConfirmed,       // from: a child whose subtree has the next model.
  kEnded,           // This task said that the epoch may end.
};

struct Note {
  What what = What::kEpochBegan;
  TaskId from = 0;
  Epoch step = 0;
  RequestId request = {};
  Array<double> values = {};
};
using Notes = std::vector<Note>;

// A request that waits for its answer.
struct Wish {
  RequestId request;
  std::optional<Epoch> step;  // Of the model that is wanted; none: a gradient.

  friend bool operator==(const Wish&, const Wish&) = default;
};

struct Memory {
  void Take(const Note& note);

  // Notes that lead here from an empty memory; equal for equal memories.
  Notes Summary() const;

  std::map<Epoch, Array<double>> models;  // By steps: this epoch's, the next.

  // Of this epoch:
  std::set<TaskId> clueless;
  std::set<TaskId> confirmed;
  std::map<TaskId, Array<double>> gradients;
  Array<double> sum;  // Empty until it is complete.
  bool ended = false;
  std::vector<Wish> wishes;

 private:
  void BeginEpoch(Epoch epoch);
};

}  // namespace digits

template <>
struct taskgraph::Codec<digits::Notes> {
  static Payload Encode(const digits::Notes& notes);
  static std::optional<digits::Notes> Decode(const Payload& bytes);
};
