// SPDX-License-Identifier: Apache-2.0
//
// Census: which processes of a job are alive, as the system tells it.
//
// Intuition: the storm gives the job's first processes a mark in their
// environment, and all that come of them inherit it. So none can hide, also
// those that nobody knows of any more.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace taskgraph::storm {

struct Inhabitant {
  pid_t pid = 0;
  std::string role;  // run, node or controller: its first argument.
  std::string id;    // Its --node-id, if it has one.
};

// "NAME=VALUE", for the environment, by which those of `job` are known.
std::string MarkOf(const std::string& job);

// All that live and are no zombies.
std::vector<Inhabitant> Census(const std::string& mark);

}  // namespace taskgraph::storm
