// SPDX-License-Identifier: Apache-2.0
#include "job/in_process.h"

#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "core/links.h"
#include "job/adapters.h"
#include "runtime/job_checks.h"
#include "runtime/node_runtime.h"

namespace taskgraph::job {

std::string RandomHex(std::size_t digits) {
  std::random_device source;
  std::string hex;
  while (hex.size() < digits) hex += "0123456789abcdef"[source() % 16];
  return hex;
}

coordination::JobSpec NewSpec(const Job& job, const Config& config,
                              std::uint32_t nodes_expected) {
  coordination::JobSpec spec;
  spec.instance = RandomHex(16);
  spec.tasks = job.tasks();
  spec.links = core::Links(job.links(), job.tasks()).Fingerprint();
  spec.nodes_expected = nodes_expected;
  spec.config = config;
  spec.options = job.options();
  return spec;
}

Result<core::JobEnd> RunInThisProcess(const Job& job,
                                      InProcessOptions options) {
  coordination::StoreService service;
  transport::InProcessNetwork network;
  const std::string token = RandomHex(32);

  runtime::ControllerSettings settings;
  settings.self = "controller";
  settings.token = token;
  settings.spec = NewSpec(job, options.config, 1);
  settings.observe = options.observe;
  runtime::ControllerRuntime controller(
      job.name(), settings,
      InProcessAdapters(service, network, settings.self, options.log));

  runtime::NodeOptions node_options;
  node_options.self = "node";
  node_options.slots = job.tasks();
  node_options.token = token;
  runtime::NodeRuntime node(
      job, node_options,
      InProcessAdapters(service, network, node_options.self, options.log));

  std::optional<Result<core::JobEnd>> result;
  std::thread controlling([&] {
    result = controller.Run();
    if (!*result) node.Stop();  // It would wait for a job that never comes.
  });
  if (options.on_controller) options.on_controller(&controller);
  const Result<core::JobEnd> hosted = node.Run();
  if (!hosted) controller.StopJob({hosted.error().message});
  controlling.join();
  if (options.on_controller) options.on_controller(nullptr);
  // Of two errors, the controller's is the cause.
  return hosted || !*result ? *result : hosted;
}

}  // namespace taskgraph::job

namespace taskgraph {

ExitStatus RunInProcess(const Job& job, const Config& config) {
  runtime::CheckDeclaration(job);
  runtime::CheckOptions(job.options());
  runtime::CheckLinks(job);
  job::InProcessOptions options;
  options.config = runtime::CompleteConfig(job, config);
  options.log = [](runtime::LogLevel, std::string_view) {};
  const Result<core::JobEnd> end =
      job::RunInThisProcess(job, std::move(options));
  if (!end) return {1, end.error().message};
  return end->status;
}

}  // namespace taskgraph
