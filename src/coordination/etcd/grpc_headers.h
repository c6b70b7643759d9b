// SPDX-License-Identifier: Apache-2.0
//
// What this library uses of gRPC, in one precompiled header: it takes seconds
// to parse. Never included by etcd_coordinator.h or etcd_server.h.
#pragma once

#include <grpc/support/time.h>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "etcd.grpc.pb.h"  // IWYU pragma: export
