// SPDX-License-Identifier: Apache-2.0
//
// What a primary and its backups say to each other about the turns of a task
// (R4, R15-R17, R19, R20).
//
// Intuition: a diary that is written by one and copied by others. The writer
// numbers its entries; a copyist says how far its copy agrees with the
// writer's. An entry that all copyists have stands for good. After Lin et al.,
// "PacificA" (2008): primary and backups, with the set of those who count held
// by a consistent store. An entry is known by its number and by the term in
// which it was first written, as in Ongaro and Ousterhout, "In Search of an
// Understandable Consensus Algorithm" (2014).
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "core/assignment.h"
#include "taskgraph/payload.h"
#include "taskgraph/types.h"

namespace taskgraph::core {

// Counts a task's records in one incarnation, from 1; goes on over promotions.
using RecordNumber = std::uint64_t;

// Counts what one primary sent in its term, from 1: what is acknowledged by a
// stamp was heard after the stamp was made (R16).
using Stamp = std::uint64_t;

// Tells one stay of a backup with a primary from an earlier one of the same
// term; 0: it was in-sync already when the term began.
using JoinNumber = std::uint64_t;

// R17: one turn. Two records of equal number and term are the same record.
struct TurnRecord {
  RecordNumber number = 0;
  Term term = 0;    // Of the primary that wrote it.
  Payload content;  // The log does not look into it.

  friend bool operator==(const TurnRecord&, const TurnRecord&) = default;
};

// From the primary to one backup: records without a gap, perhaps none.
struct LogAppend {
  Term term = 0;
  JoinNumber join = 0;
  RecordNumber base = 0;  // Every in-sync replica had it as the term began.
  RecordNumber committed = 0;  // R4: what may be applied.
  Stamp stamp = 0;
  std::vector<TurnRecord> records;

  friend bool operator==(const LogAppend&, const LogAppend&) = default;
};

// From a backup to its primary.
struct LogAck {
  Term term = 0;
  JoinNumber join = 0;
  RecordNumber held = 0;  // Up to it its log is the primary's.
  Stamp stamp = 0;        // The highest that it has heard.
  // Bytes of what its task has not gone through yet.
  std::uint64_t backlog = 0;

  friend bool operator==(const LogAck&, const LogAck&) = default;
};

using Replicas = std::set<NodeId>;

}  // namespace taskgraph::core
