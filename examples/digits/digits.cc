// SPDX-License-Identifier: Apache-2.0
//
// Learns to read digits with a tree of tasks, any of which may be killed:
//
//   digits run --config epochs=200 --config result=model.txt
//
// trainer.h has the tasks, model.h the mathematics.
#include <memory>

#include "digits/trainer.h"

int main(int argc, char** argv) {
  taskgraph::Job job = digits::TrainingJob();
  job.Build([](taskgraph::TaskId, const taskgraph::Config& config) {
    return std::make_unique<digits::Trainer>(config);
  });
  return taskgraph::Main(job, argc, argv);
}
