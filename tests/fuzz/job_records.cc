// SPDX-License-Identifier: Apache-2.0
//
// What stands at the coordinator under a job's keys
// (coordination/job_records.h).
#include "coordination/job_records.h"

#include "fuzz.h"

namespace {

using namespace taskgraph;  // NOLINT(google-build-using-namespace)
// NOLINTNEXTLINE(google-build-using-namespace)
using namespace taskgraph::coordination;

// What can be read can be written, and is the same then.
template <typename Decode>
void TryAs(Decode decode, const std::string& text) {
  const auto value = decode(text);
  if (!value) return;
  const std::string written = Encode(*value);
  const auto again = decode(written);
  fuzz::Require(again.has_value() && Encode(*again) == written,
                "a record can be written and read again");
}

JobSpec Spec() {
  JobSpec spec;
  spec.instance = "cf47";
  spec.tasks = 8;
  spec.links = "star:82da";
  spec.nodes_expected = 3;
  spec.config = {{"epochs", "40"}, {"", "\n"}};
  spec.options.backups = {1, {{0, 2}}, 5};
  spec.token_mark = "88fe";
  return spec;
}

void TryKey(const std::string& text) {
  const JobKeys keys("area");
  if (const auto task = keys.AssignedTask(text)) {
    fuzz::Require(keys.AssignedTask(keys.assignment(*task)) == task,
                  "an assignment's key names its task");
  }
  if (const auto node = keys.RegisteredNode(text)) {
    fuzz::Require(keys.node(*node) == text, "a node's key names its node");
  }
}

}  // namespace

void fuzz::Try(std::string_view bytes) {
  const std::string text(bytes);
  TryAs(DecodeSpec, text);
  TryAs(DecodeAssignment, text);
  TryAs(DecodeEpoch, text);
  TryAs(DecodeNode, text);
  TryAs(DecodeEnd, text);
  TryKey(text);
  if (const auto spec = DecodeSpec(text)) {
    Require(!Difference(*spec, *spec), "a job fits itself");
    DifferingSettings(Spec(), *spec);
    const FailureOptions& times = spec->options.failure;
    for (Duration time :
         {times.heartbeat_timeout, times.heartbeat_interval, times.session_time,
          times.exit_grace, times.status_retention, times.backoff_min,
          times.backoff_max}) {
      Require(time >= 0s && time <= 24h * 365,
              "a time can be added to another");
    }
  }
}

std::vector<std::string> fuzz::Seeds() {
  const JobKeys keys("area");
  return {Encode(Spec()),
          Encode(core::Assignment{
              3, 2, "n0-4c07", {"n1-66aa"}, 1, "it threw", 3, {"n2"}, 4}),
          Encode(core::Assignment{}),
          Encode(core::EpochAdvanced{1, 15}),
          Encode(core::NodeRecord{
              "n0-4c07", "vm", 4, 1, {"unix:/tmp/a", "tcp:127.0.0.1:7"}}),
          Encode(core::JobEnd{ExitReason::kKilled, {130, "stopped"}}),
          keys.assignment(7),
          keys.node("n0-4c07")};
}
