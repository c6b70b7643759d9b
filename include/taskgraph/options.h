// SPDX-License-Identifier: Apache-2.0
//
// Options of a job. All nodes must agree on them: they are written to the
// coordinator when the job is submitted, and nodes take them from there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include "taskgraph/types.h"

namespace taskgraph {

using namespace std::chrono_literals;

struct FailureOptions {
  // How often a task may lose its state by failures of its own (an exception,
  // say) before the job ends with an error. Lost nodes do not count (R23).
  std::uint32_t max_failures = 3;

  // How long a node may be silent before it is suspected. Shorter finds hangs
  // sooner and accuses busy nodes more often.
  Duration heartbeat_timeout = 1s;
  Duration heartbeat_interval = 100ms;

  // How long a node's session outlives its last sign of life at the
  // coordinator. The only reason to give up the last replica of a task whose
  // process is not known to be dead (R5). Whole seconds; etcd takes no less
  // than 2 s.
  Duration session_time = 2s;

  // How long a callback may take, Exit excepted; zero: as long as it likes. One
  // that takes longer fails its task like an exception, and what it still does
  // has no effect. It is asked to end by Turn::stop_token(); until it does it
  // holds a thread.
  Duration turn_deadline = 0s;

  // How long the end of the job waits for the tasks' Exit.
  Duration exit_grace = 10s;

  // How long the exit status stays readable at the coordinator after the end,
  // so that a node that comes late finds the end and not a new job (R24).
  Duration status_retention = 10min;

  // Retries of what was unavailable start at the first and double up to the
  // second.
  Duration backoff_min = 5ms;
  Duration backoff_max = 500ms;
};

struct LimitOptions {
  // Messages that a task holds for an epoch it has not entered, or from a
  // neighbor whose new assignment it has not seen. Beyond it senders keep them
  // and retry: a bounded queue refuses early instead of failing late (R8).
  std::size_t held_messages_max = 4096;
  // Their bytes. One message that is held alone may be larger.
  std::size_t held_bytes_max = 256 * 1024 * 1024;

  // Metas that a task may flag in one epoch, and their size in bytes (R10).
  std::size_t metas_per_epoch_max = 65536;
  std::size_t meta_bytes_max = 64 * 1024;

  // Requests that a task may have open at a time.
  std::size_t open_requests_max = 65536;

  // Bytes of one input or output message, of an update or a snapshot.
  std::size_t message_bytes_max = std::size_t{4} << 30;

  // Bytes of turns that a task's backups have not acknowledged, and of updates
  // that one of them has not applied. Beyond it the task's next turn waits.
  std::size_t backlog_bytes_max = 64 * 1024 * 1024;

  // Bytes of turns that are kept for a new backup that has not caught up.
  // Beyond it the backup begins again, with another snapshot (R20).
  std::size_t log_bytes_max = std::size_t{1} << 30;
};

// How many hot standbys tasks have (Job::Backups); each takes a slot of a node.
struct BackupOptions {
  std::uint32_t each = 0;
  std::map<TaskId, std::uint32_t> of;  // Those that have another number.

  // Checking mode: after so many turns the state of each backup is compared
  // with its primary's, and a difference ends the job with a message that tells
  // the task, the turn and the first byte. 1 finds the turn that did it; each
  // comparison sends a whole snapshot to each backup. 0: never.
  std::uint32_t check_every = 0;

  std::uint32_t For(TaskId task) const {
    const auto found = of.find(task);
    return found == of.end() ? each : found->second;
  }
  friend bool operator==(const BackupOptions&, const BackupOptions&) = default;
};

struct JobOptions {
  FailureOptions failure;
  LimitOptions limits;
  BackupOptions backups;
};

}  // namespace taskgraph
