// SPDX-License-Identifier: Apache-2.0
//
// TaskGraph: fault-tolerant distributed applications as a network of tasks.
// This header brings all of it; start with task.h and turn.h.
#pragma once

#include "taskgraph/backupable.h"  // IWYU pragma: export
#include "taskgraph/codec.h"       // IWYU pragma: export
#include "taskgraph/error.h"       // IWYU pragma: export
#include "taskgraph/job.h"         // IWYU pragma: export
#include "taskgraph/method.h"      // IWYU pragma: export
#include "taskgraph/options.h"     // IWYU pragma: export
#include "taskgraph/payload.h"     // IWYU pragma: export
#include "taskgraph/task.h"        // IWYU pragma: export
#include "taskgraph/topology.h"    // IWYU pragma: export
#include "taskgraph/turn.h"        // IWYU pragma: export
#include "taskgraph/types.h"       // IWYU pragma: export
