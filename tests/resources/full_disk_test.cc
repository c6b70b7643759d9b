// SPDX-License-Identifier: Apache-2.0
//
// A disk that is full, or becomes so, and has room again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "driver/running_app.h"
#include "support/command.h"

namespace taskgraph::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A file system of 64 KiB and some dozen files.
class SmallDisk {
 public:
  SmallDisk()
      : mounted_(::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0,
                         "size=64k,nr_inodes=32") == 0) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  std::string path() const { return folder_.path().string(); }
  bool mounted() const { return mounted_; }
  std::string PathOf(const std::string& name) const {
    return (folder_ / name).string();
  }
  std::string Read(const std::string& name) const { return folder_.Read(name); }

  // All but so many bytes.
  void Fill(std::size_t left) const {
    std::ofstream file(PathOf("filling"), std::ios::binary);
    file << std::string(64 * 1024 - left, 'x');
  }
  void TakeAllNames() const {
    for (int i = 0; i < 40; ++i) std::ofstream(PathOf(std::to_string(i)));
  }
  void Empty() const { std::filesystem::remove(PathOf("filling")); }

 private:
  TestFolder folder_;
  bool mounted_;
};

#define SKIP_WITHOUT(disk)                           \
  if (!(disk).mounted())                             \
  GTEST_SKIP() << "a small disk needs the right to " \
                  "mount one"

// All lines are whole, and the epochs rise.
void ExpectNothingTorn(const std::string& events) {
  std::int64_t last = -1;
  for (std::size_t begin = 0; begin < events.size();) {
    const std::size_t end = events.find('\n', begin);
    ASSERT_NE(end, std::string::npos) << "the last line has no end";
    const auto event = nlohmann::json::parse(
        events.substr(begin, end - begin), nullptr, /*allow_exceptions=*/false);
    ASSERT_FALSE(event.is_discarded()) << events.substr(begin, end - begin);
    if (event.at("event") == "epoch") {
      EXPECT_GT(event.at("epoch"), last);
      last = event.at("epoch");
    }
    begin = end + 1;
  }
}

TEST(FullDiskTest, EventsAreWholeLinesAndGoOnWhenThereIsRoom) {
  const SmallDisk disk;
  SKIP_WITHOUT(disk);
  disk.Fill(8192);
  RunningApp app({"--nodes=2", "--slots=6", "--quiet", "--config=requests=1",
                  "--events=" + disk.PathOf("events")});
  const std::string line = "some events are missing in " +
                           disk.PathOf("events") + ": No space left on device";
  ASSERT_TRUE(app.WaitForOutput(line)) << app.Output();
  const std::string before = disk.Read("events");
  ExpectNothingTorn(before);

  disk.Empty();  // There is room, until it is full once more.
  ASSERT_TRUE(app.WaitForOutput(line, 2)) << app.Output();

  const std::string after = disk.Read("events");
  ExpectNothingTorn(after);
  EXPECT_GT(after.size(), before.size() + 40'000);
  EXPECT_EQ(CountIn(app.Output(), line), 2u);
  app.Signal(SIGINT);
  EXPECT_EQ(app.Wait(), 130);
}

// As AFullDiskForLogAndEventsDoesNotHarmTheJob, in the middle.
TEST(FullDiskTest, ALogThatFindsNoRoomHarmsNobodyAndIsSaidOnce) {
  const SmallDisk disk;
  SKIP_WITHOUT(disk);
  disk.Fill(0);
  RunningApp app({"--nodes=2", "--slots=6", "--log-level=debug",
                  "--log-file=" + disk.PathOf("log")});
  ASSERT_FALSE(app.NextEvent("epoch").is_null());
  ASSERT_TRUE(
      app.WaitForOutput("some lines of the log are lost: Failed flush "
                        "to file " +
                        disk.PathOf("log") + ": No space left on device"))
      << app.Output();

  disk.Empty();
  app.Signal(SIGINT);

  EXPECT_EQ(app.Wait(), 130);
  EXPECT_THAT(disk.Read("log"), HasSubstr("endless-app"));
}

TEST(FullDiskTest, AJobThatFindsNoRoomForItsFolderSaysWhere) {
  const SmallDisk disk;
  SKIP_WITHOUT(disk);
  disk.Fill(0);
  const std::string variable = "XDG_RUNTIME_DIR=" + disk.path();
  const CommandOutcome full = RunCommand({ENDLESS_APP}, {}, {variable});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.output, StartsWith("taskgraph: can't write " +
                                      disk.PathOf("taskgraph-run-")));
  EXPECT_THAT(full.output, HasSubstr("/token: No space left on device\n"));
  EXPECT_EQ(CountIn(full.output, "\n"), 1u);

  disk.Empty();
  disk.TakeAllNames();
  const CommandOutcome nameless = RunCommand({ENDLESS_APP}, {}, {variable});
  EXPECT_EQ(nameless.exit_code, 1);
  EXPECT_THAT(nameless.output, HasSubstr(": No space left on device\n"));
  EXPECT_EQ(CountIn(nameless.output, "\n"), 1u);
}

}  // namespace
}  // namespace taskgraph::test
