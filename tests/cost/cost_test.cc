// SPDX-License-Identifier: Apache-2.0
//
// What a message, a task and an epoch cost in things that are counted, and do
// not depend on the machine: pieces of memory, system calls, bytes. Each bound
// is what was counted when it was set, and a tenth more; who makes something
// cheaper lowers it.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "support/command.h"
#include "support/program.h"

namespace taskgraph::test {
namespace {

std::string RunApp(std::vector<std::string> arguments,
                   std::vector<std::string> before = {}) {
  before.insert(before.end(), {COST_APP, "run", "--log-level=off"});
  before.insert(before.end(), arguments.begin(), arguments.end());
  const CommandOutcome outcome = RunCommand(before);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  const std::size_t end = outcome.output.find_last_not_of('\n');
  const std::size_t begin = outcome.output.find_last_of('\n', end);
  return outcome.output.substr(begin + 1);  // The last line is the job's word.
}

std::string Trips(int trips) {
  return "--config=trips=" + std::to_string(trips);
}
std::string InFlight(int count) {
  return "--config=in_flight=" + std::to_string(count);
}

// Of one request and its answer.
struct Allocations {
  double asker = 0;
  double server = 0;
};
Allocations CountAllocations(int nodes, int in_flight) {
  constexpr int kTrips = 20'000;
  std::istringstream said(RunApp({"--nodes=" + std::to_string(nodes),
                                  Trips(kTrips), InFlight(in_flight)}));
  Allocations each;
  said >> each.asker >> each.server;
  constexpr int kCounted = kTrips / 2;  // The second half.
  each.asker /= kCounted;
  each.server /= kCounted;
  std::cout << nodes << " nodes, " << in_flight << " in flight: " << each.asker
            << " allocations by who asks, " << each.server
            << " by who answers\n";
  return each;
}

TEST(CostTest, ARequestWithinAProcessTakesFewPiecesOfMemory) {
  const Allocations each = CountAllocations(/*nodes=*/0, /*in_flight=*/1);
  EXPECT_LE(each.asker, 2.2);  // Of both together: they share a process.
}

TEST(CostTest, ARequestBetweenProcessesTakesFewPiecesOfMemory) {
  const Allocations each = CountAllocations(/*nodes=*/2, /*in_flight=*/1);
  EXPECT_LE(each.asker, 3.5);
  EXPECT_LE(each.server, 3.5);
}

TEST(CostTest, ManyRequestsAtATimeTakeNoMoreMemoryEach) {
  const Allocations each = CountAllocations(/*nodes=*/2, /*in_flight=*/64);
  EXPECT_LE(each.asker, 4.2);
  EXPECT_LE(each.server, 4.5);
}

// Of all processes of a job, by strace.
std::map<std::string, double> SystemCalls(std::vector<std::string> arguments) {
  const Folder folder;
  const std::string report = folder / "calls";
  arguments.push_back("--nodes=2");
  RunApp(arguments,
         {"/usr/bin/strace", "-f", "-c", "-U", "calls,name", "-o", report});
  std::ifstream file(report);
  std::map<std::string, double> calls;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    double count = 0;
    std::string name;
    if (!(words >> count >> name) || name == "total") continue;
    calls[name] = count;
  }
  return calls;
}
double CountSystemCalls(int trips, int in_flight) {
  double all = 0;
  for (const auto& [name, count] :
       SystemCalls({Trips(trips), InFlight(in_flight)})) {
    // Threads that wait for each other, or for a time.
    if (name != "futex" && name != "clock_nanosleep") all += count;
  }
  return all;
}
double SystemCallsOfOneRequest(int in_flight) {
  constexpr int kFew = 1'000;
  constexpr int kMany = 5'000;
  const double each =
      (CountSystemCalls(kMany, in_flight) - CountSystemCalls(kFew, in_flight)) /
      (kMany - kFew);
  std::cout << in_flight << " in flight: " << each
            << " system calls for each request\n";
  return each;
}

class SystemCallTest : public testing::Test {
 protected:
  void SetUp() override {
    if (RunCommand({"/usr/bin/strace", "-V"}).exit_code != 0) {
      GTEST_SKIP() << "there is no strace here";
    }
  }
};

TEST_F(SystemCallTest, ARequestTakesFewOfThem) {
  EXPECT_LE(SystemCallsOfOneRequest(/*in_flight=*/1), 6.7);
}

// How many share one depends on who is scheduled when: 1 to 5 were counted.
TEST_F(SystemCallTest, RequestsAtATimeShareThem) {
  EXPECT_LE(SystemCallsOfOneRequest(/*in_flight=*/64), 8);
}

// While the job begins and ends nodes wait for each other, and look meanwhile.
TEST_F(SystemCallTest, WhoPollsBusilyLooksAgainAndAgain) {
  const auto looks = [](const std::string& busy_poll) {
    return SystemCalls({Trips(10), "--busy-poll=" + busy_poll})["epoll_wait"];
  };
  EXPECT_GT(looks("500ms"), 2 * looks("0s"));
}

TEST(CostTest, ATaskThatDoesNothingHoldsFewBytes) {
  const auto held = [](int tasks) {
    return std::stod(
        RunApp({"--nodes=0", "--tasks=" + std::to_string(tasks), Trips(0)}));
  };
  const double each = (held(3'000) - held(1'000)) / 2'000;
  std::cout << each << " bytes for each task\n";
  EXPECT_LE(each, 7'500);
}

}  // namespace
}  // namespace taskgraph::test
