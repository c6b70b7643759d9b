// SPDX-License-Identifier: Apache-2.0
#include "job/event_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskgraph::job {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> LinesIn(int fd) {
  std::string text;
  char part[4096];
  for (ssize_t size = 0; (size = ::read(fd, part, sizeof part)) > 0;) {
    text.append(part, static_cast<std::size_t>(size));
  }
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(EventLogTest, AReaderWhoStopsReadingHoldsNobodyUp) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const std::string path = "/proc/self/fd/" + std::to_string(ends[1]);
  std::vector<std::string> said;
  auto opened =
      EventLog::Open(path, [&](runtime::LogLevel, std::string_view text) {
        said.emplace_back(text);
      });
  ASSERT_TRUE(opened) << opened.error().message;
  EventLog log = std::move(opened).value();
  const std::string line(1000, 'x');
  for (int i = 0; i < 3000; ++i) log.Write(line);  // Three times its room.

  EXPECT_THAT(said, ElementsAre(HasSubstr("its reader does not read")));
  const std::vector<std::string> lines = LinesIn(ends[0]);
  EXPECT_GT(lines.size(), 1000U);
  EXPECT_THAT(lines, Each(line));

  log.Write("again");
  EXPECT_THAT(LinesIn(ends[0]), ElementsAre("again"));
  for (const int end : ends) ::close(end);
}

}  // namespace
}  // namespace taskgraph::job
